import type { Knex } from 'knex';

/**
 * Orders of one batch that wait for different bundles are counted together at the components these share: where the rule
 * was about the bundles and not about the component, each was measured by itself against all that was to come.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.waits_for_incoming(p_channel_code text, p_sku text) returns boolean language sql stable as $$
      select coalesce(
        (array_agg(backorder order by sku is null, channel_code is null) filter (where backorder is not null))[1] = 'INCOMING'
        and not coalesce(bool_or(release_at > clock_timestamp()), false), false)
      from inventory.channel_rule
      where (channel_code is null or channel_code = p_channel_code) and (sku is null or sku = p_sku)
    $$;
    comment on function inventory.waits_for_incoming is 'Whether orders of a channel may wait for a SKU as far as what is to come of it, or of its components, reaches.';

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
          select channel.code, limits.sku, limits.backorder_units as ruled, inventory.waitable(limits.sku, limits.backorder_units) as backorder_units
          from (select channel_code as code, array_agg(distinct sku) as skus from wanted group by channel_code) channel
          cross join lateral inventory.channel_terms(channel.code, channel.skus) limits
        )
        select array_agg(distinct i) into v_out from (
          select member.i from (
            select i, sku, channel_code, sum(units) over (partition by sku order by i) as units, false as in_bundles from waited
            union all
            select i, sku, channel_code, sum(units) over (partition by sku order by i), true from wanted
          ) member join terms on terms.code = member.channel_code and terms.sku = member.sku
          where member.units > case when member.in_bundles then terms.ruled else terms.backorder_units end
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
