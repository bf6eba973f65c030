import type { Migration } from '../../platform/db/migrate.ts';

/** What each system of record can do, as the processes that use it know it. */
export const systemPorts: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.system_health add column ports jsonb;
      comment on column integration.system_health.ports is 'Ports that the system serves, with what it can do of each and what not. Null: reported by a process of an earlier release.';
    `),
};
