import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import type { Caller } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import type { Subgraph } from '../../../platform/graphql/subgraph.ts';
import { onceKeyOf } from '../../../platform/idempotency/once-key.ts';
import { stockCatalogue } from '../../../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { ask, askEntities, callerOf, webChannel } from '../../../test/helpers/subgraph.ts';
import { memoryStockSource } from '../../inventory/adapters/memory.ts';
import { createHolding, createInventorySubgraph, firstReading } from '../../inventory/index.ts';
import { at, bundleUp, differences, stockUp } from '../../inventory/sample-stock.ts';
import { type DegradationRule, saveDegradationRules } from '../../operations/index.ts';
import { createCapture, createOrderSubgraph, releaseHeardHolds } from '../index.ts';

// What a channel is shown and what it is sold while a system of record is not heard: by the graph, on both lanes.

let database: TestDatabase;
let knex: Knex;
let orders: Subgraph;
let inventory: Subgraph;
let keys = 0;
let skus = 0;

const careful = callerOf({ clientId: 'careful', channel: { ...webChannel, safetyStock: 3 } });
const pos = callerOf({ clientId: 'till', channel: { ...webChannel, code: 'POS', kind: 'POINT_OF_SALE' } });

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  knex = database.knex;
  orders = createOrderSubgraph({ knex });
  inventory = createInventorySubgraph({
    knex,
    source: memoryStockSource({ sites: [], skus: [], stock: [] }),
    holding: createHolding(knex),
  });
});
afterAll(() => database.drop());
beforeEach(async () => {
  await query(knex, 'truncate integration.system_contact, inventory.source_feed');
  await query(knex, "insert into inventory.source_feed values ('wms', 1, now())");
  await query(knex, "insert into integration.system_contact values ('wms', 'stock-ledger', now()), ('erp', 'prices', now())"); // biome-ignore format: one thought
});

const RULE = { system: 'wms', after: 300 } as const;
const rules = (...all: readonly Partial<DegradationRule>[]) =>
  saveDegradationRules(knex, all.map((one) => ({ ...RULE, ...one }))); // biome-ignore format: one thought
const silence = (system: string, seconds: number) =>
  query(knex, 'update integration.system_contact set heard_at = now() - make_interval(secs => ?) where system = ?', [seconds, system]); // biome-ignore format: one thought

async function newSku(stock: Parameters<typeof stockUp>[1][string]): Promise<string> {
  const sku = `SKU-${++skus}`;
  await stockCatalogue(knex, [{ sku, title: `Item ${sku}`, prices: { WEB: { GBP: 100 } } }]);
  await stockUp(knex, { [sku]: stock });
  return sku;
}

interface Placed {
  readonly order: {
    readonly id: string;
    readonly status: string;
    readonly holds: { readonly reason: string }[];
  } | null;
  readonly userErrors: readonly {
    readonly code: string;
    readonly message: string;
    readonly availableQuantity: number | null;
  }[];
}

