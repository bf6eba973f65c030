import type { Knex } from 'knex';

/** A reading of supply names nodes that have nothing too: that a SKU is sold out is then told from one that nobody has. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function inventory.supply(p_skus text[], p_enough int)
    returns table (sku text, location_id text, preference int, available int) language plpgsql stable
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      #variable_conflict use_column
      begin
        return query
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
        where node.shippable and position.sku = any (p_skus);
      end $$;
  `);
}
