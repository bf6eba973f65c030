import type { Knex } from 'knex';

/** What sourcing asks: where an order's units may come from, and moving them there. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.order_sources(p_order_id text, p_skus text[])
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
      select 'WAITING', order_line_id, sku, location_id, quantity, null from inventory.backorder where order_id = p_order_id
    $$;
    comment on function inventory.order_sources is 'Units as they are sold, whole bundles included. OWN: committed to a line of the order and not gone; FREE: what anybody can take where orders ship from, or where this one waits, as of the warehouse''s last word about it; WAITING: backordered, location_id when only that location may serve them.';

    create function inventory.waiting_orders(p_sku text) returns table (order_id text) language sql stable as $$
      select order_id from inventory.backorder
      where sku = p_sku or sku in (select bundle_sku from inventory.bundle_component where component_sku = p_sku)
      group by order_id order by min(waiting_since), order_id
    $$;
    comment on function inventory.waiting_orders is 'Orders with units that wait for a SKU, alone or in a bundle; the oldest promise first.';

    create function inventory.move_order(
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

        insert into inventory.backorder (order_line_id, order_id, sku, channel_code, location_id, quantity)
        select move.line_id, p_order_id, move.sku, reservation.channel_code, null, sum(move.units)::int
        from unnest(p_line_ids, p_skus, p_quantities, p_to) as move (line_id, sku, units, node)
        left join inventory.reservation on reservation.order_id = p_order_id
        where move.node is null
        group by move.line_id, move.sku, reservation.channel_code
        on conflict (order_line_id) do update set quantity = backorder.quantity + excluded.quantity;
        v_answer := 'MOVED';
      exception when sqlstate 'IV002' then
        v_answer := 'REFUSED';
      end;
      insert into inventory.reassignment (key, answer) values (p_key, to_jsonb(v_answer));
      return v_answer;
    end
    $$;
    comment on function inventory.move_order is 'Moves units of an order''s lines between nodes and the queue of those who wait (null), all of them or none. MOVED; KNOWN when this key did so before; REFUSED when they are not where they are taken from, or what they need is gone.';
  `);
}
