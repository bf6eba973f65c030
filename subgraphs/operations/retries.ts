import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { resolveId } from './desk.ts';
import { tellOfMoves } from './moves.ts';
import type { RetryWorkflow, TakeAgain } from './port.ts';

/** Requests dealt with at a time: each holds a connection, and its target may take another. */
const LANES = 3;

/** Who is handed what a retry is about. */
export interface RetryTargets {
  readonly retryWorkflow: RetryWorkflow;
  /** Left out, what was set aside waits for a process that has it. */
  readonly takeAgain?: TakeAgain;
}

/**
 * Passes on the retries that people asked for, oldest first. The worker calls it every second or so; any number of
 * processes may. A request is gone only when it was passed on, so a crash may repeat one, which wakes the workflow or
 * takes the event once more. What was set aside is tried here and now; a workflow tells by itself how it went.
 * Where nothing waits any more, the exception is open again and cannot be retried.
 *
 * @returns how many requests were dealt with
 * @throws whatever the target throws; the request stays
 */
export async function takeRetryRequests(knex: Knex, targets: RetryTargets): Promise<number> {
  const lane = async () => {
    let taken = 0;
    while (await inTransaction(knex, (trx) => takeOne(trx, targets))) taken++;
    return taken;
  };
  const taken = await Promise.all(Array.from({ length: LANES }, lane));
  return taken.reduce((sum, each) => sum + each, 0);
}

interface Requested {
  readonly id: string;
  readonly workflowId: string | null;
  readonly setAsideBy: string | null;
  readonly setAsideId: string | null;
  readonly retriedBy: string | null;
  readonly closed: boolean;
}

async function takeOne(trx: Knex.Transaction, targets: RetryTargets): Promise<boolean> {
  // The exception first, then its request, as the mutations do: two orders of locking would deadlock.
  const [next] = await query<Requested>(
    trx,
    `select exception.id, exception.workflow_id as "workflowId", exception.set_aside_by as "setAsideBy",
       exception.set_aside_id as "setAsideId", exception.retried_by as "retriedBy", exception.closed_at is not null as closed
     from integration.exception_retry_request request
     join integration.exception on exception.id = request.exception_id
     where exception.set_aside_by is null or ?
     order by request.requested_at, exception.id limit 1 for update of exception skip locked`,
    [targets.takeAgain !== undefined],
  );
  if (!next) return false;
  const mine = await change(trx, 'delete from integration.exception_retry_request where exception_id = ?', [next.id]);
  // Zero: another process took it between our look and our lock.
  if (mine === 0 || next.closed) return true;
  await passOn(trx, next, targets);
  return true;
}

async function passOn(trx: Knex.Transaction, next: Requested, targets: RetryTargets): Promise<void> {
  const { id, workflowId, setAsideBy: by, setAsideId } = next;
  if (workflowId !== null) {
    if (!(await targets.retryWorkflow(workflowId))) await nothingWaits(trx, id);
    return;
  }
  if (by === null || setAsideId === null) return nothingWaits(trx, id);
  const taken = (await targets.takeAgain?.({ by, id: setAsideId })) ?? { kind: 'gone' };
  switch (taken.kind) {
    case 'handled':
      return resolveId(trx, id);
    case 'failed':
      await change(
        trx,
        `update integration.exception set state = 'OPEN', attempts = attempts + 1, last_attempt_at = clock_timestamp(),
           cause = ?, message = ?, closed_by = null, note = null, retried_by = null where id = ?`,
        [taken.cause, taken.message, id],
      );
      await tellOfMoves(trx, [id], 'FAILED_AGAIN', next.retriedBy);
      return;
    case 'gone':
      return nothingWaits(trx, id);
  }
}

async function nothingWaits(trx: Knex.Transaction, id: string): Promise<void> {
  await change(
    trx,
    `update integration.exception set state = 'OPEN', retried_by = null, workflow_id = null, set_aside_by = null, set_aside_id = null where id = ?`,
    [id],
  );
}
