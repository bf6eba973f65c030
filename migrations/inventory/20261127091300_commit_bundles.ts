import type { Knex } from 'knex';

/** Orders under the channel's rules: bundles, backorders within limits, and holds that were over when the order came. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function inventory.check_hold(
      p_reservation_id text, p_skus text[], p_quantities int[], p_location_id text, p_channel_code text, p_at timestamptz
    ) returns text language plpgsql as $$
    #variable_conflict use_column
    declare
      v_hold inventory.reservation;
    begin
      select * into v_hold from inventory.reservation where id = p_reservation_id for update;
      -- Another channel's hold answers like one that does not exist.
      if v_hold.id is null or (p_channel_code is not null and v_hold.channel_code is distinct from p_channel_code) then
        return 'RESERVATION_MISMATCH';
      end if;
      if v_hold.state in ('COMMITTED', 'CONSUMED') or exists (select from inventory.reservation where reacquires = p_reservation_id) then
        return 'RESERVATION_MISMATCH';
      end if;
      if v_hold.state = 'RELEASED' then return 'RESERVATION_EXPIRED'; end if;
      if v_hold.location_id is distinct from p_location_id then return 'RESERVATION_MISMATCH'; end if;
      if exists (
        select from (select sku, sum(quantity) as units from unnest(p_skus, p_quantities) as line (sku, quantity) group by sku) asked
        full join (
          select coalesce(bundle_sku, sku) as sku, sum(inventory.sold_units(line)) as units from inventory.reservation_line line
          where reservation_id = p_reservation_id and state in ('HELD', 'EXPIRED') group by coalesce(bundle_sku, sku)
        ) kept using (sku)
        where asked.units is distinct from kept.units
      ) then
        return 'RESERVATION_MISMATCH';
      end if;
      -- Over, but for these goods: they may still be there.
      if v_hold.state = 'EXPIRED' or v_hold.expires_at <= p_at or inventory.lost_units(p_reservation_id) then return 'REACQUIRE'; end if;
      return null;
    end
    $$;

    create type inventory.taken as (kind text, line_id text, sku text, location_id text, quantity int, available int);

    create function inventory.take_stock(
      p_order_id text, p_line_ids text[], p_skus text[], p_quantities int[], p_location_id text, p_safety_stock int,
      p_allow_backorder boolean, p_reservation_id text, p_channel_code text, p_not_location_id text, p_under_terms boolean
    ) returns setof inventory.taken language plpgsql set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_nodes text[] := array_remove(inventory.nodes_in_scope(p_location_id), p_not_location_id);
      v_stocked text[];
      v_bundles text[];
      v_bundle text;
      v_verdict text;
      v_hold_id text := p_reservation_id;
      v_now timestamptz;
      v_rows inventory.taken[];
      v_all inventory.taken[] := '{}';
    begin
      perform inventory.check_lines(p_skus, p_quantities);
      if cardinality(p_line_ids) is distinct from cardinality(p_skus) then
        raise exception 'every line needs an id' using errcode = '22023';
      end if;
      v_stocked := inventory.stocked_skus(p_skus);
      if p_reservation_id is not null then
        -- A node may have been taken out of shipping since the hold, a bundle made of other things: what is held still belongs to the order.
        select array_agg(distinct node) into v_nodes from (
          select unnest(v_nodes) as node union all select location_id from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD'
        ) scope;
        select array_agg(distinct stocked) into v_stocked from (
          select unnest(v_stocked) as stocked union all select sku from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD'
        ) scope;
      end if;
      perform inventory.lock_positions(v_stocked, v_nodes);
      -- Read once, after the wait for the locks: from here on a hold is either alive or over, for every step alike.
      v_now := clock_timestamp();
      perform inventory.end_overdue_lines(v_stocked, v_nodes, v_now);
      if p_reservation_id is not null then
        v_verdict := case when exists (select from inventory.reservation where order_id = p_order_id) then 'RESERVATION_MISMATCH'
          else inventory.check_hold(p_reservation_id, p_skus, p_quantities, p_location_id, p_channel_code, v_now) end;
        if v_verdict = 'REACQUIRE' then
          v_hold_id := null;
        elsif v_verdict is not null then
          return query select v_verdict, null::text, null::text, null::text, null::int, null::int;
          return;
        end if;
      end if;
      if p_under_terms and p_allow_backorder then
        -- Two orders that count what waits must not both take the last place. Always after the positions, by SKU.
        perform pg_advisory_xact_lock(hashtextextended('inventory.backorder:' || limited.sku, 0))
        from (select distinct sku from inventory.channel_terms(p_channel_code, p_skus) where backorder_units is not null order by sku) limited;
      end if;
      select coalesce(array_agg(distinct bundle_sku order by bundle_sku), '{}') into v_bundles from inventory.bundle_component where bundle_sku = any (p_skus);

      if cardinality(v_bundles) = 0 then
        select array_agg(taken) into v_all from inventory.take_part(p_order_id, p_line_ids, p_skus, p_quantities, p_location_id, v_nodes,
          p_safety_stock, p_allow_backorder, v_hold_id, p_channel_code, p_under_terms, v_now) taken;
      else
        begin
          foreach v_bundle in array v_bundles || null::text loop
            -- What one part of the order takes is gone for the next: they may share components.
            select array_agg(taken) into v_rows
            from (select array_agg(line.id order by line_no) as ids, array_agg(line.sku order by line_no) as skus, array_agg(line.quantity order by line_no) as quantities
                  from unnest(p_line_ids, p_skus, p_quantities) with ordinality as line (id, sku, quantity, line_no)
                  where case when v_bundle is null then line.sku <> all (v_bundles) else line.sku = v_bundle end) part,
                 inventory.take_part(p_order_id, part.ids, part.skus, part.quantities, p_location_id, v_nodes,
                   p_safety_stock, p_allow_backorder, v_hold_id, p_channel_code, p_under_terms, v_now) taken
            where part.skus is not null;
            v_all := v_all || v_rows;
          end loop;
          if exists (select from unnest(v_all) where kind in ('SHORT', 'UNKNOWN_SKU')) then
            raise exception 'short' using errcode = 'IV001';
          end if;
        exception when sqlstate 'IV001' then
          -- All or nothing: what was taken for the parts that could be had is undone.
          select array_agg(taken) into v_all from unnest(v_all) taken where kind in ('SHORT', 'UNKNOWN_SKU');
        end;
      end if;

      if v_verdict = 'REACQUIRE' then
        if exists (select from unnest(v_all) where kind = 'SHORT') then
          return query select 'RESERVATION_EXPIRED', null::text, null::text, null::text, null::int, null::int;
          return;
        end if;
        update inventory.reservation set reacquires = p_reservation_id where order_id = p_order_id;
      end if;
      return query
      select taken.kind, taken.line_id, taken.sku, taken.location_id, taken.quantity, taken.available
      from unnest(v_all) with ordinality as taken (kind, line_id, sku, location_id, quantity, available, place)
      join unnest(p_line_ids) with ordinality as line (id, line_no) on line.id = taken.line_id
      order by line_no, place;
    end
    $$;

    -- Commits the lines of one part of an order: one bundle, or everything that is no bundle. All of it, or says why not.
    create function inventory.take_part(
      p_order_id text, p_line_ids text[], p_skus text[], p_quantities int[], p_location_id text, p_nodes text[], p_safety_stock int,
      p_allow_backorder boolean, p_hold_id text, p_channel_code text, p_under_terms boolean, p_at timestamptz
    ) returns setof inventory.taken language plpgsql set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_plan inventory.planned_sale[];
      v_reservation_id text;
      v_lines text[]; v_skus text[]; v_served_nodes text[]; v_units int[]; v_starts bigint[];
    begin
      select array_agg(planned) into v_plan
      from inventory.plan_sale(p_channel_code, coalesce(p_safety_stock, 0), p_under_terms, p_skus, p_quantities, p_nodes, coalesce(p_allow_backorder, false),
        p_hold_id, (select array_agg(line.location_id) from inventory.reservation join inventory.reservation_line line on line.reservation_id = reservation.id
                    where reservation.order_id = p_order_id and line.state = 'COMMITTED'), p_at) planned;

      -- A SKU is short as a whole: each of its lines says so, with what could be had of it.
      return query
      select case when state.known then 'SHORT' else 'UNKNOWN_SKU' end, line.id, line.sku, null::text, line.quantity, coalesce(state.orderable, state.sellable)
      from unnest(p_line_ids, p_skus, p_quantities) with ordinality as line (id, sku, quantity, line_no)
      join (select distinct sku, known, wanted, sellable, orderable from unnest(v_plan)) state using (sku)
      where not state.known or state.wanted > state.orderable
      order by line.line_no;
      if found then return; end if;

      if p_hold_id is not null or exists (select from unnest(v_plan) where quantity > 0) then
        v_reservation_id := inventory.reservation_of_order(p_order_id, p_hold_id, p_location_id, p_channel_code);
      end if;
      perform inventory.move('ALLOCATION', inventory.moved_units(v_plan, p_order_id, false) || (
        select array_agg(row(sku, location_id, -quantity, 0, p_order_id)::inventory.delta)
        from inventory.reservation_line where reservation_id = p_hold_id and state = 'HELD' and coalesce(bundle_sku, sku) = any (p_skus)
      ));
      -- The hold's lines are replaced by lines that name the order's; the ledger keeps what they were.
      delete from inventory.reservation_line where reservation_id = p_hold_id and state = 'HELD' and coalesce(bundle_sku, sku) = any (p_skus);

      -- Lines and nodes are laid on one axis of units per SKU; where two intervals meet, the line is served by the node.
      select array_agg(id order by line_no, starts), array_agg(sku order by line_no, starts), array_agg(location_id order by line_no, starts),
             array_agg(units order by line_no, starts), array_agg(starts order by line_no, starts)
      into v_lines, v_skus, v_served_nodes, v_units, v_starts
      from (
        select line.id, line.sku, line.line_no, node.location_id, node.starts, (least(line.ends, node.ends) - greatest(line.starts, node.starts))::int as units
        from (
          select id, sku, quantity, line_no, sum(quantity) over (partition by sku order by line_no) - quantity as starts,
                 sum(quantity) over (partition by sku order by line_no) as ends
          from unnest(p_line_ids, p_skus, p_quantities) with ordinality as line (id, sku, quantity, line_no)
        ) line
        join (
          select sku, location_id, sum(quantity) over (partition by sku order by node_rank, location_id) - quantity as starts,
                 sum(quantity) over (partition by sku order by node_rank, location_id) as ends
          from unnest(v_plan) where quantity > 0
        ) node using (sku)
        where least(line.ends, node.ends) > greatest(line.starts, node.starts)
      ) served;
      perform inventory.keep_lines(v_reservation_id, 'COMMITTED', null, v_lines, v_skus, v_served_nodes, v_units);

      return query
      with served as (
        select * from unnest(v_lines, v_skus, v_served_nodes, v_units, v_starts) as served (id, sku, location_id, units, starts)
      ), waiting as (
        select line.id, line.sku, (line.quantity - coalesce(done.units, 0))::int as units
        from unnest(p_line_ids, p_skus, p_quantities) as line (id, sku, quantity)
        left join (select id, sum(units) as units from served group by id) done using (id)
        where line.quantity > coalesce(done.units, 0)
      ), noted as (
        insert into inventory.backorder (order_line_id, order_id, sku, channel_code, location_id, quantity)
        select id, p_order_id, sku, p_channel_code, p_location_id, units from waiting
        on conflict (order_line_id) do update set quantity = backorder.quantity + excluded.quantity
      )
      select answer.kind, answer.id, answer.sku, answer.location_id, answer.units, state.sellable
      from (
        select 'ALLOCATED' as kind, id, sku, location_id, units, starts from served
        union all
        select 'BACKORDERED', id, sku, p_location_id, units, null from waiting
      ) answer
      join unnest(p_line_ids) with ordinality as line (id, line_no) using (id)
      join (select distinct sku, sellable from unnest(v_plan)) state using (sku)
      order by line.line_no, answer.starts nulls last;
    end
    $$;

    create or replace function inventory.commit_order(
      p_order_id text, p_line_ids text[], p_skus text[], p_quantities int[], p_location_id text, p_safety_stock int,
      p_allow_backorder boolean, p_reservation_id text, p_channel_code text default null, p_not_location_id text default null
    ) returns table (kind text, line_id text, sku text, location_id text, quantity int, available int) language sql as $$
      select * from inventory.take_stock(p_order_id, p_line_ids, p_skus, p_quantities, p_location_id, p_safety_stock,
        p_allow_backorder, p_reservation_id, p_channel_code, p_not_location_id, true)
    $$;

    create function inventory.cancel_backorder(p_order_id text, p_line_ids text[], p_quantities int[]) returns void language sql as $$
      with given as (
        select id, sum(units)::int as units from unnest(p_line_ids, p_quantities) as given (id, units) where units > 0 group by id
      ), gone as (
        delete from inventory.backorder using given
        where backorder.order_line_id = given.id and backorder.order_id = p_order_id and backorder.quantity <= given.units
      )
      update inventory.backorder set quantity = backorder.quantity - given.units from given
      where backorder.order_line_id = given.id and backorder.order_id = p_order_id and backorder.quantity > given.units
    $$;
    comment on function inventory.cancel_backorder is 'Units of order lines that no longer wait for stock: cancelled, or served. More than waits is not taken.';
  `);
}
