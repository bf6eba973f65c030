import type { Migration } from '../../platform/db/migrate.ts';

/**
 * Scopes begin to mean something (gateway/access-rules). A key that was given none keeps doing the work of its contracts.
 * Since '{}' was the default and had no effect, no key was given it on purpose.
 */
export const usualScopes: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.api_key alter column scopes drop not null;
      alter table integration.api_key alter column scopes drop default;
      update integration.api_key set scopes = null where scopes = '{}';
      comment on column integration.api_key.scopes is 'What the key may do beyond its contracts'' open fields. Null for what their work usually takes; empty for nothing.';
    `),
};
