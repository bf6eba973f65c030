import type { Knex } from 'knex';

/** What may be sold while a system of record is not heard: shown, held and ordered by the same figures. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create type inventory.fallback as (
      cap int, threshold int, buffer_units int, buffer_percent float8, orders text, waits_for text[]
    );
    comment on type inventory.fallback is 'What a channel does because a system of record is not heard, see integration.degradation.';

    create function inventory.fallback_of(p_channel_code text) returns inventory.fallback language plpgsql stable as $$
    declare
      v_fallback inventory.fallback;
    begin
      -- Without a warehouse that was heard before there is nothing to fall back from.
      if not exists (select from inventory.source_feed) then return null; end if;
      select cap, threshold, buffer_units, buffer_percent, orders, waits_for into v_fallback from integration.degradation(p_channel_code);
      return v_fallback;
    end
    $$;
    comment on function inventory.fallback_of is 'What the channel does because a system of record is not heard; all null when all are.';

    -- Whole units of a SKU, or whole bundles of it, that the nodes have on hand as far as we know.
    create function inventory.last_known(p_sku text, p_location_ids text[]) returns bigint language sql stable as $$
      select coalesce(
        (select min(coalesce((select sum(on_hand) from inventory.position where sku = part.component_sku and location_id = any (p_location_ids)), 0) / part.quantity)
         from inventory.bundle_component part where part.bundle_sku = p_sku),
        (select sum(on_hand) from inventory.position where sku = p_sku and location_id = any (p_location_ids)), 0)::bigint
    $$;

    create function inventory.buffer_of(p_fallback inventory.fallback, p_sku text, p_location_ids text[]) returns int language sql stable as $$
      select least(2000000000, coalesce((p_fallback).buffer_units, 0) + case when (p_fallback).buffer_percent is null then 0
        else ceil((p_fallback).buffer_percent * inventory.last_known(p_sku, p_location_ids) / 100) end)::int
    $$;
    comment on function inventory.buffer_of is 'Units of the last known stock that a channel leaves unsold. A share is one of what is on hand, which does not shrink with each sale.';

    create function inventory.fall_back(p_units int, p_fallback inventory.fallback, p_sku text, p_location_ids text[]) returns int language sql stable as $$
      select case when p_units <= (p_fallback).threshold then 0
        else least((p_fallback).cap, greatest(0, p_units - inventory.buffer_of(p_fallback, p_sku, p_location_ids))) end
    $$;
    comment on function inventory.fall_back is 'How many of the units that a channel could sell it does sell under a fallback.';

    create or replace function inventory.sellable(
      p_channel_code text, p_safety_stock int, p_under_terms boolean, p_skus text[], p_location_ids text[], p_offers inventory.offer[], p_at timestamptz
    ) returns setof inventory.sellable_units language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_components text[];
      v_free inventory.offer[];
      v_fallback inventory.fallback;
      v_degraded boolean := false;
    begin
      select array_agg(distinct component_sku) into v_components from inventory.bundle_component where bundle_sku = any (p_skus);
      if v_components is not null then
        select array_agg(offer) into v_free from inventory.offers(p_channel_code, p_under_terms, v_components, p_location_ids, null, p_at) offer;
      end if;
      if p_under_terms then
        v_fallback := inventory.fallback_of(p_channel_code);
        v_degraded := num_nonnulls(v_fallback.cap, v_fallback.threshold, v_fallback.buffer_units, v_fallback.buffer_percent) > 0;
      end if;
      return query
      with terms as (
        select * from inventory.channel_terms(p_channel_code, p_skus || v_components) where p_under_terms
      ), total as (
        select sku, sum(own) as own, sum(free) as free from unnest(p_offers) group by sku
      ), limited as (
        -- What is withheld of a component is withheld of its bundles too.
        select part.bundle_sku as sku, min(greatest(0, coalesce(free.units, 0) - case when p_under_terms then coalesce(terms.withheld, p_safety_stock) else 0 end) / part.quantity) as free
        from inventory.bundle_component part
        left join (select sku, sum(free) as units from unnest(v_free) group by sku) free on free.sku = part.component_sku
        left join terms on terms.sku = part.component_sku
        where part.bundle_sku = any (p_skus)
        group by part.bundle_sku
      ), allowed as (
        -- The channel's safety stock is withheld from the total of what is free; a hold was granted and is not reduced by it.
        select asked.sku, limited.sku is not null as is_bundle, coalesce(total.own, 0)::int as own,
               greatest(0, least(coalesce(total.free, 0), limited.free)
                 - case when limited.sku is null and p_under_terms then coalesce(terms.withheld, p_safety_stock) else coalesce(terms.withheld, 0) end)::int as free,
               terms.backorder_units, terms.cap, terms.release_at
        from (select distinct unnest(p_skus) collate "C" as sku) asked
        left join total using (sku) left join terms using (sku) left join limited using (sku)
      )
      select sku, is_bundle or exists (select from inventory.position where position.sku = allowed.sku), own,
             own + least(allowed.cap, case when v_degraded then inventory.fall_back(free, v_fallback, sku, p_location_ids) else free end),
             case when v_fallback.cap = 0 then 0 else backorder_units end,
             greatest(least(allowed.cap, v_fallback.cap), case when coalesce(allowed.cap, v_fallback.cap) is not null then own end), release_at, is_bundle
      from allowed;
    end
    $$;

    create function inventory.capture_terms(p_channel_code text, p_skus text[]) returns table (
      sku text, withheld int, cap int, unusual boolean, kept_back int, closed boolean
    ) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_fallback inventory.fallback := inventory.fallback_of(p_channel_code);
      v_nodes text[];
    begin
      if v_fallback is null then
        return query
        select sku, withheld, cap, is_bundle or by_location or release_at is not null, 0, false from inventory.channel_terms(p_channel_code, p_skus);
        return;
      end if;
      v_nodes := inventory.nodes_in_scope(null);
      return query
      select sku, withheld, least(terms.cap, v_fallback.cap), is_bundle or by_location or release_at is not null,
             -- Who leaves the threshold behind found more than it: whoever does not is looked at alone, exactly.
             coalesce(v_fallback.threshold, 0) + inventory.buffer_of(v_fallback, sku, v_nodes), v_fallback.orders is not null
      from inventory.channel_terms(p_channel_code, p_skus) terms;
    end
    $$;
    comment on function inventory.capture_terms is 'What a batch of orders or holds is planned on, per distinct SKU. withheld null: the channel''s own safety stock. kept_back: units to leave besides, because a system of record is not heard. closed: the channel''s orders are held or refused now, so each is looked at alone. unusual: more than a batch understands.';

    create function inventory.announce_all() returns void language sql as $$
      insert into inventory.unannounced (sku, location_id)
      select distinct on (sku) sku, location_id from inventory.position
      where on_hand > 0 and location_id = any (inventory.nodes_in_scope(null)) order by sku, location_id
    $$;
    comment on function inventory.announce_all is 'Has every SKU told of that orders can take, for those who watch: what a channel may buy changed, though no stock moved.';

    create function inventory.commit_new_order(
      p_order_id text, p_line_ids text[], p_skus text[], p_quantities int[], p_location_id text, p_safety_stock int,
      p_allow_backorder boolean, p_reservation_id text, p_channel_code text
    ) returns table (kind text, line_id text, sku text, location_id text, quantity int, available int, waits_for text[])
    language plpgsql set plan_cache_mode = force_generic_plan as $$
    declare
      v_fallback inventory.fallback := inventory.fallback_of(p_channel_code);
    begin
      if v_fallback.orders = 'REFUSE' then
        return query select 'SUSPENDED', null::text, null::text, null::text, null::int, null::int, v_fallback.waits_for;
        return;
      end if;
      return query
      select taken.*, v_fallback.waits_for
      from inventory.commit_order(p_order_id, p_line_ids, p_skus, p_quantities, p_location_id, p_safety_stock, p_allow_backorder, p_reservation_id, p_channel_code) taken;
    end
    $$;
    comment on function inventory.commit_new_order is 'As commit_order, for an order that is being placed. SUSPENDED: the channel takes none because the systems in waits_for are not heard. With any other kind, waits_for names those that the order has to be held for; null when it need not.';
  `);
}
