import type { Knex } from 'knex';

/** What a line of an order is worth, so that a cancellation can be taken off the orders in hand. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.channel_order_line
      add column gross_minor bigint not null default 0 check (gross_minor >= 0),
      add column cancelled int not null default 0 check (cancelled >= 0);
    comment on column settlement.channel_order_line.gross_minor is 'What the buyer pays for all units of the line, tax included.';
  `);
}
