import type { Migration } from '../../platform/db/migrate.ts';

/** What is read from each system of record, as the processes that use it were told. */
export const systemRoutes: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.system_health add column routes jsonb;
      comment on column integration.system_health.routes is 'Domains and parts of them that have their facts from the system, with bounds of freshness. Null: reported by a process of an earlier release.';
    `),
};
