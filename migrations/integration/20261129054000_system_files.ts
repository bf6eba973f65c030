import type { Migration } from '../../platform/db/migrate.ts';

/** A system that exchanges files is not called: it has no circuit, and its files are looked at instead. */
export const systemFiles: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.system_health alter column circuit drop not null, add column files jsonb;
      comment on column integration.system_health.circuit is 'Null for a system that is not called.';
      comment on column integration.system_health.files is 'Of a system that exchanges files: when the last ones went, and since when an answer is due. Null for others.';
      -- Orders that a 3PL by files has not answered: few of all that were ever sent.
      create index observed_unanswered on integration.observed_record ((body ->> 'partner'), key)
        where system = 'x12' and stream = 'x12-orders' and body ->> 'state' = 'ASKED';
    `),
};
