import type { Migration } from '../../platform/db/migrate.ts';

/** The checks of foreign keys keep plans too: those that a batch is the first to make look up by index as well. */
export const checksByIndex: Migration = {
  up: (knex) =>
    knex.raw(`
      alter function orders.place_orders(json, json, json, json, json, json) set enable_seqscan = off;
      alter function orders.place_orders(json, json, json, json, json, json) set jit = off;
    `),
};
