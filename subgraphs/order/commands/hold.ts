import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import { type Caller, maySee } from '../../../platform/caller.ts';
import { change, query } from '../../../platform/db/query.ts';
import { changeOrder, lockOrder } from '../change.ts';
import type { OrderHoldErrorCode, OrderRefusal, OrderReleaseHoldErrorCode } from '../errors.ts';
import { type HoldReason, ownershipOf } from '../model.ts';

/** A hold stops an order before it is given to a node; afterwards it would stop nothing. */
export async function holdOrder(
  trx: Knex.Transaction,
  caller: Caller,
  orderId: string,
  input: { readonly reason: HoldReason; readonly note?: string | null },
): Promise<{ orderId: string | null; refusals: OrderRefusal<OrderHoldErrorCode>[] }> {
  const found = await lockOrder(trx, orderId);
  if (!found || !maySee(caller, ownershipOf(found.order))) {
    return { orderId: null, refusals: [{ code: 'NOT_FOUND', field: ['orderId'], message: 'There is no such order.' }] };
  }
  const stoppable = found.lines.some(
    ({ quantities: units }) => units.unsourced + units.backordered + units.allocated > 0,
  );
  if (!stoppable) {
    return {
      orderId,
      refusals: [
        {
          code: 'ILLEGAL_TRANSITION',
          field: ['orderId'],
          message: `Nothing of the order can be stopped any more: it is ${found.order.status}.`,
        },
      ],
    };
  }
  await query(
    trx,
    // Over a hold that would be lifted by itself: from now on a person lifts it.
    `insert into orders.hold as known (order_id, reason, note, placed_at) values (?, ?, ?, now())
     on conflict (order_id, reason) do update set note = excluded.note, system = null where known.system is not null`,
    [orderId, input.reason, input.note ?? null],
  );
  await recordAction(trx, caller, { action: 'orderHold', subject: orderId, reason: input.reason });
  await changeOrder(trx, orderId, {
    key: null,
    timeline: [
      {
        type: 'HOLD_PLACED',
        system: 'commerce',
        message: `Hold placed by ${caller.clientId}: ${input.reason}${input.note ? `, ${input.note}` : ''}`,
      },
    ],
    traceId: caller.traceId,
  });
  return { orderId, refusals: [] };
}

/** Lifts one hold; when it was the last, the order goes on. */
export async function releaseHold(
  trx: Knex.Transaction,
  caller: Caller,
  orderId: string,
  input: { readonly reason: HoldReason },
): Promise<{ orderId: string | null; refusals: OrderRefusal<OrderReleaseHoldErrorCode>[] }> {
  const found = await lockOrder(trx, orderId);
  if (!found || !maySee(caller, ownershipOf(found.order))) {
    return { orderId: null, refusals: [{ code: 'NOT_FOUND', field: ['orderId'], message: 'There is no such order.' }] };
  }
  const lifted = await liftHold(
    trx,
    orderId,
    input.reason,
    `Hold released by ${caller.clientId}: ${input.reason}`,
    caller.traceId,
  );
  if (!lifted)
    return {
      orderId,
      refusals: [
        { code: 'NOT_ON_HOLD', field: ['input', 'reason'], message: 'The order has no hold for this reason.' },
      ],
    };
  await recordAction(trx, caller, { action: 'orderReleaseHold', subject: orderId, reason: input.reason });
  return { orderId, refusals: [] };
}

/**
 * Takes one hold away and says so; the order goes on when it was the last. The caller holds the order's row lock.
 * @returns false when there was none for this reason
 */
export async function liftHold(
  trx: Knex.Transaction,
  orderId: string,
  reason: HoldReason,
  message: string,
  traceId: string,
): Promise<boolean> {
  const lifted = await change(trx, 'delete from orders.hold where order_id = ? and reason = ?', [orderId, reason]);
  if (lifted === 0) return false;
  const left = await query<unknown>(trx, 'select 1 from orders.hold where order_id = ?', [orderId]);
  await changeOrder(trx, orderId, {
    key: null,
    timeline: [{ type: 'HOLD_RELEASED', system: 'commerce', message }],
    events: left.length === 0 ? [{ type: 'order-hold-released.v1', data: { orderId } }] : [],
    traceId,
  });
  return true;
}
