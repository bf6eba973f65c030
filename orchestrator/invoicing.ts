import type { BookedLine } from './port.ts';

/**
 * What to bill for some of a line's units. Tax is a share of the line's tax, cut so that billing any sequence of
 * quantities that adds up to the whole line bills exactly the line's tax: the share of the first n units is rounded,
 * and a document gets the difference between two such shares.
 *
 * @param billedBefore units of the line on earlier documents of the same kind
 */
export function documentLine(
  line: Pick<BookedLine, 'unitPrice' | 'tax' | 'quantities'>,
  quantity: number,
  taxIncluded: boolean,
  billedBefore: number,
): { netMinor: bigint; taxMinor: bigint } {
  const share = (units: number) =>
    (line.tax.amountMinor * BigInt(units) * 2n + BigInt(line.quantities.ordered)) /
    (BigInt(line.quantities.ordered) * 2n);
  const taxMinor = share(billedBefore + quantity) - share(billedBefore);
  const gross = line.unitPrice.amountMinor * BigInt(quantity);
  return { netMinor: taxIncluded ? gross - taxMinor : gross, taxMinor };
}
