import type { Knex } from 'knex';

/** Where no rule says how much may wait for stock there is a limit all the same: one order could wait for any number of units. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table inventory.default_backorder (only_row boolean primary key default true check (only_row), units int not null check (units between 0 and 100000000));
    comment on table inventory.default_backorder is 'Units of a SKU that orders may wait for where no rule says it. No row: any number.';

    create function inventory.waitable(p_sku text, p_ruled int) returns int language sql stable as $$
      select coalesce(p_ruled, (
        select greatest(0, units - coalesce((select sum(quantity) from inventory.backorder where sku = p_sku), 0))::int from inventory.default_backorder))
    $$;
    comment on function inventory.waitable is 'Units of a SKU that orders may still wait for: what a rule of the channel leaves, or the default less what waits already. Null: any number.';

    create or replace function inventory.channel_terms(p_channel_code text, p_skus text[])
returns TABLE(sku text, withheld int, cap int, backorder_units int, is_bundle boolean, release_at timestamptz, by_location boolean) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    begin
      -- Asked for every order; most shops have rules for few goods or none.
      if not exists (select from inventory.channel_rule) then
        return query
        select asked.sku, null::int, null::int, null::int, exists (select from inventory.bundle_component where bundle_sku = asked.sku), null::timestamptz, false
        from (select distinct unnest(p_skus) collate "C" as sku) asked;
        return;
      end if;
      return query
      select asked.sku, rule.withheld, rule.cap,
             case
               when rule.release_at is not null then
                 case when rule.preorder_units is not null then greatest(0, rule.preorder_units - waiting.units)::int end
               when rule.backorder = 'NONE' then 0
               when rule.backorder = 'UNITS' then greatest(0, rule.backorder_units - waiting.units)::int
               when rule.backorder = 'INCOMING' then least(2000000000, case when bundle.made_of is null then inventory.unclaimed_supply(asked.sku) else (
                 select min(inventory.unclaimed_supply(component_sku) / quantity) from inventory.bundle_component where bundle_sku = asked.sku) end)::int
               when rule.backorder = 'UNLIMITED' then 2000000000
             end,
             bundle.made_of is not null, rule.release_at, coalesce(rule.by_location, false)
      from (select distinct unnest(p_skus) collate "C" as sku) asked
      left join lateral (
        -- Per word, the rule with the closest scope that says it: channel and SKU, SKU, channel, all.
        select (array_agg(withheld order by closeness) filter (where withheld is not null and location_id is null))[1] as withheld,
               (array_agg(cap order by closeness) filter (where cap is not null and location_id is null))[1] as cap,
               (array_agg(backorder order by closeness) filter (where backorder is not null))[1] as backorder,
               (array_agg(backorder_units order by closeness) filter (where backorder is not null))[1] as backorder_units,
               (array_agg(closeness in (1, 3) order by closeness) filter (where backorder is not null))[1] as backorder_own,
               (array_agg(release_at order by closeness) filter (where release_at > clock_timestamp()))[1] as release_at,
               (array_agg(preorder_units order by closeness) filter (where release_at > clock_timestamp()))[1] as preorder_units,
               (array_agg(closeness in (1, 3) order by closeness) filter (where release_at > clock_timestamp()))[1] as preorder_own,
               bool_or(location_id is not null) as by_location
        from (
          select *, case when channel_code is null then case when sku is null then 4 else 2 end else case when sku is null then 3 else 1 end end as closeness
          from inventory.channel_rule
          where (channel_code is null or channel_code = p_channel_code) and (channel_rule.sku is null or channel_rule.sku = asked.sku)
        ) fitting
      ) rule on true
      left join lateral (select min(component_sku) as made_of from inventory.bundle_component where bundle_sku = asked.sku) bundle on true
      -- A limit of one channel counts that channel's orders; a limit of all counts all.
      left join lateral (
        select coalesce(sum(quantity), 0) as units from inventory.backorder
        where (rule.release_at is not null or rule.backorder = 'UNITS') and backorder.sku = asked.sku
          and (not case when rule.release_at is not null then rule.preorder_own else rule.backorder_own end or channel_code = p_channel_code)
      ) waiting on true;
    end
    $$;

    create or replace function inventory.sellable(p_channel_code text, p_safety_stock int, p_under_terms boolean, p_skus text[], p_location_ids text[], p_offers inventory.offer[], p_at timestamptz)
returns setof inventory.sellable_units language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_components text[];
      v_free inventory.offer[];
      v_fallback inventory.fallback;
      v_degraded boolean := false;
    begin
      select array_agg(distinct component_sku) into v_components from inventory.bundle_component where bundle_sku = any (p_skus);
      if v_components is not null then
        select array_agg(offer) into v_free from inventory.offers(p_channel_code, p_under_terms, v_components, p_location_ids, null, p_at) offer;
      end if;
      if p_under_terms then
        v_fallback := inventory.fallback_of(p_channel_code);
        v_degraded := num_nonnulls(v_fallback.cap, v_fallback.threshold, v_fallback.buffer_units, v_fallback.buffer_percent) > 0;
      end if;
      return query
      with terms as (
        select * from inventory.channel_terms(p_channel_code, p_skus || v_components) where p_under_terms
      ), total as (
        select sku, sum(own) as own, sum(free) as free from unnest(p_offers) group by sku
      ), limited as (
        -- What is withheld of a component is withheld of its bundles too.
        select part.bundle_sku as sku, min(greatest(0, coalesce(free.units, 0) - case when p_under_terms then coalesce(terms.withheld, p_safety_stock) else 0 end) / part.quantity) as free
        from inventory.bundle_component part
        left join (select sku, sum(free) as units from unnest(v_free) group by sku) free on free.sku = part.component_sku
        left join terms on terms.sku = part.component_sku
        where part.bundle_sku = any (p_skus)
        group by part.bundle_sku
      ), allowed as (
        -- The channel's safety stock is withheld from the total of what is free; a hold was granted and is not reduced by it.
        select asked.sku, limited.sku is not null as is_bundle, coalesce(total.own, 0)::int as own,
               greatest(0, least(coalesce(total.free, 0), limited.free)
                 - case when limited.sku is null and p_under_terms then coalesce(terms.withheld, p_safety_stock) else coalesce(terms.withheld, 0) end)::int as free,
               terms.backorder_units, terms.cap, terms.release_at
        from (select distinct unnest(p_skus) collate "C" as sku) asked
        left join total using (sku) left join terms using (sku) left join limited using (sku)
      )
      select sku, is_bundle or exists (select from inventory.position where position.sku = allowed.sku), own,
             own + least(allowed.cap, case when v_degraded then inventory.fall_back(free, v_fallback, sku, p_location_ids) else free end),
             case when v_fallback.cap = 0 then 0 when p_under_terms then inventory.waitable(sku, backorder_units) end,
             greatest(least(allowed.cap, v_fallback.cap), case when coalesce(allowed.cap, v_fallback.cap) is not null then own end), release_at, is_bundle
      from allowed;
    end
    $$;

    create or replace function inventory.take_stock(p_order_id text, p_line_ids text[], p_skus text[], p_quantities int[], p_location_id text, p_safety_stock int, p_allow_backorder boolean, p_reservation_id text, p_channel_code text, p_not_location_id text, p_under_terms boolean)
returns setof inventory.taken language plpgsql set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_nodes text[] := array_remove(inventory.nodes_in_scope(p_location_id), p_not_location_id);
      v_stocked text[];
      v_bundles text[];
      v_bundle text;
      v_verdict text;
      v_hold_id text := p_reservation_id;
      v_now timestamptz;
      v_rows inventory.taken[];
      v_all inventory.taken[] := '{}';
    begin
      perform inventory.check_lines(p_skus, p_quantities);
      if cardinality(p_line_ids) is distinct from cardinality(p_skus) then
        raise exception 'every line needs an id' using errcode = '22023';
      end if;
      v_stocked := inventory.stocked_skus(p_skus);
      if p_reservation_id is not null then
        -- A node may have been taken out of shipping since the hold, a bundle made of other things: what is held still belongs to the order.
        select array_agg(distinct node) into v_nodes from (
          select unnest(v_nodes) as node union all select location_id from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD'
        ) scope;
        select array_agg(distinct stocked) into v_stocked from (
          select unnest(v_stocked) as stocked union all select sku from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD'
        ) scope;
      end if;
      perform inventory.lock_positions(v_stocked, v_nodes);
      -- Read once, after the wait for the locks: from here on a hold is either alive or over, for every step alike.
      v_now := clock_timestamp();
      perform inventory.end_overdue_lines(v_stocked, v_nodes, v_now);
      if p_reservation_id is not null then
        v_verdict := case when exists (select from inventory.reservation where order_id = p_order_id) then 'RESERVATION_MISMATCH'
          else inventory.check_hold(p_reservation_id, p_skus, p_quantities, p_location_id, p_channel_code, v_now) end;
        if v_verdict = 'REACQUIRE' then
          v_hold_id := null;
        elsif v_verdict is not null then
          return query select v_verdict, null::text, null::text, null::text, null::int, null::int;
          return;
        end if;
      end if;
      if p_under_terms and p_allow_backorder then
        -- Two orders that count what waits must not both take the last place. Always after the positions, by SKU.
        perform pg_advisory_xact_lock(hashtextextended('inventory.backorder:' || waited.sku, 0))
        from (select distinct unnest(p_skus) as sku order by sku) waited;
      end if;
      select coalesce(array_agg(distinct bundle_sku order by bundle_sku), '{}') into v_bundles from inventory.bundle_component where bundle_sku = any (p_skus);

      if cardinality(v_bundles) = 0 then
        select array_agg(taken) into v_all from inventory.take_part(p_order_id, p_line_ids, p_skus, p_quantities, p_location_id, v_nodes,
          p_safety_stock, p_allow_backorder, v_hold_id, p_channel_code, p_under_terms, v_now) taken;
      else
        begin
          foreach v_bundle in array v_bundles || null::text loop
            -- What one part of the order takes is gone for the next: they may share components.
            select array_agg(taken) into v_rows
            from (select array_agg(line.id order by line_no) as ids, array_agg(line.sku order by line_no) as skus, array_agg(line.quantity order by line_no) as quantities
                  from unnest(p_line_ids, p_skus, p_quantities) with ordinality as line (id, sku, quantity, line_no)
                  where case when v_bundle is null then line.sku <> all (v_bundles) else line.sku = v_bundle end) part,
                 inventory.take_part(p_order_id, part.ids, part.skus, part.quantities, p_location_id, v_nodes,
                   p_safety_stock, p_allow_backorder, v_hold_id, p_channel_code, p_under_terms, v_now) taken
            where part.skus is not null;
            v_all := v_all || v_rows;
          end loop;
          if exists (select from unnest(v_all) where kind in ('SHORT', 'UNKNOWN_SKU')) then
            raise exception 'short' using errcode = 'IV001';
          end if;
        exception when sqlstate 'IV001' then
          -- All or nothing: what was taken for the parts that could be had is undone.
          select array_agg(taken) into v_all from unnest(v_all) taken where kind in ('SHORT', 'UNKNOWN_SKU');
        end;
      end if;

      if v_verdict = 'REACQUIRE' then
        if exists (select from unnest(v_all) where kind = 'SHORT') then
          return query select 'RESERVATION_EXPIRED', null::text, null::text, null::text, null::int, null::int;
          return;
        end if;
        update inventory.reservation set reacquires = p_reservation_id where order_id = p_order_id;
      end if;
      return query
      select taken.kind, taken.line_id, taken.sku, taken.location_id, taken.quantity, taken.available
      from unnest(v_all) with ordinality as taken (kind, line_id, sku, location_id, quantity, available, place)
      join unnest(p_line_ids) with ordinality as line (id, line_no) on line.id = taken.line_id
      order by line_no, place;
    end
    $$;

    create or replace function inventory.sale_terms(p_channel_code text, p_skus text[])
returns TABLE(sku text, withheld int, cap int, kept_back int, backorder_units int, is_released boolean, parts jsonb, is_unusual boolean, is_closed boolean) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
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
             case when v_fallback.cap = 0 then 0 else inventory.waitable(terms.sku, terms.backorder_units) end,
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

    create or replace function inventory.fitting_waits(p_orders json, p_waits inventory.part[], p_takes inventory.take[], p_withheld json, p_members int[])
returns int[] language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
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
          select channel.code, limits.sku, inventory.waitable(limits.sku, limits.backorder_units) as backorder_units
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
  `);
}
