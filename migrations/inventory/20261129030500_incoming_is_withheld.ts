import type { Knex } from 'knex';

/**
 * Goods on their way were promised to orders that wait, by `backorder: incoming`, of channels that have to leave them to
 * others: what comes fills up first what a rule withholds and is not there.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.withheld_by_rule(p_channel_code text, p_sku text) returns int language sql stable as $$
      select withheld from inventory.channel_rule
      where (channel_code is null or channel_code = p_channel_code) and (sku is null or sku = p_sku)
        and withheld is not null and location_id is null
      order by sku is null, channel_code is null limit 1
    $$;
    comment on function inventory.withheld_by_rule is 'Units of a SKU that the closest rule has a channel leave to others. Null: no rule says it.';

    create function inventory.free_units(p_sku text) returns bigint language sql stable as $$
      select coalesce(sum(available), 0)::bigint from inventory.stock_at(array[p_sku], inventory.nodes_in_scope(null), clock_timestamp())
    $$;
    comment on function inventory.free_units is 'Units of a SKU that nodes which ship can give now.';

    create function inventory.unclaimed_supply(p_sku text, p_withheld int) returns bigint language sql stable as $$
      select case when coalesce(p_withheld, 0) = 0 then inventory.unclaimed_supply(p_sku)
        else greatest(0, inventory.unclaimed_supply(p_sku) - greatest(0, p_withheld - inventory.free_units(p_sku))) end
    $$;
    comment on function inventory.unclaimed_supply(text, int) is 'Units to come that nobody waits for, less those that fill up what is to be left to others.';

    create or replace function inventory.own_terms(p_channel_code text, p_skus text[]) returns table(sku text, withheld integer, cap integer, backorder_units integer, is_bundle boolean, release_at timestamp with time zone, by_location boolean) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    begin
      return query
      select asked.sku, rule.withheld, rule.cap,
             case
               when rule.release_at is not null then
                 case when rule.preorder_units is not null then greatest(0, rule.preorder_units - waiting.units)::int end
               when rule.backorder = 'NONE' then 0
               when rule.backorder = 'UNITS' then greatest(0, rule.backorder_units - waiting.units)::int
               when rule.backorder = 'INCOMING' then least(2000000000, case when bundle.made_of is null then inventory.unclaimed_supply(asked.sku, rule.withheld) else (
                 select greatest(0, min(inventory.unclaimed_supply(component_sku, part.withheld) / quantity)
                          -- A bundle's own rule leaves whole bundles, of what its components leave.
                          - greatest(0, coalesce(rule.withheld, 0) - min(greatest(0, part.free - part.withheld) / quantity)))
                 from inventory.bundle_component
                 cross join lateral (
                   select coalesce(inventory.withheld_by_rule(p_channel_code, component_sku), 0) as withheld, inventory.free_units(component_sku) as free
                 ) part
                 where bundle_sku = asked.sku) end)::int
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

    create or replace function inventory.fitting_waits(p_orders json, p_waits inventory.part[], p_takes inventory.take[], p_withheld json, p_members integer[]) returns int[] language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
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
            select waited.i, waited.channel_code, coalesce(made.component_sku, waited.sku) as sku
            from waited left join inventory.bundle_component made on made.bundle_sku = waited.sku
            where inventory.waits_for_incoming(waited.channel_code, waited.sku)
          ) claim join (select i, sku, sum(units) over (partition by sku order by i) as units from wanted) counted using (i, sku)
          where counted.units > inventory.unclaimed_supply(claim.sku, inventory.withheld_by_rule(claim.channel_code, claim.sku))
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
