import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';

/** A price list in one currency, as the catalogue has it. */
export interface PriceListSummary {
  readonly priceList: string;
  readonly currencyCode: string;
  /** Products that have a price in it now. */
  readonly products: number;
}

/** Every price list that the feed has brought, by code and currency. Counts what is listed: not for a request's path. */
export async function priceLists(knex: Knex): Promise<PriceListSummary[]> {
  const rows = await query<{ price_list: string; currency_code: string; products: string }>(
    knex,
    `select price_list, currency_code, count(*) as products
       from product.listed_price group by price_list, currency_code order by price_list, currency_code`,
  );
  return rows.map((row) => ({
    priceList: row.price_list,
    currencyCode: row.currency_code,
    products: Number(row.products),
  }));
}
