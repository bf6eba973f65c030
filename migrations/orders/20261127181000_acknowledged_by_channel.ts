import type { Knex } from 'knex';

/** An order whose channel keeps books of its own is acknowledged when the channel has taken the notice, not before. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    update orders.customer_order o set acknowledged_at = n.taken_at
      from orders.channel_notice n where n.order_id = o.id and n.step = 'acknowledge';
    comment on column orders.customer_order.acknowledged_at is 'When the channel took the acknowledgement; where no channel is told, when the order desk took the order on.';
  `);
}
