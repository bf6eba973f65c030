import type { Migration } from '../../platform/db/migrate.ts';

/** Which workers live, so that the others notice when one does not. See platform/lease. */
export const workerLease: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.worker_lease (
        worker_id    text        primary key,
        host         text        not null,
        pid          int         not null,
        session_name text        not null,
        expires_at   timestamptz not null
      );
      comment on table integration.worker_lease is 'Workers that live, or did not say goodbye. A lease that ran out is taken over by another worker and removed.';
      comment on column integration.worker_lease.worker_id is 'Name and a random part: a worker that starts again is another one.';
      comment on column integration.worker_lease.session_name is 'application_name of its connections, which are ended when it is taken over.';
    `),
};
