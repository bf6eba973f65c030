import type { Knex } from 'knex';
import type { MigrationSet } from '../../../platform/db/migrate.ts';

/** Tables of the marketplace, in its own database. */
export const migrations: MigrationSet = {
  '20261127150000_channel': {
    async up(knex: Knex) {
      await knex.raw(`
        create table channel.sale (
          marketplace text not null,
          sale_no text not null,
          seller_ref text not null,
          confirmed_at timestamptz,
          declined_at timestamptz,
          primary key (marketplace, sale_no)
        );

        create table channel.item (
          marketplace text not null,
          sale_no text not null,
          item_ref text not null,
          sku text not null,
          bought int not null check (bought > 0),
          shipped int not null default 0 check (shipped >= 0),
          cancelled int not null default 0 check (cancelled >= 0),
          refunded int not null default 0 check (refunded between 0 and bought),
          check (shipped + cancelled <= bought),
          primary key (marketplace, sale_no, item_ref),
          foreign key (marketplace, sale_no) references channel.sale
        );

        create table channel.notice (
          written bigserial primary key,
          marketplace text not null,
          sale_no text not null,
          notice_ref text not null,
          kind text not null,
          fingerprint text not null,
          body jsonb not null,
          received_at timestamptz not null default now(),
          unique (marketplace, notice_ref),
          foreign key (marketplace, sale_no) references channel.sale
        );
        create index on channel.notice (marketplace, sale_no);

        -- What buyers want back; the seller's answer comes as a notice.
        create table channel.void_request (
          marketplace text not null,
          sale_no text not null,
          request_ref text not null,
          requested_at timestamptz not null default now(),
          decision text check (decision in ('GRANTED', 'PARTLY', 'DENIED')),
          answered_at timestamptz,
          primary key (marketplace, sale_no, request_ref)
        );
      `);
    },
  },
  '20261129010700_listings': {
    async up(knex: Knex) {
      await knex.raw(`
        create table channel.listing (
          marketplace text not null,
          item_no text collate "C" not null,
          units int not null default 0 check (units >= 0),
          amount text,
          currency text,
          blocked text,
          primary key (marketplace, item_no)
        );

        create table channel.listing_update (
          update_no bigserial primary key,
          marketplace text not null,
          update_ref text not null,
          fingerprint text not null,
          items jsonb not null,
          received_at timestamptz not null default clock_timestamp(),
          results jsonb,
          unique (marketplace, update_ref)
        );
      `);
    },
  },
};
