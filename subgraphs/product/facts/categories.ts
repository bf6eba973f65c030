import type { Knex } from 'knex';
import { change } from '../../../platform/db/query.ts';
import { derivedId } from '../../../platform/ids.ts';
import { foldText } from '../model.ts';
import type { CategoryFact } from '../port.ts';

export function categoryId(key: string): string {
  return derivedId('category', key);
}

export async function writeCategories(trx: Knex.Transaction, facts: readonly CategoryFact[]): Promise<void> {
  if (facts.length === 0) return;
  await change(
    trx,
    `insert into product.category as known (id, name, name_key, parent_id)
     select * from unnest(?::text[], ?::text[], ?::text[], ?::text[])
     on conflict (id) do update
     set name = excluded.name, name_key = excluded.name_key, parent_id = excluded.parent_id, hidden = false
     where (known.name, known.parent_id, known.hidden) is distinct from (excluded.name, excluded.parent_id, false)`,
    [
      facts.map((fact) => categoryId(fact.key)),
      facts.map((fact) => fact.name),
      facts.map((fact) => foldText(fact.name)),
      facts.map((fact) => (fact.parentKey === null ? null : categoryId(fact.parentKey))),
    ],
  );
}

export async function hideCategories(trx: Knex.Transaction, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await change(trx, 'update product.category set hidden = true where id = any(?::text[]) and not hidden', [
    keys.map(categoryId),
  ]);
}
