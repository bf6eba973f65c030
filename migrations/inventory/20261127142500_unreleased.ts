import type { Knex } from 'knex';

/** Preorders wait for their day: stock that is there before it serves nobody. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.released(p_channel_code text, p_sku text) returns boolean language sql stable as $$
      select not exists (select from inventory.channel_rule where release_at > clock_timestamp())
          or not exists (
            select from inventory.channel_terms(p_channel_code, array[p_sku] || array(select component_sku from inventory.bundle_component where bundle_sku = p_sku)) terms
            where terms.release_at is not null
          )
    $$;
    comment on function inventory.released is 'Whether a channel sells a SKU, or the components of a bundle, from stock: false until the day of a preorder.';

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
             (select max(position.as_of) from inventory.position where position.location_id = offer.location_id and position.sku = any (inventory.stocked_skus(array[offer.sku])))
      from inventory.offers(null, false, p_skus, array(
        select unnest(inventory.nodes_in_scope(null)) union select location_id from inventory.backorder where order_id = p_order_id and location_id is not null
      ), null, clock_timestamp()) offer where offer.free > 0
      union all
      select 'WAITING', order_line_id, sku, location_id, quantity, null from inventory.backorder
      where order_id = p_order_id and inventory.released(channel_code, sku)
    $$;
    comment on function inventory.order_sources is 'Units as they are sold, whole bundles included. OWN: committed to a line of the order and not gone; FREE: what anybody can take where orders ship from, or where this one waits, as of the warehouse''s last word about it; WAITING: backordered and released, location_id when only that location may serve them.';

    create function inventory.announce_released(p_since timestamptz) returns void language sql as $$
      insert into inventory.unannounced (sku, location_id)
      select distinct position.sku, position.location_id
      from inventory.channel_rule rule
      join inventory.backorder waiting on (rule.sku is null or rule.sku = waiting.sku
        or rule.sku in (select component_sku from inventory.bundle_component where bundle_sku = waiting.sku))
      join inventory.position on position.sku = any (inventory.stocked_skus(array[waiting.sku]))
      where rule.release_at > p_since and rule.release_at <= clock_timestamp()
    $$;
    comment on function inventory.announce_released is 'Has the stock announced of what preorders wait for whose day came since then: who waits is served.';
  `);
}
