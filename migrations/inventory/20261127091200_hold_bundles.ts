import type { Knex } from 'knex';

/** Holds under the channel's rules, of bundles too. A bundle is planned before the rest: its components leave from one node. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
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
      v_stocked := inventory.stocked_skus(p_skus);
      perform inventory.lock_positions(v_stocked, v_nodes);
      v_now := clock_timestamp();
      perform inventory.end_overdue_lines(v_stocked, v_nodes, v_now);
      v_expires := v_now + make_interval(secs => p_ttl_seconds);
      select coalesce(array_agg(distinct bundle_sku order by bundle_sku), '{}') into v_bundles from inventory.bundle_component where bundle_sku = any (p_skus);

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

    -- What a plan takes of the positions: a bundle's units are units of its components.
    create function inventory.moved_units(p_plan inventory.planned_sale[], p_reference text, p_held boolean) returns inventory.delta[] language sql stable as $$
      select array_agg(row(coalesce(part.component_sku, planned.sku), planned.location_id,
               case when p_held then planned.quantity * coalesce(part.quantity, 1) else 0 end,
               case when p_held then 0 else planned.quantity * coalesce(part.quantity, 1) end, p_reference)::inventory.delta)
      from unnest(p_plan) planned left join inventory.bundle_component part on part.bundle_sku = planned.sku
      where planned.quantity > 0
    $$;

    -- Writes the lines of a reservation: HELD without order lines, COMMITTED with them. Units in bundles become their components.
    create function inventory.keep_lines(
      p_reservation_id text, p_state text, p_expires timestamptz, p_order_line_ids text[], p_skus text[], p_location_ids text[], p_units int[]
    ) returns void language sql as $$
      insert into inventory.reservation_line (reservation_id, order_line_id, sku, location_id, quantity, state, expires_at, bundle_sku, bundle_set, component_no, per_bundle)
      select p_reservation_id, served.order_line_id, coalesce(part.component_sku, served.sku), served.location_id, served.units * coalesce(part.quantity, 1),
             coalesce(p_state, 'HELD'), p_expires, part.bundle_sku, case when part.bundle_sku is not null then served.set_number end, part.component_no, part.quantity
      from (
        select *, case when exists (select from inventory.bundle_component where bundle_sku = sku) then nextval('inventory.bundle_set_number') end as set_number
        from unnest(p_order_line_ids, p_skus, p_location_ids, p_units) with ordinality as served (order_line_id, sku, location_id, units, place)
      ) served
      left join lateral (
        select bundle_sku, component_sku, quantity, row_number() over (order by component_sku)::int as component_no
        from inventory.bundle_component where bundle_sku = served.sku
      ) part on true
      order by served.place, part.component_no
    $$;

    create index reservation_expiry on inventory.reservation (expires_at) where state = 'HELD';
    create or replace function inventory.expire_holds(p_limit int) returns int language sql as $$
      select count(*)::int from inventory.end_holds(
        (select array_agg(id) from (
          select id from inventory.reservation where state = 'HELD' and expires_at <= clock_timestamp() order by expires_at limit p_limit
        ) due), 'EXPIRED')
    $$;

    create or replace function inventory.extend_hold(p_reservation_id text, p_ttl_seconds int, p_max_seconds int) returns text language plpgsql set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_now timestamptz;
      v_until timestamptz;
      v_hold inventory.reservation;
    begin
      perform inventory.lock_positions(array_agg(distinct sku), array_agg(distinct location_id))
      from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD';
      select * into v_hold from inventory.reservation where id = p_reservation_id for update;
      v_now := clock_timestamp();
      if v_hold.id is null then return 'NOT_FOUND'; end if;
      if v_hold.state <> 'HELD' or v_hold.expires_at <= v_now or inventory.lost_units(p_reservation_id) then return 'NOT_HELD'; end if;
      -- Never shortens: an extension that arrives late must not take time away.
      v_until := greatest(v_hold.expires_at, v_now + make_interval(secs => p_ttl_seconds));
      if v_until > v_hold.created_at + make_interval(secs => p_max_seconds) then return 'LIMIT_REACHED'; end if;
      update inventory.reservation set expires_at = v_until where id = p_reservation_id;
      update inventory.reservation_line set expires_at = v_until where reservation_id = p_reservation_id and state = 'HELD';
      return 'EXTENDED';
    end
    $$;

    -- Whether a hold was over at some time, and lost units for it: it stays over, whatever the clock says later.
    create function inventory.lost_units(p_reservation_id text) returns boolean language sql stable as $$
      select exists (select from inventory.reservation_line where reservation_id = p_reservation_id and state = 'EXPIRED')
    $$;
  `);
}
