import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { type TimelineNote, writeTimeline } from '../change.ts';
import type { ReturnNotice } from '../port.ts';

/**
 * Writes down what the order desk is to be told of units that are kept from now on. What is only received is not told: it may go
 * back to the buyer, and the desk takes nothing back. The caller holds the order's row lock.
 */
export async function writeDeskReturn(
  trx: Knex.Transaction,
  orderId: string,
  units: readonly { readonly lineId: string; readonly quantity: number }[],
): Promise<void> {
  const lines = new Map<string, number>();
  for (const { lineId, quantity } of units) lines.set(lineId, (lines.get(lineId) ?? 0) + quantity);
  await query(
    trx,
    `insert into orders.desk_return (id, order_id, lines)
     select ? || ':returned:' || 1 + count(*) filter (where not kept_before), ?, ?::jsonb from orders.desk_return where order_id = ?`,
    [orderId, orderId, JSON.stringify([...lines].map(([lineId, quantity]) => ({ lineId, quantity }))), orderId],
  );
}

/** What the desk was not told yet, in order. What was kept before it was told of returns is not among it: see the migration. */
export async function untoldReturns(knex: Knex, orderId: string): Promise<ReturnNotice[]> {
  return (await deskReturns(knex, orderId)).filter(({ told, keptBefore }) => !told && !keptBefore);
}

/** All that the desk was told or is to be told; what was kept before it was told of returns comes last. */
export function deskReturns(
  knex: Knex,
  orderId: string,
): Promise<(ReturnNotice & { readonly told: boolean; readonly keptBefore: boolean })[]> {
  return query(
    knex,
    `select id as "noticeId", order_id as "orderId", lines, told_at is not null as told, kept_before as "keptBefore"
     from orders.desk_return where order_id = ? order by kept_before, written_at, id`,
    [orderId],
  );
}

/** Notes that the desk took a notice, once, and says so on the order's timeline. @param traceId the order's own unless told */
export async function noteReturnTold(
  trx: Knex.Transaction,
  { noticeId, orderId }: Pick<ReturnNotice, 'noticeId' | 'orderId'>,
  { traceId, timeline }: { readonly traceId?: string; readonly timeline: readonly TimelineNote[] },
): Promise<void> {
  // The lock puts the writers of the timeline in order.
  const [order] = await query<{ trace_id: string }>(
    trx,
    'select trace_id from orders.customer_order where id = ? for update',
    [orderId],
  );
  const told = await change(
    trx,
    'update orders.desk_return set told_at = clock_timestamp() where id = ? and told_at is null',
    [noticeId],
  );
  if (order && told > 0) await writeTimeline(trx, orderId, traceId ?? order.trace_id, timeline);
}
