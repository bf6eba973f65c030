import type { Knex } from 'knex';
import type { OnceKey, OnceOutcome } from './once-key.ts';

interface Running {
  readonly hash: Buffer;
  readonly outcome: Promise<OnceOutcome<unknown>>;
}

/** What this process is running, by database. Spares work only: the record in the database decides. */
const byDatabase = new WeakMap<object, Map<string, Running>>();

/**
 * Lets equal requests that meet in this process share one run. The one that runs gets its outcome, the others the same
 * as a replay. A request with another input waits until the running one is over, then runs: the database knows by then
 * whether the key is taken.
 *
 * @throws what `run` throws, to all who share it
 */
export async function shareRunning<T>(
  knex: Knex,
  key: OnceKey,
  run: () => Promise<OnceOutcome<T>>,
): Promise<OnceOutcome<T>> {
  const database = knex.client.config as object;
  const running = byDatabase.get(database) ?? new Map<string, Running>();
  byDatabase.set(database, running);
  const name = JSON.stringify([key.scope, key.operation, key.key]);
  for (;;) {
    const other = running.get(name);
    if (!other) break;
    if (other.hash.equals(key.hash)) return asReplay((await other.outcome) as OnceOutcome<T>);
    await other.outcome.catch(() => undefined);
    // Its entry may have gone in this very turn, or another request may have taken its place.
    if (running.get(name) === other) running.delete(name);
  }
  const outcome = run();
  const entry = { hash: key.hash, outcome };
  running.set(name, entry);
  try {
    return await outcome;
  } finally {
    if (running.get(name) === entry) running.delete(name);
  }
}

function asReplay<T>(outcome: OnceOutcome<T>): OnceOutcome<T> {
  return outcome.kind === 'done' ? { ...outcome, replayed: true } : outcome;
}
