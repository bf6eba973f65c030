import type { Migration } from '../../platform/db/migrate.ts';

/** Reservations, and the one definition of what is available at a position. */
export const reservations: Migration = {
  async up(knex) {
    await knex.raw(`
      create table inventory.reservation (
        id text collate "C" primary key,
        state text not null check (state in ('HELD', 'COMMITTED', 'CONSUMED', 'RELEASED', 'EXPIRED')),
        order_id text unique,
        location_id text references inventory.location (id),
        expires_at timestamptz,
        channel_code text,
        customer_id text,
        created_at timestamptz not null default clock_timestamp(),
        constraint reservation_hold_expires check (state <> 'HELD' or (expires_at is not null and order_id is null)),
        constraint reservation_order check (state not in ('COMMITTED', 'CONSUMED') or order_id is not null)
      );
      comment on table inventory.reservation is 'A cart''s hold, or the stock of one order. A converted hold becomes the order''s reservation.';
      comment on column inventory.reservation.location_id is 'The one location that was asked for; null lets any shippable node serve.';
      comment on column inventory.reservation.expires_at is 'End of a hold. From this instant its units are free, whether or not the state says so yet.';

      create table inventory.reservation_line (
        id bigint generated always as identity primary key,
        reservation_id text collate "C" not null references inventory.reservation (id),
        order_line_id text,
        sku text collate "C" not null,
        location_id text collate "C" not null,
        quantity int not null check (quantity > 0),
        consumed int not null default 0 check (consumed >= 0),
        released int not null default 0 check (released >= 0),
        state text not null check (state in ('HELD', 'COMMITTED', 'CONSUMED', 'RELEASED', 'EXPIRED')),
        expires_at timestamptz,
        foreign key (sku, location_id) references inventory.position (sku, location_id),
        constraint reservation_line_buckets check (consumed + released <= quantity),
        constraint reservation_line_state check (
          case
            when order_line_id is null then state in ('HELD', 'RELEASED', 'EXPIRED') and expires_at is not null and consumed = 0 and released = 0
            when consumed + released < quantity then state = 'COMMITTED'
            when consumed > 0 then state = 'CONSUMED'
            else state = 'RELEASED'
          end
        )
      ) with (fillfactor = 70);
      comment on column inventory.reservation_line.order_line_id is 'Null for a hold: it knows no order yet.';
      comment on column inventory.reservation_line.consumed is 'Units that left the building for the order line.';
      comment on column inventory.reservation_line.released is 'Units given back by a cancellation or a new sourcing.';
      create index reservation_line_reservation on inventory.reservation_line (reservation_id);
      create index reservation_line_order_line on inventory.reservation_line (order_line_id, location_id) where state = 'COMMITTED';
      create index reservation_line_held on inventory.reservation_line (sku, location_id) include (quantity, expires_at, reservation_id) where state = 'HELD';
      create index reservation_line_expiry on inventory.reservation_line (expires_at) where state = 'HELD';

      create type inventory.stock as (
        sku text, location_id text, id text, on_hand int, held int, committed int, safety_stock int, incoming int, incoming_at timestamptz, available int,
        source_sequence bigint, as_of timestamptz
      );
      comment on type inventory.stock is 'A position at one instant. held: units of live holds. available: what a new order may take here.';

      -- The one definition of what is available. A hold stops counting at expires_at, swept or not.
      create function inventory.stock_at(p_skus text[], p_location_ids text[], p_at timestamptz) returns setof inventory.stock language sql stable as $$
        select position.sku, position.location_id, position.id, position.on_hand, held.quantity, position.committed,
               position.safety_stock, position.incoming, position.incoming_at,
               greatest(0, position.on_hand - position.committed - held.quantity - position.safety_stock),
               position.source_sequence, position.as_of
        from inventory.position
        cross join lateral (
          select coalesce(sum(line.quantity), 0)::int as quantity
          from inventory.reservation_line line
          where position.reserved > 0 and line.sku = position.sku and line.location_id = position.location_id
            and line.state = 'HELD' and line.expires_at > p_at
        ) held
        where position.sku = any (p_skus) and (p_location_ids is null or position.location_id = any (p_location_ids))
      $$;

      create view inventory.ledger_difference as
        select position.sku, position.location_id,
               position.on_hand, coalesce(ledger.on_hand, 0) as ledger_on_hand,
               position.reserved, coalesce(ledger.reserved, 0) as ledger_reserved, coalesce(line.held, 0) as lines_held,
               position.committed, coalesce(ledger.committed, 0) as ledger_committed, coalesce(line.committed, 0) as lines_committed,
               position.safety_stock, coalesce(ledger.safety_stock, 0) as ledger_safety_stock,
               position.incoming, coalesce(ledger.incoming, 0) as ledger_incoming
        from inventory.position
        left join (
          select sku, location_id, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved, sum(committed_delta) as committed,
                 sum(safety_stock_delta) as safety_stock, sum(incoming_delta) as incoming
          from inventory.movement group by sku, location_id
        ) ledger using (sku, location_id)
        left join (
          select sku, location_id, sum(quantity) filter (where state = 'HELD') as held,
                 sum(quantity - consumed - released) filter (where state = 'COMMITTED') as committed
          from inventory.reservation_line where state in ('HELD', 'COMMITTED') group by sku, location_id
        ) line using (sku, location_id)
        where (position.on_hand, position.reserved, position.committed, position.safety_stock, position.incoming)
              is distinct from (coalesce(ledger.on_hand, 0), coalesce(ledger.reserved, 0), coalesce(ledger.committed, 0),
                                coalesce(ledger.safety_stock, 0), coalesce(ledger.incoming, 0))
           or position.reserved <> coalesce(line.held, 0)
           or position.committed <> coalesce(line.committed, 0);
      comment on view inventory.ledger_difference is 'Positions that their ledger or their reservations do not explain. Empty, always.';
    `);
  },
};
