import type { Channel } from '../../../platform/caller.ts';
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

/** The hold of an order that waits for its payment, as a reader finds it; `orders.insert_orders` writes it. */
export function paymentHold(orderId: string, placedAt: Date): OrderHold {
  return { orderId, reason: 'PAYMENT', note: AWAITS_PAYMENT, placedAt };
}
