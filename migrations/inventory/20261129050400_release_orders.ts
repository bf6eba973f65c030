import type { Knex } from 'knex';

/** Stock of many orders at once: a crowd that does not pay gives its goods back in seconds, not one order after the other. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.release_orders(p_order_ids text[]) returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
    declare
      v_lines bigint[]; v_units int[];
      v_deltas inventory.delta[];
    begin
      perform inventory.lock_positions(array_agg(distinct line.sku), array_agg(distinct line.location_id))
      from inventory.reservation join inventory.reservation_line line on line.reservation_id = reservation.id
      where reservation.order_id = any (p_order_ids) and line.state = 'COMMITTED';
      select array_agg(id), array_agg(units), array_agg(row(sku, location_id, 0, -units, order_id)::inventory.delta) into v_lines, v_units, v_deltas
      from (
        select line.id, line.sku, line.location_id, reservation.order_id,
               -- Of a set its whole bundles: components that left without the rest wait for the warehouse's booking.
               (coalesce(line.per_bundle, 1) * min((line.quantity - line.consumed - line.released) / coalesce(line.per_bundle, 1))
                 over (partition by reservation.id, coalesce(line.bundle_set, -line.id)))::int as units
        from inventory.reservation join inventory.reservation_line line on line.reservation_id = reservation.id
        where reservation.order_id = any (p_order_ids) and (line.state = 'COMMITTED' or line.bundle_set is not null)
      ) part
      where units > 0;
      if v_lines is not null then
        perform inventory.take_from_lines(v_lines, v_units, 'RELEASED');
        perform inventory.move('RELEASE', v_deltas);
      end if;
      delete from inventory.backorder where order_id = any (p_order_ids);
    end
    $$;
    comment on function inventory.release_orders is 'Gives all that is committed to these orders back, and takes them out of the queue. For orders of which no node has anything.';
  `);
}
