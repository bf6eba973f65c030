import type { Knex } from 'knex';

/**
 * Orders and holds of bundles, of goods that are waited for, and orders on holds that are over are settled in batches too,
 * by the same locks in the same order as alone: recipes, positions, holds, then what waits.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.sale_terms(p_channel_code text, p_skus text[])
    returns table (sku text, withheld int, cap int, kept_back int, backorder_units int, is_released boolean, parts jsonb, is_unusual boolean, is_closed boolean)
    language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_fallback inventory.fallback := inventory.fallback_of(p_channel_code);
      v_degraded boolean := not (v_fallback is null); -- one whose every field is null
      v_nodes text[];
      v_components text[] := array(select component_sku from inventory.bundle_component where bundle_sku = any (p_skus));
    begin
      if v_degraded then v_nodes := inventory.nodes_in_scope(null); end if;
      return query
      with terms as materialized (select * from inventory.channel_terms(p_channel_code, p_skus || v_components))
      select terms.sku, terms.withheld, least(terms.cap, v_fallback.cap),
             -- Who leaves the threshold behind found more than it: whoever does not is looked at alone, exactly.
             case when v_degraded then coalesce(v_fallback.threshold, 0) + inventory.buffer_of(v_fallback, terms.sku, v_nodes) else 0 end,
             case when v_fallback.cap = 0 then 0 else terms.backorder_units end,
             terms.release_at is null,
             case when terms.is_bundle then (
               select jsonb_object_agg(component_sku, quantity) from inventory.bundle_component where bundle_sku = terms.sku) end,
             terms.by_location or (terms.is_bundle and (v_degraded or coalesce(terms.withheld, 0) > 0 or exists (
               select from inventory.bundle_component made join terms part on part.sku = made.component_sku
               where made.bundle_sku = terms.sku and (part.by_location or part.is_bundle)))),
             v_fallback.orders is not null
      from terms;
    end
    $$;
    comment on function inventory.sale_terms is 'What a channel may do with SKUs and with the components of those that are bundles, as a batch needs it. is_unusual: rules of single locations, or a bundle with rules of its own: more than a batch understands.';

    create function inventory.batch_supply(p_skus text[], p_enough int)
    returns table (sku text, location_id text, preference int, available int, has_more boolean)
    language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      #variable_conflict use_column
      begin
        return query
        select position.sku, position.location_id, node.preference, stock.available, stock.has_more
        from (
          select sku, least(2000000000, max(quantity) * p_enough::bigint) as enough from (
            select unnest(p_skus) collate "C" as sku, 1 as quantity
            union all
            select component_sku collate "C", quantity from inventory.bundle_component where bundle_sku = any (p_skus)
          ) part group by sku
        ) asked
        join inventory.position on position.sku = asked.sku
        join (select id, shippable, row_number() over (order by priority, code)::int as preference from inventory.location) node on node.id = position.location_id
        cross join lateral (select position.on_hand - position.committed - position.reserved - position.safety_stock as units) surely
        cross join lateral (
          select surely.units::int as available, true as has_more where surely.units >= asked.enough
          union all
          select exactly.available, false from inventory.stock_at(array[position.sku], array[position.location_id], clock_timestamp()) exactly
          where surely.units < asked.enough
        ) stock
        where node.shippable;
      end $$;
    comment on function inventory.batch_supply is 'What can be had of SKUs, and of the components of those that are bundles, at each node that ships. Where there is enough whatever happens to holds, that number, which may be too small (has_more); else the exact one.';

    create function inventory.named_holds(p_reservation_ids text[])
    returns table (reservation_id text, channel_code text, state text, sku text, location_id text, preference int, quantity int)
    language plpgsql stable set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      begin
        return query
        select hold.id, hold.channel_code,
               case when hold.state in ('COMMITTED', 'CONSUMED') or exists (select from inventory.reservation other where other.reacquires = hold.id) then 'USED'
                    when hold.state = 'RELEASED' then 'RELEASED'
                    when hold.location_id is not null then 'BOUND'
                    when hold.state = 'EXPIRED' or hold.expires_at <= clock_timestamp() or inventory.lost_units(hold.id) then 'OVER'
                    else 'LIVE' end,
               coalesce(line.bundle_sku, line.sku), line.location_id, node.preference, sum(inventory.sold_units(line))::int
        from inventory.reservation hold
        join inventory.reservation_line line on line.reservation_id = hold.id
        join (select id, row_number() over (order by priority, code)::int as preference from inventory.location) node on node.id = line.location_id
        where hold.id = any (p_reservation_ids)
        group by hold.id, coalesce(line.bundle_sku, line.sku), line.location_id, node.preference
        having sum(inventory.sold_units(line)) > 0
        order by hold.id, node.preference, coalesce(line.bundle_sku, line.sku);
      end $$;
    comment on function inventory.named_holds is 'What holds keep or kept, as it was sold, and whether an order can use them at this instant: LIVE is its own, OVER has to be found again, USED and RELEASED never; BOUND to a store. One nobody knows has no row.';

    create type inventory.part as (i int, line_id text, sku text, location_id text, quantity int, bundle_sku text, bundle_no int, per_bundle int);

    create function inventory.known_recipes(p_members json, p_fit int[]) returns int[]
    language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_made jsonb;
      begin
        select jsonb_agg(jsonb_build_object('i', i, 'recipes', recipes)) into v_made
        from json_to_recordset(p_members) as member (i int, recipes jsonb) where i = any (p_fit) and recipes is not null;
        if v_made is null then return p_fit; end if;
        -- Before the positions, as everybody; from here on nobody changes a recipe.
        perform pg_advisory_xact_lock_shared(hashtextextended('inventory.bundles', 0));
        return (
          select array_agg(member) from unnest(p_fit) as member where not exists (
            select from jsonb_to_recordset(v_made) as made (i int, recipes jsonb), jsonb_each(made.recipes) as bundle (sku, recipe)
            where made.i = member and bundle.recipe is distinct from (
              select jsonb_object_agg(component_sku, quantity) from inventory.bundle_component where bundle_sku = bundle.sku)));
      end $$;
    comment on function inventory.known_recipes is 'Members whose bundles are made of what they were planned with, and keeps it so until the end of the transaction.';

    create function inventory.usable_holds(p_orders json, p_parts inventory.part[], p_members int[]) returns int[]
    language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_now timestamptz;
      begin
        perform from inventory.reservation
        where id in (select coalesce(hold_id, reacquires) from json_to_recordset(p_orders) as o (i int, hold_id text, reacquires text) where i = any (p_members))
        order by id for update;
        -- Read after the wait for the locks: from here on a hold is either alive or over.
        v_now := clock_timestamp();
        return (
          select array_agg(first.i) from (
            select distinct on (coalesce(hold_id, reacquires)) i, hold_id, coalesce(hold_id, reacquires) as id, channel_code
            from json_to_recordset(p_orders) as o (i int, hold_id text, reacquires text, channel_code text)
            where i = any (p_members) order by coalesce(hold_id, reacquires), i
          ) first
          join inventory.reservation hold on hold.id = first.id
          where hold.location_id is null and hold.channel_code is not distinct from first.channel_code and hold.order_id is null
            and not exists (select from inventory.reservation other where other.reacquires = hold.id)
            and case when first.hold_id is null then
              hold.state = 'EXPIRED' or (hold.state = 'HELD' and (hold.expires_at <= v_now or inventory.lost_units(hold.id)))
            else
              hold.state = 'HELD' and hold.expires_at > v_now and not exists (
                select from (
                  select part.sku, part.location_id, part.bundle_sku, sum(part.quantity) as units from unnest(p_parts) part where part.i = first.i group by 1, 2, 3
                ) asked
                full join (
                  select line.sku, line.location_id, line.bundle_sku, sum(line.quantity) filter (where line.state = 'HELD') as units
                  from inventory.reservation_line line where line.reservation_id = first.id group by 1, 2, 3
                ) kept on kept.sku = asked.sku and kept.location_id = asked.location_id and coalesce(kept.bundle_sku, '') = coalesce(asked.bundle_sku, '')
                where asked.units is distinct from kept.units
              ) end);
      end $$;
    comment on function inventory.usable_holds is 'Locks the holds of a batch, whose positions are locked, and tells the members that may use theirs: alive and exactly of what they take, or over and not found again by another order.';

    create function inventory.fitting_waits(p_orders json, p_waits inventory.part[], p_takes inventory.take[], p_withheld json, p_members int[]) returns int[]
    language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      declare
        v_fit int[] := p_members;
        v_nodes text[];
        v_stocked text[];
        v_out int[];
      begin
        if not exists (select from unnest(p_waits) where i = any (v_fit)) then return v_fit; end if;
        -- Two orders that count what waits must not both take the last place. Always after the positions, by SKU.
        perform pg_advisory_xact_lock(hashtextextended('inventory.backorder:' || sku, 0))
        from (select distinct sku from unnest(p_waits) where i = any (v_fit) order by sku) waited;
        with waited as materialized (
          select wait.i, wait.sku, sum(wait.quantity) as units, o.channel_code
          from unnest(p_waits) wait join json_to_recordset(p_orders) as o (i int, channel_code text) using (i)
          where wait.i = any (v_fit) group by wait.i, wait.sku, o.channel_code
        ), terms as (
          select channel.code, limits.sku, limits.backorder_units
          from (select channel_code as code, array_agg(distinct sku) as skus from waited group by channel_code) channel
          cross join lateral inventory.channel_terms(channel.code, channel.skus) limits
        )
        select array_agg(member.i) into v_out from (
          select i, sku, channel_code, sum(units) over (partition by sku order by i) as units from waited
        ) member join terms on terms.code = member.channel_code and terms.sku = member.sku
        where member.units > terms.backorder_units;
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
    comment on function inventory.fitting_waits is 'Members of a batch, whose positions are locked at every node, whose orders may wait for what they wait for: as far as the limits of their channels allow, and only for what is not there once all that fit have theirs.';

    create function inventory.write_parts(p_owners json, p_parts inventory.part[], p_members int[], p_state text, p_at timestamptz) returns void
    language plpgsql set plan_cache_mode = force_generic_plan as $$
      begin
        with bundle as materialized (
          select i, bundle_no, nextval('inventory.bundle_set_number') as number
          from (select distinct i, bundle_no from unnest(p_parts) where bundle_no is not null and i = any (p_members) order by i, bundle_no) one
        )
        insert into inventory.reservation_line (reservation_id, order_line_id, sku, location_id, quantity, state, expires_at, bundle_sku, bundle_set, component_no, per_bundle)
        select owner.reservation_id, part.line_id, part.sku, part.location_id, part.quantity, p_state, p_at + make_interval(secs => owner.ttl_seconds),
               part.bundle_sku, bundle.number,
               case when part.bundle_no is not null then row_number() over (partition by part.i, part.bundle_no order by part.sku) end, part.per_bundle
        from json_to_recordset(p_owners) as owner (i int, reservation_id text, ttl_seconds int)
        join unnest(p_parts) with ordinality as part (i, line_id, sku, location_id, quantity, bundle_sku, bundle_no, per_bundle, place) using (i)
        left join bundle using (i, bundle_no)
        where owner.i = any (p_members)
        order by part.place; -- what was taken last is given back first
      end $$;
    comment on function inventory.write_parts is 'Writes the lines of the reservations of a batch; a bundle is one line per component, numbered in the order of everybody.';

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
          select array_agg(row(i, line_id, sku, location_id, case when v_held is not null and i = any (v_held) then 0 else quantity end)::inventory.take) from unnest(v_parts));
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
    comment on function inventory.commit_orders is 'Commits the stock of the orders of a batch that fit, and notes what they wait for: takes without a location. Locks recipes, positions, holds and limits of what waits, in this order. Returns the members that fit, null when none does.';

    create or replace function inventory.place_holds(p_claims json, p_holds json, p_takes json, p_withheld json)
    returns table (i int, kind text, result jsonb) language plpgsql
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      #variable_conflict use_column
      declare
        v_parts inventory.part[];
        v_members int[]; v_fit int[];
        v_known jsonb;
        v_deltas inventory.delta[];
        v_now timestamptz;
      begin
        select array_agg(claim.i) filter (where claim.kind = 'CLAIMED'), jsonb_agg(claim) filter (where claim.kind in ('REPLAY', 'CONFLICT'))
        into v_members, v_known from integration.claim_idempotency_keys('reservationHold', p_claims) claim;
        if v_known is not null then
          return query select known.i, known.kind, known.result from jsonb_to_recordset(v_known) as known (i int, kind text, result jsonb);
        end if;
        if v_members is null then return; end if;

        select array_agg(part) into v_parts from json_populate_recordset(null::inventory.part, p_takes) part;
        v_fit := inventory.fitting_takes((
          select array_agg(row(part.i, part.line_id, part.sku, part.location_id, part.quantity)::inventory.take) from unnest(v_parts) part
        ), inventory.known_recipes(p_holds, v_members), p_withheld);
        if v_fit is null then return; end if;
        v_now := clock_timestamp();
        with hold as materialized (
          select i, id, v_now + make_interval(secs => ttl_seconds) as expires_at, channel_code, customer_id
          from json_to_recordset(p_holds) as hold (i int, id text, ttl_seconds int, channel_code text, customer_id text)
          where i = any (v_fit)
        ), kept as (
          insert into inventory.reservation (id, state, expires_at, channel_code, customer_id)
          select id, 'HELD', expires_at, channel_code, customer_id from hold
        )
        select array_agg(row(part.sku, part.location_id, part.quantity, 0, hold.id)::inventory.delta) into v_deltas
        from hold join unnest(v_parts) part using (i);
        perform inventory.write_parts((
          select json_agg(json_build_object('i', i, 'reservation_id', id, 'ttl_seconds', ttl_seconds))
          from json_to_recordset(p_holds) as hold (i int, id text, ttl_seconds int) where i = any (v_fit)
        ), v_parts, v_fit, 'HELD', v_now);
        perform inventory.move('HOLD', v_deltas);
        perform integration.store_answers('reservationHold', p_claims, v_fit);
        return query select member, 'DONE', null::jsonb from unnest(v_fit) as member;
      end
      $$;

    drop function inventory.matching_holds(json, inventory.take[], int[]);
  `);
}
