import type { Migration } from '../../platform/db/migrate.ts';

/** Parcels of which their carrier says, after it delivered them, that it did not. See subgraphs/fulfillment/stranded-parcels.ts. */
export const disputes: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table fulfillment.package add column dispute_told_at timestamptz;
      comment on column fulfillment.package.dispute_told_at is 'When people were told that the carrier says something else of a parcel that it had delivered. Null until then.';
      comment on column fulfillment.package.contradicted_at is 'When the carrier contradicted itself first: it delivered a parcel that was lost, or whose label was cancelled, or it lost one that it had delivered.';
      create index package_disputed on fulfillment.package (id)
        where status = 'DELIVERED' and contradicted_at is not null and dispute_told_at is null;
    `),
};
