import type { Migration } from '../../platform/db/migrate.ts';

/** Work of operators on many things at once: bulk retries, replays of events, workflows run again from a step. See subgraphs/operations. */
export const deskJobs: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.desk_job (
        id           text        primary key,
        kind         text        not null check (kind in ('RETRY', 'REPLAY', 'REWIND')),
        request      jsonb       not null,
        reason       text        not null,
        requested_by text        not null,
        state        text        not null default 'RUNNING' check (state in ('RUNNING', 'FINISHED')),
        total        int         not null check (total >= 0),
        position     bigint,
        done         int         not null default 0,
        failed       int         not null default 0,
        message      text,
        created_at   timestamptz not null default clock_timestamp(),
        finished_at  timestamptz,
        check ((finished_at is null) = (state = 'RUNNING'))
      );
      comment on table integration.desk_job is 'Bulk work that operators asked for. A worker goes on with what is RUNNING, where the last one stopped.';
      comment on column integration.desk_job.request is 'Filter of a retry; consumer, range, types and subject of a replay; workflow and step of a rewind. No personal data.';
      comment on column integration.desk_job.position is 'Of a replay: place in the log up to which events were handed over.';
      comment on column integration.desk_job.done is 'Of replays and rewinds; a retry counts its items.';
      create index desk_job_running on integration.desk_job (created_at) where state = 'RUNNING';

      create table integration.desk_job_item (
        job_id       text        not null references integration.desk_job,
        exception_id text        not null references integration.exception,
        passed_at    timestamptz,
        outcome      text        check (outcome in ('DONE', 'FAILED')),
        primary key (job_id, exception_id)
      );
      comment on table integration.desk_job_item is 'The exceptions that a bulk retry is about: not handed out yet, handed out, or ended.';
      create index desk_job_item_waiting on integration.desk_job_item (job_id) where outcome is null;
    `),
};
