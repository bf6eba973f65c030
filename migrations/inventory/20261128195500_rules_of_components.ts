import type { Knex } from 'knex';

/** What a rule allows of a component is allowed of its bundles: with them one could have more of it, and wait for any number. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.own_terms(p_channel_code text, p_skus text[])
returns TABLE(sku text, withheld int, cap int, backorder_units int, is_bundle boolean, release_at timestamptz, by_location boolean) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    begin
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
      -- A limit of one channel counts that channel's orders; a limit of all counts all. Who waits for a bundle waits for its components.
      left join lateral (
        select coalesce(sum(backorder.quantity * sold.quantity), 0) as units
        from (select asked.sku, 1 as quantity union all select bundle_sku, quantity from inventory.bundle_component where component_sku = asked.sku) sold
        join inventory.backorder on backorder.sku = sold.sku
        where (rule.release_at is not null or rule.backorder = 'UNITS')
          and (not case when rule.release_at is not null then rule.preorder_own else rule.backorder_own end or channel_code = p_channel_code)
      ) waiting on true;
    end
    $$;
    comment on function inventory.own_terms is 'What rules of a channel say of SKUs by themselves; see inventory.channel_terms for what they come to for bundles.';

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
      with terms as materialized (
        select * from inventory.own_terms(p_channel_code, p_skus || array(select component_sku from inventory.bundle_component where bundle_sku = any (p_skus)))
      )
      select terms.sku, terms.withheld, least(terms.cap, part.cap), least(terms.backorder_units, part.backorder_units), terms.is_bundle, terms.release_at, terms.by_location
      from terms
      -- What may not be had of a component may not be had as a part of a bundle either.
      left join lateral (
        select min(own.cap / made.quantity) as cap, min(own.backorder_units / made.quantity) filter (where own.backorder_units < 2000000000) as backorder_units
        from inventory.bundle_component made join terms own on own.sku = made.component_sku where made.bundle_sku = terms.sku
      ) part on terms.is_bundle
      where terms.sku = any (p_skus);
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
        -- Two orders that count what waits must not both take the last place, of a component either. Always after the positions, by SKU.
        perform pg_advisory_xact_lock(hashtextextended('inventory.backorder:' || waited.sku, 0))
        from (select distinct unnest(p_skus || v_stocked) as sku order by sku) waited;
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

    create or replace function inventory.fitting_waits(p_orders json, p_waits inventory.part[], p_takes inventory.take[], p_withheld json, p_members int[])
returns int[] language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
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
          select channel.code, limits.sku, limits.backorder_units as ruled, inventory.waitable(limits.sku, limits.backorder_units) as backorder_units
          from (select channel_code as code, array_agg(distinct sku) as skus from wanted group by channel_code) channel
          cross join lateral inventory.channel_terms(channel.code, channel.skus) limits
        )
        select array_agg(distinct member.i) into v_out from (
          select i, sku, channel_code, sum(units) over (partition by sku order by i) as units, false as in_bundles from waited
          union all
          select i, sku, channel_code, sum(units) over (partition by sku order by i), true from wanted
        ) member join terms on terms.code = member.channel_code and terms.sku = member.sku
        where member.units > case when member.in_bundles then terms.ruled else terms.backorder_units end;
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
