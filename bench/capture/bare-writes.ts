import type { Knex } from 'knex';
import { type Measured, measure } from './measure.ts';
import { runPgbench } from './pgbench.ts';
import { type BenchWorld, HOT } from './world.ts';

/** As many as a batch of ours has under load. */
const BATCH = 64;

/**
 * The second yardstick: the rows of so many orders and nothing else. No price, rule or stock is looked at, no key is looked up,
 * nothing is refused. Nobody could run a shop with it: it says what the rows alone cost on this machine, one order per
 * transaction and many, and so what is the most that any capture could reach.
 */
export async function installBareWrites(knex: Knex): Promise<void> {
  const [third, half] = [Math.floor(HOT / 3), Math.floor(HOT / 2)];
  await knex.raw(`
    create or replace function bench.write_orders(p_orders int, p_hot boolean) returns void language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
    declare
      v_a int[]; v_b int[]; v_c int[];
    begin
      select array_agg(case when p_hot then ${HOT} else 1 + floor(random() * ${third})::int end),
             array_agg(${third + 1} + floor(random() * ${half - third})::int), array_agg(${half + 1} + floor(random() * ${HOT - 1 - half})::int)
      into v_a, v_b, v_c from generate_series(1, p_orders);
      with one as materialized (
        select 'ord_' || replace(gen_random_uuid()::text, '-', '') as id, 'rsv_' || replace(gen_random_uuid()::text, '-', '') as reservation_id,
               gen_random_uuid()::text as key, nextval('orders.order_number')::text as number, a, b, c
        from unnest(v_a, v_b, v_c) as good (a, b, c)
      ), line as materialized (
        select one.id, reservation_id, n, 'oln_' || replace(gen_random_uuid()::text, '-', '') as line_id, 'BENCH-' || case n when 1 then a when 2 then b else c end as sku
        from one, generate_series(1, 3) n
      ), answered as (
        insert into integration.idempotency_key (scope, operation, key, request_hash, result)
        select 'bench', 'orderPlace', key, sha256(key::bytea), jsonb_build_object('orderId', id, 'refusals', '[]'::jsonb) from one
      ), placed as (
        insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, customer_id, stage, status, revision,
          currency_code, tax_included, subtotal_minor, tax_minor, grand_total_minor, payment_status, payment_provider, payment_reference, authorized_minor,
          delivery_method, customer, shipping_address, trace_id, placed_at, updated_at)
        select id, number, 'WEB', 'STOREFRONT', 'Web shop', 'bench-customer', 'VALIDATED', 'VALIDATED', 2,
          'GBP', true, 300, 50, 300, 'AUTHORIZED', 'bench', 'pay', 300,
          'SHIPPING', '{"email":"ada@example.com","name":"Ada Buyer"}', '{"name":"Ada Buyer","line1":"1 High Street","city":"London","postalCode":"N1 1AA","countryCode":"GB"}',
          '00000000000000000000000000000000', now(), now() from one
      ), ordered as (
        insert into orders.order_line (id, order_id, position, sku, title, unit_price_minor, total_minor, tax_minor, tax_basis_points, ordered, unsourced)
        select line_id, id, n, sku, 'Bench item', 100, 100, 17, 2000, 1, 1 from line
      ), told as (
        insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
        select id, n, now(), case n when 1 then 'ORDER_CAPTURED' else 'ORDER_VALIDATED' end, 'commerce', 'Order captured', '00000000000000000000000000000000'
        from one, generate_series(1, 2) n
      ), sent as (
        insert into integration.outbox (type, source, subject, version, channel_code, trace_id, data)
        select case n when 1 then 'order-placed.v1' else 'order-status-changed.v1' end, '/commerce/order', id, n, 'WEB', '00000000000000000000000000000000',
          case n when 1 then jsonb_build_object('orderId', id, 'number', number, 'channelCode', 'WEB', 'totalMinor', '300', 'currencyCode', 'GBP', 'deliveryMethod', 'SHIPPING',
              'lines', (select jsonb_agg(jsonb_build_object('lineId', line_id, 'sku', sku, 'quantity', 1)) from line where line.id = one.id),
              'allocations', (select jsonb_agg(jsonb_build_object('lineId', line_id, 'sku', sku, 'locationId', 'bench-east', 'quantity', 1)) from line where line.id = one.id))
            else jsonb_build_object('orderId', id, 'customerId', 'bench-customer', 'previousStatus', 'CAPTURED', 'status', 'VALIDATED') end
        from one, generate_series(1, 2) n
      ), kept as (
        insert into inventory.reservation (id, state, order_id, channel_code) select reservation_id, 'COMMITTED', id, 'WEB' from one
      ), taken as (
        insert into inventory.reservation_line (reservation_id, order_line_id, sku, location_id, quantity, state)
        select reservation_id, line_id, sku, 'bench-east', 1, 'COMMITTED' from line
      ), moved as (
        insert into inventory.movement (sku, location_id, kind, committed_delta, reference) select sku, 'bench-east', 'ALLOCATION', 1, id from line
      )
      insert into inventory.unannounced (sku, location_id) select sku, 'bench-east' from line;
      -- The positions last, in the order of everybody: a hot row is locked for as short as possible, and nobody waits in a circle.
      perform from inventory.position where location_id = 'bench-east' and sku in (select 'BENCH-' || n from unnest(v_a || v_b || v_c) n)
      order by sku for no key update;
      update inventory.position set committed = committed + total.units
      from (select 'BENCH-' || n as sku, count(*) as units from unnest(v_a || v_b || v_c) n group by n) total
      where position.sku = total.sku and position.location_id = 'bench-east';
    end $$;
  `);
}

/** One order per transaction, and (with more than one client) as many as a batch has, each at the better of 1 and 4 connections. */
export async function measureBareWrites(
  world: BenchWorld,
  about: Pick<Measured, 'load' | 'clients'>,
  seconds: number,
): Promise<Measured[]> {
  const rows: Measured[] = [];
  for (const orders of about.clients === 1 ? [1] : [1, BATCH]) {
    const way = `same rows, no checks, ${orders === 1 ? 'one order' : `${orders} orders`} per transaction`;
    const tried: Measured[] = [];
    for (const connections of about.clients === 1 ? [1] : [1, 4]) {
      const call = `write_orders(${orders}, ${about.load === 'hot'})`;
      const run = async () => {
        const point = await runPgbench(world, call, { connections, seconds });
        return { ...point, done: point.done * orders, perSecond: point.perSecond * orders };
      };
      tried.push(await measure(world, 'orders', { ...about, way }, null, run));
    }
    rows.push(tried.reduce((best, row) => (row.perSecond > best.perSecond ? row : best)));
  }
  return rows;
}
