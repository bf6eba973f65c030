import type { Knex } from 'knex';

/** Finds the orders whose payment is awaited. See subgraphs/order/payments. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index customer_order_unpaid on orders.customer_order (placed_at)
    where payment_status in ('PENDING', 'FAILED') and channel_kind <> 'MARKETPLACE'
      and status in ('VALIDATED', 'ACCEPTED', 'BACKORDERED', 'ALLOCATED', 'IN_FULFILLMENT');
  `);
}
