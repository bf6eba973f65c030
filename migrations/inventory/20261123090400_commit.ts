import type { Migration } from '../../platform/db/migrate.ts';

/** Hard reservations: what an order's capture takes and what a cancellation gives back. Called in the caller's transaction. */
export const commit: Migration = {
  async up(knex) {
    await knex.raw(`
      create function inventory.check_hold(
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
        if v_hold.state in ('COMMITTED', 'CONSUMED') then return 'RESERVATION_MISMATCH'; end if;
        if v_hold.state <> 'HELD' or v_hold.expires_at <= p_at then return 'RESERVATION_EXPIRED'; end if;
        if v_hold.location_id is distinct from p_location_id then return 'RESERVATION_MISMATCH'; end if;
        if exists (
          select from (select sku, sum(quantity) as units from unnest(p_skus, p_quantities) as line (sku, quantity) group by sku) asked
          full join (select sku, sum(quantity) as units from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD' group by sku) kept
            using (sku)
          where asked.units is distinct from kept.units
        ) then
          return 'RESERVATION_MISMATCH';
        end if;
        return null;
      end
      $$;

      create function inventory.commit_order(
        p_order_id text, p_line_ids text[], p_skus text[], p_quantities int[], p_location_id text, p_safety_stock int,
        p_allow_backorder boolean, p_reservation_id text, p_channel_code text default null, p_not_location_id text default null
      ) returns table (kind text, line_id text, sku text, location_id text, quantity int, available int) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_nodes text[] := array_remove(inventory.nodes_in_scope(p_location_id), p_not_location_id);
        v_plan inventory.planned[];
        v_refusal text;
        v_reservation_id text;
        v_now timestamptz;
      begin
        perform inventory.check_lines(p_skus, p_quantities);
        if cardinality(p_line_ids) is distinct from cardinality(p_skus) then
          raise exception 'every line needs an id' using errcode = '22023';
        end if;
        if p_reservation_id is not null then
          -- A node may have been taken out of shipping since the hold: what is held there still belongs to the order.
          select array_agg(distinct node) into v_nodes from (
            select unnest(v_nodes) as node
            union all
            select location_id from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD'
          ) scope;
        end if;
        perform inventory.lock_positions(p_skus, v_nodes);
        -- Read once, after the wait for the locks: from here on a hold is either alive or over, for every step alike.
        v_now := clock_timestamp();
        if p_reservation_id is not null then
          v_refusal := case when exists (select from inventory.reservation where order_id = p_order_id) then 'RESERVATION_MISMATCH'
            else inventory.check_hold(p_reservation_id, p_skus, p_quantities, p_location_id, p_channel_code, v_now) end;
          if v_refusal is not null then
            return query select v_refusal, null::text, null::text, null::text, null::int, null::int;
            return;
          end if;
        end if;

        select array_agg(planned) into v_plan
        from inventory.plan_allocation(p_skus, p_quantities, v_nodes, coalesce(p_safety_stock, 0), p_reservation_id, v_now) planned;

        -- A SKU is short as a whole: each of its lines says so, with what could be had of it.
        return query
        select case when state.known then 'SHORT' else 'UNKNOWN_SKU' end, line.id, line.sku, null::text, line.quantity, state.sellable
        from unnest(p_line_ids, p_skus, p_quantities) with ordinality as line (id, sku, quantity, line_no)
        join (select distinct sku, known, wanted, sellable from unnest(v_plan)) state using (sku)
        where not state.known or (state.wanted > state.sellable and not coalesce(p_allow_backorder, false))
        order by line.line_no;
        if found then return; end if;

        if p_reservation_id is not null or exists (select from unnest(v_plan) where quantity > 0) then
          v_reservation_id := inventory.reservation_of_order(p_order_id, p_reservation_id, p_location_id, p_channel_code);
        end if;
        perform inventory.move('ALLOCATION', array_agg(delta)) from (
          select row(sku, location_id, 0, quantity, p_order_id)::inventory.delta as delta from unnest(v_plan) where quantity > 0
          union all
          select row(sku, location_id, -quantity, 0, p_order_id)::inventory.delta
          from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD'
        ) change;
        -- The hold's lines are replaced by lines that name the order's; the ledger keeps what they were.
        delete from inventory.reservation_line where reservation_id = p_reservation_id and state = 'HELD';

        -- Lines and nodes are laid on one axis of units per SKU; where two intervals meet, the line is served by the node.
        return query
        with line as (
          select id, sku, quantity, line_no, sum(quantity) over (partition by sku order by line_no) - quantity as starts,
                 sum(quantity) over (partition by sku order by line_no) as ends
          from unnest(p_line_ids, p_skus, p_quantities) with ordinality as line (id, sku, quantity, line_no)
        ), node as (
          select sku, location_id, node_rank, sum(quantity) over (partition by sku order by node_rank, location_id) - quantity as starts,
                 sum(quantity) over (partition by sku order by node_rank, location_id) as ends
          from unnest(v_plan) where quantity > 0
        ), served as (
          select line.id, line.sku, line.line_no, node.location_id, node.starts, (least(line.ends, node.ends) - greatest(line.starts, node.starts))::int as units
          from line join node using (sku)
          where least(line.ends, node.ends) > greatest(line.starts, node.starts)
        ), kept as (
          insert into inventory.reservation_line (reservation_id, order_line_id, sku, location_id, quantity, state)
          select v_reservation_id, id, sku, location_id, units, 'COMMITTED' from served order by line_no, starts
        ), answer as (
          select 'ALLOCATED' as kind, id, sku, location_id, units, line_no, starts from served
          union all
          select 'BACKORDERED', line.id, line.sku, p_location_id, (line.quantity - coalesce(done.units, 0))::int, line.line_no, null
          from line left join (select id, sum(units) as units from served group by id) done using (id)
          where line.quantity > coalesce(done.units, 0)
        )
        select answer.kind, answer.id, answer.sku, answer.location_id, answer.units, state.sellable
        from answer join (select distinct sku, sellable from unnest(v_plan)) state using (sku)
        order by answer.line_no, answer.starts nulls last;
      end
      $$;

      -- The one reservation of an order: a converted hold, the one it already has, or a new one.
      create function inventory.reservation_of_order(p_order_id text, p_hold_id text, p_location_id text, p_channel_code text) returns text language plpgsql as $$
      declare
        v_id text;
      begin
        if p_hold_id is not null then
          update inventory.reservation set state = 'COMMITTED', order_id = p_order_id where id = p_hold_id;
          return p_hold_id;
        end if;
        insert into inventory.reservation (id, state, order_id, location_id, channel_code)
        values ('rsv_' || replace(gen_random_uuid()::text, '-', ''), 'COMMITTED', p_order_id, p_location_id, p_channel_code)
        on conflict (order_id) do update set state = 'COMMITTED'
        returning id into v_id;
        return v_id;
      end
      $$;
    `);
  },
};
