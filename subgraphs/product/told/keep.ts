import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { type CatalogueFact, type FactKind, recordOf } from '../port.ts';

/** What changed with facts that were kept. */
export interface Kept {
  /** SKUs that a variant has or had. */
  readonly skus: readonly string[];
  readonly categories: boolean;
}

/**
 * Keeps facts of one system, each in place of the earlier one under its key.
 * @returns whom the changes concern; of what was known like this already nobody
 */
export async function keepFacts(trx: Knex.Transaction, system: string, facts: readonly CatalogueFact[]): Promise<Kept> {
  const newest = [...new Map(facts.map((fact) => [`${recordOf(fact)} ${fact.key}`, fact])).values()];
  if (newest.length === 0) return { skus: [], categories: false };
  const changed = await query<{ kind: FactKind; key: string; skus: string[]; parents: string[] }>(
    trx,
    `with given as (
       select * from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::jsonb[]) one (kind, key, sku, parent, body)
     ), former as materialized (
       select known.* from product.told_fact known join given using (kind, key) where known.system = ?
     ), written as (
       insert into product.told_fact as known (system, kind, key, sku, parent, body, gone)
       select ?, kind, key, sku, parent, coalesce(body, 'null'), body is null from given
       on conflict (system, kind, key) do update
       -- What is gone keeps its last words: by these it is known again.
       set sku = coalesce(excluded.sku, known.sku), parent = case when excluded.gone then known.parent else excluded.parent end,
         body = case when excluded.gone then known.body else excluded.body end, gone = excluded.gone, told_at = clock_timestamp()
       where known.gone <> excluded.gone or (not excluded.gone and (known.body, known.parent) is distinct from (excluded.body, excluded.parent))
       returning kind, key, sku, parent
     )
     select written.kind, written.key, array_remove(array[written.sku, former.sku], null) as skus,
       array_remove(array[written.parent, former.parent], null) as parents
     from written left join former using (kind, key)`,
    [
      newest.map(recordOf),
      newest.map(({ key }) => key),
      newest.map((fact) => (fact.kind === 'variant' ? fact.sku : null)),
      newest.map(parentOf),
      newest.map(bodyOf),
      system,
      system,
    ],
  );
  const variantKeys = changed.flatMap(({ kind, parents }) => (kind === 'price' || kind === 'bundle' ? parents : []));
  const productKeys = changed.filter(({ kind }) => kind === 'product').map(({ key }) => key);
  const related = await query<{ sku: string }>(
    trx,
    `select distinct sku from product.told_fact where system = ? and kind = 'variant' and key = any (?::text[])
     union select sku from product.told_fact where system = ? and kind = 'variant' and parent = any (?::text[])`,
    [system, variantKeys, system, productKeys],
  );
  return {
    skus: [...new Set([...changed.flatMap(({ skus }) => skus), ...related.map(({ sku }) => sku)])],
    categories: changed.some(({ kind }) => kind === 'category'),
  };
}

function parentOf(fact: CatalogueFact): string | null {
  switch (fact.kind) {
    case 'variant':
      return fact.productKey;
    case 'price':
      return fact.variantKey;
    case 'bundle':
      return fact.key;
    case 'category':
      return fact.parentKey;
    default:
      return null;
  }
}

/** As JSON; null for what is gone. */
function bodyOf(fact: CatalogueFact): string | null {
  if (fact.kind.endsWith('Removed')) return null;
  return JSON.stringify(fact, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}
