import type { Migration } from '../../platform/db/migrate.ts';

/** Locations, stock positions and the append-only ledger of every change of a quantity. */
export const positions: Migration = {
  async up(knex) {
    await knex.raw(`
      create table inventory.location (
        id text collate "C" primary key,
        code text not null unique,
        name text not null,
        kind text not null check (kind in ('WAREHOUSE', 'STORE', 'THIRD_PARTY_LOGISTICS', 'DROP_SHIP')),
        shippable boolean not null,
        priority int not null check (priority >= 0),
        updated_at timestamptz not null default now()
      );
      comment on column inventory.location.code is 'Code of the site in the warehouse system.';
      comment on column inventory.location.shippable is 'Whether orders without a location may be served from here.';
      comment on column inventory.location.priority is 'Preference when several nodes can serve an order. Lower goes first.';

      create table inventory.position (
        sku text collate "C" not null,
        location_id text collate "C" not null references inventory.location (id),
        id text collate "C" not null unique,
        on_hand int not null default 0 check (on_hand between 0 and 100000000),
        reserved int not null default 0 check (reserved >= 0),
        committed int not null default 0 check (committed >= 0),
        safety_stock int not null default 0 check (safety_stock between 0 and 100000000),
        incoming int not null default 0 check (incoming between 0 and 100000000),
        incoming_at timestamptz,
        source_sequence bigint not null default 0 check (source_sequence >= 0),
        as_of timestamptz not null,
        received_at timestamptz not null,
        primary key (sku, location_id)
      ) with (fillfactor = 70);
      comment on table inventory.position is 'Units of one SKU at one location. on_hand is the warehouse system''s word; committed may exceed it after a loss.';
      comment on column inventory.position.reserved is 'Units in lines of state HELD, expired or not: an upper bound. Availability counts the live holds itself.';
      comment on column inventory.position.committed is 'Units promised to orders and not yet gone.';
      comment on column inventory.position.safety_stock is 'Units of this position withheld from every channel.';
      comment on column inventory.position.incoming_at is 'When the next of it is expected; null when no date is known.';
      comment on column inventory.position.source_sequence is 'Ledger number of the warehouse system behind on_hand. An older one never overwrites it.';
      comment on column inventory.position.as_of is 'When the warehouse measured on_hand.';
      comment on column inventory.position.received_at is 'When we heard of it.';
      create index position_location on inventory.position (location_id, sku);

      create table inventory.movement (
        id bigint generated always as identity primary key,
        sku text collate "C" not null,
        location_id text collate "C" not null,
        kind text not null check (kind in ('SNAPSHOT', 'RECEIPT', 'ADJUSTMENT', 'TRANSFER', 'SALE', 'RETURN', 'HOLD', 'ALLOCATION', 'RELEASE', 'EXPIRY', 'POLICY')),
        on_hand_delta int not null default 0,
        reserved_delta int not null default 0,
        committed_delta int not null default 0,
        safety_stock_delta int not null default 0,
        incoming_delta int not null default 0,
        reference text,
        source_sequence bigint,
        recorded_at timestamptz not null default clock_timestamp(),
        constraint movement_moves check (
          on_hand_delta <> 0 or reserved_delta <> 0 or committed_delta <> 0 or safety_stock_delta <> 0 or incoming_delta <> 0
        )
      );
      comment on table inventory.movement is 'Append-only. The sums per position are the position: see inventory.ledger_difference.';
      comment on column inventory.movement.reference is 'What caused it: an order, a reservation, or the document of the warehouse system.';
      comment on column inventory.movement.source_sequence is 'Ledger number in the warehouse system. Null for our own moves.';
      create index movement_position on inventory.movement (sku, location_id, id);

      create function inventory.refuse_change() returns trigger language plpgsql as $$
      begin
        raise exception 'inventory.movement is append-only' using errcode = '42501';
      end
      $$;
      create trigger movement_append_only before update or delete or truncate on inventory.movement
        for each statement execute function inventory.refuse_change();
    `);
  },
};
