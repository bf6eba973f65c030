import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { derivedId } from '../../../platform/ids.ts';
import type { VariantFact } from '../port.ts';
import { productId } from './products.ts';

export function variantId(key: string): string {
  return derivedId('variant', key);
}

/** @returns ids of the products whose variants changed: where a variant is, and where one was */
export async function writeVariants(trx: Knex.Transaction, facts: readonly VariantFact[]): Promise<string[]> {
  if (facts.length === 0) return [];
  const rows = await query<{ product_id: string; former_product_id: string | null }>(
    trx,
    `with former as materialized (
       select id, product_id from product.variant where id = any(?::text[])
     ), written as (
       insert into product.variant as known (id, product_id, sku, gtin, title, options)
       select * from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::jsonb[])
       on conflict (id) do update
       set product_id = excluded.product_id, sku = excluded.sku, gtin = excluded.gtin, title = excluded.title,
         options = excluded.options, hidden = false
       where (known.product_id, known.sku, known.gtin, known.title, known.options, known.hidden)
         is distinct from (excluded.product_id, excluded.sku, excluded.gtin, excluded.title, excluded.options, false)
       returning id, product_id
     )
     select written.product_id, former.product_id as former_product_id from written left join former using (id)`,
    [
      facts.map((fact) => variantId(fact.key)),
      facts.map((fact) => variantId(fact.key)),
      facts.map((fact) => productId(fact.productKey)),
      facts.map((fact) => fact.sku),
      facts.map((fact) => fact.gtin),
      facts.map((fact) => fact.title),
      facts.map((fact) => JSON.stringify(fact.options)),
    ],
  );
  return rows.flatMap((row) => [row.product_id, ...(row.former_product_id === null ? [] : [row.former_product_id])]);
}

/** Hidden, not deleted: orders still name it. @returns ids of the products that lost a variant */
export async function hideVariants(trx: Knex.Transaction, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows = await query<{ product_id: string }>(
    trx,
    'update product.variant set hidden = true where id = any(?::text[]) and not hidden returning product_id',
    [keys.map(variantId)],
  );
  return rows.map((row) => row.product_id);
}

/**
 * Facts that claim a SKU which another variant on sale already has, in the store or earlier in the list. One SKU on two
 * variants would sell the wrong goods.
 */
export async function findDuplicateSkus(
  trx: Knex.Transaction,
  facts: readonly VariantFact[],
): Promise<ReadonlySet<VariantFact>> {
  if (facts.length === 0) return new Set();
  const rows = await query<{ sku: string }>(
    trx,
    'select sku from product.variant where sku = any(?::text[]) and not hidden and id <> all(?::text[])',
    [facts.map((fact) => fact.sku), facts.map((fact) => variantId(fact.key))],
  );
  const taken = new Set(rows.map((row) => row.sku));
  return new Set(
    facts.filter((fact) => {
      if (taken.has(fact.sku)) return true;
      taken.add(fact.sku);
      return false;
    }),
  );
}
