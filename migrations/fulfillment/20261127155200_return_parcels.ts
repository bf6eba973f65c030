import type { Migration } from '../../platform/db/migrate.ts';

/** Parcels with goods that come back: their scans move the return they belong to. */
export const returnParcels: Migration = {
  up: (knex) =>
    knex.raw(`
      create table fulfillment.return_parcel (
        return_id text not null,
        carrier text not null,
        tracking_number text not null,
        order_id text not null,
        channel_code text not null,
        trace_id text not null,
        status text not null,
        furthest text not null,
        revision int not null default 0,
        created_at timestamptz not null default now(),
        primary key (return_id, carrier, tracking_number)
      );
      comment on table fulfillment.return_parcel is 'Parcels for which return labels were issued. A label that is issued anew is one more.';
      create index return_parcel_number on fulfillment.return_parcel (tracking_number);
    `),
};
