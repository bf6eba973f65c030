import type { Knex } from 'knex';

/** What a channel says that it pays, beside what its statement says. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.payout add column announced_minor bigint;
    comment on column settlement.payout.announced_minor is 'What the channel said that it pays. Null when it did not say. Amount_minor is what its statement pays.';
  `);
}
