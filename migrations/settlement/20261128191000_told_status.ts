import type { Knex } from 'knex';

/** The channel's own word for the state of a payout: one that we do not know is kept. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.payout add column told_status text;
    comment on column settlement.payout.told_status is 'The word of the channel for its state, as it was told last. Null when it told none.';
    create index match_due_fair on settlement.match_due (channel_code, id);
  `);
}
