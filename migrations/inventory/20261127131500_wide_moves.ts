import type { Migration } from '../../platform/db/migrate.ts';

/**
 * As before, with sums that hold whatever is moved at once. Holds that are over stay in reserved until they are swept: of
 * a popular SKU more of them than a 32-bit integer counts, and sweeping them failed for ever.
 */
export const wideMoves: Migration = {
  up: (knex) =>
    knex.raw(`
      create or replace function inventory.move(p_kind text, p_deltas inventory.delta[]) returns void
      language plpgsql set plan_cache_mode = force_generic_plan
      set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
      begin
        with delta as (
          select sku, location_id, sum(reserved)::int as reserved, sum(committed)::int as committed, reference
          from unnest(p_deltas)
          group by sku, location_id, reference
          having sum(reserved) <> 0 or sum(committed) <> 0
        ), total as (
          select sku, location_id, sum(reserved) as reserved, sum(committed) as committed from delta group by sku, location_id
        ), moved as (
          update inventory.position
          set reserved = position.reserved + total.reserved, committed = position.committed + total.committed
          from total where position.sku = total.sku and position.location_id = total.location_id
        ), told as (
          insert into inventory.unannounced (sku, location_id) select sku, location_id from total
        )
        insert into inventory.movement (sku, location_id, kind, reserved_delta, committed_delta, reference)
        select sku, location_id, p_kind, reserved, committed, reference from delta order by sku, location_id;
      end
      $$;
    `),
};
