import type { Migration } from '../../platform/db/migrate.ts';

/** What clients use of the graph, by day. Written by gateways in the background, read by the schema registry. */
export const usage: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.operation_usage (
        day            date        not null,
        contract       text        not null,
        version        text        not null,
        client_id      text        not null,
        client_version text        not null,
        sha256         bytea       not null,
        operation      text        not null,
        count          bigint      not null check (count > 0),
        last_seen      timestamptz not null,
        primary key (day, contract, version, client_id, client_version, sha256, operation)
      );
      comment on table integration.operation_usage is 'How often a client sent a document. No personal data.';
      comment on column integration.operation_usage.client_version is 'As the client says; empty when it does not.';
      comment on column integration.operation_usage.sha256 is 'Of the document''s text.';

      create table integration.field_usage (
        day            date        not null,
        contract       text        not null,
        version        text        not null,
        client_id      text        not null,
        client_version text        not null,
        coordinate     text        not null,
        count          bigint      not null check (count > 0),
        last_seen      timestamptz not null,
        primary key (day, contract, version, client_id, client_version, coordinate)
      );
      comment on table integration.field_usage is 'How often a client asked for a field. No personal data.';

      create table integration.usage_recording (
        only_row       boolean     primary key default true check (only_row),
        recorded_from  timestamptz not null,
        recorded_until timestamptz not null
      );
      comment on table integration.usage_recording is 'Since when, and until when, usage was recorded: a field without usage tells something only within.';
    `),
};
