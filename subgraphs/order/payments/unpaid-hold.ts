import type { Knex } from 'knex';
import type { Channel } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import { writeTimeline } from '../change.ts';
import type { OrderPlaceInput } from '../commands/place-input.ts';
import type { OrderHold } from '../model.ts';
import { type PaymentTerms, paymentRule } from './terms.ts';

/** What marks the hold that a payment lifts. */
export const AWAITS_PAYMENT = 'Goes on by itself when the order is paid.';

/** Whether an order is kept from its nodes until it is paid. */
export function isHeldUntilPaid(
  terms: PaymentTerms,
  channel: Channel,
  { payment }: Pick<OrderPlaceInput, 'payment'>,
): boolean {
  // biome-ignore format: one thought
  return !payment && (paymentRule(terms, channel)?.holdUntilPaid ?? false);
}

/** Holds an order that is being placed until it is paid. */
export async function holdUntilPaid(trx: Knex.Transaction, orderId: string, traceId: string): Promise<void> {
  await query(trx, `insert into orders.hold (order_id, reason, note, placed_at) values (?, 'PAYMENT', ?, now())`, [
    orderId,
    AWAITS_PAYMENT,
  ]);
  const message = 'Held until it is paid: PAYMENT';
  await writeTimeline(trx, orderId, traceId, [{ type: 'HOLD_PLACED', system: 'commerce', message }]);
}

/** The same hold, as a reader would find it. */
export function paymentHold(orderId: string, placedAt: Date): OrderHold {
  return { orderId, reason: 'PAYMENT', note: AWAITS_PAYMENT, placedAt };
}
