import type { Knex } from 'knex';

/** Lines of bundles, sums that cannot overflow, and the one thing no statement may do: promise more than is there. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create sequence inventory.bundle_set_number;
    alter table inventory.reservation_line
      add column bundle_sku text collate "C",
      add column bundle_set bigint,
      add column component_no int,
      add column per_bundle int,
      add constraint reservation_line_bundle check (
        num_nulls(bundle_sku, bundle_set, component_no, per_bundle) = 4
        or (num_nulls(bundle_sku, bundle_set, component_no, per_bundle) = 0 and per_bundle > 0 and component_no > 0 and quantity % per_bundle = 0)
      );
    comment on column inventory.reservation_line.bundle_sku is 'The bundle these units are a component of; null for units that are sold by themselves.';
    comment on column inventory.reservation_line.bundle_set is 'Lines of one set are the components of the same bundles, at one location: they are taken and given back together.';
    comment on column inventory.reservation_line.component_no is 'Place in the set. The line numbered 1 stands for the bundles where they are counted.';
    comment on column inventory.reservation_line.per_bundle is 'Units of this component in one bundle, as it was when they were taken.';
    create unique index reservation_line_set on inventory.reservation_line (bundle_set, component_no) where bundle_set is not null;

    alter table inventory.reservation add column reacquires text collate "C" unique references inventory.reservation (id);
    comment on column inventory.reservation.reacquires is 'The hold that was over when its order came, and whose units were found again.';

    -- Units of a line as its buyer counts them: bundles, not components.
    create function inventory.sold_units(line inventory.reservation_line) returns int language sql immutable as $$
      select case when line.bundle_sku is null then line.quantity when line.component_no = 1 then line.quantity / line.per_bundle else 0 end
    $$;

    -- Holds that are over stay in reserved until they are swept: more of them than a 32-bit integer can count may wait.
    drop view inventory.ledger_difference;
    alter table inventory.position alter column reserved type bigint;
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

    -- The warehouse may say that less is there than was promised: that is a shortage, to be shown. Nobody may promise so.
    create function inventory.refuse_oversell() returns trigger language plpgsql as $$
      begin
        raise exception 'only % of % are on hand at %: % cannot be committed', new.on_hand, new.sku, new.location_id, new.committed using errcode = '23514';
      end
    $$;
    create trigger position_never_oversold before update of committed on inventory.position
      for each row when (new.committed > old.committed and new.committed > new.on_hand)
      execute function inventory.refuse_oversell();

    create function inventory.shortages(p_skus text[]) returns table (sku text, location_id text, missing int) language sql stable as $$
      select sku, location_id, committed - on_hand from inventory.position
      where committed > on_hand and (p_skus is null or sku = any (p_skus))
    $$;
    comment on function inventory.shortages is 'Positions where less is on hand than was promised to orders: the warehouse lost goods. Every position for null.';
  `);
}
