import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import { lockOrder } from '../change.ts';
import type {
  ReturnAuthorizeErrorCode,
  ReturnCancelErrorCode,
  ReturnDeclineErrorCode,
  ReturnReopenErrorCode,
} from '../errors.ts';
import { type FoundReturn, moveReturn, type ReturnResult, stepOf } from './found.ts';
import { freeUnits, kindOf } from './free-units.ts';
import type { DeclineReason } from './model.ts';
import type { ReturnPolicy } from './policy.ts';
import { refundLinesOn } from './refund.ts';
import type { StrandedParcels } from './stranded-parcels.ts';

/** Permits a requested return. Repeating it on a permitted one is refused, as the table says. */
export function authorizeReturn(
  trx: Knex.Transaction,
  caller: Caller,
  policy: ReturnPolicy,
  returnId: string,
): Promise<ReturnResult<ReturnAuthorizeErrorCode>> {
  return stepOf<never>(trx, caller, returnId, 'AUTHORIZE', async (found) => {
    await permit(trx, caller, policy, found, 'authorised');
    await recordAction(trx, caller, { action: 'returnAuthorize', subject: returnId, reason: null });
    return [];
  });
}

/** Permits a return again that was cancelled or ran out of time, if its units are in no other return by now. */
export function reopenReturn(
  trx: Knex.Transaction,
  caller: Caller,
  policy: ReturnPolicy,
  parcels: StrandedParcels,
  returnId: string,
): Promise<ReturnResult<ReturnReopenErrorCode>> {
  return stepOf<'QUANTITY_EXCEEDS_DELIVERED'>(trx, caller, returnId, 'REOPEN', async (found) => {
    const order = await lockOrder(trx, found.return.orderId);
    // All lines of a return are of one kind.
    const kind = kindOf(found.lines[0]?.reason ?? '');
    const free = await freeUnits(trx, parcels, found.return.orderId, order?.lines ?? [], kind, returnId);
    for (const { orderLineId, quantity } of found.lines) free.set(orderLineId, (free.get(orderLineId) ?? 0) - quantity);
    if (found.lines.some(({ orderLineId }) => (free.get(orderLineId) ?? 0) < 0)) {
      const message = 'Some of its units are in another return by now. Ask for a new one with those that are left.';
      return [{ code: 'QUANTITY_EXCEEDS_DELIVERED', field: ['returnId'], message }];
    }
    await permit(trx, caller, policy, found, 'permitted again');
    await recordAction(trx, caller, { action: 'returnReopen', subject: returnId, reason: null });
    return [];
  });
}

/** Refuses a requested return for good. */
export function declineReturn(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
  { reason, note }: { readonly reason: DeclineReason; readonly note?: string | null },
): Promise<ReturnResult<ReturnDeclineErrorCode>> {
  return stepOf<never>(trx, caller, returnId, 'DECLINE', async (found) => {
    await query(trx, 'update orders.return set decline_reason = ?, decline_note = ? where id = ?', [
      reason,
      note ?? null,
      returnId,
    ]);
    await moveReturn(trx, found, 'DECLINED', {
      traceId: caller.traceId,
      message: `declined by ${caller.clientId}: ${reason}${note ? `, ${note}` : ''}`,
    });
    await recordAction(trx, caller, { action: 'returnDecline', subject: returnId, reason });
    return [];
  });
}

/** Gives a return up that nothing was sent for. */
export function cancelReturn(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
): Promise<ReturnResult<ReturnCancelErrorCode>> {
  return stepOf<never>(trx, caller, returnId, 'CANCEL', async (found) => {
    await moveReturn(trx, found, 'CANCELLED', { traceId: caller.traceId, message: `cancelled by ${caller.clientId}` });
    return [];
  });
}

async function permit(
  trx: Knex.Transaction,
  caller: Caller,
  policy: ReturnPolicy,
  found: FoundReturn,
  message: string,
): Promise<void> {
  await query(
    trx,
    `update orders.return set label_asked_at = null, expires_at = now() + ? * interval '1 day' where id = ?`,
    [policy.expireAfterDays, found.return.id],
  );
  await moveReturn(trx, found, 'AUTHORIZED', {
    traceId: caller.traceId,
    message: `${message} by ${caller.clientId}`,
  });
  await refundLinesOn(trx, found, 'AUTHORIZATION', caller.traceId);
}
