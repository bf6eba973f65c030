import type { Migration } from '../../platform/db/migrate.ts';

/** Orders that were taken while a system of record was not heard, and go on by themselves when it is. */
export const waitingHolds: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table orders.hold add column system text;
      comment on column orders.hold.system is 'The system of record that the order waits for: the hold is lifted when it is heard again. Null for a hold that a person lifts.';
      create index hold_system on orders.hold (system, placed_at) where system is not null;
    `),
};
