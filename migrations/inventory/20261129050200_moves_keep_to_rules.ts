import type { Knex } from 'knex';

/** Who moves an order's stock, or finds it anew, leaves what is kept from the order's channel: at single locations, and of all of it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.movable(p_order_id text, p_location_id text, p_skus text[]) returns table (sku text, free int) language sql stable as $$
      select offer.sku, greatest(0, least(offer.free, room.units, case when not location.shippable then may.free - may.kept end))::int
      from (select inventory.channel_of_order(p_order_id) as channel_code) asker
      cross join inventory.location
      cross join lateral inventory.offers(asker.channel_code, false, p_skus, array[location.id], null, clock_timestamp()) offer
      left join lateral inventory.left_of_caps(p_order_id, asker.channel_code, p_skus) room on room.sku = offer.sku and room.location_id = location.id
      left join lateral inventory.may_take(asker.channel_code, p_skus, array[location.id], clock_timestamp()) may on may.sku = offer.sku
      where location.id = p_location_id
    $$;
    comment on function inventory.movable is 'Units that work of this order could be moved to this location for. Of a location that ships, its channel may have all but what rules keep there: what is kept of all locations together stays when units only change places.';

    create or replace function inventory.move_order(p_key text, p_order_id text, p_line_ids text[], p_skus text[], p_quantities integer[], p_from text[], p_to text[])
    returns text
    language plpgsql
    set plan_cache_mode to 'force_generic_plan'
    as $$
    #variable_conflict use_column
    declare
      v_answer text;
      v_known boolean;
      v_bound text;
      v_stocked text[];
      v_node text;
      v_given bigint;
      v_wanted bigint;
      v_channel text := inventory.channel_of_order(p_order_id);
      v_before jsonb;
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
      if inventory.keeps_from(v_channel) then
        -- Stock of a node that ships counts with that of all of them, unless the order has one place.
        select jsonb_agg(jsonb_build_object('nodes', reach.nodes, 'sku', may.sku, 'free', may.free)) into v_before
        from (
          select distinct inventory.nodes_in_scope(case when location.shippable and not exists (
            select from inventory.reservation where order_id = p_order_id and location_id is not null
            union all select from inventory.backorder where order_id = p_order_id and location_id is not null
          ) then null else location.id end) as nodes
          from inventory.location where id = any (p_to)
        ) reach cross join lateral inventory.may_take(v_channel, p_skus, reach.nodes, clock_timestamp()) may;
      end if;
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
                 inventory.take_stock(p_order_id, asked.ids, asked.skus, asked.quantities, v_node, 0, false, null, v_channel, null, false) taken
            where taken.kind <> 'ALLOCATED'
          ) then
            raise exception 'it is not there any more' using errcode = 'IV002';
          end if;
        end loop;
        -- What is kept from the order's channel is there still, or as much of it as before.
        if exists (
          select from jsonb_to_recordset(v_before) as before (nodes text[], sku text, free bigint)
          cross join lateral inventory.may_take(v_channel, array[before.sku], before.nodes, clock_timestamp()) now
          where now.sku = before.sku and now.free < least(before.free, now.kept)
        ) or exists (
          select from unnest(p_skus, p_to) as move (sku, node) join inventory.left_of_caps(p_order_id, v_channel, p_skus) room on room.sku = move.sku and room.location_id = move.node
          where room.units < 0
        ) then
          raise exception 'it is kept from the channel' using errcode = 'IV002';
        end if;
        -- What was taken for one node does not bind the order to it, unless it was before.
        if not v_known then update inventory.reservation set location_id = v_bound where order_id = p_order_id; end if;

        -- Who is put into the queue beside goods did not want these: they are anybody's, until he is served.
        insert into inventory.backorder (order_line_id, order_id, sku, channel_code, location_id, quantity, claims)
        select move.line_id, p_order_id, move.sku, reservation.channel_code, null, sum(move.units)::int,
               sum(move.units) > coalesce((select sum(free) from inventory.offers(null, false, array[move.sku], inventory.nodes_in_scope(null), null, clock_timestamp())), 0)
        from unnest(p_line_ids, p_skus, p_quantities, p_to) as move (line_id, sku, units, node)
        left join inventory.reservation on reservation.order_id = p_order_id
        where move.node is null
        group by move.line_id, move.sku, reservation.channel_code
        on conflict (order_line_id) do update set quantity = backorder.quantity + excluded.quantity, claims = excluded.claims;
        v_answer := 'MOVED';
      exception when sqlstate 'IV002' then
        v_answer := 'REFUSED';
      end;
      insert into inventory.reassignment (key, answer) values (p_key, to_jsonb(v_answer));
      return v_answer;
    end
    $$;

    create or replace function inventory.reassign_order(p_key text, p_order_id text, p_line_ids text[], p_quantities integer[], p_refused_location_id text, p_loose jsonb default null)
    returns table (line_id text, location_id text, quantity integer)
    language plpgsql
    set plan_cache_mode to 'force_generic_plan'
    as $$
      #variable_conflict use_column
      declare
        v_answer jsonb;
        v_line_ids text[]; v_skus text[]; v_quantities int[];
        v_stocked text[];
        v_fixed boolean;
        v_channel text := inventory.channel_of_order(p_order_id);
        v_kept boolean := inventory.keeps_from(v_channel);
        v_before jsonb;
        v_may int[];
      begin
        perform pg_advisory_xact_lock(hashtextextended('inventory.reassignment:' || p_key, 0));
        select answer into v_answer from inventory.reassignment where key = p_key;
        if v_answer is null then
          select array_agg(asked.id), array_agg(line.sold), array_agg(asked.units) into v_line_ids, v_skus, v_quantities
          from (select id, sum(units)::int as units from unnest(p_line_ids, p_quantities) as asked (id, units) group by id) asked
          join (
            select distinct line.order_line_id, coalesce(line.bundle_sku, line.sku) as sold
            from inventory.reservation_line line join inventory.reservation on reservation.id = line.reservation_id
            where reservation.order_id = p_order_id
          ) line on line.order_line_id = asked.id;
          select array_agg(distinct stocked) into v_stocked from (
            select unnest(inventory.stocked_skus(v_skus)) as stocked
            union all
            select sku from inventory.reservation_line where order_line_id = any (v_line_ids) and state = 'COMMITTED'
          ) scope;
          -- All nodes at once and in order: giving back and taking would otherwise lock in two rounds and could meet another order.
          perform inventory.lock_positions(v_stocked, inventory.nodes_in_scope(null) || p_refused_location_id);
          if v_kept then
            select jsonb_agg(jsonb_build_object('sku', may.sku, 'free', may.free)) into v_before
            from inventory.may_take(v_channel, v_skus, inventory.nodes_in_scope(null), clock_timestamp()) may;
          end if;
          perform from inventory.release_order(p_order_id, v_line_ids, v_quantities, p_refused_location_id, p_loose);
          -- An order for one location cannot be served by another.
          v_fixed := exists (select from inventory.reservation where order_id = p_order_id and location_id is not null);
          if v_line_ids is null then
            v_answer := '[]';
          elsif v_fixed then
            insert into inventory.backorder (order_line_id, order_id, sku, channel_code, location_id, quantity)
            select line.id, p_order_id, line.sku, reservation.channel_code, reservation.location_id, line.units
            from unnest(v_line_ids, v_skus, v_quantities) as line (id, sku, units) join inventory.reservation on reservation.order_id = p_order_id
            where line.units > 0
            on conflict (order_line_id) do update set quantity = backorder.quantity + excluded.quantity;
            select jsonb_agg(jsonb_build_object('line_id', id, 'location_id', null, 'quantity', units)) into v_answer
            from unnest(v_line_ids, v_quantities) as line (id, units);
          else
            -- These units are sold already: what may be sold of the rest does not count. But what is kept from the order's channel stays, or as
            -- much of it as there was: what came back may be taken elsewhere.
            select array_agg(least(asked.units, greatest(0, coalesce(most.units - asked.before, asked.units)))::int order by line_no) into v_may
            from (
              select sku, units, line_no, sum(units) over (partition by sku order by line_no) - units as before
              from unnest(v_skus, v_quantities) with ordinality as line (sku, units, line_no)
            ) asked
            left join lateral (
              select min((now.free - least(was.free, now.kept)) / coalesce(made.quantity, 1)) as units
              from jsonb_to_recordset(v_before) as was (sku text, free bigint)
              join inventory.may_take(v_channel, array[asked.sku], inventory.nodes_in_scope(null), clock_timestamp()) now on now.sku = was.sku
              left join inventory.bundle_component made on made.bundle_sku = asked.sku and made.component_sku = now.sku
              -- Of a bundle its components count, and itself where a rule keeps whole ones.
              where made.quantity is not null or now.kept > 0 or not exists (select from inventory.bundle_component where bundle_sku = asked.sku)
            ) most on v_before is not null;
            if exists (select from unnest(v_may) may where may > 0) then
              select jsonb_agg(jsonb_build_object('line_id', taken.line_id, 'location_id', taken.location_id, 'quantity', taken.quantity)) into v_answer
              from (select array_agg(id) as ids, array_agg(sku) as skus, array_agg(may) as units from unnest(v_line_ids, v_skus, v_may) as line (id, sku, may) where may > 0) part
              cross join lateral inventory.take_stock(p_order_id, part.ids, part.skus, part.units, null, 0, true, null, v_channel, p_refused_location_id, false) taken;
            end if;
            if v_may <> v_quantities then
              insert into inventory.backorder (order_line_id, order_id, sku, channel_code, quantity)
              select id, p_order_id, sku, v_channel, units - may from unnest(v_line_ids, v_skus, v_quantities, v_may) as line (id, sku, units, may) where units > may
              on conflict (order_line_id) do update set quantity = backorder.quantity + excluded.quantity;
              select coalesce(v_answer, '[]') || jsonb_agg(jsonb_build_object('line_id', id, 'location_id', null, 'quantity', units - may)) into v_answer
              from unnest(v_line_ids, v_quantities, v_may) as line (id, units, may) where units > may;
            end if;
          end if;
          insert into inventory.reassignment (key, answer) values (p_key, v_answer);
        end if;
        return query select * from jsonb_to_recordset(v_answer) as answer (line_id text, location_id text, quantity int);
      end
      $$;
  `);
}
