import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { newId } from '../../platform/ids.ts';
import { type OwnershipMap, ownerOf } from './model.ts';
import type { Failure, UnusableEntry } from './port.ts';

/** Longest message kept, in characters. */
const MAX_MESSAGE = 2_000;

/** The desk where failures land that the system could not get over by itself. */
export interface ExceptionDesk {
  /** Opens an exception, or counts another attempt on the open one of the same key. */
  raise(failure: Failure): Promise<void>;
  /** The same within the caller's transaction, for a feed that sets an entry aside. */
  raiseIn(trx: Knex.Transaction, entry: UnusableEntry): Promise<void>;
  /** Closes the open exception of this key, if any: a later attempt succeeded. */
  resolve(key: string): Promise<void>;
}

export function createExceptionDesk(deps: { readonly knex: Knex; readonly owners: OwnershipMap }): ExceptionDesk {
  const { knex, owners } = deps;

  async function raiseIn(trx: Knex.Transaction, entry: UnusableEntry): Promise<void> {
    // An entry of a feed belongs to no request: its trace begins here.
    const { traceId = randomBytes(16).toString('hex'), cause = 'MAPPING' } = entry;
    const { orderId = null, channelCode = null, workflowId = null } = entry;
    const message = storable(entry.message);
    // A raise that meets the open one of its key, also one that commits at this moment, becomes an attempt on it.
    const [raised] = await query<{ id: string; attempts: number }>(
      trx,
      `insert into integration.exception as known
         (id, key, system, operation, cause, message, first_cause, first_message, owner, order_id, channel_code, workflow_id, trace_id)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (key) where state in ('OPEN', 'RETRYING') do update
         set state = 'OPEN', attempts = known.attempts + 1, last_attempt_at = clock_timestamp(),
             cause = excluded.cause, message = excluded.message, workflow_id = excluded.workflow_id
       returning id, attempts`,
      [
        newId('integrationException'),
        entry.key,
        entry.system,
        entry.operation,
        cause,
        message,
        cause,
        message,
        ownerOf(owners, entry.system, entry.operation),
        orderId,
        channelCode,
        workflowId,
        traceId,
      ],
    );
    if (!raised || raised.attempts > 1) return;
    await writeEvents(trx, [
      {
        type: 'integration-exception-raised.v1',
        subject: raised.id,
        version: 1,
        channelCode,
        traceId,
        data: { exceptionId: raised.id, orderId },
      },
    ]);
  }

  return {
    raiseIn,
    raise: (failure) => inTransaction(knex, (trx) => raiseIn(trx, failure)),
    async resolve(key) {
      await change(
        knex,
        `update integration.exception set state = 'RESOLVED', closed_at = clock_timestamp()
         where key = ? and state in ('OPEN', 'RETRYING')`,
        [key],
      );
    },
  };
}

/** The desk is the last resort, so no text may make it fail: PostgreSQL refuses U+0000. */
function storable(message: string): string {
  return message.replaceAll('\0', '').slice(0, MAX_MESSAGE);
}
