import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { DutyKind } from './clocks.ts';
import { DONE_BY, dutyKey, type SettleExceptions } from './duty.ts';

/**
 * Ends the duties of an order whose channel is told of it: what was to be done is done, and the channel has taken the
 * notices of it, of every unit that left or was cancelled. What was escalated closes with them.
 */
export async function endDuties(trx: Knex.Transaction, orderId: string, settle: SettleExceptions): Promise<void> {
  const ended = await query<{ kind: DutyKind; subject: string }>(
    trx,
    `with taken as (
       select kind, step, units from orders.channel_notice where order_id = ? and taken_at is not null
     ), told as (
       select o.id, o.status = any(?::text[]) as is_over,
         (select coalesce(sum(in_transit + delivered + lost), 0) from orders.order_line where order_id = o.id)
           <= (select coalesce(sum(units), 0) from taken where kind = 'SHIPMENT')
         and (select coalesce(sum(cancelled), 0) from orders.order_line where order_id = o.id)
           <= (select coalesce(sum(units), 0) from taken where kind in ('CANCELLATION', 'CANCELLATION_ANSWER')) as everything
       from orders.customer_order o where o.id = ?
     )
     update orders.channel_duty d set done_at = clock_timestamp() from told
     where d.order_id = told.id and d.done_at is null and case d.kind
       when 'ACKNOWLEDGE' then (told.is_over and told.everything)
         or exists (select from taken where kind in ('ACKNOWLEDGEMENT', 'REFUSAL'))
       when 'SHIP' then told.is_over and told.everything
       else exists (select from taken where step = 'answer:' || d.subject) end
     returning d.kind, d.subject`,
    [orderId, DONE_BY.SHIP, orderId],
  );
  if (ended.length > 0) await settle(trx, ended.map(({ kind, subject }) => dutyKey(orderId, kind, subject)), 'the channel was told'); // biome-ignore format: one thought
}
