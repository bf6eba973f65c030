import type { Migration } from '../../platform/db/migrate.ts';

/** The exception desk, and what every process says about the systems of record it talks to. See subgraphs/operations. */
export const operations: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.exception (
        id              text        primary key,
        key             text        not null,
        state           text        not null default 'OPEN' check (state in ('OPEN', 'RETRYING', 'RESOLVED', 'DISMISSED')),
        system          text        not null,
        operation       text        not null,
        cause           text        not null,
        message         text        not null,
        first_cause     text        not null,
        first_message   text        not null,
        attempts        int         not null default 1 check (attempts > 0),
        owner           text        not null,
        order_id        text,
        channel_code    text,
        workflow_id     text,
        trace_id        text        not null,
        opened_at       timestamptz not null default clock_timestamp(),
        last_attempt_at timestamptz not null default clock_timestamp(),
        closed_at       timestamptz,
        closed_by       text,
        note            text,
        constraint exception_closed check ((closed_at is null) = (state in ('OPEN', 'RETRYING'))),
        constraint exception_dismissed check (state <> 'DISMISSED' or (closed_by is not null and note is not null))
      );
      comment on table integration.exception is 'Failures that the system could not get over by itself, each until it is resolved or dismissed.';
      comment on column integration.exception.key is 'What failed, e.g. the step of a workflow. At most one exception of a key is open.';
      comment on column integration.exception.cause is 'Class of the newest failure; first_cause and first_message are of the one that opened it.';
      comment on column integration.exception.owner is 'Team that looks after it, by config/ownership.yaml when it was opened.';
      comment on column integration.exception.workflow_id is 'Durable workflow that waits behind it and can be told to try again. Null when none does.';
      comment on column integration.exception.closed_by is 'Client that dismissed it. Null when a later attempt succeeded.';
      create unique index exception_one_open on integration.exception (key) where state in ('OPEN', 'RETRYING');
      create index exception_list on integration.exception (opened_at desc, id desc);
      create index exception_queue on integration.exception (opened_at desc, id desc) where state in ('OPEN', 'RETRYING');
      create index exception_order on integration.exception (order_id, opened_at desc) where order_id is not null;
      create index exception_closed_at on integration.exception (closed_at) where closed_at is not null;

      create table integration.exception_retry_request (
        exception_id text        primary key references integration.exception,
        requested_by text        not null,
        requested_at timestamptz not null default now()
      );
      comment on table integration.exception_retry_request is 'Retries that somebody asked for and no worker has passed on yet. Nearly always empty.';

      create table integration.system_health (
        process         text        not null,
        system          text        not null,
        name            text        not null,
        kind            text        not null,
        domains         text[]      not null,
        circuit         text        not null check (circuit in ('CLOSED', 'OPEN', 'HALF_OPEN')),
        last_success_at timestamptz,
        p95_latency_ms  double precision,
        reported_at     timestamptz not null default now(),
        primary key (process, system)
      );
      comment on table integration.system_health is 'How each process finds each system of record. Rewritten every few seconds; rows of processes that are gone are removed after a day.';
    `),
};
