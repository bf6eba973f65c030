import type { Knex } from 'knex';
import type { MigrationSet } from '../../../platform/db/migrate.ts';
import { feedCounterSql, lateNumbersSql } from '../../kit/feed.ts';

/** Tables of the warehouse system, in its own database. */
export const migrations: MigrationSet = {
  '20261123090000_warehouse': {
    async up(knex: Knex) {
      await knex.raw(feedCounterSql('wms'));
      await knex.raw(`
        create table wms.site (
          code text primary key,
          site_type text not null check (site_type in ('DC', 'ST', 'TP')),
          name text not null,
          address jsonb not null,
          -- MANUAL: nothing moves until staff act. AUTOMATIC: the floor works at its pace.
          floor_mode text not null check (floor_mode in ('AUTOMATIC', 'MANUAL')),
          -- MANUAL: the floor packs a collect delivery, staff put it on the shelf.
          collect_mode text not null check (collect_mode in ('AUTOMATIC', 'MANUAL'))
        );

        create table wms.article (
          article_no text primary key,
          barcode text
        );

        create table wms.stock (
          site text not null references wms.site,
          article_no text not null references wms.article,
          quantity int not null check (quantity >= 0),
          -- The ledger row that made this quantity.
          last_ledger_no bigint not null,
          primary key (site, article_no)
        );
        create index on wms.stock (article_no);

        create table wms.stock_ledger (
          ledger_no bigint primary key,
          site text not null,
          article_no text not null,
          movement_code text not null check (movement_code in ('GR', 'GI', 'AD', 'IC', 'RT')),
          quantity_delta int not null,
          balance_after int not null check (balance_after >= 0),
          document_ref text not null,
          line_ref text,
          booked_at timestamptz not null default now()
        );

        -- Adjustments and receipts by the caller's reference: what was asked, and the answer given.
        create table wms.stock_document (
          kind text not null check (kind in ('ADJUSTMENT', 'RECEIPT')),
          reference text not null,
          fingerprint text not null,
          answer jsonb,
          created_at timestamptz not null default now(),
          primary key (kind, reference)
        );

        create sequence wms.delivery_number start 80000001;
        create table wms.delivery (
          delivery_no text primary key default lpad(nextval('wms.delivery_number')::text, 10, '0'),
          external_ref text not null unique,
          fingerprint text not null,
          site text not null references wms.site,
          ship_to jsonb,
          service text not null,
          collect boolean not null,
          status text not null check (status in
            ('RECEIVED', 'ACCEPTED', 'PICKING', 'PACKED', 'GOODS_ISSUED', 'STAGED', 'COLLECTED', 'CANCELLED', 'REFUSED')),
          reason_code text,
          -- When the floor takes the next stage. Null: nothing to do, or staff do it.
          due_at timestamptz,
          created_at timestamptz not null default now(),
          changed_at timestamptz not null default now()
        );
        create index on wms.delivery (due_at) where due_at is not null;
        create index on wms.delivery (site, status, delivery_no);

        create table wms.delivery_line (
          delivery_no text not null references wms.delivery,
          line_no int not null,
          line_ref text not null,
          article_no text not null references wms.article,
          quantity int not null check (quantity > 0),
          issued int not null default 0,
          -- Will not be issued: the site did not have it.
          short int not null default 0,
          primary key (delivery_no, line_no),
          unique (delivery_no, line_ref),
          check (issued >= 0 and short >= 0 and issued + short <= quantity)
        );

        create sequence wms.parcel_number;
        create table wms.parcel (
          sscc text primary key,
          delivery_no text not null references wms.delivery,
          carrier_code text not null,
          tracking_no text not null,
          service text not null,
          contents jsonb not null,
          created_at timestamptz not null default now(),
          -- When the carrier should next be told. Null: the carrier knows, or is not ours to tell.
          announce_at timestamptz,
          announced_at timestamptz,
          announce_attempts int not null default 0,
          unique (carrier_code, tracking_no)
        );
        create index on wms.parcel (delivery_no);
        create index on wms.parcel (announce_at) where announce_at is not null;

        -- Goods issues confirmed by staff, by their reference.
        create table wms.confirmation (
          delivery_no text not null references wms.delivery,
          reference text not null,
          fingerprint text not null,
          primary key (delivery_no, reference)
        );

        create table wms.delivery_event (
          written bigserial primary key,
          -- Given when it is first read: see lateNumbersSql.
          event_no bigint unique,
          delivery_no text not null,
          external_ref text not null,
          site text not null,
          event text not null,
          at timestamptz not null default now(),
          reason_code text,
          parcels jsonb not null,
          issued jsonb not null,
          shorts jsonb not null
        );
        ${lateNumbersSql('wms', 'delivery_event', { number: 'event_no', written: 'written' })}
      `);
    },
  },
  '20261127094500_inbound_advices': {
    async up(knex: Knex) {
      await knex.raw(`
        create table wms.inbound_advice (
          advice_no text not null,
          site text not null references wms.site,
          article_no text not null references wms.article,
          quantity int not null check (quantity > 0),
          due_at timestamptz,
          primary key (advice_no, site, article_no)
        );
        create index on wms.stock_ledger (document_ref) where movement_code = 'GR';
      `);
    },
  },
  '20261127122500_sets': {
    async up(knex: Knex) {
      await knex.raw(`
        alter table wms.delivery_line
          add column set_ref text,
          -- Pieces of the line in one set.
          add column per_set int check (per_set > 0),
          add check ((set_ref is null) = (per_set is null));
      `);
    },
  },
  '20261127152000_blocked_stock': {
    async up(knex: Knex) {
      await knex.raw(`
        -- Goods that are there and not for sale. No part of the stock, nor of its ledger.
        create table wms.blocked_stock (
          site text not null references wms.site,
          article_no text not null references wms.article,
          reason_code text not null,
          quantity int not null check (quantity > 0),
          primary key (site, article_no, reason_code)
        );
        alter table wms.stock_document drop constraint stock_document_kind_check,
          add constraint stock_document_kind_check check (kind in ('ADJUSTMENT', 'RECEIPT', 'BLOCKED'));
      `);
    },
  },
  '20261127154000_cancellation_consent': {
    async up(knex: Knex) {
      await knex.raw(`
        -- MANUAL: staff decide whether they give back what they have begun.
        alter table wms.site add column cancel_mode text not null default 'AUTOMATIC' check (cancel_mode in ('AUTOMATIC', 'MANUAL'));
        alter table wms.delivery add column cancellation text check (cancellation in ('ASKED', 'DENIED'));
      `);
    },
  },
};
