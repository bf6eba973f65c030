import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';

export interface CatalogueItem {
  readonly sku: string;
  readonly title: string;
  /** Price list → currency → amount in minor units. */
  readonly prices: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly taxIncluded?: boolean;
  readonly taxBasisPoints?: number;
}

/** Puts items with prices into the product owner's tables, as its feed would. */
export async function stockCatalogue(knex: Knex, items: readonly CatalogueItem[]): Promise<void> {
  for (const item of items) {
    await query(
      knex,
      `insert into product.product (id, handle, title, title_key, title_search, search, created_at)
       values (?, ?, ?, lower(?), to_tsvector(?), to_tsvector(?), now())`,
      [`prd_${item.sku}`, `handle-${item.sku.toLowerCase()}`, item.title, item.title, item.title, item.title],
    );
    await query(knex, 'insert into product.variant (id, product_id, sku, title) values (?, ?, ?, ?)', [
      `var_${item.sku}`,
      `prd_${item.sku}`,
      item.sku,
      item.title,
    ]);
    for (const [list, amounts] of Object.entries(item.prices)) {
      for (const [currency, amount] of Object.entries(amounts)) {
        await query(
          knex,
          `insert into product.price (source_key, variant_id, price_list, currency_code, kind, min_quantity, valid_from, amount_minor, tax_included, tax_basis_points)
           values (?, ?, ?, ?, 'SELLING', 1, now() - interval '1 day', ?, ?, ?)`,
          [
            `${item.sku}:${list}:${currency}`,
            `var_${item.sku}`,
            list,
            currency,
            amount,
            item.taxIncluded ?? true,
            item.taxBasisPoints ?? 2_000,
          ],
        );
      }
    }
  }
}