async function place(sku: string, quantity: number, caller: Caller = callerOf(), more: object = {}) {
  const answer = await ask(
    orders,
    `mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) {
      order { id status holds { reason note } } userErrors { code message availableQuantity } } }`,
    {
      input: {
        idempotencyKey: `key-${++keys}`,
        currencyCode: 'GBP',
        lines: [{ sku, quantity }],
        delivery: {
          method: 'SHIPPING',
          address: { line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' },
        },
        ...more,
      },
    },
    caller,
  );
  expect(answer.errors).toBeUndefined();
  const { order, userErrors } = (answer.data as { orderPlace: Placed }).orderPlace;
  return { order, userErrors, code: userErrors[0]?.code ?? 'PLACED' };
}

async function shown(sku: string, caller: Caller = callerOf()) {
  const answer = await askEntities(
    inventory,
    [{ __typename: 'ProductVariant', sku }],
    '{ availability { status sellableQuantity orderLimit backorderableQuantity confidence asOf } }',
    caller,
  );
  expect(answer.errors).toBeUndefined();
  return (answer.data as { _entities: { availability: Record<string, unknown> }[] })._entities[0]?.availability;
}

const hold = (sku: string, quantity: number, caller: Caller = callerOf()) =>
  ask(
    inventory,
    'mutation ($input: ReservationHoldInput!) { reservationHold(input: $input) { reservation { id } userErrors { code availableQuantity } } }',
    { input: { idempotencyKey: `hold-${++keys}`, lines: [{ sku, quantity }] } },
    caller,
  ).then((answer) => answer.data?.reservationHold as { reservation: { id: string } | null; userErrors: object[] });

it('decides nothing before all stock was read once, and then the same keys', async () => {
  const sku = await newSku({ EAST: 5 });
  await query(knex, 'truncate inventory.source_feed');
  const mayDecide = firstReading(knex);
  const capture = createCapture({ knex, mayDecide });
  const holding = createHolding(knex, mayDecide);
  const delivery = { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' } } as const; // biome-ignore format: one thought
  const input = (line: string) => ({ idempotencyKey: `first-${line}`, currencyCode: 'GBP', lines: [{ sku: line, quantity: 1 }], delivery }); // biome-ignore format: one thought
  const key = onceKeyOf({ caller: callerOf(), operation: 'reservationHold', key: 'first-hold', input: {} });
  const request = { lines: [{ sku, quantity: 1 }], locationId: null, safetyStock: 0, ttlSeconds: 60, channelCode: 'WEB', customerId: null }; // biome-ignore format: one thought
  const decide = () => Promise.allSettled([capture.place(callerOf(), input(sku)), capture.place(callerOf(), input('NOT-YET')), holding.hold(key, request)]); // biome-ignore format: one thought
  const early = { status: 'rejected', reason: { code: 'SYSTEM_UNAVAILABLE' } };
  expect(await decide()).toMatchObject([early, early, early]);
  await query(knex, "insert into inventory.source_feed values ('wms', 1, now())");
  const refusals = { refusals: [{ code: 'UNKNOWN_SKU' }] };
  const late = (result: object) => ({ status: 'fulfilled', value: { kind: 'done', replayed: false, result } });
  expect(await decide()).toMatchObject([late({ refusals: [] }), late(refusals), late({ refusals: [] })]);
});

describe('while the warehouse system is silent', () => {
  it.each<[string, DegradationRule['availability'], Caller, number]>([
    ['hide', { cap: 0 }, callerOf(), 0],
    ['cap', { cap: 5 }, callerOf(), 5],
    ['threshold that is passed', { threshold: 19 }, callerOf(), 20],
    ['threshold that is reached', { threshold: 20 }, callerOf(), 0],
    ['buffer of units', { buffer: 4 }, callerOf(), 16],
    ['buffer of a share, rounded up', { buffer: { percent: 12 } }, callerOf(), 17],
    ["buffer below the channel's safety stock", { buffer: 4 }, careful, 13],
  ])('%s: sells exactly what it shows, on both lanes', async (_, availability, caller, units) => {
    await rules({ availability });
    const sku = await newSku({ EAST: 12, WEST: 8 });
    await silence('wms', 301);
    const answer = await shown(sku, caller);
    expect(answer).toMatchObject({ sellableQuantity: units, confidence: 'FALLBACK' });
    expect(new Date(String(answer?.asOf)).getTime()).toBeLessThanOrEqual(Date.now());

    const more = await place(sku, units + 1, caller);
    expect([more.code, more.userErrors[0]?.availableQuantity]).toEqual(['OUT_OF_STOCK', units]);
    expect(await hold(sku, units + 1, caller)).toMatchObject({ userErrors: [{ code: 'OUT_OF_STOCK', availableQuantity: units }] }); // biome-ignore format: one thought
    if (units > 0) expect((await place(sku, units, caller)).code).toBe('PLACED');
    // What was known is what is left: the rule looks at the same stock again.
    expect(await differences(knex)).toEqual([]);
  });

  it('many at once sell down to the buffer and no further', async () => {
    await rules({ availability: { buffer: { percent: 10 } } });
    const sku = await newSku({ EAST: 30, WEST: 20 });
    await silence('wms', 301);
    const codes = await Promise.all(Array.from({ length: 60 }, async () => (await place(sku, 1)).code));
    expect(codes.filter((code) => code === 'PLACED')).toHaveLength(45);
    expect(codes.filter((code) => code === 'OUT_OF_STOCK')).toHaveLength(15);
    expect(await shown(sku)).toMatchObject({ sellableQuantity: 0, status: 'BACKORDER' });
    await silence('wms', 0);
    expect(await shown(sku)).toMatchObject({ sellableQuantity: 5, confidence: 'LIVE' });
  });

  it('many at once sell down to the threshold: each found more than that', async () => {
    await rules({ availability: { threshold: 3 } });
    const sku = await newSku({ EAST: 10 });
    await silence('wms', 301);
    const codes = await Promise.all(Array.from({ length: 12 }, async () => (await place(sku, 1)).code));
    expect(codes.filter((code) => code === 'PLACED')).toHaveLength(7);
  });

  it('hides backorders with the goods, and shows the cap as the limit of one order', async () => {
    const sku = await newSku({ EAST: 10 });
    await rules({ availability: { cap: 0 } });
    await silence('wms', 301);
    expect(await shown(sku)).toMatchObject({ orderLimit: 0, backorderableQuantity: 0, status: 'OUT_OF_STOCK' });
    expect((await place(sku, 1, callerOf(), { allowBackorder: true })).code).toBe('OUT_OF_STOCK');
    await rules({ availability: { cap: 4 } });
    expect(await shown(sku)).toMatchObject({ orderLimit: 4 });
  });

  it('keeps what was held before, and what bundles are made of', async () => {
    const [bolt, kit] = [await newSku({ EAST: 20 }), `KIT-${++skus}`];
    await stockCatalogue(knex, [{ sku: kit, title: 'Kit', prices: { WEB: { GBP: 500 } } }]);
    await bundleUp(knex, { [kit]: { [bolt]: 4 } });
    await rules({ availability: { buffer: { percent: 40 } } });
    const held = await hold(bolt, 2);
    await silence('wms', 301);
    expect(await shown(kit)).toMatchObject({ sellableQuantity: 2, confidence: 'FALLBACK' });
    await rules({ availability: { cap: 0 } });
    expect((await place(bolt, 2, callerOf(), { reservationId: held.reservation?.id })).code).toBe('PLACED');
    expect((await place(bolt, 1)).code).toBe('OUT_OF_STOCK');
  });

  it('is a rule of one channel only where it names one', async () => {
    await rules({ channel: 'POS', availability: { cap: 0 } });
    const sku = await newSku({ EAST: 10, SHOP: 4 });
    await silence('wms', 301);
    expect([await shown(sku), await shown(sku, pos)]).toMatchObject([
      { sellableQuantity: 10, confidence: 'CACHED' },
      { sellableQuantity: 0, confidence: 'FALLBACK' },
    ]);
  });

  it('calls no figure of it LIVE, however short the silence: not under a rule, and not while it refuses calls', async () => {
    const sku = await newSku({ EAST: 10 });
    const confidences = async () => {
      const selection = '{ availability { confidence } inventoryPositions(first: 1) { nodes { confidence } } }';
      const answer = await askEntities(inventory, [{ __typename: 'ProductVariant', sku }], selection, callerOf({ contract: 'operations', channel: null })); // biome-ignore format: one thought
      expect(answer.errors).toBeUndefined();
      const [stock] = (answer.data as { _entities: { availability: { confidence: string }; inventoryPositions: { nodes: { confidence: string }[] } }[] })._entities; // biome-ignore format: one thought
      return [stock?.availability.confidence, stock?.inventoryPositions.nodes[0]?.confidence];
    };
    expect(await confidences()).toEqual(['LIVE', 'LIVE']);
    await rules({ availability: { cap: 5 } });
    await silence('wms', 301);
    expect(await confidences()).toEqual(['FALLBACK', 'CACHED']);
    await silence('wms', 0);
    expect(await confidences()).toEqual(['LIVE', 'LIVE']);
    const reported = (system: string) =>
      query(
        knex,
        `insert into integration.system_health (process, system, name, kind, domains, circuit, reported_at) values ('p', ?, 'S', 'K', '{}', 'OPEN', now())`,
        [system],
      );
    try {
      await reported('erp');
      expect(await confidences()).toEqual(['LIVE', 'LIVE']);
      await reported('wms');
      expect(await confidences()).toEqual(['CACHED', 'CACHED']);
      await query(knex, "update integration.system_health set reported_at = now() - interval '11 seconds'");
      expect(await confidences()).toEqual(['LIVE', 'LIVE']);
    } finally {
      await query(knex, 'truncate integration.system_health');
    }
  });

  it('counts the stock of the one place that an order is bound to', async () => {
    await rules({ availability: { buffer: { percent: 50 } } });
    const sku = await newSku({ EAST: 100, SHOP: 4 });
    await silence('wms', 301);
    const pickup = { delivery: { method: 'PICK_UP', locationId: at('SHOP') } };
    expect((await place(sku, 3, callerOf(), pickup)).userErrors).toMatchObject([{ availableQuantity: 2 }]);
    expect((await place(sku, 2, callerOf(), pickup)).code).toBe('PLACED');
  });
});

describe('orders meanwhile', () => {
  const holdsOf = async (id: string) =>
    (
      await query<{ reason: string; system: string | null }>(
        knex,
        'select reason, system from orders.hold where order_id = ? order by reason',
        [id],
      )
    ).map(({ reason, system }) => [reason, system]);
  const goneOn = (id: string) =>
    query(knex, "select trace_id from integration.outbox where type = 'order-hold-released.v1' and subject = ?", [id]);

  it('are taken and held for stock, and go on by themselves when the system is heard again', async () => {
    await rules({ orders: 'hold' });
    const sku = await newSku({ EAST: 10 });
    await silence('wms', 301);
    const key = { idempotencyKey: 'held' };
    const placed = await Promise.all([place(sku, 1, callerOf(), key), place(sku, 2)]);
    for (const { order } of placed)
      expect(order).toMatchObject({ status: 'VALIDATED', holds: [{ reason: 'INVENTORY' }] });
    const id = String(placed[0]?.order?.id);
    expect(await holdsOf(id)).toEqual([['INVENTORY', 'wms']]);
    expect(await releaseHeardHolds(knex)).toBe(0);
    expect(await goneOn(id)).toEqual([]);

    await silence('wms', 0);
    const other = releaseHeardHolds(knex);
    expect((await releaseHeardHolds(knex)) + (await other)).toBe(2);
    expect(await holdsOf(id)).toEqual([]);
    expect(await goneOn(id)).toHaveLength(1);
    expect(await place(sku, 1, callerOf(), key)).toEqual(placed[0]);
    const timeline = await query<{ type: string; message: string }>(
      knex,
      'select type, message from orders.timeline where order_id = ? order by sequence',
      [id],
    );
    expect(timeline.slice(2)).toEqual([
      { type: 'HOLD_PLACED', message: 'Held until wms is heard again: INVENTORY' },
      { type: 'HOLD_RELEASED', message: 'Hold released: wms is heard again' },
    ]);
  });

  it('are refused with what to do, and nothing changed', async () => {
    await rules({ orders: 'refuse' });
    const sku = await newSku({ EAST: 10 });
    await silence('wms', 301);
    const { order, userErrors } = await place(sku, 1);
    expect([order, userErrors]).toMatchObject([null, [{ code: 'SALES_SUSPENDED', availableQuantity: null }]]);
    expect(userErrors[0]?.message).toMatch(/again in some minutes, with a new idempotencyKey/);
    expect(await query(knex, 'select committed from inventory.position where sku = ?', [sku])).toEqual([{ committed: 0 }]); // biome-ignore format: one thought
    await silence('wms', 0);
    expect((await place(sku, 1)).code).toBe('PLACED');
  });

  it('wait for each system that is not heard, and for the hold of a person', async () => {
    await rules({ orders: 'hold' }, { system: 'erp', orders: 'hold' });
    const sku = await newSku({ EAST: 10 });
    await silence('wms', 301);
    await silence('erp', 301);
    const id = String((await place(sku, 1)).order?.id);
    expect(await holdsOf(id)).toEqual([
      ['CHANNEL', 'erp'],
      ['INVENTORY', 'wms'],
    ]);
    const answer = await ask(
      orders,
      'mutation ($id: ID!) { orderHold(orderId: $id, input: { idempotencyKey: "k", reason: CHANNEL, note: "call them" }) { userErrors { code } } }',
      { id },
      callerOf({ contract: 'operations', channel: null, scopes: ['orders:write'] }),
    );
    expect(answer.errors).toBeUndefined();
    await silence('wms', 0);
    await silence('erp', 0);
    expect(await releaseHeardHolds(knex)).toBe(1);
    expect(await holdsOf(id)).toEqual([['CHANNEL', null]]);
    expect(await goneOn(id)).toEqual([]);
  });

  it('stay held while a later rule would refuse them, and go on when the rules are gone', async () => {
    await rules({ orders: 'hold' }, { after: 3_600, orders: 'refuse' });
    const sku = await newSku({ EAST: 10 });
    await silence('wms', 301);
    const id = String((await place(sku, 1)).order?.id);
    await silence('wms', 3_601);
    expect(await releaseHeardHolds(knex)).toBe(0);
    await rules();
    expect(await releaseHeardHolds(knex)).toBe(1);
    expect(await goneOn(id)).toHaveLength(1);
  });
});
