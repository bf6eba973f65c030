import type { Migration } from '../../platform/db/migrate.ts';

/** A feed that moves, but slower than its system writes, is seen. */
export const feedLag: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.feed_cursor add column behind_since timestamptz;
      comment on column integration.feed_cursor.behind_since is 'When the oldest entry happened that is known to wait, by its system''s clock. Null when none waits, and for feeds whose entries tell no time.';
    `),
};
