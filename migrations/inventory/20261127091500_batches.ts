import type { Migration } from '../../platform/db/migrate.ts';

/**
 * Stock for many orders or holds at once. What is taken where was planned outside, on a reading that may be old by now:
 * here it is checked against what is available under the locks, and who does not fit is left out, not refused.
 */
export const batches: Migration = {
  async up(knex) {
    await knex.raw(`
      create function inventory.supply(p_skus text[]) returns table (sku text, location_id text, preference int, available int)
      language sql stable as $$
        select stock.sku, stock.location_id, node.preference, stock.available
        from (select id, shippable, row_number() over (order by priority, code)::int as preference from inventory.location) node
        join inventory.stock_at(p_skus, inventory.nodes_in_scope(null), clock_timestamp()) stock on stock.location_id = node.id
        where stock.available > 0
      $$;
      comment on function inventory.supply is 'What orders without a location can take, per SKU and node, at this instant. A lower preference goes first.';

      create type inventory.take as (i int, line_id text, sku text, location_id text, quantity int);
      comment on type inventory.take is 'Units that member i of a batch takes at a node; line_id: of the order line they serve, null for a hold.';

      -- Locks every position the batch may count on, in the order of everybody, and says which members fit. A member fits
      -- when at each position, and for a channel that something is withheld from in total, there is enough for it and for
      -- all members before it.
      create function inventory.fitting_takes(p_takes inventory.take[], p_members int[], p_withheld json) returns int[]
      language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_nodes text[] := inventory.nodes_in_scope(null);
        v_skus text[];
        v_scarce text[];
        v_misfits int[];
      begin
        select array_agg(distinct sku) into v_scarce from json_to_recordset(p_withheld) as withheld (i int, sku text);
        select array_agg(distinct sku) into v_skus from unnest(p_takes) where i = any (p_members);

        perform from inventory.position
        join (
          select sku, location_id from unnest(p_takes) where i = any (p_members)
          union
          select sku, node from unnest(v_scarce) as sku, unnest(v_nodes) as node
        ) wanted using (sku, location_id)
        order by position.sku, position.location_id
        for no key update of position;

        with stock as (
          select sku, location_id, available from inventory.stock_at(v_skus, v_nodes, clock_timestamp())
        ), demand as (
          select i, sku, location_id, sum(quantity) as units from unnest(p_takes) where i = any (p_members) group by i, sku, location_id
        ), here as (
          select i, sku, location_id, sum(units) over (partition by sku, location_id order by i) as units from demand
        ), everywhere as (
          select i, sku, sum(sum(units)) over (partition by sku order by i) as units from demand
          where sku = any (v_scarce) group by i, sku
        )
        select array_agg(i) into v_misfits from (
          select here.i from here left join stock using (sku, location_id) where here.units > coalesce(stock.available, 0)
          union all
          select everywhere.i
          from everywhere
          join json_to_recordset(p_withheld) as withheld (i int, sku text, units int) using (i, sku)
          where everywhere.units > (select coalesce(sum(available), 0) from stock where stock.sku = everywhere.sku) - withheld.units
        ) misfit;
        return (select array_agg(member) from unnest(p_members) as member where v_misfits is null or member <> all (v_misfits));
      end
      $$;

      create function inventory.commit_orders(p_orders json, p_takes json, p_withheld json, p_members int[]) returns int[]
      language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_takes inventory.take[] := (select array_agg(take) from json_populate_recordset(null::inventory.take, p_takes) take);
        v_fit int[] := inventory.fitting_takes(v_takes, p_members, p_withheld);
      begin
        if v_fit is null then return null; end if;
        insert into inventory.reservation (id, state, order_id, channel_code)
        select o.reservation_id, 'COMMITTED', o.id, o.channel_code
        from json_to_recordset(p_orders) as o (i int, id text, reservation_id text, channel_code text)
        where o.i = any (v_fit);
        insert into inventory.reservation_line (reservation_id, order_line_id, sku, location_id, quantity, state)
        select o.reservation_id, take.line_id, take.sku, take.location_id, take.quantity, 'COMMITTED'
        from json_to_recordset(p_orders) as o (i int, reservation_id text)
        join unnest(v_takes) take using (i)
        where o.i = any (v_fit);
        perform inventory.move('ALLOCATION', array_agg(row(take.sku, take.location_id, 0, take.quantity, o.id)::inventory.delta))
        from json_to_recordset(p_orders) as o (i int, id text)
        join unnest(v_takes) take using (i)
        where o.i = any (v_fit);
        return v_fit;
      end
      $$;
      comment on function inventory.commit_orders is 'Commits stock for the members of a batch that fit and returns them; null when none does. The others are untouched: each has to be tried alone.';

      create function inventory.place_holds(p_claims json, p_holds json, p_takes json, p_withheld json)
      returns table (i int, kind text, result jsonb) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_takes inventory.take[];
        v_members int[]; v_fit int[];
        v_known jsonb;
        v_now timestamptz;
      begin
        select array_agg(claim.i) filter (where claim.kind = 'CLAIMED'), jsonb_agg(claim) filter (where claim.kind in ('REPLAY', 'CONFLICT'))
        into v_members, v_known from integration.claim_idempotency_keys('reservationHold', p_claims) claim;
        return query select known.i, known.kind, known.result from jsonb_to_recordset(v_known) as known (i int, kind text, result jsonb);
        if v_members is null then return; end if;

        select array_agg(take) into v_takes from json_populate_recordset(null::inventory.take, p_takes) take;
        v_fit := inventory.fitting_takes(v_takes, v_members, p_withheld);
        if v_fit is null then return; end if;
        v_now := clock_timestamp();
        insert into inventory.reservation (id, state, expires_at, channel_code, customer_id)
        select hold.id, 'HELD', v_now + make_interval(secs => hold.ttl_seconds), hold.channel_code, hold.customer_id
        from json_to_recordset(p_holds) as hold (i int, id text, ttl_seconds int, channel_code text, customer_id text)
        where hold.i = any (v_fit);
        insert into inventory.reservation_line (reservation_id, sku, location_id, quantity, state, expires_at)
        select hold.id, take.sku, take.location_id, take.quantity, 'HELD', v_now + make_interval(secs => hold.ttl_seconds)
        from json_to_recordset(p_holds) as hold (i int, id text, ttl_seconds int)
        join unnest(v_takes) take using (i)
        where hold.i = any (v_fit);
        perform inventory.move('HOLD', array_agg(row(take.sku, take.location_id, take.quantity, 0, hold.id)::inventory.delta))
        from json_to_recordset(p_holds) as hold (i int, id text)
        join unnest(v_takes) take using (i)
        where hold.i = any (v_fit);
        perform integration.store_answers('reservationHold', p_claims, v_fit);
        return query select member, 'DONE', null::jsonb from unnest(v_fit) as member;
      end
      $$;
      comment on function inventory.place_holds is 'Holds stock for the members of a batch that fit, with their idempotency records. A member without a row was not touched and has to be tried alone.';
    `);
  },
};
