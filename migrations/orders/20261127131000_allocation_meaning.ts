import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    comment on table orders.allocation is 'The nodes that the capture committed stock at, per line: a record of that decision. Where the stock is now, inventory knows.';
  `);
}
