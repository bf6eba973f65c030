import type { Migration } from '../../platform/db/migrate.ts';

/** As before, in fewer statements: who comes alone waits for each of them, and each read the JSON of the batch once more. */
export const fewerStatements: Migration = {
  up: (knex) =>
    knex.raw(`
      create or replace function inventory.commit_orders(p_orders json, p_takes json, p_withheld json, p_members int[])
      returns int[] language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_parts inventory.part[]; v_waits inventory.part[];
        v_held int[]; v_named int[];
        v_takes inventory.take[];
        v_fit int[]; v_kept int[];
        v_deltas inventory.delta[];
        v_owners json;
      begin
        select array_agg(part) filter (where location_id is not null), array_agg(part) filter (where location_id is null)
        into v_parts, v_waits from json_populate_recordset(null::inventory.part, p_takes) part;
        select array_agg(i) filter (where hold_id is not null), array_agg(i) into v_held, v_named
        from json_to_recordset(p_orders) as o (i int, hold_id text, reacquires text) where i = any (p_members) and coalesce(hold_id, reacquires) is not null;
        -- What is held is not asked for again, but its positions are locked with all others, in the order of everybody.
        select array_agg(row(i, line_id, sku, location_id, case when v_held is not null and i = any (v_held) then 0 else quantity end)::inventory.take)
        into v_takes from unnest(v_parts);
        if v_named is not null then
          -- Where a hold that is over kept its goods: it ends with the order that comes in its place.
          v_takes := v_takes || (
            select array_agg(row(o.i, null, line.sku, line.location_id, 0)::inventory.take)
            from json_to_recordset(p_orders) as o (i int, reacquires text)
            join inventory.reservation_line line on line.reservation_id = o.reacquires and line.state = 'HELD'
            where o.i = any (v_named) and o.reacquires is not null);
        end if;
        v_fit := inventory.fitting_takes(v_takes, inventory.known_recipes(p_orders, p_members), p_withheld);
        if v_named is not null then
          v_kept := inventory.usable_holds(p_orders, v_parts, v_named);
          v_fit := (select array_agg(i) from unnest(v_fit) i where i <> all (v_named) or i = any (v_kept));
        end if;
        if v_waits is not null then v_fit := inventory.fitting_waits(p_orders, v_waits, v_takes, p_withheld, v_fit); end if;
        if v_fit is null then return null; end if;
        if v_named is not null then
          with over as (
            update inventory.reservation set state = 'EXPIRED'
            where state = 'HELD' and id in (select reacquires from json_to_recordset(p_orders) as o (i int, reacquires text) where i = any (v_fit))
            returning id
          ), line as (
            update inventory.reservation_line set state = 'EXPIRED' from over where reservation_id = over.id and reservation_line.state = 'HELD'
            returning reservation_id, sku, location_id, quantity
          )
          select array_agg(row(sku, location_id, -quantity, 0, reservation_id)::inventory.delta) into v_deltas from line;
          if v_deltas is not null then perform inventory.move('EXPIRY', v_deltas); end if;
        end if;
        if v_held is not null then
          -- The hold's lines are replaced by lines that name the order's; the ledger keeps what they were.
          delete from inventory.reservation_line
          where reservation_id in (select hold_id from json_to_recordset(p_orders) as o (i int, hold_id text) where i = any (v_fit)) and state = 'HELD';
        end if;
        with o as materialized (
          select i, id, reservation_id, channel_code, hold_id, reacquires
          from json_to_recordset(p_orders) as o (i int, id text, reservation_id text, channel_code text, hold_id text, reacquires text)
          where i = any (v_fit)
        ), kept as (
          -- An order that wholly waits has nothing reserved.
          insert into inventory.reservation (id, state, order_id, channel_code, reacquires)
          select reservation_id, 'COMMITTED', id, channel_code, reacquires from o
          where hold_id is null and (v_waits is null or i in (select i from unnest(v_parts)))
        ), turned as (
          update inventory.reservation set state = 'COMMITTED', order_id = o.id from o where reservation.id = o.hold_id
        ), noted as (
          insert into inventory.backorder (order_line_id, order_id, sku, channel_code, quantity)
          select wait.line_id, o.id, wait.sku, o.channel_code, wait.quantity from o join unnest(v_waits) wait using (i)
        )
        select array_agg(row(part.sku, part.location_id, case when o.hold_id is null then 0 else -part.quantity end, part.quantity, o.id)::inventory.delta),
               (select json_agg(json_build_object('i', i, 'reservation_id', coalesce(hold_id, reservation_id))) from o)
        into v_deltas, v_owners from o join unnest(v_parts) part using (i);
        perform inventory.write_parts(v_owners, v_parts, v_fit, 'COMMITTED', null);
        if v_deltas is not null then perform inventory.move('ALLOCATION', v_deltas); end if;
        return v_fit;
      end $$;
    `),
};
