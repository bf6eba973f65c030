import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { derivedId } from '../../../platform/ids.ts';
import { foldText } from '../model.ts';
import type { ProductFact } from '../port.ts';
import { categoryId } from './categories.ts';
import { chooseHandles } from './handles.ts';

export function productId(key: string): string {
  return derivedId('product', key);
}

/** @returns ids of the products that are new or changed, their categories included */
export async function writeProducts(trx: Knex.Transaction, facts: readonly ProductFact[]): Promise<string[]> {
  if (facts.length === 0) return [];
  const changed = await upsertProducts(trx, facts, await handlesOf(trx, facts));
  const regrouped = await replaceCategories(trx, facts);
  return [...changed, ...regrouped];
}

async function handlesOf(trx: Knex.Transaction, facts: readonly ProductFact[]): Promise<ReadonlyMap<string, string>> {
  const rows = await query<{ id: string; handle: string }>(
    trx,
    'select id, handle from product.product where id = any(?::text[])',
    [facts.map((fact) => productId(fact.key))],
  );
  const known = new Map(rows.map((row) => [row.id, row.handle]));
  const wishes = facts.map(({ key, title }) => ({ id: productId(key), title, key }));
  const chosen = await chooseHandles(
    trx,
    wishes.filter((wish) => !known.has(wish.id)),
  );
  return new Map([...known, ...chosen]);
}

async function upsertProducts(
  trx: Knex.Transaction,
  facts: readonly ProductFact[],
  handles: ReadonlyMap<string, string>,
): Promise<string[]> {
  const rows = await query<{ id: string }>(
    trx,
    `insert into product.product as known
       (id, handle, title, title_key, description, brand, brand_key, media, created_at, title_search, search)
     select *, ''::tsvector, ''::tsvector
     from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::jsonb[], ?::timestamptz[])
     on conflict (id) do update
     set title = excluded.title, title_key = excluded.title_key, description = excluded.description,
       brand = excluded.brand, brand_key = excluded.brand_key, media = excluded.media, hidden = false
     where (known.title, known.description, known.brand, known.media, known.hidden)
       is distinct from (excluded.title, excluded.description, excluded.brand, excluded.media, false)
     returning id`,
    [
      facts.map((fact) => productId(fact.key)),
      facts.map((fact) => handles.get(productId(fact.key)) ?? null),
      facts.map((fact) => fact.title),
      facts.map((fact) => foldText(fact.title)),
      facts.map((fact) => fact.description),
      facts.map((fact) => fact.brand),
      facts.map((fact) => fact.brand && foldText(fact.brand)),
      facts.map((fact) => JSON.stringify(fact.media)),
      facts.map((fact) => fact.recordedAt),
    ],
  );
  return rows.map((row) => row.id);
}

async function replaceCategories(trx: Knex.Transaction, facts: readonly ProductFact[]): Promise<string[]> {
  const pairs = facts.flatMap((fact) =>
    fact.categoryKeys.map((key) => [productId(fact.key), categoryId(key)] as const),
  );
  const rows = await query<{ product_id: string }>(
    trx,
    `with given as (
       select distinct * from unnest(?::text[], ?::text[]) as pair (product_id, category_id)
     ), gone as (
       delete from product.product_category as known
       where known.product_id = any(?::text[]) and not exists (
         select from given where (given.product_id, given.category_id) = (known.product_id, known.category_id)
       )
       returning known.product_id
     ), added as (
       insert into product.product_category (product_id, category_id)
       select product_id, category_id from given
       on conflict do nothing
       returning product_id
     )
     select product_id from gone union select product_id from added`,
    [pairs.map(([id]) => id), pairs.map(([, id]) => id), facts.map((fact) => productId(fact.key))],
  );
  return rows.map((row) => row.product_id);
}

/** Hidden, not deleted: orders still name it. @returns ids of the products that were visible before */
export async function hideProducts(trx: Knex.Transaction, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows = await query<{ id: string }>(
    trx,
    'update product.product set hidden = true where id = any(?::text[]) and not hidden returning id',
    [keys.map(productId)],
  );
  return rows.map((row) => row.id);
}
