import type { Knex } from 'knex';
import { type Caller, maySee } from '../../../platform/caller.ts';
import { change, query } from '../../../platform/db/query.ts';
import { formatAmount, parseMoney } from '../../../platform/money.ts';
import { changeOrder, lockOrder } from '../change.ts';
import { liftHold } from '../commands/hold.ts';
import { checkPaymentTexts, type OrderPlaceInput } from '../commands/place-input.ts';
import type { OrderRecordPaymentErrorCode, OrderRefusal } from '../errors.ts';
import { ownershipOf } from '../model.ts';
import { amountAtStake } from '../stake.ts';
import { isCancellable, isUnpaid } from './overdue.ts';
import { AWAITS_PAYMENT } from './unpaid-hold.ts';

export interface RecordPaymentInput {
  readonly payment: NonNullable<OrderPlaceInput['payment']>;
}

interface RecordPaymentResult {
  readonly orderId: string | null;
  readonly refusals: readonly OrderRefusal<OrderRecordPaymentErrorCode>[];
}

/**
 * Notes the payment of an order that was placed without one; a hold that waited for it is lifted. It has to cover what of
 * the order is not cancelled. A payment that comes too late takes nothing again: its goods may be somebody else's by now.
 */
export async function recordPayment(
  trx: Knex.Transaction,
  caller: Caller,
  orderId: string,
  { payment }: RecordPaymentInput,
): Promise<RecordPaymentResult> {
  const refuse = (code: OrderRecordPaymentErrorCode, field: readonly string[], message: string) => ({
    orderId: code === 'NOT_FOUND' ? null : orderId,
    refusals: [{ code, field, message }],
  });
  const found = await lockOrder(trx, orderId);
  if (!found || !maySee(caller, ownershipOf(found.order)))
    return refuse('NOT_FOUND', ['orderId'], 'There is no such order.');
  const { order } = found;
  if (order.status === 'CANCELLED' || order.status === 'REJECTED') {
    const message =
      'The order is cancelled and its stock given back. Void the payment; place a new order for the goods.';
    return refuse('ORDER_CANCELLED', ['orderId'], message);
  }
  if (!isUnpaid(order))
    return refuse('ALREADY_PAID', ['orderId'], `The order is ${order.paymentStatus} already. Void this payment.`);
  if (!isCancellable(order)) {
    const message = 'Goods of the order have left: its invoice is paid at finance, not here. Void this payment or have it booked there.'; // biome-ignore format: one thought
    return refuse('ALREADY_SHIPPED', ['orderId'], message);
  }
  const [wrong] = checkPaymentTexts(payment);
  if (wrong) return refuse('INVALID_PAYMENT', wrong.field, wrong.message);
  const authorized = parseMoney(payment.authorized.amount, payment.authorized.currencyCode);
  const due = await amountAtStake(trx, orderId);
  if (!due || authorized.currencyCode !== due.currencyCode || authorized.amountMinor < due.amountMinor) {
    const wanted = due ? `${formatAmount(due)} ${due.currencyCode}` : 'the order';
    return refuse('PAYMENT_INSUFFICIENT', ['input', 'payment', 'authorized'], `Authorise at least ${wanted}: what is not cancelled.`); // biome-ignore format: one thought
  }
  await change(
    trx,
    'update orders.customer_order set payment_provider = ?, payment_reference = ?, authorized_minor = ? where id = ?',
    [payment.provider, payment.reference, authorized.amountMinor.toString(), orderId],
  );
  const paid = `Payment of ${formatAmount(authorized)} ${authorized.currencyCode} authorised`;
  await changeOrder(trx, orderId, {
    key: null,
    set: { paymentStatus: 'AUTHORIZED' },
    timeline: [{ type: 'PAYMENT_AUTHORIZED', system: 'commerce', message: `${paid}, told by ${caller.clientId}` }],
    traceId: caller.traceId,
  });
  // A hold that a person put over it is that person's to lift.
  const waiting = await query(trx, "select from orders.hold where order_id = ? and reason = 'PAYMENT' and note = ?", [orderId, AWAITS_PAYMENT]); // biome-ignore format: one thought
  if (waiting.length > 0) await liftHold(trx, orderId, 'PAYMENT', 'Hold released: the order is paid', caller.traceId);
  return { orderId, refusals: [] };
}
