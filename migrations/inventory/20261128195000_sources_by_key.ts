import type { Knex } from 'knex';

/**
 * As before, by the positions' key: the list of what a SKU is stocked as was worked out again for every position there is. An
 * order of twelve lines took seconds to source, and a few at once kept all connections busy.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function inventory.order_sources(p_order_id text, p_skus text[])
    returns table (kind text, line_id text, sku text, location_id text, quantity int, as_of timestamptz) language sql stable as $$
      with lot as (
        select line.order_line_id, coalesce(line.bundle_sku, line.sku) as sold, line.location_id,
               min((line.quantity - line.consumed - line.released) / coalesce(line.per_bundle, 1)) as units
        from inventory.reservation join inventory.reservation_line line on line.reservation_id = reservation.id
        where reservation.order_id = p_order_id and (line.state = 'COMMITTED' or line.bundle_set is not null)
        group by line.order_line_id, coalesce(line.bundle_sku, line.sku), line.location_id, line.bundle_set, case when line.bundle_set is null then line.id end
      )
      select 'OWN', order_line_id, sold, location_id, sum(units)::int, null::timestamptz from lot where units > 0 group by order_line_id, sold, location_id
      union all
      select 'FREE', null, offer.sku, offer.location_id, offer.free,
             (select max(position.as_of) from unnest(inventory.stocked_skus(array[offer.sku])) as stocked (sku)
              join inventory.position on position.sku = stocked.sku and position.location_id = offer.location_id)
      from inventory.offers(null, false, p_skus, array(
        select unnest(inventory.nodes_in_scope(null)) union select location_id from inventory.backorder where order_id = p_order_id and location_id is not null
      ), null, clock_timestamp()) offer where offer.free > 0
      union all
      select 'WAITING', order_line_id, sku, location_id, quantity, null from inventory.backorder
      where order_id = p_order_id and inventory.released(channel_code, sku)
    $$;

    create or replace function inventory.raised_at(p_sku text, p_location_id text) returns timestamptz language sql stable as $$
      select max(position.raised_at) from unnest(inventory.stocked_skus(array[p_sku])) as stocked (sku)
      join inventory.position on position.sku = stocked.sku and position.location_id = p_location_id
    $$;
  `);
}
