import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { type DriftFigures, forgetDrift, readDrift, whyNotClean } from '../../../platform/drift/drift.ts';
import type { ServedPart } from './model.ts';
import { nameOf, readServing } from './serving.ts';
import { type SettleOptions, settleAll } from './settle.ts';

/** Who moves what where, and why. */
export interface Move {
  /** Cohort; empty: the rest of the domain. */
  readonly part: string;
  /** Null: back to the system that served it before its last move. */
  readonly to: string | null;
  readonly by: string;
  readonly reason: string;
}

export type MoveResult =
  | { readonly kind: 'moved'; readonly from: string; readonly to: string; readonly figures: DriftFigures | null }
  | { readonly kind: 'refused'; readonly why: string; readonly figures: DriftFigures | null };

/**
 * Makes another system the system of record of a part of the catalogue, in this transaction: all who read see the old one's
 * word until it commits, and the new one's from then on. A promotion asks for clean samples; a rollback does not.
 * Refused, nothing is changed; the caller rolls back.
 */
export async function moveServing(trx: Knex.Transaction, move: Move, options: SettleOptions): Promise<MoveResult> {
  const refused = (why: string, figures: DriftFigures | null = null): MoveResult => ({ kind: 'refused', why, figures });
  const serving = await readServing(trx, 'for update');
  if (!serving) return refused('one system serves all of product: name a second one as shadow in config/systems.yaml');
  const part = serving.parts.find(({ name }) => name === move.part);
  if (!part) return refused(`product has no cohort ${move.part}; its cohorts: ${cohortsOf(serving.parts)}`);
  const to = move.to ?? (await systemBefore(trx, part));
  if (to === null) return refused(`${nameOf(part)} was never moved: there is nothing to go back to`);
  if (!serving.systems.some(({ name }) => name === to)) return refused(`config/systems.yaml does not name ${to} as system or shadow of product`); // biome-ignore format: one thought
  if (part.system === to) return refused(`${to} serves ${nameOf(part)} already`);
  if (!serving.complete.includes(to)) return refused(`${to} was not read to its end yet`);

  const figures = (await readDrift(trx)).find((one) => one.domain === 'product' && one.part === part.name && one.system === part.system && one.shadow === to) ?? null; // biome-ignore format: one thought
  if (move.to !== null) {
    const why = figures ? whyNotClean(figures) : 'nothing was compared yet';
    if (why !== null) return refused(why, figures);
  }
  const parts = serving.parts.map((one) => (one === part ? { ...part, system: to } : one));
  await change(trx, 'update product.serving set parts = ?::jsonb', [JSON.stringify(parts)]);
  const rejected = await settleAll(trx, { ...serving, parts }, options);
  const unknown = await notYetSetAside(trx, rejected.map(({ record, key }) => `${record} ${key}`)); // biome-ignore format: one thought
  if (unknown.length > 0) return refused(`the catalogue cannot take ${unknown.slice(0, 10).join(', ')}`, figures);
  await change(
    trx,
    `insert into integration.system_move (domain, part, from_system, to_system, kind, moved_by, reason, samples, clean)
     values ('product', ?, ?, ?, ?, ?, ?, ?, ?)`,
    [part.name, part.system, to, move.to === null ? 'ROLLED_BACK' : 'PROMOTED', move.by, move.reason, figures?.samples ?? null, figures?.clean ?? null], // biome-ignore format: one thought
  );
  // From here on they are compared the other way round, and anew.
  await forgetDrift(trx, 'product', part.name);
  return { kind: 'moved', from: part.system, to, figures };
}

async function systemBefore(trx: Knex.Transaction, { name, system }: ServedPart): Promise<string | null> {
  const [last] = await query<{ from_system: string }>(
    trx,
    "select from_system from integration.system_move where domain = 'product' and part = ? and to_system = ? order by id desc limit 1",
    [name, system],
  );
  return last?.from_system ?? null;
}

/** What is wrong with a bundle was told before, and is no reason to stay. */
async function notYetSetAside(trx: Knex.Transaction, records: readonly string[]): Promise<string[]> {
  const known = await query<{ record: string }>(trx, "select kind || ' ' || key as record from product.set_aside");
  return [...new Set(records)].filter((record) => !known.some((one) => one.record === record));
}

function cohortsOf(parts: readonly ServedPart[]): string {
  return parts.flatMap(({ name }) => (name === '' ? [] : name)).join(', ') || 'none';
}
