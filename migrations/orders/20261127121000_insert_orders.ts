import type { Migration } from '../../platform/db/migrate.ts';

/** What an order writes stands here once, for orders in a batch and for one that is tried alone. */
export const insertOrders: Migration = {
  up: (knex) =>
    knex.raw(`
      create function orders.insert_orders(p_orders json, p_lines json, p_allocations json, p_members int[]) returns void
      language plpgsql set plan_cache_mode = force_generic_plan as $$
      begin
        with o as materialized (
          select * from json_to_recordset(p_orders) as o (i int, id text, number text, channel_code text, channel_kind text, channel_name text, channel_order_id text, customer_id text,
            currency_code text, tax_included boolean, subtotal_minor bigint, discount_minor bigint, shipping_minor bigint, tax_minor bigint, grand_total_minor bigint,
            payment_status text, payment_provider text, payment_reference text, authorized_minor bigint, delivery_method text, delivery_location_id text, service_level text,
            customer jsonb, shipping_address jsonb, purchase_order_number text, acknowledgement_hours float8, trace_id text)
          where i = any (p_members)
        ), placed as (
          insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, channel_order_id, customer_id, stage, status, revision,
            currency_code, tax_included, subtotal_minor, discount_minor, shipping_minor, tax_minor, grand_total_minor,
            payment_status, payment_provider, payment_reference, authorized_minor, delivery_method, delivery_location_id, service_level,
            customer, shipping_address, purchase_order_number, acknowledgement_deadline, trace_id, placed_at, updated_at)
          select id, number, channel_code, channel_kind, channel_name, channel_order_id, customer_id, 'VALIDATED', 'VALIDATED', 2,
            currency_code, tax_included, subtotal_minor, discount_minor, shipping_minor, tax_minor, grand_total_minor,
            payment_status, payment_provider, payment_reference, authorized_minor, delivery_method, delivery_location_id, service_level,
            customer, shipping_address, purchase_order_number, now() + acknowledgement_hours * interval '1 hour', trace_id, now(), now()
          from o
        ), allocated as (
          insert into orders.allocation (order_id, line_id, location_id, quantity)
          select o.id, allocation.line_id, allocation.location_id, allocation.quantity
          from o join json_to_recordset(p_allocations) as allocation (i int, line_id text, location_id text, quantity int) using (i)
        ), told as (
          insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
          select o.id, n.sequence, now(), n.type, 'commerce', n.message, o.trace_id
          from o, (values (1, 'ORDER_CAPTURED', 'Order captured'), (2, 'ORDER_VALIDATED', 'Order validated and stock committed')) as n (sequence, type, message)
        )
        insert into orders.order_line (id, order_id, position, sku, title, channel_line_id, unit_price_minor, total_minor, tax_minor, tax_basis_points,
          ordered, unsourced, backordered)
        select id, order_id, position, sku, title, channel_line_id, unit_price_minor, total_minor, tax_minor, tax_basis_points,
          ordered, ordered - coalesce(backordered, 0), coalesce(backordered, 0)
        from json_to_recordset(p_lines) as line (i int, id text, order_id text, position int, sku text, title text, channel_line_id text,
          unit_price_minor bigint, total_minor bigint, tax_minor bigint, tax_basis_points int, ordered int, backordered int)
        where i = any (p_members);
      end $$;
      comment on function orders.insert_orders is 'Writes orders with lines, allocations and the first entries of their timelines, as subgraphs/order/commands/insert-order.ts spells them. Their stock is committed by the same transaction.';

      create or replace function orders.place_orders(p_claims json, p_orders json, p_lines json, p_takes json, p_withheld json, p_events json)
      returns table (i int, kind text, result jsonb, placed_at timestamptz)
      language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_members int[]; v_done int[];
        v_known jsonb;
      begin
        select array_agg(claim.i) filter (where claim.kind = 'CLAIMED'), jsonb_agg(claim) filter (where claim.kind in ('REPLAY', 'CONFLICT'))
        into v_members, v_known from integration.claim_idempotency_keys('orderPlace', p_claims) claim;
        if v_known is not null then
          return query select known.i, known.kind, known.result, null::timestamptz
          from jsonb_to_recordset(v_known) as known (i int, kind text, result jsonb);
        end if;
        v_members := orders.new_channel_orders(p_orders, v_members);
        if v_members is null then return; end if;

        v_done := inventory.commit_orders(p_orders, p_takes, p_withheld, v_members);
        if v_done is null then return; end if;
        perform orders.insert_orders(p_orders, p_lines, p_takes, v_done);
        perform integration.append_events(p_events, v_done);
        perform integration.store_answers('orderPlace', p_claims, v_done);
        return query select member, 'DONE', null::jsonb, now() from unnest(v_done) as member;
      end $$;

      create function orders.new_channel_orders(p_orders json, p_members int[]) returns int[]
      language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      declare
        v_free int[]; v_named int[];
      begin
        -- The lock of the slow way (firstOrderOfChannel), without waiting.
        select array_agg(o.i) filter (where o.is_free), array_agg(o.i) filter (where o.channel_order_id is not null)
        into v_free, v_named
        from (
          select i, channel_order_id, channel_order_id is null
                 or pg_try_advisory_xact_lock(hashtextextended('channel-order:' || channel_code || ':' || channel_order_id, 0)) as is_free
          from json_to_recordset(p_orders) as o (i int, channel_code text, channel_order_id text)
          where i = any (p_members)
        ) o;
        if v_named is null then return v_free; end if;
        -- A statement of its own: it sees what the previous holder of a lock committed just before.
        return (
          select array_agg(o.i)
          from json_to_recordset(p_orders) as o (i int, channel_code text, channel_order_id text)
          left join lateral (
            select known.id from orders.customer_order known
            where known.channel_code = o.channel_code and known.channel_order_id = o.channel_order_id limit 1
          ) first on true
          where o.i = any (v_free) and first.id is null);
      end $$;
      comment on function orders.new_channel_orders is 'Members of a batch whose channel order id, if they have one, was not used before and is now locked. The others have to be tried alone.';
    `),
};
