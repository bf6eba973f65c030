import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { leaveRequest } from './commands.ts';
import type { RetryWorkflow } from './port.ts';

/** Who asked, on timelines, when nobody did: the platform saw that a system works again. */
const PLATFORM = 'the platform';

/**
 * What waits after failures of a system, and was not woken since its last attempt: several workers may see the same recovery,
 * and an attempt that fails again waits as before.
 */
const WAITING = `waiting.state = 'OPEN' and waiting.cause = 'UNAVAILABLE' and (waiting.workflow_id is not null or waiting.set_aside_by is not null)
  and (waiting.woken_at is null or waiting.woken_at < waiting.last_attempt_at)`;

/** Has all that waits for a system tried again now, the oldest first: who waited longest is not to wait for the end of a pause. */
export function wakeWaiting(knex: Knex, system: string, retryWorkflow: RetryWorkflow): Promise<void> {
  return wake(knex, retryWorkflow, `select id from integration.exception waiting where ${WAITING} and system = ?`, [
    system,
  ]);
}

/**
 * The same for one of each operation, the oldest: the circuit of the system closed, and whether this operation works again is not
 * known. When it does, {@link wakeAfterSuccess} has the others follow; when not, one attempt was spent.
 */
export function wakeFirst(knex: Knex, system: string, retryWorkflow: RetryWorkflow): Promise<void> {
  return wake(
    knex,
    retryWorkflow,
    `select distinct on (operation) id from integration.exception waiting where ${WAITING} and system = ?
     order by operation, opened_at, id`,
    [system],
  );
}

/** Has what waits for an operation of a system tried again that failed before another of them succeeded. Comes every two seconds. */
export function wakeAfterSuccess(knex: Knex, retryWorkflow: RetryWorkflow): Promise<void> {
  return wake(
    knex,
    retryWorkflow,
    `select waiting.id from (
       select system, operation, max(closed_at) as at from integration.exception
       where closed_at > now() - interval '1 minute' and state = 'RESOLVED' and (workflow_id is not null or set_aside_by is not null)
       group by system, operation
     ) succeeded join integration.exception waiting using (system, operation)
     where ${WAITING} and waiting.last_attempt_at < succeeded.at`,
    [],
  );
}

/** A crash between the mark and the call costs nothing but time: the pause that is going on ends by itself. */
async function wake(
  knex: Knex,
  retryWorkflow: RetryWorkflow,
  chosen: string,
  values: readonly string[],
): Promise<void> {
  const woken = await query<{ id: string; workflowId: string | null }>(
    knex,
    `with chosen as (${chosen}), woken as (
       update integration.exception waiting set woken_at = clock_timestamp() from chosen where waiting.id = chosen.id and ${WAITING}
       returning waiting.id, workflow_id, opened_at
     ) select id, workflow_id as "workflowId" from woken order by opened_at, id`,
    values,
  );
  for (const { id, workflowId } of woken) {
    if (workflowId === null) await inTransaction(knex, (trx) => leaveRequest(trx, id, PLATFORM));
    else await retryWorkflow(workflowId);
  }
}
