import type { Knex } from 'knex';
import { SKUS } from '../capture/world.ts';

/** Completes the goods of the world: with what listings sort and search by. */
export async function completeGoods(knex: Knex): Promise<void> {
  await knex.raw(
    `update product.product set title_search = to_tsvector('simple', title), search = to_tsvector('simple', title)`,
  );
  await settle(knex, 1, SKUS);
}

/** Adds goods number `from` to `to`, each at two nodes, as the world has them. */
export async function addGoods(knex: Knex, from: number, to: number): Promise<void> {
  await knex.raw(`
    insert into inventory.position (sku, location_id, id, on_hand, as_of, received_at)
    select 'BENCH-' || n, location, 'pos-' || location || n, 50000000, now(), now()
    from generate_series(${from}, ${to}) n, unnest(array['bench-east', 'bench-west']) location;
    insert into product.product (id, handle, title, title_key, title_search, search, created_at)
    select 'prd-' || n, 'bench-' || n, title, lower(title), to_tsvector('simple', title), to_tsvector('simple', title), now()
    from generate_series(${from}, ${to}) n, lateral (select 'Bench item ' || n as title) named;
    insert into product.variant (id, product_id, sku, title)
    select 'var-' || n, 'prd-' || n, 'BENCH-' || n, 'Bench item ' || n from generate_series(${from}, ${to}) n;
    insert into product.price (source_key, variant_id, price_list, currency_code, kind, min_quantity, valid_from, amount_minor, tax_included, tax_basis_points)
    select 'bench-' || n, 'var-' || n, 'WEB', 'GBP', 'SELLING', 1, now() - interval '1 day', 100, true, 2000 from generate_series(${from}, ${to}) n;
  `);
  await settle(knex, from, to);
}

async function settle(knex: Knex, from: number, to: number): Promise<void> {
  await knex.raw(`
    insert into product.product_state (product_id, revision, available, updated_at)
    select 'prd-' || n, 1, 100000000, now() from generate_series(${from}, ${to}) n;
    insert into product.listed_price (price_list, currency_code, product_id, amount_minor)
    select 'WEB', 'GBP', 'prd-' || n, 100 from generate_series(${from}, ${to}) n;
  `);
}

/** Adds orders number `from` to `to`, of two lines each: goods as popular as `popular` (chance.ts) has them. */
export async function addOrders(knex: Knex, from: number, to: number): Promise<void> {
  await knex.raw(`
    insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, customer_id, stage, status, revision,
      currency_code, tax_included, subtotal_minor, tax_minor, grand_total_minor, payment_status, delivery_method, customer,
      shipping_address, trace_id, placed_at, updated_at)
    select 'ord_bench_' || n, 'B' || n, 'WEB', 'STOREFRONT', 'Web shop', 'customer-' || n % 1000, 'VALIDATED', 'VALIDATED', 1,
      'GBP', true, 200, 33, 200, 'AUTHORIZED', 'SHIPPING', '{"email":"ada@example.com","name":"Ada Buyer"}',
      '{"name":"Ada Buyer","line1":"1 High Street","city":"London","postalCode":"N1 1AA","countryCode":"GB"}',
      repeat('0', 32), now() - n * interval '1 second', now() - n * interval '1 second'
    from generate_series(${from}, ${to}) n;
    insert into orders.order_line (id, order_id, position, sku, title, unit_price_minor, total_minor, tax_minor, tax_basis_points, ordered, unsourced)
    select 'oln_bench_' || n || '_' || line, 'ord_bench_' || n, line, 'BENCH-' || least(${SKUS}, floor(power(${SKUS + 1}, (n * 0.618034 + line * 0.414214) % 1))), 'Bench item', 100, 100, 17, 2000, 1, 1
    from generate_series(${from}, ${to}) n, generate_series(1, 2) line;
    insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
    select 'ord_bench_' || n, 1, now(), 'ORDER_CAPTURED', 'commerce', 'Order captured', repeat('0', 32)
    from generate_series(${from}, ${to}) n;
  `);
}
