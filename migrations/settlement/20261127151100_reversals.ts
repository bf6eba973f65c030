import type { Knex } from 'knex';

/** Who takes settlements back. See subgraphs/settlement/statements/reversal.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table settlement.reversal (
      id text primary key,
      statement_id text not null references settlement.statement (id),
      note text not null,
      actor text not null,
      approved_by text,
      made_at timestamptz not null default clock_timestamp(),
      taken_at timestamptz,
      constraint reversal_two_people check (approved_by is null or approved_by <> actor),
      constraint reversal_taken_by_two check ((approved_by is null) = (taken_at is null))
    );
    comment on table settlement.reversal is 'Settlements that somebody proposed to take back; taken when a second person said the same.';
    create unique index reversal_statement on settlement.reversal (statement_id);
  `);
}
