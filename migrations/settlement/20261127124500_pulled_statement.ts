import type { Knex } from 'knex';

/** Which statements were fetched from channels, and what became of them: the place from which fetching goes on. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table settlement.pulled_statement (
      channel_code text not null,
      document_id text not null,
      created_at timestamptz not null,
      outcome text not null check (outcome in ('INGESTED', 'DUPLICATE', 'REFUSED')),
      settlement_id text,
      code text,
      pulled_at timestamptz not null default clock_timestamp(),
      primary key (channel_code, document_id)
    );
    comment on column settlement.pulled_statement.created_at is 'When the channel made it. The latest, less an overlap for late ones, is where the next look begins.';
    create index pulled_statement_created on settlement.pulled_statement (channel_code, created_at);
  `);
}
