import type { Migration } from '../../platform/db/migrate.ts';

/** What arrives from the warehouse system, and where its feed was read to. */
export const source: Migration = {
  async up(knex) {
    await knex.raw(`
      create table inventory.source_feed (
        source text primary key,
        sequence bigint not null check (sequence >= 0),
        heard_at timestamptz
      );
      comment on column inventory.source_feed.sequence is 'Ledger number up to which every row was applied. Moves in the transaction of the rows.';
      comment on column inventory.source_feed.heard_at is 'Last time the feed was read to its end: from then on silence means that nothing changed.';

      create table inventory.work_line (
        fulfillment_order_id text collate "C" not null,
        line_ref text collate "C" not null,
        order_line_id text not null,
        primary key (fulfillment_order_id, line_ref)
      );
      comment on table inventory.work_line is 'Which order line a line of a fulfillment order works for: a goods issue names the latter and consumes the former''s stock.';

      create table inventory.announcement (
        sku text collate "C" primary key,
        version int not null check (version > 0)
      );
      comment on table inventory.announcement is 'Version of the last inventory-changed event per SKU; counts up from 1 without a gap.';

      create type inventory.source_row as (
        sequence bigint, "positionId" text, "locationId" text, sku text, kind text, "onHand" int, "measuredAt" timestamptz,
        incoming int, "incomingAt" timestamptz, reference text, "lineRef" text, issued int
      );
      comment on type inventory.source_row is 'One row of the warehouse''s ledger, or one position of a snapshot (kind SNAPSHOT). onHand is the balance after it; issued, the units that left for our fulfillment order "reference"; incoming, null when not told.';

      create function inventory.apply_source(p_rows jsonb) returns table (sku text, location_id text) language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_rows inventory.source_row[];
        v_now timestamptz := clock_timestamp();
        v_lines bigint[]; v_units int[]; v_sequences bigint[]; v_skus text[]; v_nodes text[];
      begin
        select array_agg(entry) into v_rows
        from (select distinct on (sequence, sku, "locationId") entry from jsonb_populate_recordset(null::inventory.source_row, p_rows) entry) once;

        insert into inventory.position (sku, location_id, id, as_of, received_at)
        select distinct on (sku, "locationId") sku, "locationId", "positionId", "measuredAt", v_now
        from unnest(v_rows) order by sku, "locationId"
        on conflict do nothing;
        perform from inventory.position
        join (select distinct sku, "locationId" as location_id from unnest(v_rows)) wanted using (sku, location_id)
        order by position.sku, position.location_id
        for no key update of position;

        -- Goods that left for our orders: issues and committed lines on one axis of units per order line and node.
        with issue as (
          select entry.sequence, coalesce(work.order_line_id, entry."lineRef") as order_line_id, entry.sku, entry."locationId" as location_id, entry.issued,
                 sum(entry.issued) over (partition by coalesce(work.order_line_id, entry."lineRef"), entry.sku, entry."locationId" order by entry.sequence) as ends
          from unnest(v_rows) entry
          left join inventory.work_line work on work.fulfillment_order_id = entry.reference and work.line_ref = entry."lineRef"
          where entry.issued > 0
        ), line as (
          select id, order_line_id, sku, location_id, quantity - consumed - released as units,
                 sum(quantity - consumed - released) over (partition by order_line_id, sku, location_id order by id) as ends
          from inventory.reservation_line
          where state = 'COMMITTED' and order_line_id in (select order_line_id from issue)
        )
        select array_agg(line.id), array_agg((least(issue.ends, line.ends) - greatest(issue.ends - issue.issued, line.ends - line.units))::int),
               array_agg(issue.sequence), array_agg(issue.sku), array_agg(issue.location_id)
        into v_lines, v_units, v_sequences, v_skus, v_nodes
        from issue join line using (order_line_id, sku, location_id)
        where least(issue.ends, line.ends) > greatest(issue.ends - issue.issued, line.ends - line.units);
        perform inventory.take_from_lines(v_lines, v_units, 'CONSUMED');

        return query
        with fresh as (
          -- Newer than what we know. A snapshot may repeat the number it was taken at.
          select entry.sequence, entry.sku, entry."locationId" as location_id, entry.kind, entry.reference, entry."onHand", entry."measuredAt", entry.incoming, entry."incomingAt",
                 entry."onHand" - coalesce(lag(entry."onHand") over (partition by entry.sku, entry."locationId" order by entry.sequence), position.on_hand) as delta,
                 entry.incoming - position.incoming as incoming_delta
          from unnest(v_rows) entry
          join inventory.position on position.sku = entry.sku and position.location_id = entry."locationId"
          where entry.sequence > position.source_sequence or (entry.kind = 'SNAPSHOT' and entry.sequence = position.source_sequence)
        ), gone as (
          select sequence, sku, location_id, sum(units)::int as units
          from unnest(v_sequences, v_skus, v_nodes, v_units) as gone (sequence, sku, location_id, units)
          group by sequence, sku, location_id
        ), moved as (
          insert into inventory.movement (sku, location_id, kind, on_hand_delta, committed_delta, incoming_delta, reference, source_sequence)
          select entry.sku, entry."locationId", entry.kind, coalesce(fresh.delta, 0), -coalesce(gone.units, 0), coalesce(fresh.incoming_delta, 0), entry.reference, entry.sequence
          from unnest(v_rows) entry
          left join fresh on fresh.sequence = entry.sequence and fresh.sku = entry.sku and fresh.location_id = entry."locationId"
          left join gone on gone.sequence = entry.sequence and gone.sku = entry.sku and gone.location_id = entry."locationId"
          where coalesce(fresh.delta, 0) <> 0 or coalesce(gone.units, 0) <> 0 or coalesce(fresh.incoming_delta, 0) <> 0
          order by entry.sequence
          returning sku, location_id
        ), last as (
          select distinct on (sku, location_id) * from fresh order by sku, location_id, sequence desc
        ), consumed as (
          select sku, location_id, sum(units) as units from gone group by sku, location_id
        ), known as (
          update inventory.position
          set on_hand = coalesce(last."onHand", on_hand),
              incoming = coalesce(last.incoming, position.incoming),
              incoming_at = case when last.incoming is null then position.incoming_at else last."incomingAt" end,
              source_sequence = coalesce(last.sequence, source_sequence),
              as_of = coalesce(last."measuredAt", as_of),
              received_at = v_now,
              committed = committed - coalesce(consumed.units, 0)
          from last full join consumed using (sku, location_id)
          where position.sku = coalesce(last.sku, consumed.sku) and position.location_id = coalesce(last.location_id, consumed.location_id)
        ), told as (
          insert into inventory.unannounced (sku, location_id) select distinct sku, location_id from moved returning sku, location_id
        )
        select sku, location_id from told;
      end
      $$;

      create function inventory.assign_work(p_fulfillment_order_id text, p_line_refs text[], p_order_line_ids text[]) returns void language sql as $$
        insert into inventory.work_line (fulfillment_order_id, line_ref, order_line_id)
        select p_fulfillment_order_id, line_ref, order_line_id from unnest(p_line_refs, p_order_line_ids) as line (line_ref, order_line_id)
        on conflict do nothing
      $$;

      create function inventory.set_safety_stock(p_sku text, p_location_id text, p_units int) returns void language sql as $$
        with was as (
          select sku, location_id, safety_stock from inventory.position where sku = p_sku and location_id = p_location_id for no key update
        ), moved as (
          insert into inventory.movement (sku, location_id, kind, safety_stock_delta)
          select sku, location_id, 'POLICY', p_units - safety_stock from was where safety_stock <> p_units
        ), told as (
          insert into inventory.unannounced (sku, location_id) select sku, location_id from was where safety_stock <> p_units
        )
        update inventory.position set safety_stock = p_units from was
        where position.sku = was.sku and position.location_id = was.location_id
      $$;
    `);
  },
};
