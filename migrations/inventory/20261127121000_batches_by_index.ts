import type { Migration } from '../../platform/db/migrate.ts';

/**
 * Batches again, at less cost. Positions are found by their index whatever the planner knew of the table when a session
 * first asked. Locking a batch's positions tells at once whether there is enough for all of it, as there nearly always is:
 * only where there is not, members are told apart. JSON is unpacked once.
 */
export const batchesByIndex: Migration = {
  async up(knex) {
    await knex.raw(`
      create function inventory.lock_takes(p_takes inventory.take[], p_members int[], p_scarce text[], p_nodes text[]) returns boolean
      language plpgsql set plan_cache_mode = force_generic_plan
      set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
      declare
        v_plenty boolean;
      begin
        with wanted as (
          select sku, location_id, sum(units) as units from (
            select sku, location_id, quantity as units from unnest(p_takes) where i = any (p_members)
            union all
            select sku, node, 0 from unnest(p_scarce) as sku, unnest(p_nodes) as node
          ) part group by sku, location_id
        ), locked as (
          -- A lock that had to be waited for hands out the row as it is now.
          select position.on_hand - position.committed - position.reserved - position.safety_stock >= wanted.units as enough
          from wanted join inventory.position using (sku, location_id)
          order by position.sku, position.location_id
          for no key update of position
        )
        select bool_and(enough) and count(*) = (select count(*) from wanted) into v_plenty from locked;
        return coalesce(v_plenty, false);
      end
      $$;
      comment on function inventory.lock_takes is 'Locks every position the members of a batch may count on, in the order of everybody. Whether there is enough for all of them, every hold counted as alive; what is withheld from a channel is not looked at.';

      create or replace function inventory.fitting_takes(p_takes inventory.take[], p_members int[], p_withheld json) returns int[]
      language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      declare
        v_scarce text[];
        v_nodes text[];
        v_misfits int[];
      begin
        select array_agg(distinct sku) into v_scarce from json_to_recordset(p_withheld) as withheld (i int, sku text);
        if v_scarce is not null then v_nodes := inventory.nodes_in_scope(null); end if;
        if inventory.lock_takes(p_takes, p_members, v_scarce, v_nodes) and v_scarce is null then return p_members; end if;

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
          where sku = any (v_scarce) group by i, sku
        ), total as (
          select sku, sum(available) as units from inventory.stock_at(v_scarce, v_nodes, clock_timestamp()) group by sku
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
        ) misfit;
        return (select array_agg(member) from unnest(p_members) as member where v_misfits is null or member <> all (v_misfits));
      end
      $$;

      create or replace function inventory.commit_orders(p_orders json, p_takes json, p_withheld json, p_members int[]) returns int[]
      language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_takes inventory.take[] := (select array_agg(take) from json_populate_recordset(null::inventory.take, p_takes) take);
        v_fit int[] := inventory.fitting_takes(v_takes, p_members, p_withheld);
        v_deltas inventory.delta[];
      begin
        if v_fit is null then return null; end if;
        with o as materialized (
          select i, id, reservation_id, channel_code
          from json_to_recordset(p_orders) as o (i int, id text, reservation_id text, channel_code text)
          where i = any (v_fit)
        ), kept as (
          insert into inventory.reservation (id, state, order_id, channel_code)
          select reservation_id, 'COMMITTED', id, channel_code from o
        ), line as (
          insert into inventory.reservation_line (reservation_id, order_line_id, sku, location_id, quantity, state)
          select o.reservation_id, take.line_id, take.sku, take.location_id, take.quantity, 'COMMITTED'
          from o join unnest(v_takes) take using (i)
        )
        select array_agg(row(take.sku, take.location_id, 0, take.quantity, o.id)::inventory.delta) into v_deltas
        from o join unnest(v_takes) take using (i);
        perform inventory.move('ALLOCATION', v_deltas);
        return v_fit;
      end
      $$;

      create or replace function inventory.place_holds(p_claims json, p_holds json, p_takes json, p_withheld json)
      returns table (i int, kind text, result jsonb) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_takes inventory.take[];
        v_members int[]; v_fit int[];
        v_known jsonb;
        v_deltas inventory.delta[];
        v_now timestamptz;
      begin
        select array_agg(claim.i) filter (where claim.kind = 'CLAIMED'), jsonb_agg(claim) filter (where claim.kind in ('REPLAY', 'CONFLICT'))
        into v_members, v_known from integration.claim_idempotency_keys('reservationHold', p_claims) claim;
        if v_known is not null then
          return query select known.i, known.kind, known.result from jsonb_to_recordset(v_known) as known (i int, kind text, result jsonb);
        end if;
        if v_members is null then return; end if;

        select array_agg(take) into v_takes from json_populate_recordset(null::inventory.take, p_takes) take;
        v_fit := inventory.fitting_takes(v_takes, v_members, p_withheld);
        if v_fit is null then return; end if;
        v_now := clock_timestamp();
        with hold as materialized (
          select i, id, v_now + make_interval(secs => ttl_seconds) as expires_at, channel_code, customer_id
          from json_to_recordset(p_holds) as hold (i int, id text, ttl_seconds int, channel_code text, customer_id text)
          where i = any (v_fit)
        ), kept as (
          insert into inventory.reservation (id, state, expires_at, channel_code, customer_id)
          select id, 'HELD', expires_at, channel_code, customer_id from hold
        ), line as (
          insert into inventory.reservation_line (reservation_id, sku, location_id, quantity, state, expires_at)
          select hold.id, take.sku, take.location_id, take.quantity, 'HELD', hold.expires_at
          from hold join unnest(v_takes) take using (i)
        )
        select array_agg(row(take.sku, take.location_id, take.quantity, 0, hold.id)::inventory.delta) into v_deltas
        from hold join unnest(v_takes) take using (i);
        perform inventory.move('HOLD', v_deltas);
        perform integration.store_answers('reservationHold', p_claims, v_fit);
        return query select member, 'DONE', null::jsonb from unnest(v_fit) as member;
      end
      $$;

      alter function inventory.supply(text[], int) set enable_seqscan = off;
      alter function inventory.supply(text[], int) set jit = off;
      alter function inventory.move(text, inventory.delta[]) set plan_cache_mode = force_generic_plan;
      alter function inventory.move(text, inventory.delta[]) set enable_seqscan = off;
      alter function inventory.move(text, inventory.delta[]) set enable_hashjoin = off;
      alter function inventory.move(text, inventory.delta[]) set enable_mergejoin = off;
      alter function inventory.move(text, inventory.delta[]) set jit = off;
    `);
  },
};
