import type { Knex } from 'knex';

/**
 * Orders that wait took what is withheld from their channel: who was served was asked for the stock that is there, not for what
 * his channel may sell. What they may take is told here, to who serves them and to who keeps goods for them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.channel_of_order(p_order_id text) returns text language sql stable as $$
      select coalesce((select channel_code from inventory.reservation where order_id = p_order_id),
                      (select max(channel_code) from inventory.backorder where order_id = p_order_id))
    $$;
    comment on function inventory.channel_of_order is 'The channel that an order with stock, or waiting for some, came through.';
    -- Units that a node gave back waited without their channel.
    update inventory.backorder set channel_code = reservation.channel_code from inventory.reservation
    where reservation.order_id = backorder.order_id and backorder.channel_code is null and reservation.channel_code is not null;

    create function inventory.keeps_from(p_channel_code text) returns boolean language plpgsql stable as $$
    begin
      return exists (select from inventory.channel_rule) or exists (select from integration.channel where code = p_channel_code and safety_stock > 0);
    end
    $$;
    comment on function inventory.keeps_from is 'Whether anything at all may be kept from a channel.';

    create function inventory.may_take(p_channel_code text, p_skus text[], p_location_ids text[], p_at timestamptz)
    returns table (sku text, free bigint, kept bigint) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_safety int := coalesce((select safety_stock from integration.channel where code = p_channel_code), 0);
      v_skus text[] := p_skus || array(select component_sku from inventory.bundle_component where bundle_sku = any (p_skus));
    begin
      return query
      with offered as (
        select sku, sum(offer.free) as free from inventory.offers(p_channel_code, false, v_skus, p_location_ids, null, p_at) offer group by sku
      ), terms as (
        select sku, is_bundle, coalesce(withheld, case when is_bundle then 0 else v_safety end) as withheld from inventory.channel_terms(p_channel_code, v_skus)
      )
      select terms.sku, coalesce(least(offered.free, made.units), 0), terms.withheld::bigint
      from terms left join offered using (sku)
      left join lateral (
        -- What is withheld of a component is withheld of its bundles too; a bundle's own rule leaves whole bundles.
        select min(greatest(0, coalesce(part.free, 0) - own.withheld) / made.quantity) as units
        from inventory.bundle_component made join terms own on own.sku = made.component_sku left join offered part on part.sku = made.component_sku
        where made.bundle_sku = terms.sku
      ) made on terms.is_bundle;
    end
    $$;
    comment on function inventory.may_take is 'Of these SKUs and their components: units that are free at these locations under the rules of single ones, and how many of them are kept from the channel. Who waits is not counted: he may be the one who asks.';

    create function inventory.left_of_caps(p_order_id text, p_channel_code text, p_skus text[])
    returns table (sku text, location_id text, units bigint) language sql stable as $$
      select terms.sku, terms.location_id, terms.cap - coalesce(own.units, 0)
      from inventory.location_terms(p_channel_code, p_skus) terms
      left join lateral (
        select sum(case when line.bundle_sku is null then line.quantity - line.released when line.component_no = 1 then (line.quantity - line.released) / line.per_bundle end) as units
        from inventory.reservation join inventory.reservation_line line on line.reservation_id = reservation.id
        where reservation.order_id = p_order_id and line.location_id = terms.location_id and coalesce(line.bundle_sku, line.sku) = terms.sku
      ) own on true
      where terms.cap is not null
    $$;
    comment on function inventory.left_of_caps is 'Where a rule caps what one order may have from a location: units that this order may still have. Below 0: it has more.';

    create or replace function inventory.order_sources(p_order_id text, p_skus text[])
    returns table (kind text, line_id text, sku text, location_id text, quantity int, as_of timestamptz) language sql stable as $$
      with lot as (
        select line.order_line_id, coalesce(line.bundle_sku, line.sku) as sold, line.location_id,
               min((line.quantity - line.consumed - line.released) / coalesce(line.per_bundle, 1)) as units
        from inventory.reservation join inventory.reservation_line line on line.reservation_id = reservation.id
        where reservation.order_id = p_order_id and (line.state = 'COMMITTED' or line.bundle_set is not null)
        group by line.order_line_id, coalesce(line.bundle_sku, line.sku), line.location_id, line.bundle_set, case when line.bundle_set is null then line.id end
      ), asker as (
        select inventory.channel_of_order(p_order_id) as channel_code
      ), room as materialized (
        select room.* from asker cross join lateral inventory.left_of_caps(p_order_id, asker.channel_code, p_skus) room
      ), free as (
        select offer.sku, offer.location_id, greatest(0, least(offer.free, room.units))::int as units
        from asker cross join lateral inventory.offers(asker.channel_code, false, p_skus, array(
          select unnest(inventory.nodes_in_scope(null)) union select location_id from inventory.backorder where order_id = p_order_id and location_id is not null
        ), null, clock_timestamp()) offer
        left join room on room.sku = offer.sku and room.location_id = offer.location_id
      )
      select 'OWN', order_line_id, sold, location_id, sum(units)::int, null::timestamptz from lot where units > 0 group by order_line_id, sold, location_id
      union all
      select 'FREE', null, free.sku, free.location_id, free.units,
             (select max(position.as_of) from unnest(inventory.stocked_skus(array[free.sku])) as stocked (sku)
              join inventory.position on position.sku = stocked.sku and position.location_id = free.location_id)
      from free where free.units > 0
      union all
      select 'WAITING', order_line_id, sku, location_id, quantity, null from inventory.backorder
      where order_id = p_order_id and inventory.released(channel_code, sku)
      union all
      -- Of what it waits for, wherever it is: no more than its channel may sell.
      select 'MAY', null, waits.sku, waits.location_id, least(2000000000, greatest(0, may.free - may.kept))::int, null
      from asker cross join (select distinct sku, location_id from inventory.backorder where order_id = p_order_id and sku = any (p_skus)) waits
      cross join lateral inventory.may_take(asker.channel_code, array[waits.sku], inventory.nodes_in_scope(waits.location_id), clock_timestamp()) may
      where may.sku = waits.sku
    $$;

    create function inventory.next_waiting(p_sku text, p_since timestamptz, p_order_id text)
    returns table (order_id text, since timestamptz) language sql stable as $$
      with waiting as materialized (
        select backorder.order_id, backorder.sku, backorder.channel_code, backorder.location_id, min(backorder.waiting_since) as since from inventory.backorder
        where backorder.sku = p_sku or backorder.sku in (select bundle_sku from inventory.bundle_component where component_sku = p_sku)
        group by backorder.order_id, backorder.sku, backorder.channel_code, backorder.location_id
      ), served as materialized (
        select asked.* from (select distinct sku, channel_code, location_id from waiting) asked
        cross join lateral inventory.may_take(asked.channel_code, array[asked.sku], inventory.nodes_in_scope(asked.location_id), clock_timestamp()) may
        where may.sku = asked.sku and may.free > may.kept and inventory.released(asked.channel_code, asked.sku)
      )
      select waiting.order_id, min(waiting.since) as since
      from waiting join served on served.sku = waiting.sku and served.channel_code is not distinct from waiting.channel_code and served.location_id is not distinct from waiting.location_id
      group by waiting.order_id
      having p_since is null or (min(waiting.since), waiting.order_id) > (p_since, p_order_id)
      order by 2, 1 limit 1
    $$;
    comment on function inventory.next_waiting is 'The order after this one, by the age of its promise, that waits for a SKU, alone or in a bundle, and whose channel may have some of what is there. No row: nobody does.';
  `);
}
