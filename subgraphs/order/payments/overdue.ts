import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { changeOrder, lockOrder, type TimelineNote } from '../change.ts';
import { cancelByRule } from '../commands/cancel-unavailable.ts';
import type { Order } from '../model.ts';
import { type OrderRow, toOrder } from '../rows.ts';
import type { OrderStatus } from '../states.ts';
import { cancelTogether } from './cancel-together.ts';
import type { PaymentTerms } from './terms.ts';

/** Orders that are cancelled together. Their goods are locked for the last statement of that, some hundredths of a second. */
const TOGETHER = 200;

/** Orders with nodes that one look asks back, and how many at a time; the rest at the next. */
const WITH_NODES = 100;
const AT_A_TIME = 4;

/** The effect that an order has once, and what is said of it. */
const OVERDUE = 'payment-overdue';
const REASON = 'PAYMENT_OVERDUE';

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
 * asked for what they have. Each once, whatever they answer. Any number of workers may look: each takes those that no other has.
 * @param now the moment that is compared with; the database's own unless told
 * @returns how many orders were cancelled, or asked back
 */
export async function cancelUnpaid(
  { knex, terms }: { readonly knex: Knex; readonly terms: PaymentTerms },
  now: Date | null = null,
): Promise<number> {
  const due = dueOrders(terms, now);
  if (!due) return 0;
  let cancelled = 0;
  for (let looked = TOGETHER; looked === TOGETHER; ) {
    const found = await inTransaction(knex, (trx) => cancelUntouched(trx, due));
    looked = found.looked;
    cancelled += found.cancelled;
  }
  const rest = await query<{ id: string; hours: number; trace_id: string }>(
    knex,
    `select o.id, hours, o.trace_id ${due.sql} order by o.placed_at limit ?`,
    [...due.values, WITH_NODES],
  );
  const ask = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) {
      const { id, hours, trace_id: traceId } = next;
      if (await inTransaction(knex, (trx) => cancelWithNodes(trx, id, hours, traceId))) cancelled += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, ask));
  return cancelled;
}

interface Due {
  readonly sql: string;
  readonly values: readonly (string | number | Date | null | readonly (string | number | null)[])[];
}

/** Which orders are overdue, with the hours that they had. Null when none ever is. */
function dueOrders({ ofChannel, otherwise }: PaymentTerms, now: Date | null): Due | null {
  const limits = [...ofChannel.values(), otherwise].flatMap(({ withinHours }) => withinHours ?? []);
  if (limits.length === 0) return null;
  return {
    sql: `from orders.customer_order o left join unnest(?::text[], ?::float8[]) as rule (code, within) on rule.code = o.channel_code
     cross join lateral (select case when rule.code is null then ?::float8 else rule.within end as hours) given
     where o.payment_status in ('PENDING', 'FAILED') and o.status = any(?::text[])
       and o.channel_kind <> 'MARKETPLACE' and o.placed_at <= coalesce(?::timestamptz, now()) - make_interval(secs => ?::float8 * 3600)
       and o.placed_at <= coalesce(?::timestamptz, now()) - make_interval(secs => hours * 3600)
       and not exists (select from orders.applied_effect e where e.order_id = o.id and e.key = ?)`,
    values: [
      [...ofChannel.keys()],
      [...ofChannel.values()].map(({ withinHours }) => withinHours),
      otherwise.withinHours,
      [...CANCELLABLE],
      now,
      Math.min(...limits),
      now,
      OVERDUE,
    ],
  };
}

/** Cancels the oldest of those that no node has anything of, and that nobody else has locked. */
async function cancelUntouched(trx: Knex.Transaction, due: Due): Promise<{ looked: number; cancelled: number }> {
  const rows = await query<OrderRow & { hours: number; trace_id: string }>(
    trx,
    `select o.*, hours ${due.sql} and not exists (
       select from orders.order_line l where l.order_id = o.id and l.ordered <> l.unsourced + l.backordered + l.cancelled)
     order by o.placed_at limit ? for update of o skip locked`,
    [...due.values, TOGETHER],
  );
  if (rows.length === 0) return { looked: 0, cancelled: 0 };
  const doomed = rows.map((row) => ({ order: toOrder(row), traceId: row.trace_id, note: overdueNote(row.hours) }));
  return { looked: rows.length, cancelled: await cancelTogether(trx, doomed, { key: OVERDUE, reason: REASON }) };
}

const overdueNote = (hours: number): TimelineNote => ({
  type: REASON,
  system: 'commerce',
  message: `Not paid within ${hours} h of being placed: cancelled, as far as its nodes give it back`,
});

/** @returns false when it was paid, shipped or cancelled since we looked */
async function cancelWithNodes(
  trx: Knex.Transaction,
  orderId: string,
  hours: number,
  traceId: string,
): Promise<boolean> {
  const found = await lockOrder(trx, orderId);
  if (!found || !isUnpaid(found.order) || !isCancellable(found.order)) return false;
  const { applied } = await changeOrder(trx, orderId, { key: OVERDUE, timeline: [overdueNote(hours)], traceId });
  if (applied) await cancelByRule(trx, orderId, { key: OVERDUE, reason: REASON, traceId });
  return applied;
}
