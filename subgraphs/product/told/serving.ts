import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { forgetDrift } from '../../../platform/drift/drift.ts';
import { CommerceError } from '../../../platform/errors.ts';
import type { ServedPart, Serving, ServingSystem } from './model.ts';

/** What configuration says of the systems of the catalogue. */
export interface ConfiguredServing {
  /** One or two, that of the whole domain first. */
  readonly systems: readonly ServingSystem[];
  readonly parts: readonly ServedPart[];
}

/** @param lock keeps who serves what as it is until the transaction ends. @returns null while one system serves all and always did */
export async function readServing(db: Knex, lock: '' | 'for share' | 'for update' = ''): Promise<Serving | null> {
  const [row] = await query<Serving>(
    db,
    `select home, systems, parts, settled, array(
       select name from jsonb_to_recordset(systems) as one (name text, streams jsonb)
       where not exists (select from jsonb_array_elements_text(streams) wanted (stream)
         where not exists (select from product.told_stream known where known.system = one.name and known.stream = wanted.stream))
     ) as complete
     from product.serving ${lock}`,
  );
  return row ?? null;
}

/**
 * Takes over which systems and parts configuration names. Who serves a part that was there before stays who it is: only a
 * promotion or a rollback moves it.
 * @returns parts that another system serves than the one that configuration names
 * @throws CommerceError CONFIGURATION_INVALID when a system is not named any more that serves a part
 */
export async function configureServing(knex: Knex, wanted: ConfiguredServing): Promise<readonly ServedPart[]> {
  return inTransaction(knex, async (trx) => {
    const before = await readServing(trx, 'for update');
    const [own] = wanted.systems;
    if (!own || (!before && wanted.systems.length === 1)) return [];
    const parts = wanted.parts.map((part) => {
      const served = before?.parts.find(({ name }) => name === part.name);
      return { ...part, system: served?.system ?? part.system };
    });
    const names = wanted.systems.map(({ name }) => name);
    const lost = parts.find(({ system }) => !names.includes(system));
    if (lost)
      throw new CommerceError(
        'CONFIGURATION_INVALID',
        `config/systems.yaml does not name ${lost.system} for product, which serves ${nameOf(lost)} since it was moved there: name it as system or shadow, or roll back first (npx commerce systems rollback product).`,
      );
    if (!before) await keepFromStart(trx, own.name);
    // A system that was not named for a while may have missed what happened: it is read from its start.
    const added = names.filter((name) => before && !before.systems.some((known) => known.name === name));
    for (const name of added) await readAgain(trx, name);
    const isSame = before && isDeepStrictEqual([before.systems, before.parts], [wanted.systems, parts]);
    if (!isSame) {
      // What is compared with what may be another than it was.
      for (const { name } of before?.parts ?? []) await forgetDrift(trx, 'product', name);
      await change(
        trx,
        `insert into product.serving (home, systems, parts) values (?, ?::jsonb, ?::jsonb)
         on conflict (single) do update set systems = excluded.systems, parts = excluded.parts, settled = false`,
        [own.name, JSON.stringify(wanted.systems), JSON.stringify(parts)],
      );
    }
    return parts.filter((part, index) => part.system !== wanted.parts[index]?.system);
  });
}

/** For a person: a part, or the domain. */
export const nameOf = ({ name }: Pick<ServedPart, 'name'>): string => (name === '' ? 'product' : `the cohort ${name} of product`); // biome-ignore format: one thought

/**
 * Notes that a stream was read to its end, where facts are kept.
 * @param read.reached position to which it was read: where the feed was set back meanwhile, that says nothing
 */
export async function noteComplete(
  knex: Knex,
  read: { readonly system: string; readonly stream: string; readonly feed: string; readonly reached: number },
): Promise<void> {
  await change(
    knex,
    `insert into product.told_stream (system, stream) select ?, ?
     where exists (select from product.serving) and exists (select from integration.feed_cursor where feed = ? and position = ?)
     on conflict do nothing`,
    [read.system, read.stream, read.feed, read.reached],
  );
}

/** From now on facts are kept as they are told, so all of them have to be told once more. */
async function keepFromStart(trx: Knex.Transaction, home: string): Promise<void> {
  await change(trx, 'delete from product.told_stream');
  await readAgain(trx, home);
}

async function readAgain(trx: Knex.Transaction, system: string): Promise<void> {
  await change(trx, 'delete from product.told_stream where system = ?', [system]);
  await change(trx, "update integration.feed_cursor set position = 0 where feed like 'product:%' and system = ?", [
    system,
  ]);
}
