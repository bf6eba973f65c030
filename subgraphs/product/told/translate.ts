import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { type ChangeEntry, recordOf } from '../port.ts';
import { ownOf } from './keys.ts';
import { effectiveSystem, type PartOf } from './model.ts';
import { readServing } from './serving.ts';

/**
 * What a system tells, under the keys of the catalogue, of those parts only that it serves. Where one system serves all and
 * always did, everything as it came.
 */
export async function inCatalogue(
  knex: Knex,
  system: string,
  entries: readonly ChangeEntry[],
  partOf: PartOf,
): Promise<readonly ChangeEntry[]> {
  const serving = await readServing(knex);
  if (!serving) return entries;
  const facts = entries.filter((entry) => entry.kind !== 'rejected');
  const wanted = facts.flatMap((fact) => {
    if (fact.kind === 'price') return [['variant', fact.variantKey]];
    const own = [recordOf(fact), fact.key];
    return fact.kind === 'variant' ? [own, ['product', fact.productKey]] : [own];
  });
  const rows = await query<{ kind: string; key: string; own_key: string; sku: string | null }>(
    knex,
    `select kind, key, own_key, sku from product.told_fact where system = ? and own_key is not null
       and (kind, key) in (select * from unnest(?::text[], ?::text[]))`,
    [system, wanted.map(([kind = '']) => kind), wanted.map(([, key = '']) => key)],
  );
  const known = new Map(rows.map((row) => [`${row.kind} ${row.key}`, row]));
  const serves = (sku: string | null | undefined) =>
    sku != null && effectiveSystem(serving, partOf(serving.parts, sku)) === system;
  const rest = serving.parts.at(-1);
  const isGeneral = rest !== undefined && effectiveSystem(serving, rest) === system;

  return facts.flatMap((fact): ChangeEntry[] => {
    if (fact.kind === 'price') {
      const variant = known.get(`variant ${fact.variantKey}`);
      if (!variant || !serves(variant.sku)) return [];
      return [{ ...fact, key: ownOf(serving, system, fact.key), variantKey: variant.own_key }];
    }
    const own = known.get(`${recordOf(fact)} ${fact.key}`);
    if (!own) return [];
    if (fact.kind === 'variant') {
      const product = known.get(`product ${fact.productKey}`);
      return product && serves(fact.sku) ? [{ ...fact, key: own.own_key, productKey: product.own_key }] : [];
    }
    // What two systems share is told by the one of the most general part.
    return fact.kind === 'product' && isGeneral ? [{ ...fact, key: own.own_key }] : [];
  });
}
