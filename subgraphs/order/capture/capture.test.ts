import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import type { Caller } from '../../../platform/caller.ts';
import { openDatabase } from '../../../platform/db/database.ts';
import { query } from '../../../platform/db/query.ts';
import { batchMetrics } from '../../../platform/micro-batch/batch-metrics.ts';
import { stockCatalogue } from '../../../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { callerOf, webChannel } from '../../../test/helpers/subgraph.ts';
import { applySupply } from '../../inventory/projection.ts';
import { bundleUp, letExpire, stockUp } from '../../inventory/sample-stock.ts';
import { placeOrder } from '../commands/place.ts';
import type { OrderPlaceInput } from '../commands/place-input.ts';
import { createOrderReader } from '../read.ts';
import { type Capture, createCapture } from './capture.ts';

const marketplace = callerOf({
  clientId: 'amazon',
  channel: { ...webChannel, code: 'AMAZON', kind: 'MARKETPLACE', safetyStock: 2, acknowledgementHours: 4 },
});

let database: TestDatabase;
let knex: Knex;
let capture: Capture;
let keys = 0;
let skus = 0;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  knex = database.knex;
  capture = createCapture({ knex });
});
afterAll(() => database.drop());

/** A SKU of its own with this stock, at 1.00 GBP. */
async function newSku(stock: Parameters<typeof stockUp>[1][string]): Promise<string> {
  const sku = `SKU-${++skus}`;
  await stockCatalogue(knex, [{ sku, title: `Item ${sku}`, prices: { WEB: { GBP: 100 } } }]);
  await stockUp(knex, { [sku]: stock });
  return sku;
}

