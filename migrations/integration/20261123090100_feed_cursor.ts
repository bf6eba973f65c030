import type { Migration } from '../../platform/db/migrate.ts';

/** How far the change feed of each system of record has been applied, moved in the transaction that applies a page. */
export const feedCursor: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.feed_cursor (
        feed       text        primary key,
        position   bigint      not null default 0,
        updated_at timestamptz not null default now()
      );
      comment on table integration.feed_cursor is 'Progress of each reader of a change feed.';
      comment on column integration.feed_cursor.feed is 'Reader and feed, e.g. inventory:wms-ledger.';
      comment on column integration.feed_cursor.position is 'Number of the last entry applied; the next page is asked for after it.';
    `),
};
