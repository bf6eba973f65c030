import type { Knex } from 'knex';

/**
 * Goods on their way were promised twice while a position was short of what it had promised, and to a channel that has to
 * leave more to others than is there; and the default of what may wait was passed by bundles. A hold that is over ends with the order that a batch serves in its place: with the
 * clock set back it kept its goods again, for nobody.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.short_units(p_sku text, p_location_ids text[], p_at timestamptz) returns bigint language sql stable as $$
      select coalesce(sum(greatest(0, position.committed::bigint + position.safety_stock + held.quantity - position.on_hand)), 0)::bigint
      from inventory.position
      cross join lateral (
        select coalesce(sum(line.quantity), 0) as quantity from inventory.reservation_line line
        where position.reserved > 0 and line.sku = position.sku and line.location_id = position.location_id
          and line.state = 'HELD' and line.expires_at > p_at
      ) held
      where position.sku = p_sku and position.location_id = any (p_location_ids)
    $$;
    comment on function inventory.short_units is 'Units that locations have promised or must keep, and have not: what comes makes up for them first.';

    create or replace function inventory.unclaimed_supply(p_sku text) returns bigint language sql stable as $$
      select greatest(0, coalesce(sum(position.incoming::bigint), 0) - inventory.awaited(p_sku)
                         - inventory.short_units(p_sku, array_agg(position.location_id), clock_timestamp()))
      from inventory.position join inventory.location on location.id = position.location_id and location.shippable
      where position.sku = p_sku
    $$;

    create or replace function inventory.availability(
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
      ), stock as (
        select sku, location_id, available from inventory.stock_at((select array_agg(distinct component_sku) from part), v_nodes, p_at)
      ), terms as (
        select sku, withheld from inventory.channel_terms(p_channel_code, p_skus || (select array_agg(distinct component_sku) from part))
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
        select known.sku, min(incoming / quantity) as incoming, max(incoming_at) as incoming_at, bool_and(ever_stocked) as ever_stocked, min(as_of) as as_of,
               -- What comes first makes up for what is promised and not there, for orders that wait, and for what others are left and is not there.
               max((inventory.awaited(component_sku) + inventory.short_units(component_sku, v_nodes, p_at)
                    + greatest(0, coalesce(part_terms.withheld, p_safety_stock) - free.units) + quantity - 1) / quantity)
               -- A bundle's own rule leaves whole bundles, of what its components leave.
               + greatest(0, max(case when known.sku <> component_sku then terms.withheld end)
                             - min(greatest(0, free.units - coalesce(part_terms.withheld, p_safety_stock)) / quantity)) as awaited
        from known
        left join terms on terms.sku = known.sku
        left join terms part_terms on part_terms.sku = known.component_sku
        cross join lateral (select coalesce(sum(available), 0) as units from stock where stock.sku = known.component_sku) free
        group by known.sku having count(*) = max(parts)
      ), date as (
        select distinct part.sku, supply.expected_at as at
        from part join inventory.supply on supply.sku = part.component_sku
        where supply.location_id = any (v_nodes) and supply.expected_at > p_at
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

    create or replace function inventory.commit_orders(p_orders json, p_takes json, p_withheld json, p_members int[]) returns int[]
    language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_all inventory.part[] := (select array_agg(part) from json_populate_recordset(null::inventory.part, p_takes) part);
        v_parts inventory.part[] := (select array_agg(part) from unnest(v_all) part where location_id is not null);
        v_waits inventory.part[] := (select array_agg(part) from unnest(v_all) part where location_id is null);
        v_held int[] := (select array_agg(i) from json_to_recordset(p_orders) as o (i int, hold_id text) where i = any (p_members) and hold_id is not null);
        v_named int[] := (select array_agg(i) from json_to_recordset(p_orders) as o (i int, hold_id text, reacquires text) where i = any (p_members) and coalesce(hold_id, reacquires) is not null);
        -- What is held is not asked for again, but its positions are locked with all others, in the order of everybody.
        v_takes inventory.take[] := (
          select array_agg(taken) from (
            select row(i, line_id, sku, location_id, case when v_held is not null and i = any (v_held) then 0 else quantity end)::inventory.take from unnest(v_parts)
            union all
            -- Where a hold that is over kept its goods: it ends with the order that comes in its place.
            select row(o.i, null, line.sku, line.location_id, 0)::inventory.take
            from json_to_recordset(p_orders) as o (i int, reacquires text)
            join inventory.reservation_line line on line.reservation_id = o.reacquires and line.state = 'HELD'
            where v_named is not null and o.i = any (v_named) and o.reacquires is not null
          ) as one (taken));
        v_fit int[] := inventory.fitting_takes(v_takes, inventory.known_recipes(p_orders, p_members), p_withheld);
        v_kept int[];
        v_deltas inventory.delta[];
      begin
        if v_named is not null then
          v_kept := inventory.usable_holds(p_orders, v_parts, v_named);
          v_fit := (select array_agg(i) from unnest(v_fit) i where i <> all (v_named) or i = any (v_kept));
        end if;
        if v_waits is not null then v_fit := inventory.fitting_waits(p_orders, v_waits, v_takes, p_withheld, v_fit); end if;
        if v_fit is null then return null; end if;
        if v_named is not null then
          with over as (
            update inventory.reservation set state = 'EXPIRED'
            where state = 'HELD' and id in (select reacquires from json_to_recordset(p_orders) as o (i int, reacquires text) where i = any (v_fit))
            returning id
          ), line as (
            update inventory.reservation_line set state = 'EXPIRED' from over where reservation_id = over.id and reservation_line.state = 'HELD'
            returning reservation_id, sku, location_id, quantity
          )
          select array_agg(row(sku, location_id, -quantity, 0, reservation_id)::inventory.delta) into v_deltas from line;
          if v_deltas is not null then perform inventory.move('EXPIRY', v_deltas); end if;
        end if;
        if v_held is not null then
          -- The hold's lines are replaced by lines that name the order's; the ledger keeps what they were.
          delete from inventory.reservation_line
          where reservation_id in (select hold_id from json_to_recordset(p_orders) as o (i int, hold_id text) where i = any (v_fit)) and state = 'HELD';
        end if;
        with o as materialized (
          select i, id, reservation_id, channel_code, hold_id, reacquires
          from json_to_recordset(p_orders) as o (i int, id text, reservation_id text, channel_code text, hold_id text, reacquires text)
          where i = any (v_fit)
        ), kept as (
          -- An order that wholly waits has nothing reserved.
          insert into inventory.reservation (id, state, order_id, channel_code, reacquires)
          select reservation_id, 'COMMITTED', id, channel_code, reacquires from o
          where hold_id is null and (v_waits is null or i in (select i from unnest(v_parts)))
        ), turned as (
          update inventory.reservation set state = 'COMMITTED', order_id = o.id from o where reservation.id = o.hold_id
        ), noted as (
          insert into inventory.backorder (order_line_id, order_id, sku, channel_code, quantity)
          select wait.line_id, o.id, wait.sku, o.channel_code, wait.quantity from o join unnest(v_waits) wait using (i)
        )
        select array_agg(row(part.sku, part.location_id, case when o.hold_id is null then 0 else -part.quantity end, part.quantity, o.id)::inventory.delta) into v_deltas
        from o join unnest(v_parts) part using (i);
        perform inventory.write_parts((
          select json_agg(json_build_object('i', i, 'reservation_id', coalesce(hold_id, reservation_id)))
          from json_to_recordset(p_orders) as o (i int, reservation_id text, hold_id text) where i = any (v_fit)
        ), v_parts, v_fit, 'COMMITTED', null);
        if v_deltas is not null then perform inventory.move('ALLOCATION', v_deltas); end if;
        return v_fit;
      end $$;

    create or replace function inventory.waitable(p_sku text, p_ruled int) returns int language sql stable as $$
      select coalesce(p_ruled, (
        select greatest(0, least(units - inventory.awaited(p_sku), (
          select min((units - inventory.awaited(component_sku)) / quantity) from inventory.bundle_component made
          where bundle_sku = p_sku and not exists (
            select from inventory.channel_rule rule where rule.backorder is not null and (rule.sku is null or rule.sku = made.component_sku)))))::int
        from inventory.default_backorder))
    $$;
    comment on function inventory.waitable is 'Units of a SKU that orders may still wait for: what a rule of the channel leaves, or the default less what waits already, in bundles too; of a bundle, what that leaves of each component without a rule. Null: any number.';

    create or replace function inventory.fitting_waits(p_orders json, p_waits inventory.part[], p_takes inventory.take[], p_withheld json, p_members int[]) returns int[] language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      declare
        v_fit int[] := p_members;
        v_nodes text[];
        v_stocked text[];
        v_out int[];
      begin
        if not exists (select from unnest(p_waits) where i = any (v_fit)) then return v_fit; end if;
        -- Two orders that count what waits must not both take the last place, of a component either. Always after the positions, by SKU.
        perform pg_advisory_xact_lock(hashtextextended('inventory.backorder:' || sku, 0))
        from (
          select sku from unnest(p_waits) where i = any (v_fit)
          union select made.component_sku from unnest(p_waits) wait join inventory.bundle_component made on made.bundle_sku = wait.sku where wait.i = any (v_fit)
          order by sku
        ) waited;
        with waited as materialized (
          select wait.i, wait.sku, sum(wait.quantity) as units, o.channel_code
          from unnest(p_waits) wait join json_to_recordset(p_orders) as o (i int, channel_code text) using (i)
          where wait.i = any (v_fit) group by wait.i, wait.sku, o.channel_code
        ), wanted as materialized (
          -- Of a component, by itself and as a part of bundles.
          select i, channel_code, sku, sum(units) as units from (
            select i, channel_code, sku, units from waited
            union all
            select waited.i, waited.channel_code, made.component_sku, waited.units * made.quantity from waited join inventory.bundle_component made on made.bundle_sku = waited.sku
          ) part group by i, channel_code, sku
        ), terms as (
          select channel.code, limits.sku, inventory.waitable(limits.sku, limits.backorder_units) as backorder_units
          from (select channel_code as code, array_agg(distinct sku) as skus from wanted group by channel_code) channel
          cross join lateral inventory.channel_terms(channel.code, channel.skus) limits
        )
        select array_agg(distinct i) into v_out from (
          select member.i from (
            select i, sku, channel_code, sum(units) over (partition by sku order by i) as units from wanted
          ) member join terms on terms.code = member.channel_code and terms.sku = member.sku
          where member.units > terms.backorder_units
          union all
          -- Who may wait for what is to come only: of a component that bundles share, all before it counted, for no more than that.
          select claim.i from (
            select waited.i, coalesce(made.component_sku, waited.sku) as sku
            from waited left join inventory.bundle_component made on made.bundle_sku = waited.sku
            where inventory.waits_for_incoming(waited.channel_code, waited.sku)
          ) claim join (select i, sku, sum(units) over (partition by sku order by i) as units from wanted) counted using (i, sku)
          where counted.units > inventory.unclaimed_supply(claim.sku)
        ) misfit;
        v_fit := array(select i from unnest(v_fit) as i where v_out is null or i <> all (v_out));

        -- Who waits while there is something was planned on old facts. What those leave who do not fit is free for others: until none is left.
        v_nodes := inventory.nodes_in_scope(null);
        select array_agg(distinct coalesce(made.component_sku, wait.sku)) into v_stocked
        from unnest(p_waits) wait left join inventory.bundle_component made on made.bundle_sku = wait.sku;
        loop
          with part as (
            select distinct wait.i, wait.sku, coalesce(made.component_sku, wait.sku) as stocked, coalesce(made.quantity, 1) as quantity
            from unnest(p_waits) wait left join inventory.bundle_component made on made.bundle_sku = wait.sku
            where wait.i = any (v_fit)
          ), taken as (
            select sku, location_id, sum(quantity) as units from unnest(p_takes) where i = any (v_fit) group by sku, location_id
          ), stock as materialized (
            select stock.sku, stock.location_id, stock.available - coalesce(taken.units, 0) as units
            from inventory.stock_at(v_stocked, v_nodes, clock_timestamp()) stock left join taken using (sku, location_id)
          ), whole as (
            select i, sku, sum(units) as units from (
              select part.i, part.sku, node.id, min(coalesce(stock.units, 0) / part.quantity) as units
              from part cross join unnest(v_nodes) as node (id) left join stock on stock.sku = part.stocked and stock.location_id = node.id
              group by part.i, part.sku, node.id
            ) here where units > 0 group by i, sku
          ), free as (
            select part.i, part.sku, min((coalesce(total.units, 0) - coalesce(kept.units, 0)) / part.quantity) as units
            from part
            left join (select sku, sum(units) as units from stock group by sku) total on total.sku = part.stocked
            left join json_to_recordset(p_withheld) as kept (i int, sku text, units int) on kept.i = part.i and kept.sku = part.stocked
            group by part.i, part.sku
          )
          select array_agg(distinct whole.i) into v_out
          from whole join free using (i, sku) join json_to_recordset(p_orders) as o (i int, channel_code text) using (i)
          where least(whole.units, free.units) >= 1 and inventory.released(o.channel_code, sku);
          exit when v_out is null;
          v_fit := array(select i from unnest(v_fit) as i where i <> all (v_out));
        end loop;
        return nullif(v_fit, '{}');
      end $$;
  `);
}
