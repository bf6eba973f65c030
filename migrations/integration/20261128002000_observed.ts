import type { Migration } from '../../platform/db/migrate.ts';

/** Change numbers for systems that have none of their own. See platform/observed. */
export const observed: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.observed_stream (
        system   text   not null,
        stream   text   not null,
        position bigint not null default 0,
        begun    bigint not null default 0,
        settled  bigint not null default 0,
        primary key (system, stream)
      );
      comment on table integration.observed_stream is 'One kind of records of a system that does not number its changes: we number what we see of it.';
      comment on column integration.observed_stream.position is 'Number of the newest change that was seen.';
      comment on column integration.observed_stream.begun is 'Number of the look that began last.';
      comment on column integration.observed_stream.settled is 'Number of the newest look whose result was taken: what an earlier one saw is older and is not.';

      create table integration.observed_record (
        system   text   not null,
        stream   text   not null,
        key      text   not null,
        position bigint not null,
        body     jsonb  not null,
        primary key (system, stream, key),
        unique (system, stream, position),
        foreign key (system, stream) references integration.observed_stream
      );
      comment on table integration.observed_record is 'Each record as it was last seen, under the number of its newest change.';
    `),
};
