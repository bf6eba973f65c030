import type { Knex } from 'knex';

/** Goods that arrive, or are released, are those who wait for them: newcomers took them before the queue was served. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table inventory.backorder add column claims boolean not null default true;
    comment on column inventory.backorder.claims is 'Whether goods are kept from newcomers for it. Not for units that sourcing put into the queue although there were goods.';

    create function inventory.claimed_units(p_skus text[], p_location_ids text[], p_at timestamptz) returns table (sku text, units bigint)
    language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
    #variable_conflict use_column
    declare
      v_sold text[] := p_skus || array(select bundle_sku from inventory.bundle_component where component_sku = any (p_skus));
      v_shipping text[];
    begin
      -- Asked for every order; nearly always nobody waits.
      if not exists (select from inventory.backorder where backorder.sku = any (v_sold) and claims) then return; end if;
      v_shipping := inventory.nodes_in_scope(null);
      return query
      with waiting as (
        select backorder.sku as sold, location_id as bound_to, sum(quantity) as units
        from inventory.backorder where backorder.sku = any (v_sold) and claims
          and case when location_id is null then v_shipping && p_location_ids else location_id = any (p_location_ids) end
        group by backorder.sku, location_id
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
    comment on function inventory.claimed_units is 'Units at these locations that belong to orders that wait, by SKU: alone and inside bundles, less what they can be served from elsewhere. No row: nobody waits.';

    create or replace function inventory.sellable(p_channel_code text, p_safety_stock int, p_under_terms boolean, p_skus text[], p_location_ids text[], p_offers inventory.offer[], p_at timestamptz)
returns setof inventory.sellable_units language plpgsql stable set plan_cache_mode = force_generic_plan as $$
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
      ), claimed as materialized (
        select * from inventory.claimed_units(p_skus || v_components, p_location_ids, p_at) where p_under_terms
      ), limited as (
        -- What is withheld of a component, or belongs to those who wait, is withheld of its bundles too.
        select part.bundle_sku as sku, min(greatest(0, coalesce(free.units, 0) - coalesce(claimed.units, 0) - case when p_under_terms then coalesce(terms.withheld, p_safety_stock) else 0 end) / part.quantity) as free
        from inventory.bundle_component part
        left join (select sku, sum(free) as units from unnest(v_free) group by sku) free on free.sku = part.component_sku
        left join terms on terms.sku = part.component_sku
        left join claimed on claimed.sku = part.component_sku
        where part.bundle_sku = any (p_skus)
        group by part.bundle_sku
      ), allowed as (
        -- The channel's safety stock is withheld from the total of what is free; a hold was granted and is not reduced by it.
        select asked.sku, limited.sku is not null as is_bundle, coalesce(total.own, 0)::int as own,
               greatest(0, least(coalesce(total.free, 0), limited.free)
                 - case when limited.sku is null then coalesce(claimed.units, 0) else 0 end
                 - case when limited.sku is null and p_under_terms then coalesce(terms.withheld, p_safety_stock) else coalesce(terms.withheld, 0) end)::int as free,
               terms.backorder_units, terms.cap, terms.release_at
        from (select distinct unnest(p_skus) collate "C" as sku) asked
        left join total using (sku) left join terms using (sku) left join limited using (sku) left join claimed using (sku)
      )
      select sku, is_bundle or exists (select from inventory.position where position.sku = allowed.sku), own,
             own + least(allowed.cap, case when v_degraded then inventory.fall_back(free, v_fallback, sku, p_location_ids) else free end),
             case when v_fallback.cap = 0 then 0 when p_under_terms then inventory.waitable(sku, backorder_units) end,
             greatest(least(allowed.cap, v_fallback.cap), case when coalesce(allowed.cap, v_fallback.cap) is not null then own end), release_at, is_bundle
      from allowed;
    end
    $$;

    drop function inventory.sale_terms(text, text[]);
    create function inventory.sale_terms(p_channel_code text, p_skus text[])
returns TABLE(sku text, withheld int, cap int, kept_back int, claimed int, backorder_units int, is_released boolean, parts jsonb, is_unusual boolean, is_closed boolean) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_fallback inventory.fallback := inventory.fallback_of(p_channel_code);
      v_degraded boolean := not (v_fallback is null); -- one whose every field is null
      v_nodes text[];
      v_components text[] := array(select component_sku from inventory.bundle_component where bundle_sku = any (p_skus));
    begin
      v_nodes := inventory.nodes_in_scope(null);
      return query
      with terms as materialized (select * from inventory.channel_terms(p_channel_code, p_skus || v_components))
      select terms.sku, terms.withheld, least(terms.cap, v_fallback.cap),
             -- Who leaves the threshold behind found more than it: whoever does not is looked at alone, exactly.
             case when v_degraded then coalesce(v_fallback.threshold, 0) + inventory.buffer_of(v_fallback, terms.sku, v_nodes) else 0 end,
             least(2000000000, coalesce(claims.units, 0))::int,
             case when v_fallback.cap = 0 then 0 else inventory.waitable(terms.sku, terms.backorder_units) end,
             terms.release_at is null,
             case when terms.is_bundle then (
               select jsonb_object_agg(component_sku, quantity) from inventory.bundle_component where bundle_sku = terms.sku) end,
             terms.by_location or (terms.is_bundle and (v_degraded or coalesce(terms.withheld, 0) > 0 or exists (
               select from inventory.bundle_component made join terms part on part.sku = made.component_sku
               where made.bundle_sku = terms.sku and (part.by_location or part.is_bundle)))),
             v_fallback.orders is not null
      from terms left join inventory.claimed_units(p_skus || v_components, v_nodes, clock_timestamp()) claims on claims.sku = terms.sku;
    end
    $$;
    comment on function inventory.sale_terms is 'What a channel may do with SKUs and with the components of those that are bundles, as a batch needs it. claimed: units that belong to those who wait. is_unusual: rules of single locations, or a bundle with rules of its own: more than a batch understands.';

    create or replace function inventory.fitting_takes(p_takes inventory.take[], p_members int[], p_withheld json) returns int[]
      language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      declare
        v_plenty boolean;
        v_claimed text[];
        v_claims bigint[];
        v_scarce text[];
        v_nodes text[];
        v_misfits int[];
      begin
        select array_agg(distinct sku) into v_scarce from json_to_recordset(p_withheld) as withheld (i int, sku text);
        v_nodes := inventory.nodes_in_scope(null);
        v_plenty := inventory.lock_takes(p_takes, p_members, v_scarce, v_nodes);
        -- Who began to wait, or was sent what he waits for, since the batch was planned: read under the locks.
        select array_agg(sku), array_agg(units) into v_claimed, v_claims
        from inventory.claimed_units((select array_agg(distinct sku) from unnest(p_takes) where quantity > 0 and i = any (p_members)), v_nodes, clock_timestamp());
        if v_plenty and v_scarce is null and v_claimed is null then return p_members; end if;

        with demand as (
          select i, sku, location_id, sum(quantity) as units from unnest(p_takes) where i = any (p_members) group by i, sku, location_id
        ), here as (
          select i, sku, location_id, sum(units) over (partition by sku, location_id order by i) as units from demand
        ), wanted as (
          select sku, location_id, sum(units) as units from demand group by sku, location_id
        ), short as (
          select wanted.sku, wanted.location_id
          from wanted
          left join lateral (
            select on_hand - committed - reserved - safety_stock as units from inventory.position
            where position.sku = wanted.sku and position.location_id = wanted.location_id limit 1
          ) surely on true
          where coalesce(surely.units, 0) < wanted.units
        ), stock as (
          select sku, location_id, exactly.available
          from short cross join lateral (
            select available from inventory.stock_at(array[short.sku], array[short.location_id], clock_timestamp())
          ) exactly
        ), everywhere as (
          select i, sku, sum(sum(units)) over (partition by sku order by i) as units from demand
          where units > 0 and sku = any (v_scarce || v_claimed) group by i, sku
        ), total as (
          select sku, sum(available) as units from inventory.stock_at(v_scarce || v_claimed, v_nodes, clock_timestamp()) group by sku
        )
        select array_agg(i) into v_misfits from (
          select here.i from here join short using (sku, location_id) left join stock using (sku, location_id)
          where here.units > coalesce(stock.available, 0)
          union all
          select everywhere.i
          from everywhere
          join json_to_recordset(p_withheld) as withheld (i int, sku text, units int) using (i, sku)
          left join total using (sku)
          where everywhere.units > coalesce(total.units, 0) - withheld.units
          union all
          select everywhere.i
          from everywhere join unnest(v_claimed, v_claims) as claimed (sku, units) using (sku) left join total using (sku)
          where everywhere.units > coalesce(total.units, 0) - claimed.units
        ) misfit;
        return (select array_agg(member) from unnest(p_members) as member where v_misfits is null or member <> all (v_misfits));
      end
      $$;

    create or replace function inventory.move_order(
      p_key text, p_order_id text, p_line_ids text[], p_skus text[], p_quantities int[], p_from text[], p_to text[]
    ) returns text language plpgsql set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_answer text;
      v_known boolean;
      v_bound text;
      v_stocked text[];
      v_node text;
      v_given bigint;
      v_wanted bigint;
    begin
      perform pg_advisory_xact_lock(hashtextextended('inventory.reassignment:' || p_key, 0));
      select case when answer = '"MOVED"' then 'KNOWN' else 'REFUSED' end into v_answer from inventory.reassignment where key = p_key;
      if v_answer is not null then return v_answer; end if;

      v_known := exists (select from inventory.reservation where order_id = p_order_id);
      v_bound := (select max(location_id) from inventory.backorder where order_id = p_order_id);
      select array_agg(distinct stocked) into v_stocked from (
        select unnest(inventory.stocked_skus(p_skus)) as stocked
        union all
        select sku from inventory.reservation_line where order_line_id = any (p_line_ids) and state = 'COMMITTED'
      ) scope;
      perform inventory.lock_positions(v_stocked, inventory.nodes_in_scope(null) || array_remove(p_from || p_to, null));
      begin
        for v_node in select distinct node from unnest(p_from) as node where node is not null order by node loop
          select coalesce(sum(gone.quantity), 0) into v_given
          from (select array_agg(line_id) as ids, array_agg(units) as quantities from unnest(p_line_ids, p_quantities, p_from) as move (line_id, units, node) where node = v_node) asked,
               inventory.release_order(p_order_id, asked.ids, asked.quantities, v_node) gone;
          select sum(units) into v_wanted from unnest(p_quantities, p_from) as move (units, node) where node = v_node;
          if v_given <> v_wanted then raise exception 'less is committed there' using errcode = 'IV002'; end if;
        end loop;

        if exists (
          select from (select line_id, sum(units) as units from unnest(p_line_ids, p_quantities, p_from) as move (line_id, units, node) where node is null group by line_id) asked
          left join inventory.backorder on backorder.order_line_id = asked.line_id and backorder.order_id = p_order_id
          where coalesce(backorder.quantity, 0) < asked.units
        ) then
          raise exception 'less is waiting' using errcode = 'IV002';
        end if;
        -- The lines' place in the queue is kept until all their units are served.
        perform inventory.cancel_backorder(p_order_id, array_agg(line_id), array_agg(units))
        from unnest(p_line_ids, p_quantities, p_from) as move (line_id, units, node) where node is null;

        for v_node in select distinct node from unnest(p_to) as node where node is not null order by node loop
          if exists (
            select from (select array_agg(line_id) as ids, array_agg(sku) as skus, array_agg(units) as quantities
                         from (select line_id, sku, sum(units)::int as units from unnest(p_line_ids, p_skus, p_quantities, p_to) as move (line_id, sku, units, node)
                               where node = v_node group by line_id, sku order by line_id) line) asked,
                 inventory.take_stock(p_order_id, asked.ids, asked.skus, asked.quantities, v_node, 0, false, null, null, null, false) taken
            where taken.kind <> 'ALLOCATED'
          ) then
            raise exception 'it is not there any more' using errcode = 'IV002';
          end if;
        end loop;
        -- What was taken for one node does not bind the order to it, unless it was before.
        if not v_known then update inventory.reservation set location_id = v_bound where order_id = p_order_id; end if;

        -- Who is put into the queue beside goods did not want these: they are anybody's, until he is served.
        insert into inventory.backorder (order_line_id, order_id, sku, channel_code, location_id, quantity, claims)
        select move.line_id, p_order_id, move.sku, reservation.channel_code, null, sum(move.units)::int,
               sum(move.units) > coalesce((select sum(free) from inventory.offers(null, false, array[move.sku], inventory.nodes_in_scope(null), null, clock_timestamp())), 0)
        from unnest(p_line_ids, p_skus, p_quantities, p_to) as move (line_id, sku, units, node)
        left join inventory.reservation on reservation.order_id = p_order_id
        where move.node is null
        group by move.line_id, move.sku, reservation.channel_code
        on conflict (order_line_id) do update set quantity = backorder.quantity + excluded.quantity, claims = excluded.claims;
        v_answer := 'MOVED';
      exception when sqlstate 'IV002' then
        v_answer := 'REFUSED';
      end;
      insert into inventory.reassignment (key, answer) values (p_key, to_jsonb(v_answer));
      return v_answer;
    end
    $$;
  `);
}
