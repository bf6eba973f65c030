import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { ChannelClocks } from './clocks.ts';

/**
 * When all units of an order are to have left their nodes: the time that is watched for its channel, or, where the clock was
 * not started yet, because work is often made before, the time that it will be started with.
 * @returns null when the channel expects nothing, or there is no such order
 */
export async function readShipBy(knex: Knex, orderId: string, clocks: ChannelClocks): Promise<Date | null> {
  const expected = [...clocks].flatMap(([code, ofChannel]) =>
    ofChannel.flatMap(({ kind, withinHours }) => (kind === 'SHIP' ? [{ code, withinHours }] : [])),
  );
  const [order] = await query<{ shipBy: Date | null }>(
    knex,
    `select coalesce(d.due_at, o.placed_at + make_interval(secs => clock.within * 3600)) as "shipBy"
     from orders.customer_order o
     left join orders.channel_duty d on d.order_id = o.id and d.kind = 'SHIP' and d.subject = ''
     left join unnest(?::text[], ?::float8[]) as clock (code, within) on clock.code = o.channel_code
     where o.id = ?`,
    [expected.map(({ code }) => code), expected.map(({ withinHours }) => withinHours), orderId],
  );
  return order?.shipBy ?? null;
}
