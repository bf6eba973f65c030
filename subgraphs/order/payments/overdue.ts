import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { changeOrder, lockOrder } from '../change.ts';
import { cancelByRule } from '../commands/cancel-unavailable.ts';
import type { Order } from '../model.ts';
import type { OrderStatus } from '../states.ts';
import type { PaymentTerms } from './terms.ts';

/** Orders that one look takes; the rest at the next. */
const AT_ONCE = 100;

/** The effect that an order has once. */
const OVERDUE = 'payment-overdue';

const CANCELLABLE: readonly OrderStatus[] = ['VALIDATED', 'ACCEPTED', 'BACKORDERED', 'ALLOCATED', 'IN_FULFILLMENT'];

/** Whether nothing of an order has left its nodes: what has is invoiced, and finance asks for its money. */
export function isCancellable({ status }: Pick<Order, 'status'>): boolean {
  return CANCELLABLE.includes(status);
}

/** Whether an order still lacks its payment. */
export function isUnpaid({ paymentStatus }: Pick<Order, 'paymentStatus'>): boolean {
  return paymentStatus === 'PENDING' || paymentStatus === 'FAILED';
}

/**
 * Cancels orders that were not paid by the time that their channel's rule gives: their stock is free at commit, nodes are
 * asked for what they have. Each once, whatever they answer. Any number of workers may look.
 * @param now the moment that is compared with; the database's own unless told
 * @returns how many orders were cancelled, or asked back
 */
export async function cancelUnpaid(
  { knex, terms }: { readonly knex: Knex; readonly terms: PaymentTerms },
  now: Date | null = null,
): Promise<number> {
  const { ofChannel, otherwise } = terms;
  const limits = [...ofChannel.values(), otherwise].flatMap(({ withinHours }) => withinHours ?? []);
  if (limits.length === 0) return 0;
  const due = await query<{ id: string; hours: number; traceId: string }>(
    knex,
    `select o.id, hours, o.trace_id as "traceId"
     from orders.customer_order o left join unnest(?::text[], ?::float8[]) as rule (code, within) on rule.code = o.channel_code
     cross join lateral (select case when rule.code is null then ?::float8 else rule.within end as hours) given
     where o.payment_status in ('PENDING', 'FAILED') and o.status = any(?::text[])
       and o.channel_kind <> 'MARKETPLACE' and o.placed_at <= coalesce(?::timestamptz, now()) - make_interval(secs => ?::float8 * 3600)
       and o.placed_at <= coalesce(?::timestamptz, now()) - make_interval(secs => hours * 3600)
       and not exists (select from orders.applied_effect e where e.order_id = o.id and e.key = ?)
     order by o.placed_at limit ?`,
    [
      [...ofChannel.keys()],
      [...ofChannel.values()].map(({ withinHours }) => withinHours),
      otherwise.withinHours,
      [...CANCELLABLE],
      now,
      Math.min(...limits),
      now,
      OVERDUE,
      AT_ONCE,
    ],
  );
  let cancelled = 0;
  for (const { id, hours, traceId } of due) {
    if (await inTransaction(knex, (trx) => cancelOverdue(trx, id, hours, traceId))) cancelled += 1;
  }
  return cancelled;
}

/** @returns false when it was paid, shipped or cancelled since we looked */
async function cancelOverdue(trx: Knex.Transaction, orderId: string, hours: number, traceId: string): Promise<boolean> {
  const found = await lockOrder(trx, orderId);
  if (!found || !isUnpaid(found.order) || !isCancellable(found.order)) return false;
  const message = `Not paid within ${hours} h of being placed: cancelled, as far as its nodes give it back`;
  const { applied } = await changeOrder(trx, orderId, {
    key: OVERDUE,
    timeline: [{ type: 'PAYMENT_OVERDUE', system: 'commerce', message }],
    traceId,
  });
  if (applied) await cancelByRule(trx, orderId, { key: OVERDUE, reason: 'PAYMENT_OVERDUE', traceId });
  return applied;
}
