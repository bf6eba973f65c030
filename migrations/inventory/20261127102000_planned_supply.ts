import type { Migration } from '../../platform/db/migrate.ts';

/** As before, with a plan that is kept: planning it anew cost a lone order more than running it. */
export const plannedSupply: Migration = {
  async up(knex) {
    await knex.raw(`
      create or replace function inventory.supply(p_skus text[], p_enough int) returns table (sku text, location_id text, preference int, available int)
      language plpgsql stable set plan_cache_mode = force_generic_plan as $$
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
        where node.shippable and position.sku = any (p_skus) and stock.available > 0;
      end
      $$;
    `);
  },
};
