import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { RetryWorkflow } from './port.ts';

/**
 * Passes on the retries that people asked for, oldest first. The worker calls it every second or so; any number of
 * processes may. A request is gone only when it was passed on, so a crash may repeat one, which wakes the workflow once more.
 * Where no workflow waits any more, the exception is open again and cannot be retried.
 *
 * @returns how many requests were dealt with
 * @throws whatever `retry` throws; the request stays
 */
export async function takeRetryRequests(knex: Knex, retry: RetryWorkflow): Promise<number> {
  let taken = 0;
  while (await inTransaction(knex, (trx) => takeOne(trx, retry))) taken++;
  return taken;
}

async function takeOne(trx: Knex.Transaction, retry: RetryWorkflow): Promise<boolean> {
  // The exception first, then its request, as the mutations do: two orders of locking would deadlock.
  const [next] = await query<{ id: string; workflowId: string | null; closed: boolean }>(
    trx,
    `select exception.id, exception.workflow_id as "workflowId", exception.closed_at is not null as closed
     from integration.exception_retry_request request
     join integration.exception on exception.id = request.exception_id
     order by request.requested_at, exception.id limit 1 for update of exception skip locked`,
  );
  if (!next) return false;
  const mine = await change(trx, 'delete from integration.exception_retry_request where exception_id = ?', [next.id]);
  // Zero: another process took it between our look and our lock.
  if (mine === 0 || next.closed || next.workflowId === null) return true;
  if (!(await retry(next.workflowId)))
    await change(trx, `update integration.exception set state = 'OPEN', workflow_id = null where id = ?`, [next.id]);
  return true;
}
