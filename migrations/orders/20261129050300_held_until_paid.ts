import type { Knex } from 'knex';

/** Orders that are held until they are paid are written with all others: alone, ten at a time, a crowd of them was told OVERLOADED. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function orders.insert_orders(p_orders json, p_lines json, p_allocations json, p_members integer[])
    returns void
    language plpgsql
    set plan_cache_mode to 'force_generic_plan'
    as $$
    begin
      with o as materialized (
        select * from json_to_recordset(p_orders) as o (i int, id text, number text, channel_code text, channel_kind text, channel_name text, channel_order_id text, customer_id text,
          currency_code text, tax_included boolean, subtotal_minor bigint, discount_minor bigint, shipping_minor bigint, tax_minor bigint, grand_total_minor bigint,
          payment_status text, payment_provider text, payment_reference text, authorized_minor bigint, delivery_method text, delivery_location_id text, service_level text,
          customer jsonb, shipping_address jsonb, purchase_order_number text, acknowledgement_hours float8, trace_id text, hold_note text)
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
      ), held as (
        insert into orders.hold (order_id, reason, note, placed_at) select id, 'PAYMENT', hold_note, now() from o where hold_note is not null
      ), told as (
        insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
        select o.id, n.sequence, now(), n.type, 'commerce', n.message, o.trace_id
        from o, (values (1, 'ORDER_CAPTURED', 'Order captured'), (2, 'ORDER_VALIDATED', 'Order validated and stock committed'),
          (3, 'HOLD_PLACED', 'Held until it is paid: PAYMENT')) as n (sequence, type, message)
        where n.sequence < 3 or o.hold_note is not null
      )
      insert into orders.order_line (id, order_id, position, sku, title, channel_line_id, unit_price_minor, total_minor, tax_minor, tax_basis_points,
        ordered, unsourced, backordered)
      select id, order_id, position, sku, title, channel_line_id, unit_price_minor, total_minor, tax_minor, tax_basis_points,
        ordered, ordered - coalesce(backordered, 0), coalesce(backordered, 0)
      from json_to_recordset(p_lines) as line (i int, id text, order_id text, position int, sku text, title text, channel_line_id text,
        unit_price_minor bigint, total_minor bigint, tax_minor bigint, tax_basis_points int, ordered int, backordered int)
      where i = any (p_members);
    end $$;
  `);
}
