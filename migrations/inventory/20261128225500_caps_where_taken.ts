import type { Knex } from 'knex';

/** The caps of components that lines of one order or hold share are looked at where stock is taken: whoever takes some cannot forget them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function inventory.take_stock(p_order_id text, p_line_ids text[], p_skus text[], p_quantities int[], p_location_id text, p_safety_stock int, p_allow_backorder boolean, p_reservation_id text, p_channel_code text, p_not_location_id text, p_under_terms boolean)
returns setof inventory.taken language plpgsql set plan_cache_mode = force_generic_plan as $$
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
      if p_under_terms and v_hold_id is null then
        -- What a hold keeps was granted, and stays its order's whatever the rules say.
        select array_agg(row('SHORT', line.id, line.sku, null, null, beyond.available)::inventory.taken order by line_no) into v_all
        from unnest(p_line_ids, p_skus) with ordinality as line (id, sku, line_no)
        join inventory.beyond_caps(p_channel_code, p_skus, p_quantities) beyond on beyond.sku = line.sku;
        if v_all is not null and v_verdict is null then
          return query select * from unnest(v_all);
          return;
        elsif v_all is not null then
          return query select 'RESERVATION_EXPIRED', null::text, null::text, null::text, null::int, null::int;
          return;
        end if;
        v_all := '{}';
      end if;
      if p_under_terms and p_allow_backorder then
        -- Two orders that count what waits must not both take the last place, of a component either. Always after the positions, by SKU.
        perform pg_advisory_xact_lock(hashtextextended('inventory.backorder:' || waited.sku, 0))
        from (select distinct unnest(p_skus || v_stocked) as sku order by sku) waited;
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

    create or replace function inventory.hold(
      p_reservation_id text, p_skus text[], p_quantities int[], p_location_id text, p_safety_stock int, p_ttl_seconds int,
      p_channel_code text, p_customer_id text
    ) returns table (kind text, line_no int, sku text, quantity int, available int) language plpgsql set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_nodes text[] := inventory.nodes_in_scope(p_location_id);
      v_stocked text[];
      v_bundles text[];
      v_now timestamptz;
      v_expires timestamptz;
      v_plan inventory.planned_sale[];
      v_all inventory.planned_sale[] := '{}';
      v_bundle text;
    begin
      perform inventory.check_lines(p_skus, p_quantities);
      if p_ttl_seconds not between 1 and 3600 then
        raise exception 'a hold lasts 1 to 3600 seconds' using errcode = '22023';
      end if;
      if p_location_id is not null and not exists (select from inventory.location where id = p_location_id) then
        return query select 'UNKNOWN_LOCATION', 0, null::text, null::int, null::int;
        return;
      end if;
      v_stocked := inventory.stocked_skus(p_skus);
      perform inventory.lock_positions(v_stocked, v_nodes);
      v_now := clock_timestamp();
      perform inventory.end_overdue_lines(v_stocked, v_nodes, v_now);
      v_expires := v_now + make_interval(secs => p_ttl_seconds);
      select coalesce(array_agg(distinct bundle_sku order by bundle_sku), '{}') into v_bundles from inventory.bundle_component where bundle_sku = any (p_skus);

      return query
      select 'SHORT', line.line_no::int, line.sku, line.quantity, beyond.available
      from unnest(p_skus, p_quantities) with ordinality as line (sku, quantity, line_no)
      join inventory.beyond_caps(p_channel_code, p_skus, p_quantities) beyond on beyond.sku = line.sku order by line.line_no;
      if found then return; end if;

      begin
        insert into inventory.reservation (id, state, location_id, expires_at, channel_code, customer_id)
        values (p_reservation_id, 'HELD', p_location_id, v_expires, p_channel_code, p_customer_id);
        foreach v_bundle in array v_bundles || null::text loop
          -- What one part of the cart takes is gone for the next: they may share components.
          select array_agg(planned) into v_plan
          from (select array_agg(line.sku) as skus, array_agg(line.quantity) as quantities
                from unnest(p_skus, p_quantities) as line (sku, quantity)
                where case when v_bundle is null then line.sku <> all (v_bundles) else line.sku = v_bundle end) part,
               inventory.plan_sale(p_channel_code, coalesce(p_safety_stock, 0), true, part.skus, part.quantities, v_nodes, false, null,
                 (select array_agg(location_id) from unnest(v_all)), v_now) planned
          where part.skus is not null;
          v_all := v_all || v_plan;
          continue when v_plan is null or exists (select from unnest(v_plan) where not known or wanted > sellable or wanted > orderable);
          perform inventory.keep_lines(p_reservation_id, null, v_expires, array_agg(null::text), array_agg(sku), array_agg(location_id), array_agg(quantity))
          from unnest(v_plan) where quantity > 0;
          perform inventory.move('HOLD', inventory.moved_units(v_plan, p_reservation_id, true));
        end loop;
        if exists (select from unnest(v_all) where not known or wanted > sellable or wanted > orderable) then
          raise exception 'short' using errcode = 'IV001';
        end if;
      exception when sqlstate 'IV001' then
        null; -- all or nothing: what was kept for the parts that could be had is undone
      end;

      return query
      select case when not state.known then 'UNKNOWN_SKU' else 'SHORT' end, line.line_no::int, line.sku, line.quantity, state.can
      from unnest(p_skus, p_quantities) with ordinality as line (sku, quantity, line_no)
      join (select distinct sku, known, wanted, least(sellable, orderable) as can from unnest(v_all)) state using (sku)
      where not state.known or state.wanted > state.can
      order by line.line_no;
      if found then return; end if;
      return query
      select 'HELD', line.line_no::int, line.sku, line.quantity, state.sellable
      from unnest(p_skus, p_quantities) with ordinality as line (sku, quantity, line_no)
      join (select distinct sku, sellable from unnest(v_all)) state using (sku)
      order by line.line_no;
    end
    $$;
  `);
}
