import type { Knex } from 'knex';

/** Lets what was posted be found by the order id that the lines have, whatever order they were matched to since. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.posted_group add column channel_code text not null default '', add column raw_key text not null default '';
    comment on column settlement.posted_group.raw_key is 'The order id as the lines have it, or the block of lines without one: the same whatever they are matched with.';
    create index posted_group_raw_key on settlement.posted_group (channel_code, raw_key);
  `);
}
