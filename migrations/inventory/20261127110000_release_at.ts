import type { Migration } from '../../platform/db/migrate.ts';

/** Giving units back at the nodes that were to do them, all positions locked at once. */
export const releaseAt: Migration = {
  async up(knex) {
    await knex.raw(`
      create function inventory.release_order_at(
        p_order_id text, p_line_ids text[], p_quantities int[], p_location_ids text[]
      ) returns table (line_id text, location_id text, quantity int) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_node text;
      begin
        -- Node by node the locks would come in several rounds, and could meet another order.
        perform inventory.lock_positions(array_agg(distinct line.sku), array_agg(distinct line.location_id))
        from inventory.reservation join inventory.reservation_line line on line.reservation_id = reservation.id
        where reservation.order_id = p_order_id and line.state = 'COMMITTED' and line.order_line_id = any (p_line_ids);
        -- Units of no node in particular come last: they take what the others leave.
        for v_node in select distinct node from unnest(p_location_ids) as node order by node nulls last loop
          return query
          select given.line_id, given.location_id, given.quantity
          from (
            select array_agg(id) as ids, array_agg(units) as units
            from unnest(p_line_ids, p_quantities, p_location_ids) as asked (id, units, node) where node is not distinct from v_node
          ) asked, inventory.release_order(p_order_id, asked.ids, asked.units, v_node) given;
        end loop;
      end
      $$;
      comment on function inventory.release_order_at is 'Gives committed units of order lines back, each at its location; a null location: wherever they were taken last. Answers what was given.';
    `);
  },
};
