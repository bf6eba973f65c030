import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { newId } from '../../platform/ids.ts';
import { leaveRequest } from './commands.ts';
import { SILENT_AFTER_SECONDS } from './health.ts';
import { tellOfMoves } from './moves.ts';
import { type IntegrationExceptionFilter, narrowed } from './read.ts';

/** How far a bulk retry is. */
export interface BulkRetry {
  readonly id: string;
  readonly state: 'RUNNING' | 'FINISHED';
  readonly reason: string;
  readonly requestedBy: string;
  /** Exceptions it is about. */
  readonly total: number;
  /** Of these, resolved. */
  readonly done: number;
  /** Of these, failed again, dismissed or not retryable any more. */
  readonly failed: number;
  /** Systems whose circuit is open, so that work under way waits until they may be asked. */
  readonly waitsFor: readonly string[];
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** Most exceptions that are handed out and not ended at a time: the systems behind them are in use by others too. */
const MAX_UNDER_WAY = 500;

/**
 * Notes that all open exceptions of a filter that can be retried are to be. The exceptions are those of this moment.
 * @returns the id of the job
 */
export async function startBulkRetry(
  trx: Knex.Transaction,
  filter: IntegrationExceptionFilter,
  { reason, requestedBy }: { readonly reason: string; readonly requestedBy: string },
): Promise<string> {
  const id = newId('deskJob');
  await change(
    trx,
    `insert into integration.desk_job (id, kind, request, reason, requested_by, total) values (?, 'RETRY', ?, ?, ?, 0)`,
    [id, JSON.stringify(filter), reason, requestedBy],
  );
  const chosen = narrowed(trx('integration.exception'), filter)
    .where('state', 'OPEN')
    .whereRaw('(workflow_id is not null or set_aside_by is not null)')
    .select(trx.raw('?', [id]), 'id');
  await trx.into(trx.raw('integration.desk_job_item (job_id, exception_id)')).insert(chosen);
  await change(
    trx,
    `update integration.desk_job job set total = found.count, state = case when found.count = 0 then 'FINISHED' else 'RUNNING' end,
       finished_at = case when found.count = 0 then clock_timestamp() end
     from (select count(*)::int as count from integration.desk_job_item where job_id = ?) found where job.id = ?`,
    [id, id],
  );
  return id;
}

/** Null when there is no bulk retry of this id. */
export async function readBulkRetry(knex: Knex, id: string): Promise<BulkRetry | null> {
  const [job] = await query<BulkRetry>(
    knex,
    `select job.id, state, reason, requested_by as "requestedBy", total, created_at as "createdAt", finished_at as "finishedAt",
       ended.done, ended.failed, array(
         select distinct exception.system from integration.desk_job_item item join integration.exception on exception.id = item.exception_id
         join integration.system_health health on health.system = exception.system
         where item.job_id = job.id and item.outcome is null and item.passed_at is not null and exception.state = 'RETRYING'
           and health.circuit <> 'CLOSED' and health.reported_at > now() - make_interval(secs => ?)
         order by exception.system) as "waitsFor"
     from integration.desk_job job cross join lateral (
       select count(*) filter (where outcome = 'DONE')::int as done, count(*) filter (where outcome = 'FAILED')::int as failed
       from integration.desk_job_item where job_id = job.id
     ) ended where job.id = ? and kind = 'RETRY'`,
    [SILENT_AFTER_SECONDS, id],
  );
  return job ?? null;
}

/**
 * Goes on with the bulk retries: notes what ended, hands out the next, finishes what is through. Any number of workers
 * may; a crash loses nothing, because what was handed out is a retry request like any other.
 *
 * @param atMost exceptions handed out by this call
 */
export async function advanceBulkRetries(knex: Knex, atMost: number): Promise<void> {
  await noteEnded(knex);
  await inTransaction(knex, (trx) => handOut(trx, atMost));
}

async function noteEnded(knex: Knex): Promise<void> {
  // Handing out makes it RETRYING: OPEN again means that the attempt failed.
  await change(
    knex,
    `update integration.desk_job_item item set outcome = case exception.state when 'RESOLVED' then 'DONE' else 'FAILED' end
     from integration.exception, integration.desk_job job
     where job.state = 'RUNNING' and item.job_id = job.id and item.outcome is null and item.passed_at is not null
       and exception.id = item.exception_id and exception.state <> 'RETRYING'`,
  );
  await change(
    knex,
    `update integration.desk_job job set state = 'FINISHED', finished_at = clock_timestamp()
     where kind = 'RETRY' and state = 'RUNNING'
       and not exists (select from integration.desk_job_item where job_id = job.id and outcome is null)`,
  );
}

async function handOut(trx: Knex.Transaction, atMost: number): Promise<void> {
  const next = await query<{ jobId: string; exceptionId: string; requestedBy: string; retryable: boolean }>(
    trx,
    `with under_way as (
       select count(*) as items from integration.desk_job_item item join integration.desk_job job on job.id = item.job_id
       where job.state = 'RUNNING' and item.outcome is null and item.passed_at is not null
     )
     select item.job_id as "jobId", item.exception_id as "exceptionId", job.requested_by as "requestedBy",
       exception.state = 'OPEN' and (exception.workflow_id is not null or exception.set_aside_by is not null) as retryable
     from integration.desk_job job
     join integration.desk_job_item item on item.job_id = job.id
     join integration.exception on exception.id = item.exception_id
     where job.state = 'RUNNING' and item.outcome is null and item.passed_at is null
     order by job.created_at, exception.opened_at, exception.id
     limit (select greatest(0, least(?::bigint, ?::bigint - items)) from under_way)
     for update of exception, item skip locked`,
    [atMost, MAX_UNDER_WAY],
  );
  const asked = new Map<string, string[]>();
  for (const { exceptionId, requestedBy, retryable } of next) {
    if (!retryable) continue;
    await leaveRequest(trx, exceptionId, requestedBy);
    asked.set(requestedBy, [...(asked.get(requestedBy) ?? []), exceptionId]);
  }
  for (const [requestedBy, ids] of asked) await tellOfMoves(trx, ids, 'RETRY_REQUESTED', requestedBy);
  await change(
    trx,
    `update integration.desk_job_item item set passed_at = clock_timestamp()
     from unnest(?::text[], ?::text[]) as next (job_id, exception_id)
     where item.job_id = next.job_id and item.exception_id = next.exception_id`,
    [next.map(({ jobId }) => jobId), next.map(({ exceptionId }) => exceptionId)],
  );
}
