import type { Knex } from 'knex';

/** What a channel may take where, and which nodes should serve it: bundles, rules and holds included. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- As before, with a plan that is kept.
    create or replace function inventory.channel_terms(p_channel_code text, p_skus text[]) returns table (
      sku text, withheld int, cap int, backorder_units int, is_bundle boolean, release_at timestamptz, by_location boolean
    ) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    begin
      -- Asked for every order; most shops have rules for few goods or none.
      if not exists (select from inventory.channel_rule) then
        return query
        select asked.sku, null::int, null::int, null::int, exists (select from inventory.bundle_component where bundle_sku = asked.sku), null::timestamptz, false
        from (select distinct unnest(p_skus) collate "C" as sku) asked;
        return;
      end if;
      return query
      select asked.sku, rule.withheld, rule.cap,
             case
               when rule.release_at is not null then
                 case when rule.preorder_units is not null then greatest(0, rule.preorder_units - waiting.units)::int end
               when rule.backorder = 'NONE' then 0
               when rule.backorder = 'UNITS' then greatest(0, rule.backorder_units - waiting.units)::int
               when rule.backorder = 'INCOMING' then least(2000000000, case when bundle.made_of is null then inventory.unclaimed_supply(asked.sku) else (
                 select min(inventory.unclaimed_supply(component_sku) / quantity) from inventory.bundle_component where bundle_sku = asked.sku) end)::int
             end,
             bundle.made_of is not null, rule.release_at, coalesce(rule.by_location, false)
      from (select distinct unnest(p_skus) collate "C" as sku) asked
      left join lateral (
        -- Per word, the rule with the closest scope that says it: channel and SKU, SKU, channel, all.
        select (array_agg(withheld order by closeness) filter (where withheld is not null and location_id is null))[1] as withheld,
               (array_agg(cap order by closeness) filter (where cap is not null and location_id is null))[1] as cap,
               (array_agg(backorder order by closeness) filter (where backorder is not null))[1] as backorder,
               (array_agg(backorder_units order by closeness) filter (where backorder is not null))[1] as backorder_units,
               (array_agg(closeness in (1, 3) order by closeness) filter (where backorder is not null))[1] as backorder_own,
               (array_agg(release_at order by closeness) filter (where release_at > clock_timestamp()))[1] as release_at,
               (array_agg(preorder_units order by closeness) filter (where release_at > clock_timestamp()))[1] as preorder_units,
               (array_agg(closeness in (1, 3) order by closeness) filter (where release_at > clock_timestamp()))[1] as preorder_own,
               bool_or(location_id is not null) as by_location
        from (
          select *, case when channel_code is null then case when sku is null then 4 else 2 end else case when sku is null then 3 else 1 end end as closeness
          from inventory.channel_rule
          where (channel_code is null or channel_code = p_channel_code) and (channel_rule.sku is null or channel_rule.sku = asked.sku)
        ) fitting
      ) rule on true
      left join lateral (select min(component_sku) as made_of from inventory.bundle_component where bundle_sku = asked.sku) bundle on true
      -- A limit of one channel counts that channel's orders; a limit of all counts all.
      left join lateral (
        select coalesce(sum(quantity), 0) as units from inventory.backorder
        where (rule.release_at is not null or rule.backorder = 'UNITS') and backorder.sku = asked.sku
          and (not case when rule.release_at is not null then rule.preorder_own else rule.backorder_own end or channel_code = p_channel_code)
      ) waiting on true;
    end
    $$;

    create type inventory.offer as (sku text, location_id text, own int, free int);
    comment on type inventory.offer is 'own: units that the caller''s hold keeps at the node, as far as they still exist. free: what the channel may take there. A bundle counts whole bundles.';

    create function inventory.offers(
      p_channel_code text, p_under_terms boolean, p_skus text[], p_location_ids text[], p_reservation_id text, p_at timestamptz
    ) returns setof inventory.offer language plpgsql stable set plan_cache_mode = force_generic_plan as $$
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
        where p_under_terms and exists (select from inventory.channel_rule)
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

    create type inventory.sellable_units as (
      sku text, known boolean, own int, sellable int, backorder_units int, cap int, release_at timestamptz, is_bundle boolean
    );
    comment on type inventory.sellable_units is 'sellable: own units and what the channel may take besides. backorder_units: units beyond that which orders may wait for; null any number. cap: most units of one order; null none.';

    create function inventory.sellable(
      p_channel_code text, p_safety_stock int, p_under_terms boolean, p_skus text[], p_location_ids text[], p_offers inventory.offer[], p_at timestamptz
    ) returns setof inventory.sellable_units language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_components text[];
      v_free inventory.offer[];
    begin
      select array_agg(distinct component_sku) into v_components from inventory.bundle_component where bundle_sku = any (p_skus);
      if v_components is not null then
        select array_agg(offer) into v_free from inventory.offers(p_channel_code, p_under_terms, v_components, p_location_ids, null, p_at) offer;
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
      )
      select asked.sku, limited.sku is not null or exists (select from inventory.position where position.sku = asked.sku),
             coalesce(total.own, 0)::int,
             -- The channel's safety stock is withheld from the total of what is free; a hold was granted and is not reduced by it.
             (coalesce(total.own, 0) + least(terms.cap, greatest(0, least(coalesce(total.free, 0), limited.free)
               - case when limited.sku is null and p_under_terms then coalesce(terms.withheld, p_safety_stock) else coalesce(terms.withheld, 0) end)))::int,
             terms.backorder_units, greatest(terms.cap, case when terms.cap is not null then coalesce(total.own, 0)::int end), terms.release_at, limited.sku is not null
      from (select distinct unnest(p_skus) collate "C" as sku) asked
      left join total using (sku) left join terms using (sku) left join limited using (sku);
    end
    $$;

    create type inventory.planned_sale as (
      sku text, wanted int, known boolean, sellable int, orderable int, is_bundle boolean, location_id text, quantity int, node_rank int
    );
    comment on type inventory.planned_sale is 'One row per SKU and node that serves it; a SKU that no node serves has one row without a node. orderable: most units that an order may take, those without stock included when it may; null any number.';

    -- Only reads: its caller holds the locks. Fewest nodes, greedily: first the node that completes most SKUs, then most
    -- units, then one that serves the order already, then priority.
    create function inventory.plan_sale(
      p_channel_code text, p_safety_stock int, p_under_terms boolean, p_skus text[], p_quantities int[], p_location_ids text[],
      p_allow_backorder boolean, p_reservation_id text, p_used text[], p_at timestamptz
    ) returns setof inventory.planned_sale language plpgsql set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_offers inventory.offer[];
      v_skus text[]; v_wanted int[]; v_known boolean[]; v_sellable int[]; v_orderable int[]; v_bundle boolean[]; v_rest int[];
      s_skus text[]; s_nodes text[]; s_priorities int[]; s_own int[]; s_free int[];
      v_chosen text[] := '{}';
      v_node text;
      v_last boolean := false;
    begin
      select array_agg(offer) into v_offers
      from inventory.offers(p_channel_code, p_under_terms, p_skus, p_location_ids, p_reservation_id, p_at) offer where own > 0 or free > 0;
      select array_agg(offer.sku), array_agg(offer.location_id), array_agg(location.preference), array_agg(offer.own), array_agg(offer.free)
      into s_skus, s_nodes, s_priorities, s_own, s_free
      from unnest(v_offers) offer
      join (select id, row_number() over (order by priority, code)::int as preference from inventory.location) location on location.id = offer.location_id;

      select array_agg(asked.sku), array_agg(asked.wanted), array_agg(units.known), array_agg(units.sellable),
             array_agg(least(units.cap, case when p_allow_backorder then units.sellable + units.backorder_units::bigint else units.sellable end)::int),
             array_agg(units.is_bundle), array_agg(least(asked.wanted, units.sellable) - least(units.own, asked.wanted))
      into v_skus, v_wanted, v_known, v_sellable, v_orderable, v_bundle, v_rest
      from (select sku, sum(quantity)::int as wanted from unnest(p_skus, p_quantities) as line (sku, quantity) group by sku) asked
      join inventory.sellable(p_channel_code, p_safety_stock, p_under_terms, p_skus, p_location_ids, v_offers, p_at) units using (sku);

      while not v_last loop
        with missing as (
          select rest.sku, rest.units - coalesce(sum(stock.free) filter (where stock.node = any (v_chosen)), 0) as units
          from unnest(v_skus, v_rest) as rest (sku, units)
          left join unnest(s_skus, s_nodes, s_free) as stock (sku, node, free) using (sku)
          where rest.units > 0
          group by rest.sku, rest.units
        ), candidate as (
          -- Conditions stand in the aggregates, not in where: the planner would expect one row and loop over all pairs.
          select stock.node, stock.priority,
                 count(*) filter (where missing.units > 0 and stock.free >= missing.units) as completes,
                 sum(least(stock.free, missing.units)) filter (where missing.units > 0) as units
          from missing
          join unnest(s_skus, s_nodes, s_priorities, s_free) as stock (sku, node, priority, free) using (sku)
          group by stock.node, stock.priority
          having stock.node <> all (v_chosen)
        )
        select node, completes = (select count(*) from missing where missing.units > 0) into v_node, v_last
        from candidate where candidate.units > 0
        order by completes desc, candidate.units desc, node = any (p_used) desc, priority, node limit 1;
        exit when v_node is null;
        v_chosen := v_chosen || v_node;
      end loop;

      return query
      with demand as (
        select * from unnest(v_skus, v_wanted, v_known, v_sellable, v_orderable, v_bundle, v_rest) as d (sku, wanted, known, sellable, orderable, is_bundle, rest)
      ), taken as (
        -- Held nodes come before all chosen ones, preferred first.
        select sku, node, own as quantity, priority - 1000000 as node_rank
        from unnest(s_skus, s_nodes, s_priorities, s_own) as stock (sku, node, priority, own) where own > 0
        union all
        select sku, node, least(free, greatest(0, rest - before))::int, node_rank
        from (
          select stock.sku, stock.node, stock.free, demand.rest, chosen.node_rank::int as node_rank,
                 coalesce(sum(stock.free) over (partition by stock.sku order by chosen.node_rank rows between unbounded preceding and 1 preceding), 0) as before
          from unnest(s_skus, s_nodes, s_free) as stock (sku, node, free)
          join unnest(v_chosen) with ordinality as chosen (node, node_rank) using (node)
          join demand using (sku)
        ) offer
        where rest > before and free > 0
      )
      select demand.sku, demand.wanted, demand.known, demand.sellable, demand.orderable, demand.is_bundle, taken.node, coalesce(sum(taken.quantity), 0)::int, min(taken.node_rank)
      from demand left join taken using (sku)
      group by demand.sku, demand.wanted, demand.known, demand.sellable, demand.orderable, demand.is_bundle, taken.node;
    end
    $$;

    -- Everything whose stock an order of these SKUs touches: themselves, or what they are made of.
    create function inventory.stocked_skus(p_skus text[]) returns text[] language sql stable as $$
      select array_agg(distinct coalesce(part.component_sku, asked.sku)) from unnest(p_skus) as asked (sku)
      left join inventory.bundle_component part on part.bundle_sku = asked.sku
    $$;

    -- Holds whose time is over lose their units at the locked positions for good, before anybody takes them: a clock
    -- that is set back cannot bring a hold to life whose goods were sold.
    create function inventory.end_overdue_lines(p_skus text[], p_location_ids text[], p_at timestamptz) returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_deltas inventory.delta[];
    begin
      with line as (
        update inventory.reservation_line set state = 'EXPIRED'
        where state = 'HELD' and expires_at <= p_at and sku = any (p_skus) and location_id = any (p_location_ids)
        returning reservation_id, sku, location_id, quantity
      )
      select array_agg(row(sku, location_id, -quantity, 0, reservation_id)::inventory.delta) into v_deltas from line;
      if v_deltas is not null then perform inventory.move('EXPIRY', v_deltas); end if;
    end
    $$;
  `);
}
