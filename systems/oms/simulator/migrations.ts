import type { Knex } from 'knex';
import type { MigrationSet } from '../../../platform/db/migrate.ts';
import { feedCounterSql } from '../../kit/feed.ts';

/** Tables of the order desk, in its own database. */
export const migrations: MigrationSet = {
  '20261123090000_order_desk': {
    async up(knex: Knex) {
      await knex.raw(feedCounterSql('oms'));
      await knex.raw(`
        create sequence oms.desk_number start 500001;
        create table oms.desk_order (
          desk_no text primary key default 'D-' || nextval('oms.desk_number'),
          origin text not null check (origin in ('CLIENT', 'MARKETPLACE')),
          client_ref text unique,
          -- What the client and the marketplace sent, to tell a repeated request from a reused reference.
          client_fingerprint text,
          marketplace_fingerprint text,
          channel_ref text not null,
          channel_order_no text,
          currency text not null,
          deliver_to jsonb,
          state text not null check (state in
            ('RECEIVED', 'ACKNOWLEDGED', 'PART_DISPATCHED', 'DISPATCHED', 'COMPLETED', 'CANCELLED')),
          received_at timestamptz not null default now(),
          -- When the desk acknowledges it. Null: a marketplace's order that the client has not imported.
          acknowledge_due_at timestamptz,
          acknowledged_at timestamptz,
          completed_at timestamptz,
          change_no bigint not null,
          unique (channel_ref, channel_order_no)
        );
        -- Not unique, although the numbers are: to change a column of a unique index PostgreSQL locks the row against
        -- everything that refers to it, and notices about one order would stand in each other's way.
        create index on oms.desk_order (change_no);
        create index on oms.desk_order (acknowledge_due_at) where state = 'RECEIVED';

        create table oms.position (
          desk_no text not null references oms.desk_order,
          pos_no int not null,
          pos_ref text not null,
          item_code text not null,
          qty int not null check (qty > 0),
          unit_price_minor bigint not null,
          dispatched int not null default 0 check (dispatched >= 0),
          cancelled int not null default 0 check (cancelled >= 0),
          returned int not null default 0 check (returned between 0 and dispatched),
          check (dispatched + cancelled <= qty),
          primary key (desk_no, pos_no),
          unique (desk_no, pos_ref)
        );

        create table oms.notice (
          kind text not null check (kind in ('DISPATCH', 'CANCELLATION', 'RETURN')),
          notice_ref text not null,
          desk_no text not null references oms.desk_order,
          fingerprint text not null,
          body jsonb not null,
          received_at timestamptz not null default now(),
          primary key (kind, notice_ref)
        );
        create index on oms.notice (desk_no);
      `);
    },
  },
};
