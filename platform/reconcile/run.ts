import type { Knex } from 'knex';
import { groupBy } from '../batch.ts';
import { sleep } from '../clock.ts';
import type { Comparison, Difference, Reconciliation } from './comparison.ts';
import {
  claimRun,
  decide,
  finishRun,
  keepClaim,
  persisting,
  type Run,
  recordOurs,
  recordTheirs,
  releaseRun,
  suspects,
  unseen,
} from './store.ts';

/** Where differences go that nobody can put right by reading again. */
export interface DifferenceDesk {
  raise(comparison: Comparison, difference: Difference): Promise<void>;
  /** Closes what earlier runs raised, but for these keys. */
  resolveOthers(comparison: Comparison, keys: readonly string[]): Promise<void>;
}

export interface ReconcileOptions {
  readonly knex: Knex;
  readonly desk: DifferenceDesk;
  /** Finds and reports; corrects and raises nothing. */
  readonly dryRun?: boolean;
  /** Pause after each page, so that nobody notices, in milliseconds. Default 200. */
  readonly pauseMillis?: number;
  /** Shortest time between the two looks, in milliseconds: longer than a change takes to arrive. Default 20,000. */
  readonly settleMillis?: number;
}

/**
 * Compares all records of one kind: first what the system has, then what only we have. What differs is looked at again
 * after a while; only what differs in the same way then is a difference. It is corrected where the system owns the fact, or
 * raised. A run that was cut off is taken up where it stopped, by whoever comes next.
 *
 * @returns null when another process is at it
 * @throws CommerceError of the comparison; the run stays open and the next call goes on with it
 */
export async function reconcile(
  comparison: Comparison,
  options: ReconcileOptions,
  signal: AbortSignal,
): Promise<Reconciliation | null> {
  const { knex, dryRun = false } = options;
  const run = await claimRun(knex, comparison, dryRun);
  if (!run) return null;
  try {
    await readBothSides(comparison, run, options, signal);
    await lookAgain(comparison, run, options, signal);
    if (!dryRun) {
      const raised = (await persisting(knex, run)).filter(({ outcome }) => outcome === 'EXCEPTED');
      await options.desk.resolveOthers(comparison, raised.map(({ key }) => key)); // biome-ignore format: one thought
    }
    return await finishRun(knex, run);
  } catch (error) {
    await releaseRun(knex, run);
    throw error;
  }
}

async function readBothSides(
  comparison: Comparison,
  run: Run,
  { knex, pauseMillis = 200 }: ReconcileOptions,
  signal: AbortSignal,
): Promise<void> {
  while (run.phase === 'THEIRS') {
    signal.throwIfAborted();
    const page = await comparison.theirs(run.cursor, signal);
    await recordTheirs(knex, run, page);
    await sleep(pauseMillis, signal);
  }
  while (run.phase === 'OURS') {
    signal.throwIfAborted();
    const { keys, next } = await comparison.ours(run.cursor);
    const alone = await unseen(knex, run, keys);
    const missing = alone.length > 0 ? await comparison.missing(alone, signal) : [];
    await recordOurs(knex, run, { compared: alone.length, missing, next });
    await sleep(pauseMillis, signal);
  }
}

async function lookAgain(
  comparison: Comparison,
  run: Run,
  options: ReconcileOptions,
  signal: AbortSignal,
): Promise<void> {
  const { knex, pauseMillis = 200, settleMillis = 20_000 } = options;
  const found = await suspects(knex, run);
  const latest = Math.max(...found.map(({ seenAt }) => seenAt.getTime()));
  // Long pauses in parts: who waits is alive.
  for (let left = latest + settleMillis - Date.now(); left > 0; left -= 10_000) {
    await keepClaim(knex, run);
    await sleep(Math.min(left, 10_000), signal);
  }
  for (const [cursor, page] of groupBy(
    found.filter((one) => !one.isMissing),
    (one) => one.cursor,
  )) {
    signal.throwIfAborted();
    const again = await comparison.theirs(cursor, signal);
    await settle(comparison, run, options, { cursor, first: page, again: again.differences }, signal);
    await sleep(pauseMillis, signal);
  }
  const missing = found.filter((one) => one.isMissing);
  for (let at = 0; at < missing.length; at += 100) {
    signal.throwIfAborted();
    const first = missing.slice(at, at + 100);
    const again = await comparison.missing(first.map(({ key }) => key), signal); // biome-ignore format: one thought
    await settle(comparison, run, options, { cursor: null, first, again }, signal);
  }
}

/** Decides about the suspects of one page. */
async function settle(
  comparison: Comparison,
  run: Run,
  { knex, desk, dryRun = false }: ReconcileOptions,
  page: {
    readonly cursor: string | null;
    readonly first: readonly (Difference & { readonly isMissing: boolean })[];
    readonly again: readonly Difference[];
  },
  signal: AbortSignal,
): Promise<void> {
  const same = page.first.filter((one) => page.again.some(({ key, what }) => key === one.key && what === one.what));
  const wanted = same.filter((one) => one.correctable && !one.isMissing).map(({ key }) => key);
  const corrected =
    dryRun || wanted.length === 0 ? wanted : ((await comparison.correct?.(page.cursor, wanted, signal)) ?? []);
  for (const difference of same) {
    if (!dryRun && !corrected.includes(difference.key)) await desk.raise(comparison, difference);
  }
  await decide(knex, run, {
    gone: page.first.filter((one) => !same.includes(one)).map(({ key }) => key),
    corrected,
    excepted: same.map(({ key }) => key).filter((key) => !corrected.includes(key)),
  });
}
