import type { Knex } from 'knex';

/**
 * The yardstick: the writes of one order (or hold) as an engineer would write them by hand, for pgbench to run. The same
 * tables and the same number of rows, idempotency record and outbox included; the stock is checked and cannot be
 * oversold. It is given every advantage that keeps it correct:
 *
 * - one round trip and one transaction, all statements prepared, no JSON to parse;
 * - it is told prices, titles and the node: it reads no catalogue, no rules, and chooses nothing;
 * - the idempotency record is claimed by its insert, without a look-up before or a lock besides;
 * - the positions are updated last, in the order of their keys, so that a hot row is locked for as short as possible.
 */
export async function installYardstick(knex: Knex): Promise<void> {
  await knex.raw(`
    create schema if not exists bench;

    create or replace function bench.take(p_skus text[], p_reserved int, p_committed int) returns void language plpgsql as $$
    declare
      v_sku text;
    begin
      foreach v_sku in array p_skus loop
        update inventory.position set committed = committed + p_committed, reserved = reserved + p_reserved
        where sku = v_sku and location_id = 'bench-east'
          and on_hand - committed - reserved - safety_stock >= p_committed + p_reserved;
        if not found then raise exception 'short' using errcode = 'P0S01'; end if;
      end loop;
    end $$;

    create or replace function bench.place_order(a int, b int, c int) returns text language plpgsql as $$
    declare
      v_skus text[] := (select array_agg('BENCH-' || n order by 'BENCH-' || n) from unnest(array[a, b, c]) n);
      v_key text := gen_random_uuid()::text;
      v_order text := 'ord_' || replace(gen_random_uuid()::text, '-', '');
      v_reservation text := 'rsv_' || replace(gen_random_uuid()::text, '-', '');
      v_lines text[] := array['oln_' || replace(gen_random_uuid()::text, '-', ''), 'oln_' || replace(gen_random_uuid()::text, '-', ''), 'oln_' || replace(gen_random_uuid()::text, '-', '')];
      v_number text := nextval('orders.order_number')::text;
    begin
      insert into integration.idempotency_key (scope, operation, key, request_hash, result)
      values ('bench', 'orderPlace', v_key, sha256(v_key::bytea), jsonb_build_object('orderId', v_order, 'refusals', '[]'::jsonb))
      on conflict do nothing;
      if not found then
        return (select result ->> 'orderId' from integration.idempotency_key where scope = 'bench' and operation = 'orderPlace' and key = v_key);
      end if;
      insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, customer_id, stage, status, revision,
        currency_code, tax_included, subtotal_minor, tax_minor, grand_total_minor, payment_status, payment_provider, payment_reference, authorized_minor,
        delivery_method, customer, shipping_address, trace_id, placed_at, updated_at)
      values (v_order, v_number, 'WEB', 'STOREFRONT', 'Web shop', 'bench-customer', 'VALIDATED', 'VALIDATED', 2,
        'GBP', true, 300, 50, 300, 'AUTHORIZED', 'bench', 'pay', 300,
        'SHIPPING', '{"email":"ada@example.com","name":"Ada Buyer"}', '{"name":"Ada Buyer","line1":"1 High Street","city":"London","postalCode":"N1 1AA","countryCode":"GB"}',
        '00000000000000000000000000000000', now(), now());
      insert into orders.order_line (id, order_id, position, sku, title, unit_price_minor, total_minor, tax_minor, tax_basis_points, ordered, unsourced)
      select v_lines[n], v_order, n, v_skus[n], 'Bench item', 100, 100, 17, 2000, 1, 1 from generate_series(1, 3) n;
      insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
      values (v_order, 1, now(), 'ORDER_CAPTURED', 'commerce', 'Order captured', '00000000000000000000000000000000'),
             (v_order, 2, now(), 'ORDER_VALIDATED', 'commerce', 'Order validated and stock committed', '00000000000000000000000000000000');
      insert into integration.outbox (type, source, subject, version, channel_code, trace_id, data)
      values ('order-placed.v1', '/commerce/order', v_order, 1, 'WEB', '00000000000000000000000000000000',
               jsonb_build_object('orderId', v_order, 'number', v_number, 'channelCode', 'WEB', 'totalMinor', '300', 'currencyCode', 'GBP', 'deliveryMethod', 'SHIPPING',
                 'lines', jsonb_build_array(jsonb_build_object('lineId', v_lines[1], 'sku', v_skus[1], 'quantity', 1), jsonb_build_object('lineId', v_lines[2], 'sku', v_skus[2], 'quantity', 1), jsonb_build_object('lineId', v_lines[3], 'sku', v_skus[3], 'quantity', 1)),
                 'allocations', jsonb_build_array(jsonb_build_object('lineId', v_lines[1], 'sku', v_skus[1], 'locationId', 'bench-east', 'quantity', 1), jsonb_build_object('lineId', v_lines[2], 'sku', v_skus[2], 'locationId', 'bench-east', 'quantity', 1), jsonb_build_object('lineId', v_lines[3], 'sku', v_skus[3], 'locationId', 'bench-east', 'quantity', 1)))),
             ('order-status-changed.v1', '/commerce/order', v_order, 2, 'WEB', '00000000000000000000000000000000',
               jsonb_build_object('orderId', v_order, 'customerId', 'bench-customer', 'previousStatus', 'CAPTURED', 'status', 'VALIDATED'));
      insert into inventory.reservation (id, state, order_id, channel_code) values (v_reservation, 'COMMITTED', v_order, 'WEB');
      insert into inventory.reservation_line (reservation_id, order_line_id, sku, location_id, quantity, state)
      select v_reservation, v_lines[n], v_skus[n], 'bench-east', 1, 'COMMITTED' from generate_series(1, 3) n;
      insert into inventory.movement (sku, location_id, kind, committed_delta, reference)
      select sku, 'bench-east', 'ALLOCATION', 1, v_order from unnest(v_skus) sku;
      insert into inventory.unannounced (sku, location_id) select sku, 'bench-east' from unnest(v_skus) sku;
      perform bench.take(v_skus, 0, 1);
      return v_order;
    end $$;

    create or replace function bench.hold(a int, b int, c int) returns text language plpgsql as $$
    declare
      v_skus text[] := (select array_agg('BENCH-' || n order by 'BENCH-' || n) from unnest(array[a, b, c]) n);
      v_key text := gen_random_uuid()::text;
      v_reservation text := 'rsv_' || replace(gen_random_uuid()::text, '-', '');
      v_until timestamptz := now() + interval '10 minutes';
    begin
      insert into integration.idempotency_key (scope, operation, key, request_hash, result)
      values ('bench', 'reservationHold', v_key, sha256(v_key::bytea), jsonb_build_object('reservationId', v_reservation, 'refusals', '[]'::jsonb))
      on conflict do nothing;
      if not found then
        return (select result ->> 'reservationId' from integration.idempotency_key where scope = 'bench' and operation = 'reservationHold' and key = v_key);
      end if;
      insert into inventory.reservation (id, state, expires_at, channel_code) values (v_reservation, 'HELD', v_until, 'WEB');
      insert into inventory.reservation_line (reservation_id, sku, location_id, quantity, state, expires_at)
      select v_reservation, sku, 'bench-east', 1, 'HELD', v_until from unnest(v_skus) sku;
      insert into inventory.movement (sku, location_id, kind, reserved_delta, reference)
      select sku, 'bench-east', 'HOLD', 1, v_reservation from unnest(v_skus) sku;
      insert into inventory.unannounced (sku, location_id) select sku, 'bench-east' from unnest(v_skus) sku;
      perform bench.take(v_skus, 1, 0);
      return v_reservation;
    end $$;
  `);
}
