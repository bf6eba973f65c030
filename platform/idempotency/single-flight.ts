import type { Knex } from 'knex';
import { isCommerceError } from '../errors.ts';
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
 * @throws what `run` throws, to all who share it; REQUEST_ABORTED to the one whose run it was
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
    const outcome = await other.outcome.catch((error: unknown) => failureFor(error, other.hash.equals(key.hash)));
    if (outcome && other.hash.equals(key.hash)) return asReplay(outcome as OnceOutcome<T>);
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

/** A failure is that of all who share the run, but for one: when the client of the run went away, the others still wait. */
function failureFor(error: unknown, shared: boolean): null {
  if (shared && !(isCommerceError(error) && error.code === 'REQUEST_ABORTED')) throw error;
  return null;
}

function asReplay<T>(outcome: OnceOutcome<T>): OnceOutcome<T> {
  return outcome.kind === 'done' ? { ...outcome, replayed: true } : outcome;
}
