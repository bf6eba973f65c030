import type { Knex } from 'knex';

/** An order of which nothing is left to stop has no holds: those that were left on such orders are lifted. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    with lifted as (
      delete from orders.hold h
      where not exists (select from orders.order_line l where l.order_id = h.order_id and l.unsourced + l.backordered + l.allocated + l.in_fulfillment > 0)
      returning order_id, reason
    )
    insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
    select o.id, (select coalesce(max(sequence), 0) from orders.timeline t where t.order_id = o.id) + row_number() over (partition by o.id order by reason),
      clock_timestamp(), 'HOLD_RELEASED', 'commerce', 'Hold released: nothing of the order is left to stop: ' || reason, o.trace_id
    from lifted join orders.customer_order o on o.id = order_id;
  `);
}
