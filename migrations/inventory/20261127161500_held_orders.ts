import type { Knex } from 'knex';

/** Orders that use a hold are taken in batches too: what was held for them is theirs, and only changes its name. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.live_holds(p_reservation_ids text[])
    returns table (reservation_id text, channel_code text, sku text, location_id text, preference int, quantity int)
    language plpgsql stable set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      begin
        return query
        select hold.id, hold.channel_code, line.sku, line.location_id, node.preference, sum(line.quantity)::int
        from inventory.reservation hold
        join inventory.reservation_line line on line.reservation_id = hold.id
        join (select id, row_number() over (order by priority, code)::int as preference from inventory.location) node on node.id = line.location_id
        where hold.id = any (p_reservation_ids) and hold.state = 'HELD' and hold.location_id is null and hold.expires_at > clock_timestamp()
          and not exists (select from inventory.reservation_line other where other.reservation_id = hold.id and (other.state <> 'HELD' or other.bundle_sku is not null))
        group by hold.id, hold.channel_code, line.sku, line.location_id, node.preference
        order by hold.id, node.preference, line.sku;
      end $$;
    comment on function inventory.live_holds is 'What holds keep at this instant, without those of one location, of bundles, or that lost a part.';

    create function inventory.matching_holds(p_orders json, p_takes inventory.take[], p_members int[]) returns int[]
    language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_now timestamptz;
      begin
        perform from inventory.reservation
        where id in (select hold_id from json_to_recordset(p_orders) as o (i int, hold_id text) where i = any (p_members))
        order by id for update;
        -- Read after the wait for the locks: from here on a hold is either alive or over.
        v_now := clock_timestamp();
        return (
          select array_agg(first.i) from (
            select distinct on (o.hold_id) o.i, o.hold_id, o.channel_code
            from json_to_recordset(p_orders) as o (i int, hold_id text, channel_code text)
            where o.i = any (p_members) order by o.hold_id, o.i
          ) first
          join inventory.reservation hold on hold.id = first.hold_id
          where hold.state = 'HELD' and hold.location_id is null and hold.expires_at > v_now and hold.channel_code is not distinct from first.channel_code
            and not exists (select from inventory.reservation other where other.reacquires = hold.id)
            and not exists (
              select from (
                select take.sku, take.location_id, sum(take.quantity) as units from unnest(p_takes) take where take.i = first.i group by take.sku, take.location_id
              ) asked
              full join (
                select line.sku, line.location_id, sum(line.quantity) filter (where line.state = 'HELD' and line.bundle_sku is null) as units
                from inventory.reservation_line line where line.reservation_id = first.hold_id group by line.sku, line.location_id
              ) kept using (sku, location_id)
              where asked.units is distinct from kept.units
            ));
      end $$;
    comment on function inventory.matching_holds is 'Locks the holds of a batch, whose positions are locked, and tells the members whose hold is alive and keeps exactly what they take.';

    create or replace function inventory.commit_orders(p_orders json, p_takes json, p_withheld json, p_members int[]) returns int[]
    language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_takes inventory.take[] := (select array_agg(take) from json_populate_recordset(null::inventory.take, p_takes) take);
        v_held int[] := (select array_agg(i) from json_to_recordset(p_orders) as o (i int, hold_id text) where i = any (p_members) and hold_id is not null);
        v_fit int[];
        v_kept int[];
        v_deltas inventory.delta[];
      begin
        if v_held is null then
          v_fit := inventory.fitting_takes(v_takes, p_members, p_withheld);
        else
          -- What is held is not asked for again, but its positions are locked with all others, in the order of everybody.
          v_fit := inventory.fitting_takes((
            select array_agg(row(i, line_id, sku, location_id, case when i = any (v_held) then 0 else quantity end)::inventory.take) from unnest(v_takes)
          ), p_members, p_withheld);
          v_kept := inventory.matching_holds(p_orders, v_takes, v_held);
          v_fit := (select array_agg(i) from unnest(v_fit) i where i <> all (v_held) or i = any (v_kept));
          -- The hold's lines are replaced by lines that name the order's; the ledger keeps what they were.
          delete from inventory.reservation_line
          where reservation_id in (select hold_id from json_to_recordset(p_orders) as o (i int, hold_id text) where i = any (v_fit)) and state = 'HELD';
        end if;
        if v_fit is null then return null; end if;
        with o as materialized (
          select i, id, reservation_id, channel_code, hold_id
          from json_to_recordset(p_orders) as o (i int, id text, reservation_id text, channel_code text, hold_id text)
          where i = any (v_fit)
        ), kept as (
          insert into inventory.reservation (id, state, order_id, channel_code)
          select reservation_id, 'COMMITTED', id, channel_code from o where hold_id is null
        ), turned as (
          update inventory.reservation set state = 'COMMITTED', order_id = o.id from o where reservation.id = o.hold_id
        ), line as (
          insert into inventory.reservation_line (reservation_id, order_line_id, sku, location_id, quantity, state)
          select coalesce(o.hold_id, o.reservation_id), take.line_id, take.sku, take.location_id, take.quantity, 'COMMITTED'
          from o join unnest(v_takes) take using (i)
        )
        select array_agg(row(take.sku, take.location_id, case when o.hold_id is null then 0 else -take.quantity end, take.quantity, o.id)::inventory.delta) into v_deltas
        from o join unnest(v_takes) take using (i);
        perform inventory.move('ALLOCATION', v_deltas);
        return v_fit;
      end $$;
  `);
}
