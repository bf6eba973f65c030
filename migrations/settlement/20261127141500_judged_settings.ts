import type { Knex } from 'knex';

/** By which settings lines were judged: when they change, what is open is looked at again. See subgraphs/settlement/matching/rematch.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table settlement.judged_settings (
      is_only boolean primary key default true check (is_only),
      fingerprint text not null,
      since timestamptz not null default clock_timestamp()
    );
    comment on table settlement.judged_settings is 'One row: the settings by which a settlement worker judged last.';
  `);
}
