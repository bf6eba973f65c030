import type { Knex } from 'knex';
import { sleep } from '../platform/clock.ts';
import { change, query } from '../platform/db/query.ts';
import { isCommerceError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Comparison, Reconciliation } from '../platform/reconcile/comparison.ts';
import { type DifferenceDesk, reconcile } from '../platform/reconcile/run.ts';

const LOOK_EVERY_MILLIS = 2_000;
/** A process that just started has feeds to catch up with first. */
const FIRST_AFTER_MILLIS = 60_000;

export interface ReconciliationOptions {
  readonly knex: Knex;
  readonly comparisons: readonly Comparison[];
  readonly desk: DifferenceDesk;
  /** Minutes from the end of a comparison to the next one; 0 never begins one by itself. */
  readonly everyMinutes: number;
  readonly logger: Logger;
  /** See `reconcile`. */
  readonly pauseMillis?: number;
  readonly settleMillis?: number;
}

/** What became of one comparison that somebody asked for. */
export type ReconciliationResult =
  | Reconciliation
  | { readonly system: string; readonly subject: string; readonly failure: string };

/**
 * Compares the operational store with the systems of record: when it is time, and when somebody asks. One comparison at a
 * time, and each by one process, however many run this. Resolves when the signal aborts; a run that is cut off is taken up.
 */
export async function runReconciliation(options: ReconciliationOptions, signal: AbortSignal): Promise<void> {
  const { knex, comparisons, logger } = options;
  const startedAt = performance.now();
  while (!signal.aborted) {
    try {
      while (!signal.aborted && (await serveRequest(options, signal)));
      for (const comparison of comparisons) {
        if (performance.now() - startedAt < FIRST_AFTER_MILLIS || signal.aborted) break;
        if (await isDue(knex, comparison, options.everyMinutes)) {
          await compare(comparison, false, options, signal);
          // Who asks waits for one comparison, not for all.
          await serveRequest(options, signal);
        }
      }
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, 'reconciliation could not go on');
    }
    await sleep(LOOK_EVERY_MILLIS, signal);
  }
}

async function isDue(knex: Knex, { system, subject }: Comparison, everyMinutes: number): Promise<boolean> {
  const [row] = await query<{ due: boolean }>(
    knex,
    // A run that was cut off is due; after a failure the pause is a minute.
    `select case
       when bool_or(phase <> 'DONE' and not dry_run) then bool_or(claimed_until < clock_timestamp() - interval '1 minute' and phase <> 'DONE' and not dry_run)
       else ? > 0 and coalesce(max(finished_at) < clock_timestamp() - make_interval(mins => ?), true)
     end as due from integration.reconciliation where system = ? and subject = ? and (not dry_run)`,
    [everyMinutes, everyMinutes, system, subject],
  );
  return row?.due ?? false;
}

async function compare(
  comparison: Comparison,
  dryRun: boolean,
  { knex, desk, logger, ...pace }: ReconciliationOptions,
  signal: AbortSignal,
): Promise<ReconciliationResult> {
  const { system, subject } = comparison;
  try {
    const result = await reconcile(comparison, { knex, desk, dryRun, ...pace }, signal);
    if (!result) return { system, subject, failure: 'It is being compared already; see its result when it is done.' };
    const { differences, ...figures } = result;
    logger.info({ dryRun, ...figures }, 'compared with a system of record');
    return result;
  } catch (error) {
    if (signal.aborted) throw error;
    const code = isCommerceError(error) ? error.code : 'INTERNAL_SERVER_ERROR';
    logger.warn({ system, subject, code, err: error }, 'a comparison was cut off and goes on later');
    return { system, subject, failure: `${code}: it goes on from where it was, by itself` };
  }
}

/** Serves the oldest request that nobody serves yet. @returns whether there was one */
async function serveRequest(options: ReconciliationOptions, signal: AbortSignal): Promise<boolean> {
  const { knex, comparisons } = options;
  const [request] = await query<{ id: string; system: string | null; subject: string | null; dry_run: boolean }>(
    knex,
    `update integration.reconciliation_request set taken_at = clock_timestamp()
     where id = (select id from integration.reconciliation_request where taken_at is null order by id limit 1 for update skip locked)
     returning id, system, subject, dry_run`,
  );
  if (!request) return false;
  const results: ReconciliationResult[] = [];
  for (const comparison of comparisons) {
    if (request.system !== null && comparison.system !== request.system) continue;
    if (request.subject !== null && comparison.subject !== request.subject) continue;
    results.push(await compare(comparison, request.dry_run, options, signal));
  }
  await change(
    knex,
    'update integration.reconciliation_request set done_at = clock_timestamp(), results = ?::jsonb where id = ?',
    [JSON.stringify(results), request.id],
  );
  return true;
}
