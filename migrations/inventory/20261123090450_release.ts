import type { Migration } from '../../platform/db/migrate.ts';

/** Giving committed stock back, and finding another node for units that a node gave back. */
export const release: Migration = {
  async up(knex) {
    await knex.raw(`
      create function inventory.release_order(
        p_order_id text, p_line_ids text[], p_quantities int[], p_location_id text default null
      ) returns table (line_id text, location_id text, quantity int) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_reservation_id text := (select id from inventory.reservation where order_id = p_order_id);
        v_lines bigint[]; v_line_ids text[]; v_nodes text[]; v_units int[];
        v_deltas inventory.delta[];
      begin
        perform inventory.lock_positions(array_agg(distinct sku), array_agg(distinct location_id))
        from inventory.reservation_line
        where reservation_id = v_reservation_id and state = 'COMMITTED' and order_line_id = any (p_line_ids);

        -- Last taken, first given back: the node that serves most of the order keeps its share.
        with asked as (
          select id, sum(units) as units from unnest(p_line_ids, p_quantities) as asked (id, units) where units > 0 group by id
        ), line as (
          select id, order_line_id, sku, location_id, quantity - consumed - released as units,
                 sum(quantity - consumed - released) over (partition by order_line_id order by id desc) - (quantity - consumed - released) as starts
          from inventory.reservation_line
          where reservation_id = v_reservation_id and state = 'COMMITTED' and order_line_id = any (p_line_ids)
            and (p_location_id is null or location_id = p_location_id)
        )
        select array_agg(id), array_agg(order_line_id), array_agg(location_id), array_agg(units),
               array_agg(row(sku, location_id, 0, -units, p_order_id)::inventory.delta)
        into v_lines, v_line_ids, v_nodes, v_units, v_deltas
        from (
          select line.id, order_line_id, sku, location_id, least(line.units, asked.units - line.starts)::int as units
          from line join asked on asked.id = line.order_line_id
          where asked.units > line.starts
        ) given;
        if v_lines is null then return; end if;

        perform inventory.take_from_lines(v_lines, v_units, 'RELEASED');
        perform inventory.move('RELEASE', v_deltas);
        return query
        select gone.line_id, gone.node, sum(gone.units)::int
        from unnest(v_line_ids, v_nodes, v_units) as gone (line_id, node, units)
        group by gone.line_id, gone.node order by gone.line_id, gone.node;
      end
      $$;

      create table inventory.reassignment (
        key text primary key,
        answer jsonb not null,
        decided_at timestamptz not null default clock_timestamp()
      );
      comment on table inventory.reassignment is 'Decisions of reassign_order: the same decision again gives the same answer and moves nothing.';

      create function inventory.reassign_order(
        p_key text, p_order_id text, p_line_ids text[], p_quantities int[], p_refused_location_id text
      ) returns table (line_id text, location_id text, quantity int) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_answer jsonb;
        v_line_ids text[]; v_skus text[]; v_quantities int[];
        v_fixed boolean;
      begin
        perform pg_advisory_xact_lock(hashtextextended('inventory.reassignment:' || p_key, 0));
        select answer into v_answer from inventory.reassignment where key = p_key;
        if v_answer is null then
          select array_agg(asked.id), array_agg(line.sku), array_agg(asked.units) into v_line_ids, v_skus, v_quantities
          from (select id, sum(units)::int as units from unnest(p_line_ids, p_quantities) as asked (id, units) group by id) asked
          join (
            select distinct line.order_line_id, line.sku
            from inventory.reservation_line line join inventory.reservation on reservation.id = line.reservation_id
            where reservation.order_id = p_order_id
          ) line on line.order_line_id = asked.id;
          -- All nodes at once and in order: giving back and taking would otherwise lock in two rounds and could meet another order.
          perform inventory.lock_positions(v_skus, inventory.nodes_in_scope(null) || p_refused_location_id);
          perform from inventory.release_order(p_order_id, v_line_ids, v_quantities, p_refused_location_id);
          -- An order for one location cannot be served by another.
          v_fixed := exists (select from inventory.reservation where order_id = p_order_id and location_id is not null);
          if v_line_ids is null then
            v_answer := '[]';
          elsif v_fixed then
            select jsonb_agg(jsonb_build_object('line_id', id, 'location_id', null, 'quantity', units)) into v_answer
            from unnest(v_line_ids, v_quantities) as line (id, units);
          else
            select jsonb_agg(jsonb_build_object('line_id', line_id, 'location_id', location_id, 'quantity', quantity)) into v_answer
            from inventory.commit_order(p_order_id, v_line_ids, v_skus, v_quantities, null, 0, true, null, null, p_refused_location_id);
          end if;
          insert into inventory.reassignment (key, answer) values (p_key, v_answer);
        end if;
        return query select * from jsonb_to_recordset(v_answer) as answer (line_id text, location_id text, quantity int);
      end
      $$;

      -- Moves units of committed lines into the bucket p_state and keeps the states of lines and reservations true.
      create function inventory.take_from_lines(p_lines bigint[], p_units int[], p_state text) returns void language plpgsql as $$
      begin
        -- Another transaction may be moving other lines of the same reservation: its state is read only when it is ours.
        perform from inventory.reservation
        where id in (select reservation_id from inventory.reservation_line where id = any (p_lines)) order by id for update;
        with taken as (
          select line, sum(units)::int as units from unnest(p_lines, p_units) as taken (line, units) group by line
        )
        update inventory.reservation_line
        set consumed = consumed + case when p_state = 'CONSUMED' then taken.units else 0 end,
            released = released + case when p_state = 'RELEASED' then taken.units else 0 end,
            state = case
              when consumed + released + taken.units < quantity then 'COMMITTED'
              when p_state = 'CONSUMED' or consumed > 0 then 'CONSUMED'
              else 'RELEASED' end
        from taken where reservation_line.id = taken.line;

        update inventory.reservation
        set state = total.state
        from (
          select reservation_id, case when bool_or(state = 'COMMITTED') then 'COMMITTED' when bool_or(state = 'CONSUMED') then 'CONSUMED' else 'RELEASED' end as state
          from inventory.reservation_line
          where reservation_id in (select reservation_id from inventory.reservation_line where id = any (p_lines))
          group by reservation_id
        ) total
        where reservation.id = total.reservation_id and reservation.state <> total.state;
      end
      $$;
    `);
  },
};
