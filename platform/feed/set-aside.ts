import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';

/** An entry of a feed that nobody can use as it is. */
export interface SetAsideEntry {
  /** Its number in the feed. */
  readonly position: number;
  /** As it came. Kept for those who look into it; may hold personal data. */
  readonly entry: unknown;
  /** For an operator: what is wrong, without values. */
  readonly problem: string;
}

/** What came of taking an entry again. */
export type TakenEntry =
  | { readonly kind: 'handled' }
  | { readonly kind: 'failed'; readonly cause: 'MAPPING'; readonly message: string };

/** Keeps an entry, in the transaction that passes over it. */
export async function keepEntry(
  trx: Knex.Transaction,
  feed: string,
  { position, entry, problem }: SetAsideEntry,
): Promise<void> {
  await query(
    trx,
    `insert into integration.set_aside_entry (feed, position, entry, problem) values (?, ?, ?, ?)
     on conflict (feed, position) do update set entry = excluded.entry, problem = excluded.problem, handled_at = null`,
    [feed, position, asText(entry), problem],
  );
}

/** Notes that an entry was applied after all. */
export async function noteHandled(trx: Knex.Transaction, feed: string, position: number): Promise<void> {
  await change(trx, 'update integration.set_aside_entry set handled_at = now() where feed = ? and position = ?', [
    feed,
    position,
  ]);
}

/** JSON writes U+0000 out, which PostgreSQL would refuse, and has no bigint. */
function asText(entry: unknown): string {
  return JSON.stringify(entry, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

/** For an operator: what is wrong with an entry, and what to do. */
export function describeSetAside({ position, problem }: Omit<SetAsideEntry, 'entry'>): string {
  return `Entry ${position} of the feed could not be taken: ${problem}. Those beside it were. Have the system's owner put it right and retry: it is read again then. As it came it stands in integration.set_aside_entry.`;
}
