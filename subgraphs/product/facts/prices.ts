import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { PriceFact } from '../port.ts';
import { variantId } from './variants.ts';

/** @returns ids of the products whose prices changed */
export async function writePrices(trx: Knex.Transaction, facts: readonly PriceFact[]): Promise<string[]> {
  if (facts.length === 0) return [];
  const rows = await query<{ variant_id: string; former_variant_id: string | null }>(
    trx,
    `with former as materialized (
       select source_key, variant_id from product.price where source_key = any(?::text[])
     ), written as (
       insert into product.price as known
         (source_key, variant_id, price_list, currency_code, kind, min_quantity, valid_from, valid_to, amount_minor,
          tax_included, tax_basis_points)
       select * from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::int[], ?::timestamptz[],
         ?::timestamptz[], ?::bigint[], ?::boolean[], ?::int[])
       on conflict (source_key) do update
       set variant_id = excluded.variant_id, price_list = excluded.price_list, currency_code = excluded.currency_code,
         kind = excluded.kind, min_quantity = excluded.min_quantity, valid_from = excluded.valid_from,
         valid_to = excluded.valid_to, amount_minor = excluded.amount_minor, tax_included = excluded.tax_included,
         tax_basis_points = excluded.tax_basis_points
       where known is distinct from excluded
       returning source_key, variant_id
     )
     select written.variant_id, former.variant_id as former_variant_id from written left join former using (source_key)`,
    [
      facts.map((fact) => fact.key),
      facts.map((fact) => fact.key),
      facts.map((fact) => variantId(fact.variantKey)),
      facts.map((fact) => fact.priceList),
      facts.map((fact) => fact.currencyCode),
      facts.map((fact) => (fact.former ? 'FORMER' : 'SELLING')),
      facts.map((fact) => fact.minQuantity),
      facts.map((fact) => fact.validFrom),
      facts.map((fact) => fact.validTo),
      facts.map((fact) => fact.amountMinor.toString()),
      facts.map((fact) => fact.taxIncluded),
      facts.map((fact) => fact.taxBasisPoints),
    ],
  );
  return productsOf(
    trx,
    rows.flatMap((row) => [row.variant_id, row.former_variant_id]),
  );
}

/** @returns ids of the products that lost a price */
export async function deletePrices(trx: Knex.Transaction, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows = await query<{ variant_id: string }>(
    trx,
    'delete from product.price where source_key = any(?::text[]) returning variant_id',
    [keys],
  );
  return productsOf(
    trx,
    rows.map((row) => row.variant_id),
  );
}

/** A price of an unknown variant belongs to no product yet; the product is refreshed when the variant arrives. */
async function productsOf(trx: Knex.Transaction, variantIds: readonly (string | null)[]): Promise<string[]> {
  if (variantIds.length === 0) return [];
  const rows = await query<{ product_id: string }>(
    trx,
    'select distinct product_id from product.variant where id = any(?::text[])',
    [[...new Set(variantIds)]],
  );
  return rows.map((row) => row.product_id);
}
