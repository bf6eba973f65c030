import type { Migration } from '../../platform/db/migrate.ts';

/**
 * Choosing nodes. `plan_allocation` only reads; its caller holds the locks taken by `lock_positions`, and each function
 * is a statement of its own, so under READ COMMITTED the plan sees what was committed before the lock was granted.
 */
export const allocation: Migration = {
  async up(knex) {
    await knex.raw(`
      create function inventory.lock_positions(p_skus text[], p_location_ids text[]) returns void language plpgsql as $$
      begin
        -- One order for everybody, (sku, location): two orders with the same goods wait for each other, never in a circle.
        perform from inventory.position
        where sku = any (p_skus) and location_id = any (p_location_ids)
        order by sku, location_id
        for no key update;
      end
      $$;

      create function inventory.nodes_in_scope(p_location_id text) returns text[] language sql stable as $$
        select coalesce(array_agg(id), '{}') from inventory.location where (p_location_id is null and shippable) or id = p_location_id
      $$;

      create type inventory.planned as (
        sku text, wanted int, known boolean, sellable int, location_id text, quantity int, node_rank int
      );
      comment on type inventory.planned is 'One row per SKU and node that serves it; a SKU that no node serves has one row without a node.';

      create function inventory.plan_allocation(
        p_skus text[], p_quantities int[], p_location_ids text[], p_safety_stock int, p_reservation_id text, p_at timestamptz
      ) returns setof inventory.planned language plpgsql as $$
      #variable_conflict use_column
      declare
        v_skus text[]; v_wanted int[]; v_known boolean[]; v_sellable int[]; v_rest int[];
        s_skus text[]; s_nodes text[]; s_priorities int[]; s_own int[]; s_free int[];
        v_chosen text[] := '{}';
        v_node text;
        v_last boolean := false;
      begin
        -- own: units that the caller's hold keeps here, as far as they still exist. free: what anyone may take.
        select array_agg(stock.sku), array_agg(stock.location_id), array_agg(location.preference), array_agg(stock.own), array_agg(stock.free)
        into s_skus, s_nodes, s_priorities, s_own, s_free
        from (
          select position.sku, position.location_id, position.available as free,
                 least(greatest(0, position.on_hand - position.committed), coalesce(mine.quantity, 0)) as own
          from inventory.stock_at(p_skus, p_location_ids, p_at) position
          left join (
            select sku, location_id, sum(quantity)::int as quantity
            from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD' and expires_at > p_at
            group by sku, location_id
          ) mine using (sku, location_id)
        ) stock
        join (select id, row_number() over (order by priority, code)::int as preference from inventory.location) location on location.id = stock.location_id
        where stock.own > 0 or stock.free > 0;

        -- The channel's safety stock is withheld from the total of what is free; a hold was granted and is not reduced by it.
        select array_agg(demand.sku), array_agg(demand.wanted), array_agg(demand.known), array_agg(demand.sellable),
               array_agg(least(demand.wanted, demand.sellable) - demand.own)
        into v_skus, v_wanted, v_known, v_sellable, v_rest
        from (
          select asked.sku, asked.wanted::int as wanted, least(coalesce(stock.own, 0), asked.wanted)::int as own,
                 exists (select from inventory.position where position.sku = asked.sku) as known,
                 (coalesce(stock.own, 0) + greatest(0, coalesce(stock.free, 0) - p_safety_stock))::int as sellable
          from (select sku, sum(quantity) as wanted from unnest(p_skus, p_quantities) as line (sku, quantity) group by sku) asked
          left join (
            select sku, sum(own) as own, sum(free) as free from unnest(s_skus, s_own, s_free) as stock (sku, own, free) group by sku
          ) stock using (sku)
        ) demand;

        -- Fewest nodes, greedily: first the node that completes most SKUs, then most units, then priority.
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
          order by completes desc, candidate.units desc, priority, node limit 1;
          exit when v_node is null;
          v_chosen := v_chosen || v_node;
        end loop;

        return query
        with demand as (
          select * from unnest(v_skus, v_wanted, v_known, v_sellable, v_rest) as d (sku, wanted, known, sellable, rest)
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
        select demand.sku, demand.wanted, demand.known, demand.sellable, taken.node, coalesce(sum(taken.quantity), 0)::int, min(taken.node_rank)
        from demand left join taken using (sku)
        group by demand.sku, demand.wanted, demand.known, demand.sellable, taken.node;
      end
      $$;

      create function inventory.check_lines(p_skus text[], p_quantities int[]) returns void language plpgsql as $$
      begin
        if cardinality(p_skus) is distinct from cardinality(p_quantities) or cardinality(p_skus) not between 1 and 2000 then
          raise exception 'lines must be 1 to 2000 pairs of SKU and quantity' using errcode = '22023';
        end if;
        if exists (select from unnest(p_skus, p_quantities) as line (sku, quantity) where sku is null or quantity is null or quantity not between 1 and 1000000) then
          raise exception 'a quantity must be between 1 and 1000000' using errcode = '22023';
        end if;
      end
      $$;
    `);
  },
};
