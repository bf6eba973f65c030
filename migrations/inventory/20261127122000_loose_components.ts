import type { Migration } from '../../platform/db/migrate.ts';

/** Bundles of which a node shipped parts: what is left of them is given back, and no more. */
export const looseComponents: Migration = {
  async up(knex) {
    await knex.raw(`
      drop function inventory.release_order(text, text[], int[], text);
      drop function inventory.reassign_order(text, text, text[], int[], text);
      create function inventory.release_order(
        p_order_id text, p_line_ids text[], p_quantities int[], p_location_id text default null, p_loose jsonb default null
      ) returns table (line_id text, location_id text, quantity int) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_reservation_id text := (select id from inventory.reservation where order_id = p_order_id);
        v_line_ids text[]; v_nodes text[]; v_sets bigint[]; v_units int[];
        v_lines bigint[]; v_line_units int[];
        v_deltas inventory.delta[];
      begin
        perform inventory.lock_positions(array_agg(distinct sku), array_agg(distinct location_id))
        from inventory.reservation_line
        where reservation_id = v_reservation_id and state = 'COMMITTED' and order_line_id = any (p_line_ids);

        -- Last taken, first given back: the node that serves most of the order keeps its share. A set counts its whole
        -- bundles, unless components of it left without the rest: then what remains of the broken ones counts too.
        with asked as (
          select id, sum(units) as units from unnest(p_line_ids, p_quantities) as asked (id, units) where units > 0 group by id
        ), lot as (
          select max(id) as id, min(id) as first, order_line_id, location_id, bundle_set,
                 case when order_line_id in (select "lineId" from jsonb_to_recordset(p_loose) as loose ("lineId" text))
                      then max((quantity - consumed - released + coalesce(per_bundle, 1) - 1) / coalesce(per_bundle, 1))
                      else min((quantity - consumed - released) / coalesce(per_bundle, 1)) end as units
          from inventory.reservation_line
          where reservation_id = v_reservation_id and (state = 'COMMITTED' or bundle_set is not null) and order_line_id = any (p_line_ids)
            and (p_location_id is null or location_id = p_location_id)
          group by order_line_id, location_id, bundle_set, case when bundle_set is null then id end
        ), placed as (
          select *, sum(units) over (partition by order_line_id order by id desc) - units as starts from lot
        )
        select array_agg(placed.order_line_id), array_agg(placed.location_id), array_agg(coalesce(placed.bundle_set, -placed.first)),
               array_agg(least(placed.units, asked.units - placed.starts)::int)
        into v_line_ids, v_nodes, v_sets, v_units
        from placed join asked on asked.id = placed.order_line_id
        where asked.units > placed.starts and placed.units > 0;
        if v_sets is null then return; end if;

        select array_agg(line_id), array_agg(units), array_agg(row(sku, node, 0, -units, p_order_id)::inventory.delta)
        into v_lines, v_line_units, v_deltas
        from (
          select line.id as line_id, line.sku, line.location_id as node,
                 least(line.quantity - line.consumed - line.released, given.units * coalesce(line.per_bundle, 1) - coalesce(loose.quantity, 0)) as units
          from (
            select *, row_number() over (partition by order_line_id) as place from unnest(v_line_ids, v_sets, v_units) as given (order_line_id, set_number, units)
          ) given
          join inventory.reservation_line line
            on line.reservation_id = v_reservation_id and (line.bundle_set = given.set_number or (line.bundle_set is null and line.id = -given.set_number))
          left join jsonb_to_recordset(p_loose) as loose ("lineId" text, sku text, quantity int)
            on given.place = 1 and loose."lineId" = line.order_line_id and loose.sku = line.sku
        ) part
        where units > 0;
        perform inventory.take_from_lines(v_lines, v_line_units, 'RELEASED');
        perform inventory.move('RELEASE', v_deltas);
        return query
        select gone.line_id, gone.node, sum(gone.units)::int
        from unnest(v_line_ids, v_nodes, v_units) as gone (line_id, node, units)
        group by gone.line_id, gone.node order by gone.line_id, gone.node;
      end
      $$;
      comment on function inventory.release_order is 'Gives committed units of order lines back, of one location only when it is named. p_loose, [{lineId, sku, quantity}]: units of components of these bundles that left and are not given back.';

      create function inventory.reassign_order(
        p_key text, p_order_id text, p_line_ids text[], p_quantities int[], p_refused_location_id text, p_loose jsonb default null
      ) returns table (line_id text, location_id text, quantity int) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_answer jsonb;
        v_line_ids text[]; v_skus text[]; v_quantities int[];
        v_stocked text[];
        v_fixed boolean;
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
            -- These units are sold already: what may be sold of the rest does not count.
            select jsonb_agg(jsonb_build_object('line_id', line_id, 'location_id', location_id, 'quantity', quantity)) into v_answer
            from inventory.take_stock(p_order_id, v_line_ids, v_skus, v_quantities, null, 0, true, null, null, p_refused_location_id, false);
          end if;
          insert into inventory.reassignment (key, answer) values (p_key, v_answer);
        end if;
        return query select * from jsonb_to_recordset(v_answer) as answer (line_id text, location_id text, quantity int);
      end
      $$;

      create or replace function inventory.components_of_lines(p_order_line_ids text[], p_location_id text)
      returns table (order_line_id text, sku text, per_unit int) language sql stable as $$
        with last as (
          -- A bundle that was made of other things when it was committed again: the last set counts, of goods that left if there are any.
          select distinct on (order_line_id) order_line_id, bundle_set
          from inventory.reservation_line
          where order_line_id = any (p_order_line_ids) and bundle_set is not null and (p_location_id is null or location_id = p_location_id)
          order by order_line_id, case when p_location_id is null then consumed > 0 end desc, bundle_set desc
        )
        select line.order_line_id, line.sku, line.per_bundle
        from last join inventory.reservation_line line using (bundle_set)
        order by line.order_line_id, line.sku
      $$;
      comment on function inventory.components_of_lines is 'What order lines of bundles consist of at a node, as it was when they were committed there; with a null location, what their goods that left consisted of. Lines that are no bundles have no row.';
      create index reservation_line_bundle on inventory.reservation_line (order_line_id) where bundle_set is not null;
    `);
  },
};
