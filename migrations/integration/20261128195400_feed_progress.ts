import type { Migration } from '../../platform/db/migrate.ts';

/** A feed that stands still while entries wait is seen. */
export const feedProgress: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.feed_cursor add column system text, add column waiting_since timestamptz;
      comment on column integration.feed_cursor.system is 'The system of record whose feed it is, as exceptions name it. Null until its reader has begun since this column came.';
      comment on column integration.feed_cursor.waiting_since is 'Since when none of the entries that wait in the system was taken, or since when it could not be asked for them. Null when all were taken.';

      create table integration.feed_stall (feed text primary key, system text not null, since timestamptz not null);
      comment on table integration.feed_stall is 'Feeds that operators were told of: none of their entries was taken for longer than FEED_STALL_SECONDS.';
    `),
};
