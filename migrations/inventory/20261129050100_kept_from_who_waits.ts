import type { Knex } from 'knex';

/**
 * Goods were kept from newcomers for orders that may not have them: an order that waits in a channel from which they are withheld.
 * And who takes goods for an order without asking what may be sold of the rest keeps to the rules of single locations.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.announce_waited_for() returns void language sql as $$
      insert into inventory.unannounced (sku, location_id)
      select distinct on (position.sku) position.sku, position.location_id
      from (select distinct sku from inventory.backorder) waiting
      left join inventory.bundle_component part on part.bundle_sku = waiting.sku
      join inventory.position on position.sku = coalesce(part.component_sku, waiting.sku)
      where position.on_hand > position.committed order by position.sku, position.location_id
    $$;
    comment on function inventory.announce_waited_for is 'Has the goods told of that are there while orders wait for them: the rules that kept them may have changed.';

    create or replace function inventory.claimed_units(p_skus text[], p_location_ids text[], p_at timestamptz)
    returns table (sku text, units bigint)
    language plpgsql
    stable
    set plan_cache_mode to 'force_generic_plan'
    set enable_seqscan to 'off'
    set jit to 'off'
    as $$
    #variable_conflict use_column
    declare
      v_sold text[] := p_skus || array(select bundle_sku from inventory.bundle_component where component_sku = any (p_skus));
      v_shipping text[];
    begin
      -- Asked for every order; nearly always nobody waits.
      if not exists (select from inventory.backorder where backorder.sku = any (v_sold) and claims) then return; end if;
      v_shipping := inventory.nodes_in_scope(null);
      return query
      with asked as (
        select backorder.sku as sold, location_id as bound_to, channel_code, sum(quantity) as units
        from inventory.backorder where backorder.sku = any (v_sold) and claims
          and case when location_id is null then v_shipping && p_location_ids else location_id = any (p_location_ids) end
        group by backorder.sku, location_id, channel_code
      ), waiting as (
        -- Nothing is kept for who waits of what is kept from his channel.
        select sold, bound_to, sum(least(units, case when inventory.keeps_from(channel_code) then (
          select greatest(0, may.free - may.kept)
          from inventory.may_take(channel_code, array[sold], case when bound_to is null then v_shipping else array[bound_to] end, p_at) may where may.sku = sold
        ) end)) as units
        from asked group by sold, bound_to
      ), part as (
        select waiting.*, coalesce(made.component_sku, sold) as sku, coalesce(made.quantity, 1) as per, made.component_sku is not null as is_made
        from waiting left join inventory.bundle_component made on made.bundle_sku = waiting.sold
      ), stock as materialized (
        select sku, location_id, available from inventory.stock_at(array(select distinct sku from part), v_shipping || p_location_ids, p_at)
      ), served as (
        select part.sold, part.bound_to,
               -- A bundle keeps its components only as far as it can be made of what is there.
               least(part.units, min(case when is_made or bound_to is not null then here.units / per else part.units end))
               - min(case when bound_to is null then elsewhere.units / per else 0 end) as units
        from part
        cross join lateral (
          select coalesce(sum(available), 0) as units from stock
          where stock.sku = part.sku and case when bound_to is null then location_id = any (v_shipping) else location_id = bound_to end
        ) here
        cross join lateral (
          select coalesce(sum(available), 0) as units from stock
          where stock.sku = part.sku and location_id = any (v_shipping) and location_id <> all (p_location_ids)
        ) elsewhere
        group by part.sold, part.bound_to, part.units
      )
      select part.sku, sum(floor(served.units) * per)::bigint
      from part join served on served.sold = part.sold and served.bound_to is not distinct from part.bound_to
      where served.units >= 1 and part.sku = any (p_skus)
      group by part.sku;
    end
    $$;

    create or replace function inventory.offers(p_channel_code text, p_under_terms boolean, p_skus text[], p_location_ids text[], p_reservation_id text, p_at timestamptz)
    returns setof inventory.offer
    language plpgsql
    stable
    set plan_cache_mode to 'force_generic_plan'
    as $$
    #variable_conflict use_column
    declare
      v_components text[];
    begin
      select array_agg(distinct coalesce(part.component_sku, asked.sku)) into v_components
      from unnest(p_skus) as asked (sku) left join inventory.bundle_component part on part.bundle_sku = asked.sku;

      return query
      with part as (
        select asked.sku, coalesce(made.component_sku, asked.sku) as component_sku, coalesce(made.quantity, 1) as quantity,
               made.bundle_sku, count(*) over (partition by asked.sku) as parts
        from (select distinct unnest(p_skus) collate "C" as sku) asked left join inventory.bundle_component made on made.bundle_sku = asked.sku
      ), terms as (
        -- Without rules nothing is asked: this runs for every order.
        select sku, location_id, withheld, cap from inventory.location_terms(p_channel_code, p_skus || v_components)
        where (p_under_terms or p_channel_code is not null) and exists (select from inventory.channel_rule)
      ), unreleased as (
        select sku from inventory.channel_terms(p_channel_code, p_skus || v_components)
        where p_under_terms and exists (select from inventory.channel_rule) and release_at is not null
      ), base as (
        select stock.sku, stock.location_id, greatest(0, stock.on_hand - stock.committed) as there,
               case when stock.sku in (select sku from unreleased) then 0
                    else least(terms.cap, greatest(0, stock.available - coalesce(terms.withheld, 0))) end as free
        from inventory.stock_at(v_components, p_location_ids, p_at) stock
        left join terms using (sku, location_id)
      ), mine as (
        select sku, location_id, bundle_sku, sum(quantity)::int as quantity
        from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD' and expires_at > p_at
        group by sku, location_id, bundle_sku
      ), whole as (
        select part.sku, base.location_id, part.bundle_sku,
               min(least(base.there, coalesce(mine.quantity, 0)) / part.quantity) as own, min(base.free / part.quantity) as free
        from part
        join base on base.sku = part.component_sku
        left join mine on mine.sku = part.component_sku and mine.location_id = base.location_id and mine.bundle_sku is not distinct from part.bundle_sku
        group by part.sku, base.location_id, part.bundle_sku
        having count(*) = max(part.parts)
      )
      select whole.sku, whole.location_id, whole.own,
             case when whole.bundle_sku is null then whole.free
                  when whole.sku in (select sku from unreleased) then 0
                  else least(terms.cap, greatest(0, whole.free - coalesce(terms.withheld, 0))) end
      from whole left join terms on whole.bundle_sku is not null and terms.sku = whole.sku and terms.location_id = whole.location_id;
    end
    $$;
    comment on function inventory.offers is 'Units of these SKUs per location: own by a hold, and free. Under terms with the release dates of the channel; with a channel always with the rules of single locations.';
  `);
}
