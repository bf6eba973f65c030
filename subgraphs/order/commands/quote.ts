import type { Knex } from 'knex';
import { prepared } from '../../../platform/db/query.ts';
import type { Quote } from '../pricing.ts';

/** Prices of one unit now, in the order of `lines`. Calls the product owner's published function. */
export async function quoteLines(
  knex: Knex,
  priceList: string,
  currencyCode: string,
  lines: readonly { readonly sku: string; readonly quantity: number }[],
): Promise<Quote[]> {
  const rows = await prepared<{
    idx: number;
    known: boolean;
    title: string | null;
    unit_price_minor: string | null;
    tax_basis_points: number | null;
    tax_included: boolean | null;
  }>(
    knex,
    `select known, title, unit_price_minor, tax_basis_points, tax_included
     from product.quote(?, ?, ?::text[], ?::int[], now()) order by idx`,
    [priceList, currencyCode, lines.map((line) => line.sku), lines.map((line) => line.quantity)],
  );
  return rows.map((row) => ({
    known: row.known,
    title: row.title ?? '',
    unitPriceMinor: row.unit_price_minor === null ? null : BigInt(row.unit_price_minor),
    taxBasisPoints: row.tax_basis_points ?? 0,
    taxIncluded: row.tax_included ?? true,
  }));
}

/** Whether the prices of an order contain its tax: all of them do, or none counts as such. */
export function areTaxIncluded(quotes: readonly Quote[]): boolean {
  return quotes.every((quote) => quote.taxIncluded);
}
