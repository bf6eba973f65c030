import type { BookedLine, BookedOrder } from './port.ts';

/**
 * Whether the money for what an order ships is there, so that its invoice is cleared at once. Goods that came back and were
 * paid for already do not change that: an invoice may be posted after them, when a worker died, or for a later shipment.
 * A marketplace has the buyer's money, whatever it told us of it: it owes us the invoice from then on.
 */
export function isPaidFor({
  paymentStatus,
  channel,
}: Pick<BookedOrder['order'], 'paymentStatus' | 'channel'>): boolean {
  return channel.kind === 'MARKETPLACE' || (paymentStatus !== 'PENDING' && paymentStatus !== 'FAILED');
}

/** Whether some of the money went back: that it was collected is no news then. */
export function isPaidBack({ paymentStatus }: Pick<BookedOrder['order'], 'paymentStatus'>): boolean {
  return paymentStatus === 'PARTIALLY_REFUNDED' || paymentStatus === 'REFUNDED';
}

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
