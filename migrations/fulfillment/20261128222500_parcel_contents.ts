import type { Migration } from '../../platform/db/migrate.ts';

/** Which units a parcel took along, and parcels that came after all. See subgraphs/fulfillment/missing-units.ts, move-packages.ts. */
export const parcelContents: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table fulfillment.package_line add column line_ref text;
      comment on column fulfillment.package_line.line_ref is 'The order line, or the part of a bundle, as the node knows it. Null when nobody said: in parcels of earlier releases.';
      alter table fulfillment.package add column contradicted_at timestamptz;
      comment on column fulfillment.package.contradicted_at is 'When the carrier told first that it delivered a parcel that was lost, or whose label was cancelled, by its own word.';
    `),
};
