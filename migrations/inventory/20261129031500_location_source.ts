import type { Knex } from 'knex';

/** Sites of several systems: which one tells what lies there. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table inventory.location add column source text;
    comment on column inventory.location.source is 'Which system beside the system of record of stock has the site: x12 for a 3PL that tells by files. Null: the system of record has it.';
  `);
}
