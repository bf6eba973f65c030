import type { Migration } from '../../platform/db/migrate.ts';

/** Comparisons of the operational store with the systems of record. See platform/reconcile. */
export const reconciliation: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.reconciliation (
        id            bigint      generated always as identity primary key,
        system        text        not null,
        subject       text        not null,
        dry_run       boolean     not null,
        phase         text        not null default 'THEIRS' check (phase in ('THEIRS', 'OURS', 'SECOND_LOOK', 'DONE')),
        cursor        text,
        started_at    timestamptz not null default clock_timestamp(),
        claimed_until timestamptz not null,
        finished_at   timestamptz,
        compared      int         not null default 0,
        different     int         not null default 0,
        corrected     int         not null default 0,
        excepted      int         not null default 0,
        constraint reconciliation_finished check ((finished_at is null) = (phase <> 'DONE'))
      );
      comment on table integration.reconciliation is 'One comparison of the operational store with a system of record, from its first page to its result.';
      comment on column integration.reconciliation.cursor is 'Where the next page of the phase begins: whoever goes on with the run reads on from there.';
      comment on column integration.reconciliation.claimed_until is 'Until then the process that works on it is believed to be alive.';
      comment on column integration.reconciliation.different is 'Records that differed in the same way at both looks.';
      comment on column integration.reconciliation.corrected is 'Those that were put right from what the system of record says; in a dry run those that would be.';
      comment on column integration.reconciliation.excepted is 'Those that a person has to look at.';
      create unique index reconciliation_running on integration.reconciliation (system, subject) where phase <> 'DONE';
      create index reconciliation_results on integration.reconciliation (finished_at desc) where phase = 'DONE';

      create table integration.reconciliation_seen (
        reconciliation_id bigint not null references integration.reconciliation on delete cascade,
        key               text   not null,
        primary key (reconciliation_id, key)
      );
      comment on table integration.reconciliation_seen is 'Records that the system of record has, while a run is under way: what is ours and not among them is missing there.';

      create table integration.reconciliation_difference (
        reconciliation_id bigint      not null references integration.reconciliation on delete cascade,
        key               text        not null,
        what              text        not null,
        remedy            text        not null,
        order_id          text,
        correctable       boolean     not null,
        is_missing        boolean     not null,
        cursor            text,
        seen_at           timestamptz not null default clock_timestamp(),
        outcome           text        check (outcome in ('CORRECTED', 'EXCEPTED')),
        primary key (reconciliation_id, key)
      );
      comment on table integration.reconciliation_difference is 'What differed at the first look; those that still did at the second have an outcome, the others are deleted.';
      comment on column integration.reconciliation_difference.cursor is 'Page of the system of record that it was seen on.';

      create table integration.reconciliation_request (
        id           bigint      generated always as identity primary key,
        system       text,
        dry_run      boolean     not null,
        requested_at timestamptz not null default clock_timestamp(),
        taken_at     timestamptz,
        done_at      timestamptz,
        results      jsonb
      );
      comment on table integration.reconciliation_request is 'Comparisons that somebody asked a worker for, of one system or of all, with what they found or why they could not be made.';
      create index reconciliation_request_open on integration.reconciliation_request (id) where taken_at is null;

      create function integration.reconciled(p_since timestamptz, p_system text, p_subject text)
      returns table (compared bigint, different bigint, excepted bigint) language sql stable as $$
        select coalesce(sum(last.compared), 0), coalesce(sum(last.different), 0), coalesce(sum(last.excepted), 0)
        from (
          select distinct on (system, subject) run.compared, run.different, run.excepted
          from integration.reconciliation run
          where run.phase = 'DONE' and not run.dry_run and run.finished_at >= p_since
            and run.system = coalesce(p_system, run.system) and run.subject = coalesce(p_subject, run.subject)
          order by system, subject, finished_at desc
        ) last
      $$;
      comment on function integration.reconciled is 'Figures of the newest finished run of each comparison since then; of one comparison, or of all when null.';
    `),
};
