import type { Migration } from '../../platform/db/migrate.ts';

/** Shadow reads counted, and who moved a domain from one system of record to another. See docs/systems-migration.md. */
export const systemMoves: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.drift_round (
        domain         text not null,
        part           text not null default '',
        system         text not null,
        shadow         text not null,
        round          bigint not null,
        samples        int not null default 0,
        clean          int not null default 0,
        fields         jsonb not null default '{}',
        clean_wanted   int not null,
        budget_percent double precision not null,
        is_whole       boolean not null default false,
        compared_at    timestamptz not null default clock_timestamp(),
        primary key (domain, part, system, shadow, round)
      );
      comment on table integration.drift_round is 'One comparison of everything that a system serves with what its shadow would answer.';
      comment on column integration.drift_round.part is 'Cohort of the domain; empty: the rest of it.';
      comment on column integration.drift_round.fields is 'Differences by field.';
      comment on column integration.drift_round.is_whole is 'Whether the round came to its end.';

      create table integration.drift_example (
        domain  text not null,
        part    text not null default '',
        system  text not null,
        shadow  text not null,
        subject text collate "C" not null,
        fields  jsonb not null,
        seen_at timestamptz not null default clock_timestamp(),
        primary key (domain, subject)
      );
      comment on table integration.drift_example is 'What differs now, by subject such as a SKU: fields with both words. At most 1,000 for a domain.';

      create table integration.system_move (
        id          bigint generated always as identity primary key,
        domain      text not null,
        part        text not null default '',
        from_system text not null,
        to_system   text not null,
        kind        text not null check (kind in ('PROMOTED', 'ROLLED_BACK')),
        moved_by    text not null,
        reason      text not null,
        samples     int,
        clean       int,
        moved_at    timestamptz not null default clock_timestamp()
      );
      comment on table integration.system_move is 'Every change of the system of record of a domain or a part of one: who, why, and on which figures.';
    `),
};
