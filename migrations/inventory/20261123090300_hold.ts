import type { Migration } from '../../platform/db/migrate.ts';

/** Soft reservations: hold, extend, release, expire. All or nothing; the clock is the database's. */
export const hold: Migration = {
  async up(knex) {
    await knex.raw(`
      create table inventory.unannounced (
        id bigint generated always as identity primary key,
        sku text collate "C" not null,
        location_id text not null
      );
      comment on table inventory.unannounced is 'Positions whose availability changed and that no event has told yet. Read with skip locked, deleted with the event.';

      create type inventory.delta as (sku text, location_id text, reserved int, committed int, reference text);

      -- Changes reserved and committed of positions that the caller has locked, with the ledger rows that say why.
      create function inventory.move(p_kind text, p_deltas inventory.delta[]) returns void language plpgsql as $$
      begin
        with delta as (
          select sku, location_id, sum(reserved)::int as reserved, sum(committed)::int as committed, reference
          from unnest(p_deltas)
          group by sku, location_id, reference
          having sum(reserved) <> 0 or sum(committed) <> 0
        ), total as (
          select sku, location_id, sum(reserved)::int as reserved, sum(committed)::int as committed from delta group by sku, location_id
        ), moved as (
          update inventory.position
          set reserved = position.reserved + total.reserved, committed = position.committed + total.committed
          from total where position.sku = total.sku and position.location_id = total.location_id
        ), told as (
          insert into inventory.unannounced (sku, location_id) select sku, location_id from total
        )
        insert into inventory.movement (sku, location_id, kind, reserved_delta, committed_delta, reference)
        select sku, location_id, p_kind, reserved, committed, reference from delta order by sku, location_id;
      end
      $$;

      create function inventory.hold(
        p_reservation_id text, p_skus text[], p_quantities int[], p_location_id text, p_safety_stock int, p_ttl_seconds int,
        p_channel_code text, p_customer_id text
      ) returns table (kind text, line_no int, sku text, quantity int, available int) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_nodes text[] := inventory.nodes_in_scope(p_location_id);
        v_plan inventory.planned[];
        v_expires timestamptz;
      begin
        perform inventory.check_lines(p_skus, p_quantities);
        if p_ttl_seconds not between 1 and 3600 then
          raise exception 'a hold lasts 1 to 3600 seconds' using errcode = '22023';
        end if;
        perform inventory.lock_positions(p_skus, v_nodes);
        select array_agg(planned) into v_plan
        from inventory.plan_allocation(p_skus, p_quantities, v_nodes, coalesce(p_safety_stock, 0), null, clock_timestamp()) planned;

        return query
        select case when state.known then 'SHORT' else 'UNKNOWN_SKU' end, line.line_no::int, line.sku, line.quantity, state.sellable
        from unnest(p_skus, p_quantities) with ordinality as line (sku, quantity, line_no)
        join (select distinct sku, known, wanted, sellable from unnest(v_plan)) state using (sku)
        where not state.known or state.wanted > state.sellable
        order by line.line_no;
        if found then return; end if;

        v_expires := clock_timestamp() + make_interval(secs => p_ttl_seconds);
        insert into inventory.reservation (id, state, location_id, expires_at, channel_code, customer_id)
        values (p_reservation_id, 'HELD', p_location_id, v_expires, p_channel_code, p_customer_id);
        insert into inventory.reservation_line (reservation_id, sku, location_id, quantity, state, expires_at)
        select p_reservation_id, sku, location_id, quantity, 'HELD', v_expires from unnest(v_plan) order by sku, location_id;
        perform inventory.move('HOLD', array_agg(row(sku, location_id, quantity, 0, p_reservation_id)::inventory.delta)) from unnest(v_plan);

        return query
        select 'HELD', line.line_no::int, line.sku, line.quantity, state.sellable
        from unnest(p_skus, p_quantities) with ordinality as line (sku, quantity, line_no)
        join (select distinct sku, sellable from unnest(v_plan)) state using (sku)
        order by line.line_no;
      end
      $$;

      -- Ends holds: positions first, then reservations, the same order everywhere. Skips what is no longer HELD by then.
      create function inventory.end_holds(p_reservation_ids text[], p_state text) returns setof text language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_ids text[];
        v_deltas inventory.delta[];
      begin
        perform inventory.lock_positions(array_agg(distinct sku), array_agg(distinct location_id))
        from inventory.reservation_line where reservation_id = any (p_reservation_ids) and state = 'HELD';
        with ended as (
          update inventory.reservation set state = p_state
          where id in (
            select id from inventory.reservation
            where id = any (p_reservation_ids) and state = 'HELD' and (p_state <> 'EXPIRED' or expires_at <= clock_timestamp())
            order by id for update
          )
          returning id
        )
        select coalesce(array_agg(id), '{}') into v_ids from ended;
        with line as (
          update inventory.reservation_line set state = p_state
          where reservation_id = any (v_ids) and state = 'HELD'
          returning reservation_id, sku, location_id, quantity
        )
        select array_agg(row(sku, location_id, -quantity, 0, reservation_id)::inventory.delta) into v_deltas from line;
        perform inventory.move(case p_state when 'EXPIRED' then 'EXPIRY' else 'RELEASE' end, v_deltas);
        return query select unnest(v_ids);
      end
      $$;

      create function inventory.expire_holds(p_limit int) returns int language sql as $$
        select count(*)::int from inventory.end_holds(
          (select array_agg(reservation_id) from (
            select distinct reservation_id from inventory.reservation_line
            where state = 'HELD' and expires_at <= clock_timestamp() limit p_limit
          ) due), 'EXPIRED')
      $$;

      create function inventory.extend_hold(p_reservation_id text, p_ttl_seconds int, p_max_seconds int) returns text language plpgsql set plan_cache_mode = force_generic_plan as $$
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
        if v_hold.state <> 'HELD' or v_hold.expires_at <= v_now then return 'NOT_HELD'; end if;
        -- Never shortens: an extension that arrives late must not take time away.
        v_until := greatest(v_hold.expires_at, v_now + make_interval(secs => p_ttl_seconds));
        if v_until > v_hold.created_at + make_interval(secs => p_max_seconds) then return 'LIMIT_REACHED'; end if;
        update inventory.reservation set expires_at = v_until where id = p_reservation_id;
        update inventory.reservation_line set expires_at = v_until where reservation_id = p_reservation_id and state = 'HELD';
        return 'EXTENDED';
      end
      $$;
    `);
  },
};
