import type { Migration } from '../../platform/db/migrate.ts';

/** The capture of many orders in one statement: keys, stock, orders, events and answers commit together. */
export const batches: Migration = {
  up: (knex) =>
    knex.raw(`
      create function orders.place_orders(p_claims json, p_orders json, p_lines json, p_takes json, p_withheld json, p_events json)
      returns table (i int, kind text, result jsonb, placed_at timestamptz)
      language plpgsql set plan_cache_mode = force_generic_plan as $$
      #variable_conflict use_column
      declare
        v_members int[]; v_done int[];
        v_known jsonb;
      begin
        select array_agg(claim.i) filter (where claim.kind = 'CLAIMED'), jsonb_agg(claim) filter (where claim.kind in ('REPLAY', 'CONFLICT'))
        into v_members, v_known from integration.claim_idempotency_keys('orderPlace', p_claims) claim;
        return query select known.i, known.kind, known.result, null::timestamptz
        from jsonb_to_recordset(v_known) as known (i int, kind text, result jsonb);
        -- The channel's own order ids: the lock of the slow way (firstOrderOfChannel), without waiting, then what is known.
        select array_agg(o.i) into v_members
        from json_to_recordset(p_orders) as o (i int, channel_code text, channel_order_id text)
        where o.i = any (v_members) and (o.channel_order_id is null
          or pg_try_advisory_xact_lock(hashtextextended('channel-order:' || o.channel_code || ':' || o.channel_order_id, 0)));
        select array_agg(o.i) into v_members
        from json_to_recordset(p_orders) as o (i int, channel_code text, channel_order_id text)
        where o.i = any (v_members) and not exists (
          select from orders.customer_order known
          where known.channel_code = o.channel_code and known.channel_order_id = o.channel_order_id);
        if v_members is null then return; end if;

        v_done := inventory.commit_orders(p_orders, p_takes, p_withheld, v_members);
        if v_done is null then return; end if;

        insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, channel_order_id, customer_id, stage, status, revision,
          currency_code, tax_included, subtotal_minor, discount_minor, shipping_minor, tax_minor, grand_total_minor,
          payment_status, payment_provider, payment_reference, authorized_minor, delivery_method, delivery_location_id, service_level,
          customer, shipping_address, purchase_order_number, acknowledgement_deadline, trace_id, placed_at, updated_at)
        select o.id, o.number, o.channel_code, o.channel_kind, o.channel_name, o.channel_order_id, o.customer_id, 'VALIDATED', 'VALIDATED', 2,
          o.currency_code, o.tax_included, o.subtotal_minor, o.discount_minor, o.shipping_minor, o.tax_minor, o.grand_total_minor,
          o.payment_status, o.payment_provider, o.payment_reference, o.authorized_minor, o.delivery_method, null, o.service_level,
          o.customer, o.shipping_address, o.purchase_order_number, now() + o.acknowledgement_hours * interval '1 hour', o.trace_id, now(), now()
        from json_to_recordset(p_orders) as o (i int, id text, number text, channel_code text, channel_kind text, channel_name text, channel_order_id text, customer_id text,
          currency_code text, tax_included boolean, subtotal_minor bigint, discount_minor bigint, shipping_minor bigint, tax_minor bigint, grand_total_minor bigint,
          payment_status text, payment_provider text, payment_reference text, authorized_minor bigint, delivery_method text, service_level text,
          customer jsonb, shipping_address jsonb, purchase_order_number text, acknowledgement_hours float8, trace_id text)
        where o.i = any (v_done);

        insert into orders.order_line (id, order_id, position, sku, title, channel_line_id, unit_price_minor, total_minor, tax_minor, tax_basis_points, ordered, unsourced)
        select l.id, l.order_id, l.position, l.sku, l.title, l.channel_line_id, l.unit_price_minor, l.total_minor, l.tax_minor, l.tax_basis_points, l.ordered, l.ordered
        from json_to_recordset(p_lines) as l (i int, id text, order_id text, position int, sku text, title text, channel_line_id text,
          unit_price_minor bigint, total_minor bigint, tax_minor bigint, tax_basis_points int, ordered int)
        where l.i = any (v_done);

        insert into orders.allocation (order_id, line_id, location_id, quantity)
        select o.id, take.line_id, take.location_id, take.quantity
        from json_to_recordset(p_takes) as take (i int, line_id text, location_id text, quantity int)
        join json_to_recordset(p_orders) as o (i int, id text) using (i)
        where take.i = any (v_done);

        insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
        select o.id, n.sequence, now(), n.type, 'commerce', n.message, o.trace_id
        from json_to_recordset(p_orders) as o (i int, id text, trace_id text),
          (values (1, 'ORDER_CAPTURED', 'Order captured'), (2, 'ORDER_VALIDATED', 'Order validated and stock committed')) as n (sequence, type, message)
        where o.i = any (v_done);

        perform integration.append_events(p_events, v_done);
        perform integration.store_answers('orderPlace', p_claims, v_done);
        return query select member, 'DONE', null::jsonb, now() from unnest(v_done) as member;
      end $$;
      comment on function orders.place_orders is 'Captures the orders of a batch that fit, each wholly. A member without a row was not touched and has to be tried alone.';
    `),
};
