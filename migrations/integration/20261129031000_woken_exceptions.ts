import type { Migration } from '../../platform/db/migrate.ts';

/** Work that waits is tried again when its system works again, once. */
export const wokenExceptions: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.exception add column woken_at timestamptz;
      comment on column integration.exception.woken_at is 'When the platform last had what waits behind it tried again, because its system works again. Null: never.';
    `),
};
