import type { Knex } from 'knex';

/** How old what a channel said of an order was: stores of one channel may disagree for a while. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table orders.fetched_order add column changed_at timestamptz;
    comment on column orders.fetched_order.changed_at is 'When the order was changed last as it was taken, by the clock of its channel. What is older is passed over. Null where the channel does not say.';
  `);
}
