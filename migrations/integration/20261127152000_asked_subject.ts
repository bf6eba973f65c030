import type { Migration } from '../../platform/db/migrate.ts';

/** A request for one comparison of a system, not all of them. See app/reconciliation.ts. */
export const askedSubject: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.reconciliation_request add column subject text;
      comment on column integration.reconciliation_request.subject is 'Only this comparison of the system. Null: all of them.';
    `),
};
