import type { Knex } from 'knex';

/** What is on its way, lot by lot, and what can be promised of it by when. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table inventory.supply (
      sku text collate "C" not null,
      location_id text collate "C" not null,
      lot text collate "C" not null,
      units int not null check (units between 1 and 100000000),
      expected_at timestamptz,
      primary key (sku, location_id, lot),
      foreign key (sku, location_id) references inventory.position (sku, location_id)
    );
    comment on table inventory.supply is 'Lots that are on their way to a location. Their sum is the position''s incoming, their first date its incoming_at.';
    comment on column inventory.supply.lot is 'The warehouse system''s document that announces it. A receipt for this document takes its units away.';
    comment on column inventory.supply.expected_at is 'Null when no date is known: nothing is promised of it.';

    -- Brings a position's incoming in line with its lots, with the ledger row that says so.
    create function inventory.sum_supply(p_skus text[], p_location_ids text[], p_kind text, p_sequence bigint) returns void language plpgsql as $$
    #variable_conflict use_column
    begin
      with total as (
        select asked.sku, asked.location_id, least(100000000, coalesce(sum(supply.units::bigint), 0))::int as units, min(supply.expected_at) as expected_at
        from (select distinct sku, location_id from unnest(p_skus, p_location_ids) as asked (sku, location_id)) asked
        left join inventory.supply using (sku, location_id)
        group by asked.sku, asked.location_id
      ), was as (
        select position.sku, position.location_id, total.units - position.incoming as delta, total.units, total.expected_at
        from inventory.position join total using (sku, location_id)
        where position.incoming <> total.units or position.incoming_at is distinct from total.expected_at
      ), moved as (
        insert into inventory.movement (sku, location_id, kind, incoming_delta, source_sequence)
        select sku, location_id, p_kind, delta, p_sequence from was where delta <> 0
      ), told as (
        insert into inventory.unannounced (sku, location_id) select sku, location_id from was
      )
      update inventory.position set incoming = was.units, incoming_at = was.expected_at from was
      where position.sku = was.sku and position.location_id = was.location_id;
    end
    $$;

    create function inventory.apply_supply(p_sequence bigint, p_lots jsonb) returns void language plpgsql as $$
    #variable_conflict use_column
    declare
      v_skus text[]; v_nodes text[];
    begin
      insert into inventory.position (sku, location_id, id, as_of, received_at)
      select distinct on (lot.sku, lot."locationId") lot.sku, lot."locationId", lot."positionId", clock_timestamp(), clock_timestamp()
      from jsonb_to_recordset(p_lots) as lot (sku text, "locationId" text, "positionId" text)
      on conflict do nothing;
      -- A position that knows a later booking may have received a lot that this list still has: the next list tells.
      select array_agg(sku), array_agg(location_id) into v_skus, v_nodes from (
        select position.sku, position.location_id from inventory.position
        where position.source_sequence <= p_sequence and (
          position.incoming > 0
          or (position.sku, position.location_id) in (select lot.sku, lot."locationId" from jsonb_to_recordset(p_lots) as lot (sku text, "locationId" text))
        )
        order by position.sku, position.location_id
        for no key update
      ) locked;
      if v_skus is null then return; end if;
      delete from inventory.supply using unnest(v_skus, v_nodes) as told (sku, location_id)
      where supply.sku = told.sku and supply.location_id = told.location_id;
      insert into inventory.supply (sku, location_id, lot, units, expected_at)
      select lot.sku, lot."locationId", lot.lot, lot.units, lot."expectedAt"
      from jsonb_to_recordset(p_lots) as lot (sku text, "locationId" text, lot text, units int, "expectedAt" timestamptz)
      join unnest(v_skus, v_nodes) as told (sku, location_id) on told.sku = lot.sku and told.location_id = lot."locationId"
      where lot.units > 0
      on conflict (sku, location_id, lot) do update set units = excluded.units, expected_at = excluded.expected_at;
      perform inventory.sum_supply(v_skus, v_nodes, 'SNAPSHOT', null);
    end
    $$;
    comment on function inventory.apply_supply is 'Takes over everything that is on its way, as of a number of the warehouse''s ledger. Positions that know later bookings keep what they know.';

    -- After apply_source, in its transaction: goods that came in are no longer on their way.
    create function inventory.receive_supply(p_rows jsonb) returns void language plpgsql as $$
    #variable_conflict use_column
    declare
      v_skus text[]; v_nodes text[]; v_lots text[];
    begin
      with told as (
        select distinct on (entry.sku, entry."locationId") entry.sku, entry."locationId" as location_id, entry.incoming, entry."incomingAt" as expected_at
        from jsonb_populate_recordset(null::inventory.source_row, p_rows) entry
        join inventory.position on position.sku = entry.sku and position.location_id = entry."locationId" and position.source_sequence = entry.sequence
        where entry.kind = 'SNAPSHOT' and entry.incoming is not null
        order by entry.sku, entry."locationId", entry.sequence desc
      ), gone as (
        delete from inventory.supply using told where supply.sku = told.sku and supply.location_id = told.location_id and supply.lot <> 'EXPECTED'
      )
      insert into inventory.supply (sku, location_id, lot, units, expected_at)
      select sku, location_id, 'EXPECTED', incoming, expected_at from told where incoming > 0
      on conflict (sku, location_id, lot) do update set units = excluded.units, expected_at = excluded.expected_at;

      with received as (
        select movement.sku, movement.location_id, movement.reference as lot, sum(movement.on_hand_delta) as units
        from inventory.movement
        join jsonb_populate_recordset(null::inventory.source_row, p_rows) entry
          on movement.sku = entry.sku and movement.location_id = entry."locationId" and movement.source_sequence = entry.sequence
        where movement.kind = 'RECEIPT' and entry.kind = 'RECEIPT' and movement.on_hand_delta > 0
        group by movement.sku, movement.location_id, movement.reference
      ), whole as (
        delete from inventory.supply using received
        where supply.sku = received.sku and supply.location_id = received.location_id and supply.lot = received.lot and supply.units <= received.units
        returning supply.sku, supply.location_id, supply.lot
      ), part as (
        update inventory.supply set units = supply.units - received.units from received
        where supply.sku = received.sku and supply.location_id = received.location_id and supply.lot = received.lot and supply.units > received.units
        returning supply.sku, supply.location_id, supply.lot
      )
      select array_agg(sku), array_agg(location_id), array_agg(lot) into v_skus, v_nodes, v_lots from (select * from whole union all select * from part) changed;
      if v_skus is not null then perform inventory.sum_supply(v_skus, v_nodes, 'RECEIPT', null); end if;
    end
    $$;

    create type inventory.availability as (
      sku text, location_id text, sellable int, backorder_units int, cap int, release_at timestamptz,
      incoming int, incoming_at timestamptz, ever_stocked boolean, as_of timestamptz, promises jsonb
    );
    comment on type inventory.availability is 'What a channel may sell now, and, in promises, what it can promise by the dates on which more is expected: [{at, units}], rising.';

    -- The same figures as an order is held to: offers and sellable decide here and there.
    create function inventory.availability(
      p_channel_code text, p_safety_stock int, p_skus text[], p_location_id text, p_at timestamptz
    ) returns setof inventory.availability language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_nodes text[] := inventory.nodes_in_scope(p_location_id);
      v_offers inventory.offer[];
    begin
      select array_agg(offer) into v_offers from inventory.offers(p_channel_code, true, p_skus, v_nodes, null, p_at) offer;
      return query
      with part as (
        select asked.sku, coalesce(made.component_sku, asked.sku) as component_sku, coalesce(made.quantity, 1) as quantity,
               count(*) over (partition by asked.sku) as parts
        from (select distinct unnest(p_skus) collate "C" as sku) asked left join inventory.bundle_component made on made.bundle_sku = asked.sku
      ), known as (
        -- Wherever it is: a place that has none of it has none available.
        select part.sku, part.component_sku, part.quantity, part.parts,
               coalesce(sum(position.incoming::bigint) filter (where position.location_id = any (v_nodes)), 0) as incoming,
               min(position.incoming_at) filter (where position.location_id = any (v_nodes) and position.incoming > 0) as incoming_at,
               coalesce(bool_or(position.source_sequence > 0) filter (where position.location_id = any (v_nodes)), false) as ever_stocked,
               coalesce(max(position.as_of) filter (where position.location_id = any (v_nodes)), max(position.as_of)) as as_of
        from part join inventory.position on position.sku = part.component_sku
        group by part.sku, part.component_sku, part.quantity, part.parts
      ), whole as (
        select sku, min(incoming / quantity) as incoming, max(incoming_at) as incoming_at, bool_and(ever_stocked) as ever_stocked, min(as_of) as as_of,
               -- Orders that wait are served first.
               max((inventory.awaited(component_sku) + quantity - 1) / quantity) as awaited
        from known group by sku having count(*) = max(parts)
      ), date as (
        select distinct part.sku, supply.expected_at as at
        from part join inventory.supply on supply.sku = part.component_sku
        where supply.location_id = any (v_nodes) and supply.expected_at > p_at
      ), stock as (
        select sku, location_id, available from inventory.stock_at((select array_agg(distinct component_sku) from part), v_nodes, p_at)
      ), grown as (
        -- Per node, because a bundle leaves from one.
        select date.sku, date.at, node.id as location_id,
               min((coalesce(stock.available, 0) + coalesce(coming.units, 0)) / part.quantity) - min(coalesce(stock.available, 0) / part.quantity) as more
        from date
        join part using (sku)
        cross join unnest(v_nodes) as node (id)
        left join stock on stock.sku = part.component_sku and stock.location_id = node.id
        left join lateral (
          select sum(units) as units from inventory.supply
          where supply.sku = part.component_sku and supply.location_id = node.id and supply.expected_at <= date.at
        ) coming on true
        group by date.sku, date.at, node.id
      ), promised as (
        select grown.sku, grown.at, sum(grown.more) as more from grown group by grown.sku, grown.at
      )
      select whole.sku, p_location_id, units.sellable, units.backorder_units, units.cap, units.release_at,
             least(2000000000, whole.incoming)::int, whole.incoming_at, whole.ever_stocked, whole.as_of,
             coalesce((
               select jsonb_agg(jsonb_build_object('at', promised.at, 'units', least(2000000000, coalesce(units.cap, 2000000000), units.sellable + greatest(0, promised.more - whole.awaited))) order by promised.at)
               from promised where promised.sku = whole.sku
             ), '[]')
      from whole join inventory.sellable(p_channel_code, p_safety_stock, true, p_skus, v_nodes, v_offers, p_at) units using (sku)
      where p_location_id is null or exists (select from inventory.location where id = p_location_id);
    end
    $$;
  `);
}