const input = (lines: OrderPlaceInput['lines'], more: Partial<OrderPlaceInput> = {}): OrderPlaceInput => ({
  idempotencyKey: `key-${++keys}`,
  currencyCode: 'GBP',
  lines,
  delivery: {
    method: 'SHIPPING',
    address: { line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' },
  },
  ...more,
});
const one = (sku: string, more: Partial<OrderPlaceInput> = {}) => input([{ sku, quantity: 1 }], more);

/** Outcomes in short: the order's id, the codes of refusals, or the kind. */
async function place(what: OrderPlaceInput, caller: Caller = callerOf(), by: Capture = capture) {
  const outcome = await by.place(caller, what);
  if (outcome.kind !== 'done') return outcome.kind;
  return outcome.result.orderId ?? outcome.result.refusals.map((refusal) => refusal.code).join();
}

/** What is in the books about a SKU; `batched` counts orders that were written by the same transaction as another one. */
async function booksOf(sku: string) {
  const [row] = await query<Record<string, number>>(
    knex,
    `select (select count(distinct order_id)::int from orders.order_line where sku = ?) as orders,
            (select sum(committed)::int from inventory.position where sku = ?) as committed,
            (select coalesce(sum(quantity), 0)::int from inventory.reservation_line where sku = ?) as reserved,
            (select coalesce(sum(committed_delta), 0)::int from inventory.movement where sku = ?) as moved,
            (select count(*)::int from (
               select 1 from orders.customer_order o join orders.order_line l on l.order_id = o.id and l.sku = ?
               group by o.xmin::text having count(distinct o.id) > 1) shared) as batches`,
    Array(5).fill(sku),
  );
  return row;
}

async function lockIsWaitedFor(): Promise<void> {
  for (let waiting = 0; waiting === 0; ) {
    const [row] = await query<{ count: number }>(
      knex,
      `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    waiting = row?.count ?? 0;
  }
}

const differences = () => query(knex, 'select * from inventory.ledger_difference');

describe('capture', () => {
  it('answers with the order exactly as a reader finds it', async () => {
    const sku = await newSku({ EAST: 5 });
    const order = one(sku, {
      channelOrderId: 'A-1',
      purchaseOrderNumber: 'PO 7',
      customer: { customerId: 'c-1', email: 'ada@example.com', name: 'Ada' },
      payment: { reference: 'p', provider: 'stripe', authorized: { amount: '9.00', currencyCode: 'GBP' } },
    });
    await query(knex, `insert into product.price select source_key || 'A', variant_id, 'AMAZON', currency_code, kind, min_quantity, valid_from, valid_to, amount_minor, tax_included, tax_basis_points from product.price where source_key like ?`, [`${sku}:%`]); // biome-ignore format: one thought
    const outcome = await capture.place(marketplace, order);
    if (outcome.kind !== 'done' || !outcome.result.captured) throw new Error('not captured in a batch');
    const { order: answered, lines } = outcome.result.captured;
    const reader = createOrderReader(knex);
    expect((await reader.ordersById([answered.id])).get(answered.id)).toEqual(answered);
    expect((await reader.linesByOrder([answered.id])).get(answered.id)).toEqual(lines);
  });

  it('settles many at once: whole orders, stock, events, answers', async () => {
    const [a, b] = [await newSku({ EAST: 100 }), await newSku({ EAST: 60, WEST: 100 })];
    const inputs = Array.from({ length: 40 }, () => input([{ sku: a, quantity: 1 }, { sku: b, quantity: 2 }, { sku: a, quantity: 1 }])); // biome-ignore format: one order
    const ids = await Promise.all(inputs.map((order) => place(order)));
    expect(new Set(ids).size).toBe(40);
    expect(ids.every((id) => id.startsWith('ord_'))).toBe(true);
    expect(await booksOf(a)).toMatchObject({ orders: 40, committed: 80, reserved: 80, moved: 80 });
    expect(await booksOf(b)).toMatchObject({ orders: 40, committed: 80, reserved: 80, moved: 80 });
    expect((await booksOf(a))?.batches).toBeGreaterThan(0);
    const [events] = await query(
      knex,
      `select count(*)::int as events, count(distinct subject)::int as orders, count(distinct (subject, version))::int as versions
       from integration.outbox where subject = any(?)`,
      [ids],
    );
    expect(events).toEqual({ events: 80, orders: 40, versions: 80 });
    // Again, the same keys: the same orders and nothing more.
    expect(await Promise.all(inputs.map((order) => place(order)))).toEqual(ids);
    expect(await booksOf(a)).toMatchObject({ orders: 40, committed: 80 });
    expect(await differences()).toEqual([]);
  });

  it('settles a crowd that pays later together: each order held, with its stock, and said so as a reader finds it', async () => {
    const sku = await newSku({ EAST: 100 });
    const payments = { ofChannel: new Map(), otherwise: { withinHours: 1, holdUntilPaid: true } };
    const till = createCapture({ knex, payments });
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => till.place(callerOf(), one(sku))));
    const answers = outcomes.flatMap((outcome) => (outcome.kind === 'done' ? [outcome.result] : []));
    expect(answers.filter(({ heldUntilPaid, captured }) => heldUntilPaid && captured)).toHaveLength(60);
    expect(await booksOf(sku)).toMatchObject({
      orders: 60,
      committed: 60,
      reserved: 60,
      moved: 60,
      batches: expect.any(Number),
    });
    expect((await booksOf(sku))?.batches).toBeGreaterThan(0);
    const ids = answers.map(({ orderId }) => orderId ?? '');
    const holds = await createOrderReader(knex).holdsByOrder(ids);
    expect(answers.map(({ captured }) => captured?.holds)).toEqual(ids.map((id) => holds.get(id)));
    expect(holds.get(ids[0] ?? '')).toMatchObject([
      { reason: 'PAYMENT', note: 'Goes on by itself when the order is paid.' },
    ]);
    const told = await query(knex, `select count(*)::int as notes, count(*) filter (where sequence = 3 and type = 'HOLD_PLACED')::int as holds from orders.timeline where order_id = any (?)`, [ids]); // biome-ignore format: one thought
    expect(told).toEqual([{ notes: 180, holds: 60 }]);
    // Paid at once, nothing is held.
    const paid = {
      payment: { reference: 'p', provider: 'stripe', authorized: { amount: '1.00', currencyCode: 'GBP' } },
    };
    const [done] = await Promise.all([till.place(callerOf(), one(sku, paid)), till.place(callerOf(), one(sku))]);
    expect(done).toMatchObject({ kind: 'done', result: { captured: { holds: [] } } });
    await till.close();
  });

  it('finds keys, prices, stock and channel orders by index, however small the tables are', async () => {
    const sku = await newSku({ EAST: 5 });
    const tables = ['customer_order', 'idempotency_key', 'position', 'price', 'variant'];
    await knex.raw('vacuum analyze integration.idempotency_key, inventory.position, product.price, product.variant');
    await knex.transaction(async (trx) => {
      // What this connection has counted and not yet reported is in it too.
      const scans = () =>
        query<{ whole: number; by_index: number }>(
          trx,
          `select coalesce(seq_scan, 0)::int as whole, coalesce(idx_scan, 0)::int as by_index
           from unnest(?::text[]) as name left join pg_stat_xact_user_tables on relname = name order by name`,
          [tables],
        );
      const before = await scans();
      const placed = one(sku, { channelOrderId: 'by-index' });
      expect(await place(placed, callerOf(), createCapture({ knex: trx }))).toMatch(/^ord_/);
      const after = await scans();
      expect(after.map(({ whole }, i) => whole - (before[i]?.whole ?? 0))).toEqual(tables.map(() => 0));
      expect(after.every(({ by_index }, i) => by_index > (before[i]?.by_index ?? 0))).toBe(true);
    });
  });

  it('sells exactly what is there, from several processes at once', async () => {
    const sku = await newSku({ EAST: 60, WEST: 40 });
    const elsewhere = openDatabase(database.url, { poolMax: 8, applicationName: 'test-elsewhere' });
    try {
      const other = createCapture({ knex: elsewhere });
      const answers = await Promise.all(
        Array.from({ length: 160 }, (_, index) => place(one(sku), callerOf(), index % 2 ? capture : other)),
      );
      expect(answers.filter((answer) => answer.startsWith('ord_'))).toHaveLength(100);
      expect(answers.filter((answer) => answer === 'OUT_OF_STOCK')).toHaveLength(60);
      expect(await booksOf(sku)).toMatchObject({ orders: 100, committed: 100 });
      expect(await differences()).toEqual([]);
    } finally {
      await elsewhere.destroy();
    }
  });

  it('gives 200 concurrent requests with one key one order and equal answers', async () => {
    const sku = await newSku({ EAST: 500 });
    const elsewhere = openDatabase(database.url, { poolMax: 4, applicationName: 'test-elsewhere' });
    try {
      const other = createCapture({ knex: elsewhere });
      const order = one(sku);
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, (_, index) => (index % 2 ? capture : other).place(callerOf(), order)),
      );
      const done = outcomes.flatMap((outcome) => (outcome.kind === 'done' ? [outcome] : []));
      expect(new Set(done.map(({ result: { orderId, refusals } }) => JSON.stringify({ orderId, refusals }))).size).toBe(
        1,
      );
      expect(done).toHaveLength(200);
      expect(done.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await booksOf(sku)).toMatchObject({ orders: 1, committed: 1 });
    } finally {
      await elsewhere.destroy();
    }
  });

  it('refuses a used key with another input, in a batch with others', async () => {
    const sku = await newSku({ EAST: 500 });
    const order = one(sku, { idempotencyKey: 'used' });
    const first = await place(order);
    const answers = await Promise.all([
      place(one(sku)),
      place({ ...order, lines: [{ sku, quantity: 2 }] }),
      place(order),
      place(one(sku)),
    ]);
    expect(answers).toEqual([expect.stringMatching(/^ord_/), 'conflict', first, expect.stringMatching(/^ord_/)]);
    expect(await booksOf(sku)).toMatchObject({ orders: 3, committed: 3 });
  });

  it('lets a poisoned order hurt only itself', async () => {
    const sku = await newSku({ EAST: 500 });
    const poisons = [
      one(sku, { serviceLevel: '\0' } as never),
      one('SKU\0'),
      one(sku, { purchaseOrderNumber: '\ud800' }),
      one(sku, { delivery: { method: 'SHIPPING', address: null } }),
      one(sku, { currencyCode: 'XXX' }),
      one('NO-SUCH-SKU'),
    ];
    const answers = await Promise.allSettled([one(sku), ...poisons, one(sku), one(sku)].map((order) => place(order)));
    const told = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.reason.code));
    const order = expect.stringMatching(/^ord_/);
    const refusals = ['BAD_USER_INPUT', 'BAD_USER_INPUT', 'BAD_USER_INPUT', 'INVALID_ADDRESS', 'CURRENCY_NOT_SUPPORTED', 'UNKNOWN_SKU']; // biome-ignore format: in the order of the poisons
    expect(told).toEqual([order, ...refusals, order, order]);
    expect(await booksOf(sku)).toMatchObject({ orders: 3, committed: 3 });
  });

  it('refuses many at once, each with what it is told alone, and keeps the answers', async () => {
    const [none, few, capped] = [
      await newSku({ EAST: 0 }),
      await newSku({ EAST: 3, WEST: 2 }),
      await newSku({ EAST: 90 }),
    ];
    await query(knex, `insert into inventory.channel_rule (sku, cap) values (?, 4)`, [capped]);
    const careful = callerOf({ clientId: 'careful', channel: { ...webChannel, safetyStock: 1 } });
    const lines: OrderPlaceInput['lines'][] = [
      [{ sku: none, quantity: 1 }],
      [{ sku: few, quantity: 6 }],
      [{ sku: few, quantity: 3 }, { sku: none, quantity: 2 }, { sku: few, quantity: 3 }],
      [{ sku: capped, quantity: 5 }],
      [{ sku: none, quantity: 1, unitPrice: { amount: '0.50', currencyCode: 'GBP' } }],
      [{ sku: few, quantity: 0 }],
    ]; // biome-ignore format: one order a line
    const payment = { reference: 'p', provider: 'stripe', authorized: { amount: '0.10', currencyCode: 'GBP' } };
    const asked = [...lines.map((some) => input(some)), input([{ sku: few, quantity: 1 }], { payment }), input([{ sku: few, quantity: 5 }], { channelOrderId: `S-${few}` })]; // biome-ignore format: one thought
    const alone = await Promise.all(
      asked.map(async (order) => {
        const trx = await knex.transaction();
        const { refusals } = await placeOrder(trx, careful, order);
        await trx.rollback();
        return refusals;
      }),
    );
    expect(alone.map(([first]) => first?.code)).toEqual([
      'OUT_OF_STOCK',
      'OUT_OF_STOCK',
      'OUT_OF_STOCK',
      'OUT_OF_STOCK',
      'PRICE_CHANGED',
      'INVALID_QUANTITY',
      'PAYMENT_INSUFFICIENT',
      'OUT_OF_STOCK',
    ]);
    const triedAlone = async () => (await batchMetrics.getSingleMetricAsString('batcher_alone_total')).match(/orders"} (\d+)/)?.[1]; // biome-ignore format: one thought
    const before = await triedAlone();
    const outcomes = await Promise.all(asked.map((order) => capture.place(careful, order)));
    expect(await triedAlone()).toBe(before);
    expect(outcomes).toEqual(alone.map((refusals) => ({ kind: 'done', result: { orderId: null, refusals }, replayed: false }))); // biome-ignore format: one thought
    await stockUp(knex, { [none]: { EAST: 9 } });
    expect(await place(asked[0] as OrderPlaceInput, careful)).toBe('OUT_OF_STOCK');
    expect(await place({ ...(asked[0] as OrderPlaceInput), currencyCode: 'EUR' }, careful)).toBe('conflict');
  });

  it('turns holds into orders many at once, each hold once, and only what it keeps', async () => {
    const [sku, other] = [await newSku({ EAST: 20, WEST: 10 }), await newSku({ EAST: 5 })];
    const holdOf = async (quantity: number, seconds = 600) => {
      const id = `rsv_held_${++keys}`;
      await query(knex, `select * from inventory.hold(?, array[?], array[?::int], null, 0, ?, 'WEB', null)`, [id, sku, quantity, seconds]); // biome-ignore format: one thought
      return id;
    };
    const holds = await Promise.all(Array.from({ length: 12 }, () => holdOf(2)));
    const [big, small, foreign, over] = [await holdOf(3), await holdOf(1), await holdOf(1), await holdOf(1)] as const;
    await query(knex, `update inventory.reservation_line set expires_at = now() where reservation_id = ?`, [over]);
    await query(knex, `update inventory.reservation set expires_at = now() where id = ?`, [over]);
    const before = await batchMetrics.getSingleMetricAsString('batcher_alone_total');
    const on = (reservationId: string, lines = [{ sku, quantity: 1 }, { sku, quantity: 1 }]) => input(lines, { reservationId }); // biome-ignore format: one order
    const placed = await Promise.all(holds.map((id) => place(on(id))));
    expect(placed.every((answer) => answer.startsWith('ord_'))).toBe(true);
    expect(await batchMetrics.getSingleMetricAsString('batcher_alone_total')).toBe(before);
    expect((await booksOf(sku))?.batches).toBeGreaterThan(0);
    const answers = await Promise.all([
      place(on(holds[0] ?? '')),
      place(on(big)),
      place(on(big, [{ sku, quantity: 3 }])),
      place(on(big, [{ sku, quantity: 3 }])),
      place(on(small, [{ sku, quantity: 1 }, { sku: other, quantity: 1 }])), // biome-ignore format: one order
      place(on(foreign, [{ sku, quantity: 1 }]), marketplace),
      place(on(over, [{ sku, quantity: 1 }])),
      place(on('rsv_unknown', [{ sku, quantity: 1 }])),
    ]);
    const bigOnes = [answers[2], answers[3]].sort();
    expect(bigOnes).toEqual(['RESERVATION_MISMATCH', expect.stringMatching(/^ord_/)]);
    expect([answers[0], answers[1], answers[4], answers[7]]).toEqual(Array(4).fill('RESERVATION_MISMATCH'));
    expect(answers[5]).not.toMatch(/^ord_/);
    expect(answers[6]).toMatch(/^ord_/); // its time was over, and its unit was still there
    // 12 × 2, 3, and 1 are sold, 2 still held, of 30.
    expect(await booksOf(sku)).toMatchObject({ orders: 14, committed: 28, moved: 28 });
    const [position] = await query<{ reserved: number }>(knex, `select sum(reserved)::int as reserved from inventory.position where sku = ?`, [sku]); // biome-ignore format: one thought
    expect(position).toEqual({ reserved: 2 });
    // The hold that was over has ended with its order: a clock that is set back cannot bring it to life.
    await query(knex, `update inventory.reservation_line set expires_at = now() + interval '1 hour' where reservation_id = ?`, [over]); // biome-ignore format: one thought
    expect(await query(knex, `select reservation.state, line.state as line from inventory.reservation join inventory.reservation_line line on line.reservation_id = reservation.id where reservation.id = ?`, [over])).toEqual([{ state: 'EXPIRED', line: 'EXPIRED' }]); // biome-ignore format: one thought
    expect(await differences()).toEqual([]);
    expect(await query(knex, `select count(*)::int as n, count(distinct order_id)::int as orders from inventory.reservation where id = any(?) and state = 'COMMITTED'`, [holds])).toEqual([{ n: 12, orders: 12 }]); // biome-ignore format: one thought
  });

  it('gives orders of bundles, of goods that are waited for, and on holds that are over, what each gets alone', async () => {
    const [bolt, nut, later, kit, pair] = [
      await newSku({ EAST: 12, WEST: 5, PARTNER: 3 }),
      await newSku({ EAST: 20, WEST: 40 }),
      await newSku({ EAST: 50 }),
      await newSku({}),
      await newSku({}),
    ];
    await bundleUp(knex, { [kit]: { [bolt]: 2, [nut]: 4 }, [pair]: { [bolt]: 2 } });
    await query(
      knex,
      `insert into inventory.channel_rule (sku, backorder, backorder_units, release_at, preorder_units)
       values (?, 'UNITS', 3, null, null), (?, 'UNITS', 1, null, null), (?, null, null, now() + interval '1 day', 4)`,
      [bolt, kit, later],
    );
    const over = `rsv_over_${kit}`;
    const live = `rsv_live_${kit}`;
    for (const id of [over, live]) {
      await query(knex, `select * from inventory.hold(?, array[?, ?], array[1, 1], null, 0, 600, 'WEB', null)`, [id, kit, bolt]); // biome-ignore format: one thought
    }
    await letExpire(knex, over);
    const wanted = (skus: Record<string, number>, more: Partial<OrderPlaceInput> = {}) => input(Object.entries(skus).map(([sku, quantity]) => ({ sku, quantity })), more); // biome-ignore format: one thought
    const wait = { allowBackorder: true };
    const asked = [
      wanted({ [kit]: 6 }),
      wanted({ [kit]: 7 }),
      wanted({ [bolt]: 3, [kit]: 2, [pair]: 1, [nut]: 2 }),
      wanted({ [pair]: 9, [kit]: 1 }),
      wanted({ [kit]: 7 }, wait),
      wanted({ [kit]: 8 }, wait),
      wanted({ [bolt]: 21 }, wait),
      wanted({ [bolt]: 19, [nut]: 1 }, wait),
      wanted({ [later]: 3 }),
      wanted({ [later]: 4, [bolt]: 1 }, wait),
      wanted({ [later]: 5 }, wait),
      wanted({ [kit]: 1, [bolt]: 1 }, { reservationId: over }),
      wanted({ [kit]: 1, [bolt]: 1 }, { reservationId: live }),
      wanted({ [kit]: 2, [bolt]: 1 }, { reservationId: live }),
    ];
    /** What was written for the newest order, in words that do not name it. */
    const written = (db: Knex, orderId: string) =>
      query(
        db,
        `select l.sku as sold, l.backordered, r.state, r.reacquires, r.id like 'rsv_live%' as is_hold, line.sku, line.location_id, line.quantity,
                line.bundle_sku, line.component_no, line.per_bundle, dense_rank() over (order by line.bundle_set) as set_no, b.quantity as waits
         from orders.order_line l
         left join inventory.reservation r on r.order_id = l.order_id
         left join inventory.reservation_line line on line.order_line_id = l.id
         left join inventory.backorder b on b.order_line_id = l.id
         where l.order_id = ? order by l.position, line.location_id, line.component_no`,
        [orderId],
      );
    const triedAlone = async () => (await batchMetrics.getSingleMetricAsString('batcher_alone_total')).match(/orders"} (\d+)/)?.[1]; // biome-ignore format: one thought
    const before = await triedAlone();
    const codes: string[] = [];
    for (const order of asked) {
      const outcomes = [];
      for (const way of ['alone', 'batch']) {
        const trx = await knex.transaction();
        try {
          const result =
            way === 'alone'
              ? await placeOrder(trx, callerOf(), order)
              : await createCapture({ knex: trx })
                  .place(callerOf(), order)
                  .then((outcome) => (outcome.kind === 'done' ? outcome.result : null));
          outcomes.push({ refusals: result?.refusals, books: await written(trx, result?.orderId ?? '') });
        } finally {
          await trx.rollback();
        }
      }
      expect(outcomes[1]).toEqual(outcomes[0]);
      codes.push(outcomes[0]?.refusals?.map(({ code }) => code).join() ?? '');
    }
    const [short, fits] = ['OUT_OF_STOCK', ''];
    expect(codes).toEqual([fits, short, fits, short, fits, short, short, fits, short, fits, short, fits, fits, 'RESERVATION_MISMATCH']); // biome-ignore format: one thought
    expect(await triedAlone()).toBe(before);
  });

  it('settles a crowd that wants bundles, their parts and more than there is, in batches, from two processes', async () => {
    const [bolt, nut, kit] = [await newSku({ EAST: 60, WEST: 40 }), await newSku({ EAST: 400, WEST: 400 }), await newSku({})]; // biome-ignore format: one thought
    await bundleUp(knex, { [kit]: { [bolt]: 2, [nut]: 3 } });
    await query(knex, `insert into inventory.channel_rule (sku, backorder, backorder_units) values (?, 'UNITS', 25)`, [bolt]); // biome-ignore format: one thought
    const elsewhere = openDatabase(database.url, { poolMax: 8, applicationName: 'test-elsewhere' });
    try {
      const processes = [capture, createCapture({ knex: elsewhere })];
      const orders = Array.from({ length: 150 }, (_, n) =>
        n % 3 === 0
          ? one(kit)
          : n % 3 === 1
            ? input([{ sku: bolt, quantity: 1 }, { sku: kit, quantity: 1 }]) // biome-ignore format: one order
            : one(bolt, { allowBackorder: true }),
      );
      const triedAlone = async () => Number((await batchMetrics.getSingleMetricAsString('batcher_alone_total')).match(/orders"} (\d+)/)?.[1]); // biome-ignore format: one thought
      const before = await triedAlone();
      const answers = await Promise.all(orders.map((order, n) => place(order, callerOf(), processes[n % 2])));
      const placed = orders.filter((_, n) => answers[n]?.startsWith('ord_'));
      expect(answers.every((answer) => /^(ord_.*|OUT_OF_STOCK(,OUT_OF_STOCK)?)$/.test(answer))).toBe(true);
      expect((await triedAlone()) - before).toBeLessThan(30);
      const bolts = placed.flatMap(({ lines }) => lines).reduce((sum, { sku, quantity }) => sum + quantity * (sku === kit ? 2 : 1), 0); // biome-ignore format: one thought
      const [waiting] = await query<{ units: number }>(knex, 'select coalesce(sum(quantity), 0)::int as units from inventory.backorder where sku = ?', [bolt]); // biome-ignore format: one thought
      expect(await booksOf(bolt)).toMatchObject({ committed: 100, reserved: 100, moved: 100 });
      expect(bolts - (waiting?.units ?? 0)).toBe(100);
      expect(waiting?.units).toBeLessThanOrEqual(25);
      expect((await booksOf(nut))?.committed).toBe(
        3 * placed.flatMap(({ lines }) => lines).filter(({ sku }) => sku === kit).length,
      );
      expect(await differences()).toEqual([]);
    } finally {
      await elsewhere.destroy();
    }
  });

  it('promises of a component that bundles share no more than is to come of it, however many ask at once', async () => {
    const [bolt, nut] = [await newSku({ EAST: 0 }), await newSku({ EAST: 0 })];
    const kits = [await newSku({}), await newSku({}), await newSku({})];
    for (const kit of kits) await bundleUp(knex, { [kit]: { [bolt]: 2, [nut]: 1 } });
    // About the bundles: no rule says anything of the component that they share.
    await query(knex, `insert into inventory.channel_rule (sku, backorder) select unnest(?::text[]), 'INCOMING'`, [
      kits,
    ]);
    const lot = { siteCode: 'EAST', lot: 'A', expectedAt: new Date('2099-01-01T00:00:00Z') };
    const lots = [
      { ...lot, sku: bolt, units: 21 },
      { ...lot, sku: nut, units: 500 },
    ];
    await knex.transaction((trx) => applySupply(trx, lots, 1_000_000));
    const [first = '', second = '', third = ''] = kits;
    const orders = Array.from({ length: 30 }, (_, n) =>
      n % 3 === 0
        ? input([{ sku: first, quantity: 1 }, { sku: third, quantity: 1 }], { allowBackorder: true }) // biome-ignore format: one order
        : one(n % 3 === 1 ? second : third, { allowBackorder: true }),
    );
    await Promise.all(orders.map((order) => place(order)));
    const [promised] = await query<{ sets: number }>(knex, 'select sum(quantity)::int as sets from inventory.backorder where sku = any (?::text[])', [kits]); // biome-ignore format: one thought
    expect(promised?.sets).toBe(10);
    expect(await place(one(second, { allowBackorder: true }))).toBe('OUT_OF_STOCK');
    expect(await differences()).toEqual([]);
  });

  it('lets nobody wait for what is there by the time its batch has the locks', async () => {
    const sku = await newSku({ EAST: 1 });
    const meddler = await knex.transaction();
    await query(meddler, `select * from inventory.commit_order('ord_' || ?, array['w1'], array[?], array[1], null, 0, false, null)`, [sku, sku]); // biome-ignore format: one thought
    await meddler.commit();
    const supplier = await knex.transaction();
    await stockUp(supplier, { [sku]: { EAST: 3 } });
    const answer = place(one(sku, { allowBackorder: true }));
    await lockIsWaitedFor();
    await supplier.commit();
    expect(await answer).toMatch(/^ord_/);
    expect(await query(knex, 'select * from inventory.backorder where sku = ?', [sku])).toEqual([]);
    expect(await booksOf(sku)).toMatchObject({ orders: 1, committed: 2 });
  });

  it('leaves goods that come to who waits for them, also to who began to wait since the batch was planned', async () => {
    const sku = await newSku({ EAST: 0 });
    await place(one(sku, { allowBackorder: true }));
    await stockUp(knex, { [sku]: { EAST: 2 } });
    expect((await Promise.all([place(one(sku)), place(one(sku))])).map((answer) => answer.slice(0, 4)).sort()).toEqual(['OUT_', 'ord_']); // biome-ignore format: one thought
    await stockUp(knex, { [sku]: { EAST: 3 } });
    const meddler = await knex.transaction();
    await query(meddler, 'select inventory.lock_positions(array[?], inventory.nodes_in_scope(null))', [sku]);
    await query(meddler, 'insert into inventory.backorder (order_line_id, order_id, sku, quantity) values (?, ?, ?, 1)', [`late.${sku}`, sku, sku]); // biome-ignore format: one thought
    const answer = place(one(sku));
    await lockIsWaitedFor();
    await meddler.commit();
    expect(await answer).toBe('OUT_OF_STOCK');
    expect(await booksOf(sku)).toMatchObject({ committed: 1 });
  });

  it('sells no more of a component than its cap with one order, in bundles and by itself', async () => {
    const [kit, pair, bolt] = [await newSku({}), await newSku({}), await newSku({ EAST: 90 })];
    await bundleUp(knex, { [kit]: { [bolt]: 2 }, [pair]: { [bolt]: 1 } });
    await query(knex, `insert into inventory.channel_rule (channel_code, sku, cap) values ('WEB', ?, 5)`, [bolt]);
    const ask = (kits: number, pairs: number, bolts: number) => {
      const lines = Object.entries({ [kit]: kits, [pair]: pairs, [bolt]: bolts });
      return input(lines.flatMap(([sku, quantity]) => (quantity > 0 ? [{ sku, quantity }] : [])));
    };
    const answers = await Promise.all(
      [ask(2, 0, 1), ask(2, 0, 2), ask(1, 1, 2), ask(1, 4, 0)].map((order) => place(order)),
    );
    const order = expect.stringMatching(/^ord_/);
    expect(answers).toEqual([order, 'OUT_OF_STOCK,OUT_OF_STOCK', order, 'OUT_OF_STOCK,OUT_OF_STOCK']);
    expect(await booksOf(bolt)).toMatchObject({ committed: 10 });
    const alone = createCapture({ knex, choose: () => null });
    expect(await place(ask(2, 0, 2), callerOf(), alone)).toBe('OUT_OF_STOCK,OUT_OF_STOCK');
    expect(await booksOf(bolt)).toMatchObject({ committed: 10 });
    const outcome = await capture.place(callerOf(), ask(2, 0, 3));
    if (outcome.kind !== 'done') throw new Error('not answered');
    // Each as far as the others stay: one kit beside three bolts, one bolt beside two kits.
    expect(outcome.result.refusals.map(({ sku, availableQuantity }) => [sku, availableQuantity])).toEqual([[kit, 1], [bolt, 1]]); // biome-ignore format: one thought
  });

  it('plans a bundle again when it is made of other things by then', async () => {
    const [bolt, kit] = [await newSku({ EAST: 9 }), await newSku({})];
    await bundleUp(knex, { [kit]: { [bolt]: 2 } });
    const catalogue = await knex.transaction();
    await query(catalogue, 'select inventory.set_bundle(?, array[?], array[3])', [kit, bolt]);
    const answer = place(one(kit));
    await lockIsWaitedFor();
    await catalogue.commit();
    expect(await answer).toMatch(/^ord_/);
    expect(await booksOf(bolt)).toMatchObject({ committed: 3 });
    expect(await differences()).toEqual([]);
  });

  it('finds out under the locks that a hold was given up meanwhile', async () => {
    const sku = await newSku({ EAST: 3 });
    await query(knex, `select * from inventory.hold(?, array[?], array[1], null, 0, 600, 'WEB', null)`, [`rsv_gone_${sku}`, sku]); // biome-ignore format: one thought
    const meddler = await knex.transaction();
    await query(meddler, `select inventory.end_holds(array[?], 'RELEASED')`, [`rsv_gone_${sku}`]);
    const answer = place(one(sku, { reservationId: `rsv_gone_${sku}` }));
    await lockIsWaitedFor();
    await meddler.commit();
    expect(await answer).toBe('RESERVATION_EXPIRED');
    expect(await booksOf(sku)).toMatchObject({ orders: 0, committed: 0 });
    expect(await differences()).toEqual([]);
  });

  it('refuses nobody for what others of the batch wanted and did not get', async () => {
    const [scarce, other] = [await newSku({ EAST: 1 }), await newSku({ EAST: 1 })];
    const both = input([{ sku: scarce, quantity: 1 }, { sku: other, quantity: 1 }]); // biome-ignore format: one order
    const meddler = await knex.transaction();
    await query(meddler, `select * from inventory.commit_order('ord_' || ?, array['l1'], array[?], array[1], null, 0, false, null)`, [scarce, scarce]); // biome-ignore format: one thought
    // The first plans on a unit that is just being taken, and keeps the second from the other one until it is refused.
    const answers = [place(both), place(one(other))];
    await lockIsWaitedFor();
    await meddler.commit();
    expect(await Promise.all(answers)).toEqual(['OUT_OF_STOCK', expect.stringMatching(/^ord_/)]);
  });

  it('takes a channel order id once, whatever the key', async () => {
    const sku = await newSku({ EAST: 500 });
    const again = () => place(one(sku, { channelOrderId: `C-${sku}` }));
    const answers = await Promise.all([again(), again(), again()]);
    expect(new Set(answers).size).toBe(1);
    expect(await again()).toBe(answers[0]);
    expect(await booksOf(sku)).toMatchObject({ orders: 1, committed: 1 });
  });

  it('leaves what is withheld from a channel, over all nodes, to the others', async () => {
    const sku = await newSku({ EAST: 6, WEST: 4 });
    const web = { ...webChannel, safetyStock: 3 };
    const careful = callerOf({ clientId: 'careful', channel: web });
    const answers = await Promise.all(Array.from({ length: 10 }, () => place(one(sku), careful)));
    expect(answers.filter((answer) => answer === 'OUT_OF_STOCK')).toHaveLength(3);
    expect(await booksOf(sku)).toMatchObject({ committed: 7 });
    expect((await place(input([{ sku, quantity: 3 }]))).startsWith('ord_')).toBe(true);
  });

  it('does not count units that a hold keeps, and counts them from the instant it is over', async () => {
    const sku = await newSku({ EAST: 2 });
    await query(knex, `select * from inventory.hold('rsv_${sku}', array[?], array[2], null, 0, 600, 'WEB', null)`, [
      sku,
    ]);
    expect(await place(one(sku))).toBe('OUT_OF_STOCK');
    await query(knex, `update inventory.reservation_line set expires_at = now() where reservation_id = ?`, [
      `rsv_${sku}`,
    ]);
    expect(await place(one(sku))).toMatch(/^ord_/);
  });

  it.each([
    [
      'sold',
      `select * from inventory.commit_order('ord_' || ?, array['l1'], array[?], array[1], null, 0, false, null)`,
      1,
    ],
    ['held', `select * from inventory.hold('rsv_' || ?, array[?], array[1], null, 0, 600, 'WEB', null)`, 0],
  ])('plans on a reading that is too old, and finds out under the locks that the unit is %s', async (_, take, sold) => {
    const sku = await newSku({ EAST: 1 });
    const meddler = await knex.transaction();
    await query(meddler, take, [sku, sku]);
    const answers = [place(one(sku)), place(one(sku))];
    // Both have seen the unit as free: now they wait for the lock of the one who takes it.
    await lockIsWaitedFor();
    await meddler.commit();
    expect(await Promise.all(answers)).toEqual(['OUT_OF_STOCK', 'OUT_OF_STOCK']);
    expect(await booksOf(sku)).toMatchObject({ orders: 0, committed: sold });
  });

  it('takes all that can be on a shelf, not one more, and no number that is none beside it', async () => {
    const sku = await newSku({ EAST: 100_000_000 });
    const million = (lines: number) => input(Array.from({ length: lines }, () => ({ sku, quantity: 1_000_000 })));
    const many = (quantity: number) => place(input([{ sku, quantity }]));
    const answers = await Promise.all([
      place(million(60)),
      many(2_147_483_647),
      many(1_000_000_000),
      many(-2_147_483_648),
      many(0),
      place(million(40)),
      place(million(101)),
    ]);
    const bad = 'INVALID_QUANTITY';
    expect(answers.map((answer) => answer.replace(/^ord_.*/, 'placed'))).toEqual([
      'placed',
      bad,
      bad,
      bad,
      bad,
      'placed',
      Array(10).fill('OUT_OF_STOCK').join(), // the tenth line speaks for those after it
    ]);
    expect(await many(1)).toBe('OUT_OF_STOCK');
    expect(await booksOf(sku)).toMatchObject({
      orders: 2,
      committed: 100_000_000,
      reserved: 100_000_000,
      moved: 100_000_000,
    });
    expect(await differences()).toEqual([]);
  });

  it('refuses early when too many wait, and nothing was done', async () => {
    const sku = await newSku({ EAST: 500 });
    const narrow = createCapture({
      knex,
      limits: {
        targetMillis: 25,
        size: [8, 8],
        beside: 8,
        width: 1,
        patienceMillis: 60_000,
        answerMillis: 600_000,
        waiting: [3, 3, 3],
        aloneWidth: 1,
      },
    });
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => place(one(sku), callerOf(), narrow)));
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused).toHaveLength(17);
    expect(refused[0]).toMatchObject({ reason: { code: 'OVERLOADED' } });
    expect(await booksOf(sku)).toMatchObject({ orders: 3, committed: 3 });
    await narrow.close();
  });
});
