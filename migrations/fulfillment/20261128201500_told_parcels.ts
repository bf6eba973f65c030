import type { Migration } from '../../platform/db/migrate.ts';

/** Parcels that do not reach their buyers are told of, once. See subgraphs/fulfillment/stranded-parcels.ts. */
export const toldParcels: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table fulfillment.package add column told text;
      comment on column fulfillment.package.told is 'Status of which people were told on the exception desk. Null when it is none that needs them.';
      create index package_to_tell on fulfillment.package (id)
        where case when status in ('LOST', 'RETURN_TO_SENDER', 'CANCELLED') then status end is distinct from told;
    `),
};
