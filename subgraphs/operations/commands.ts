import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { ExceptionCause } from './model.ts';
import { tellOfMoves } from './moves.ts';
import { closedInWords, type IntegrationExceptionState, isClosed } from './states.ts';

/** What is stored under the idempotency key: the exception as it is later is read anew. */
export interface CommandResult {
  readonly exceptionId: string | null;
  readonly userErrors: readonly {
    readonly code: string;
    readonly message: string;
    readonly field: readonly string[];
  }[];
}

const FIELD = ['exceptionId'];
export const NOT_FOUND: CommandResult = {
  exceptionId: null,
  userErrors: [{ code: 'NOT_FOUND', field: FIELD, message: 'There is no such exception.' }],
};

/** Marks an exception RETRYING and leaves the request for the worker, both or neither. */
export async function requestRetry(
  trx: Knex.Transaction,
  exceptionId: string,
  requestedBy: string,
): Promise<CommandResult> {
  const found = await lock(trx, exceptionId);
  if (!found) return NOT_FOUND;
  const obstacle = obstacleOf(found);
  if (obstacle !== null)
    return { exceptionId, userErrors: [{ code: 'NOT_RETRYABLE', field: FIELD, message: obstacle }] };
  await leaveRequest(trx, exceptionId, requestedBy);
  await tellOfMoves(trx, [exceptionId], 'RETRY_REQUESTED', requestedBy);
  return { exceptionId, userErrors: [] };
}

function obstacleOf(found: Locked): string | null {
  if (isClosed(found.state)) return closedInWords(found.state);
  return found.retryable
    ? null
    : 'Nothing waits behind this exception that could be tried again. Correct the cause, then dismiss it.';
}

/** Marks an exception RETRYING and leaves the request. The caller holds its lock. */
export async function leaveRequest(trx: Knex.Transaction, exceptionId: string, requestedBy: string): Promise<void> {
  await change(trx, `update integration.exception set state = 'RETRYING', retried_by = ? where id = ?`, [
    requestedBy,
    exceptionId,
  ]);
  await change(
    trx,
    'insert into integration.exception_retry_request (exception_id, requested_by) values (?, ?) on conflict do nothing',
    [exceptionId, requestedBy],
  );
}

const MAX_NOTE = 1_000;

/** @throws CommerceError BAD_USER_INPUT when the note says nothing, or more than 1000 characters */
export function checkNote(note: string): void {
  if (note.trim() === '' || note.length > MAX_NOTE || note.includes('\0'))
    throw new CommerceError(
      'BAD_USER_INPUT',
      `input.note must say in 1 to ${MAX_NOTE} characters why it is dismissed.`,
    );
}

/** Closes an exception that needs no more attempts. What waits behind it is not stopped. */
export async function dismiss(
  trx: Knex.Transaction,
  exceptionId: string,
  note: string,
  dismissedBy: string,
): Promise<CommandResult> {
  const found = await lock(trx, exceptionId);
  if (!found) return NOT_FOUND;
  if (isClosed(found.state))
    return {
      exceptionId,
      userErrors: [{ code: 'ALREADY_CLOSED', field: FIELD, message: closedInWords(found.state) }],
    };
  await change(
    trx,
    `update integration.exception set state = 'DISMISSED', closed_at = clock_timestamp(), closed_by = ?, note = ? where id = ?`,
    [dismissedBy, note, exceptionId],
  );
  await tellOfMoves(trx, [exceptionId], 'DISMISSED');
  return { exceptionId, userErrors: [] };
}

/** An exception whose row is locked until the transaction ends. */
export interface Locked {
  readonly key: string;
  readonly state: IntegrationExceptionState;
  readonly system: string;
  readonly operation: string;
  readonly cause: ExceptionCause;
  readonly orderId: string | null;
  readonly traceId: string;
  readonly retryable: boolean;
}

export async function lock(trx: Knex.Transaction, id: string): Promise<Locked | undefined> {
  const [found] = await query<Locked>(
    trx,
    `select key, state, system, operation, cause, order_id as "orderId", trace_id as "traceId",
       (workflow_id is not null or set_aside_by is not null) as retryable
     from integration.exception where id = ? for update`,
    [id],
  );
  return found;
}
