import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { query } from '../../platform/db/query.ts';

/** What becomes of an open exception. */
export type ExceptionMove = 'FAILED_AGAIN' | 'RETRY_REQUESTED' | 'CORRECTED' | 'RESOLVED' | 'DISMISSED';

/** Longest text of a message in an event, in characters: a timeline is read line by line, the desk has all of it. */
const MAX_TOLD = 300;

export const shortened = (message: string): string =>
  message.length <= MAX_TOLD ? message : `${message.slice(0, MAX_TOLD - 1)}…`;

/** Attempts that are told one by one; of an outage of a day every further one would bury the rest of the timeline. */
const TOLD_ATTEMPTS = 5;

/** Pure: whether a failed attempt is told of: the first few, then when their number has doubled. */
export function isTold(attempts: number): boolean {
  return attempts <= TOLD_ATTEMPTS || Number.isInteger(Math.log2(attempts));
}

/**
 * Tells of what became of exceptions, of those that concern an order: its timeline has it. Call it in the transaction
 * that changed them, which holds their rows.
 *
 * @param by which client did so; null: what the exception says itself
 */
export async function tellOfMoves(
  trx: Knex.Transaction,
  ids: readonly string[],
  change: ExceptionMove,
  by: string | null = null,
): Promise<void> {
  if (ids.length === 0) return;
  const moved = await query<{
    readonly id: string;
    readonly revision: number;
    readonly orderId: string;
    readonly channelCode: string | null;
    readonly traceId: string;
    readonly system: string;
    readonly operation: string;
    readonly attempts: number;
    readonly cause: string;
    readonly message: string;
    readonly closedBy: string | null;
    readonly note: string | null;
  }>(
    trx,
    `update integration.exception set revision = revision + 1 where id = any(?::text[]) and order_id is not null
     returning id, revision, order_id as "orderId", channel_code as "channelCode", trace_id as "traceId", system, operation,
       attempts, cause, message, closed_by as "closedBy", note`,
    [ids],
  );
  await writeEvents(
    trx,
    moved.map(({ id, revision, orderId, channelCode, traceId, system, operation, attempts, cause, ...row }) => ({
      type: 'integration-exception-moved.v1',
      subject: id,
      version: revision,
      channelCode,
      traceId,
      data: {
        exceptionId: id,
        orderId,
        system,
        operation,
        change,
        attempts,
        cause,
        by: by ?? row.closedBy,
        message: change === 'FAILED_AGAIN' ? shortened(row.message) : row.note,
      },
    })),
  );
}
