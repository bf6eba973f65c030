import type { Knex } from 'knex';
import type { MigrationSet } from '../../../platform/db/migrate.ts';
import { feedCounterSql } from '../../kit/feed.ts';

/** Tables of the carrier, in its own database. */
export const migrations: MigrationSet = {
  '20261123090000_carrier': {
    async up(knex: Knex) {
      await knex.raw(feedCounterSql('carrier'));
      await knex.raw(`
        create table carrier.consignment (
          tracking_no text primary key,
          fingerprint text not null,
          reference text not null,
          service text not null,
          destination_country text not null,
          -- Scans of the journey so far.
          stage int not null default 0,
          -- Of the last scan.
          status text,
          -- When the next scan happens. Null: the journey is over.
          due_at timestamptz,
          registered_at timestamptz not null default now()
        );
        create index on carrier.consignment (due_at) where due_at is not null;

        create table carrier.scan (
          scan_no bigint primary key,
          tracking_no text not null references carrier.consignment,
          -- Reference of whoever reported the scan; null for the journey's own.
          reference text,
          status text not null,
          status_detail text,
          message text not null,
          city text,
          scanned_at timestamptz not null default now(),
          unique (tracking_no, reference)
        );
      `);
    },
  },
  '20261127154200_return_labels': {
    async up(knex: Knex) {
      await knex.raw(`
        create sequence carrier.return_number start 70000001;
        create table carrier.return_label (
          key text primary key,
          fingerprint text not null,
          tracking_no text not null unique default 'NLR' || nextval('carrier.return_number'),
          reference text not null,
          origin_country text,
          issued_at timestamptz not null default now()
        );
      `);
    },
  },
};
