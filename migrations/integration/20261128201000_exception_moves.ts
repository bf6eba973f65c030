import type { Migration } from '../../platform/db/migrate.ts';

/** Exceptions count their events, and know who asked for the attempt that is under way. */
export const exceptionMoves: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.exception
        add column revision   integer not null default 1,
        add column retried_by text;
      comment on column integration.exception.revision is 'Number of its newest event; 1 is the one that it was raised.';
      comment on column integration.exception.retried_by is 'Client that asked for the attempt under way. Null when it comes by itself.';
      comment on column integration.exception.closed_by is 'Client that dismissed or corrected it, or which attempt or system ended it. Of an open one: with whose correction the attempt under way is made.';
    `),
};
