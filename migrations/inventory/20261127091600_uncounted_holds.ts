import type { Migration } from '../../platform/db/migrate.ts';

/**
 * The live holds of a popular SKU are many, and counting them for every batch would make each batch slower than the one
 * before. Their number in the position, expired ones included, is an upper bound: where there is enough even so, nothing
 * is counted.
 */
export const uncountedHolds: Migration = {
  async up(knex) {
    await knex.raw(`
      drop function inventory.supply(text[]);
      create function inventory.supply(p_skus text[], p_enough int) returns table (sku text, location_id text, preference int, available int)
      language sql stable as $$
        select position.sku, position.location_id, node.preference, stock.available
        from (select id, shippable, row_number() over (order by priority, code)::int as preference from inventory.location) node
        join inventory.position on position.location_id = node.id
        cross join lateral (select position.on_hand - position.committed - position.reserved - position.safety_stock as units) surely
        cross join lateral (
          select surely.units::int as available where surely.units >= p_enough
          union all
          select exactly.available from inventory.stock_at(array[position.sku], array[position.location_id], clock_timestamp()) exactly
          where surely.units < p_enough
        ) stock
        where node.shippable and position.sku = any (p_skus) and stock.available > 0
      $$;
      comment on function inventory.supply is 'What orders without a location can take, per SKU and node, at this instant: exactly, or at least so many when that is enough. A lower preference goes first.';

      create or replace function inventory.fitting_takes(p_takes inventory.take[], p_members int[], p_withheld json) returns int[]
      language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_nodes text[] := inventory.nodes_in_scope(null);
        v_scarce text[];
        v_misfits int[];
      begin
        select array_agg(distinct sku) into v_scarce from json_to_recordset(p_withheld) as withheld (i int, sku text);

        perform from inventory.position
        join (
          select sku, location_id from unnest(p_takes) where i = any (p_members)
          union
          select sku, node from unnest(v_scarce) as sku, unnest(v_nodes) as node
        ) wanted using (sku, location_id)
        order by position.sku, position.location_id
        for no key update of position;

        with demand as (
          select i, sku, location_id, sum(quantity) as units from unnest(p_takes) where i = any (p_members) group by i, sku, location_id
        ), here as (
          select i, sku, location_id, sum(units) over (partition by sku, location_id order by i) as units from demand
        ), wanted as (
          select sku, location_id, sum(units) as units from demand group by sku, location_id
        ), short as (
          select wanted.sku, wanted.location_id
          from wanted
          left join inventory.position using (sku, location_id)
          where coalesce(position.on_hand - position.committed - position.reserved - position.safety_stock, 0) < wanted.units
        ), stock as (
          select sku, location_id, exactly.available
          from short cross join lateral (
            select available from inventory.stock_at(array[short.sku], array[short.location_id], clock_timestamp())
          ) exactly
        ), everywhere as (
          select i, sku, sum(sum(units)) over (partition by sku order by i) as units from demand
          where sku = any (v_scarce) group by i, sku
        ), total as (
          select sku, sum(available) as units from inventory.stock_at(v_scarce, v_nodes, clock_timestamp()) group by sku
        )
        select array_agg(i) into v_misfits from (
          select here.i from here join short using (sku, location_id) left join stock using (sku, location_id)
          where here.units > coalesce(stock.available, 0)
          union all
          select everywhere.i
          from everywhere
          join json_to_recordset(p_withheld) as withheld (i int, sku text, units int) using (i, sku)
          left join total using (sku)
          where everywhere.units > coalesce(total.units, 0) - withheld.units
        ) misfit;
        return (select array_agg(member) from unnest(p_members) as member where v_misfits is null or member <> all (v_misfits));
      end
      $$;
    `);
  },
};
