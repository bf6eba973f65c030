import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '../../../events/port.ts';
import { query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { stockCatalogue } from '../../../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { ask, callerOf, webChannel } from '../../../test/helpers/subgraph.ts';
import { stockUp } from '../../inventory/sample-stock.ts';
import { createExceptionDesk, type ExceptionDesk, loadOwnership } from '../../operations/index.ts';
import { memoryChannel } from '../adapters/memory-channel.ts';
import {
  createDutyConsumption,
  createOrderBook,
  createOrderSubgraph,
  escalateDuties,
  loadChannelClocks,
  type OrderBook,
} from '../index.ts';
import type { ChannelNotice, ChannelSystem } from '../port.ts';
import { loadChannelConnections } from './connections.ts';
import { createNoticeConsumption } from './keep.ts';
import { createNoticeSender } from './sender.ts';

const { signal } = new AbortController();
const TRACE = '0'.repeat(32);
const amazon = callerOf({ contract: 'marketplace', clientId: 'amazon', channel: { ...webChannel, code: 'AMAZON', kind: 'MARKETPLACE' } }); // biome-ignore format: a table
const operator = callerOf({ contract: 'operations', clientId: 'operations', channel: null });
const connections = new Map([['AMAZON', { connector: 'reference' as const }]]);

let database: TestDatabase;
let book: OrderBook;
let desk: ExceptionDesk;
let channel: ReturnType<typeof memoryChannel>;
/** What the channel was told before each attempt. */
let toldBefore: string[][];
/** What the channel does instead of taking the next notices. */
let failures: unknown[];
let keys = 0;
let orders: ReturnType<typeof createOrderSubgraph>;
let consume: (event: StoredEvent) => Promise<void>;
let position = 0;

const flaky = (): ChannelSystem => ({
  takes: channel.takes,
  async tell(notice, given, before) {
    toldBefore.push(before.map(({ kind }) => kind));
    const failure = failures.shift();
    if (failure === 'lost') await channel.tell(notice, given, before);
    if (failure !== undefined) throw failure === 'lost' ? new CommerceError('SYSTEM_TIMEOUT', 'no answer') : failure;
    return channel.tell(notice, given, before);
  },
});
const sender = () =>
  createNoticeSender({
    knex: database.knex,
    channels: new Map([['AMAZON', flaky()]]),
    report: ({ what, error, ...failure }) => desk.raise({ ...failure, cause: 'UNAVAILABLE', system: 'channel', workflowId: null, message: `${what} ${(error as Error).message}` }), // biome-ignore format: one thought
    settle: desk.resolveIn,
    onFailure: (error) => {
      throw error;
    },
  });

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  const { knex } = database;
  orders = createOrderSubgraph({ knex });
  book = createOrderBook(knex, connections);
  desk = createExceptionDesk({ knex, owners: loadOwnership() });
  await stockCatalogue(knex, [{ sku: 'LANTERN', title: 'Lantern', prices: { WEB: { GBP: 339 } } }]);
  await stockUp(knex, { LANTERN: { EAST: 100_000 } });
  const notices = createNoticeConsumption({ knex, connections });
  const duties = createDutyConsumption({ knex, clocks: loadChannelClocks(), connections, settle: desk.resolveIn });
  consume = async (event) => {
    for (const each of [notices, duties]) if ((each.types as string[]).includes(event.type)) await each.handler(event as never, signal); // biome-ignore format: one thought
  };
});
afterAll(() => database.drop());
beforeEach(() => {
  channel = memoryChannel();
  failures = [];
  toldBefore = [];
});

/** Brings the events that were written to those who keep notices and duties. */
async function flow(): Promise<void> {
  const events = await query<{ position: string } & StoredEvent>(
    database.knex,
    `select position, id, type, source, subject, version, channel_code as "channelCode", occurred_at as "occurredAt", trace_id as "traceId", data
     from integration.outbox where position > ? order by position`,
    [position],
  );
  for (const event of events) {
    position = Number(event.position);
    await consume({ ...event, occurredAt: new Date(event.occurredAt).toISOString(), sequence: `a-${event.position.padStart(16, '0')}` } as StoredEvent); // biome-ignore format: one thought
  }
}

/** One attempt of everything that is due, as often as there is something. */
async function sendAll(): Promise<void> {
  const { sendDue } = sender();
  while ((await sendDue('AMAZON')) > 0);
}
const nowDue = () => query(database.knex, 'update orders.channel_notice set due_at = now() where taken_at is null and not stopped'); // biome-ignore format: one thought
const told = async () => {
  await flow();
  await sendAll();
  return channel.taken;
};

// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
async function run(document: string, variables: object, caller = amazon): Promise<any> {
  const answer = await ask(orders, document, variables as Record<string, unknown>, caller);
  expect(answer.errors).toBeUndefined();
  return answer.data;
}
async function placed(quantity = 5, caller = amazon) {
  const data = await run(
    'mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id number lines(first: 1) { nodes { id } } } userErrors { code message } } }',
    {
      input: {
        idempotencyKey: `key-${++keys}`,
        ...(caller === amazon ? { channelOrderId: `026-${keys}` } : {}),
        currencyCode: 'GBP',
        lines: [{ sku: 'LANTERN', quantity, channelLineId: `their-${keys}` }],
        delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', countryCode: 'GB' } },
      },
    },
    caller,
  );
  expect(data.orderPlace.userErrors).toEqual([]);
  const { id, number, lines } = data.orderPlace.order;
  return { id, number, lineId: lines.nodes[0].id, channelOrderId: `026-${keys}`, channelLineId: `their-${keys}` };
}
type Placed = Awaited<ReturnType<typeof placed>>;
const effect = (key: string) => ({ key, traceId: TRACE });
const units = ({ lineId }: Placed, quantity: number) => [{ lineId, quantity }];
const accept = ({ id }: Placed) => book.accept(id, { deskNumber: 'D1', acknowledgedAt: new Date() }, effect('accept'));
async function atNode(quantity = 5) {
  const order = await placed(quantity);
  await accept(order);
  await book.allocate(order.id, units(order, quantity), effect('source'));
  await book.startFulfillment(order.id, units(order, quantity), effect('accepted'));
  return order;
}
const cancel = ({ id }: Placed, input: object = {}, caller = amazon) =>
  run(
    'mutation ($id: ID!, $input: OrderCancelInput!) { orderCancel(orderId: $id, input: $input) { requestedQuantity order { status } userErrors { code } } }',
    { id, input: { idempotencyKey: `cancel-${++keys}`, reason: 'CUSTOMER_REQUEST', askNodes: true, ...input } },
    caller,
  );
/** Goods left: what the order book and the fulfillment domain say of it. */
async function ship(order: Placed, shipmentId: string, quantity: number): Promise<void> {
  await book.ship(order.id, units(order, quantity), effect(`ship:${shipmentId}`));
  await flow();
  const data = { shipmentId, orderId: order.id, fulfillmentOrderId: 'ful', lines: [{ ...units(order, quantity)[0], sku: 'LANTERN' }], packages: [{ carrier: 'UPS', trackingNumber: `1Z-${shipmentId}` }] }; // biome-ignore format: a table
  await consume({ id: shipmentId, type: 'shipment-dispatched.v1', source: '/commerce/fulfillment', subject: shipmentId, version: 1, sequence: `a-${String(900_000 + ++keys).padStart(16, '0')}`, channelCode: 'AMAZON', traceId: TRACE, occurredAt: '2026-11-27T09:00:00.000Z', data } as StoredEvent); // biome-ignore format: a table
}
/** Two units of the order are paid back. */
async function refund({ id: orderId, lineId }: Placed, id: string): Promise<void> {
  const line = { lineId, sku: 'LANTERN', quantity: 2, grossMinor: '678' };
  const data = { creditMemoId: 'inv_9', orderId, currencyCode: 'GBP', totalMinor: '678', lines: [line] };
  await consume({ id, type: 'credit-memo-posted.v1', source: '/commerce/settlement', subject: 'inv_9', version: 1, sequence: `a-${String(800_000 + ++keys).padStart(16, '0')}`, channelCode: 'AMAZON', traceId: TRACE, occurredAt: '2026-11-27T09:00:00.000Z', data } as StoredEvent); // biome-ignore format: a table
}
const requestOf = async ({ id }: Placed) =>
  (await query<{ id: string }>(database.knex, 'select id from orders.cancellation_request where order_id = ?', [id])).at(0)?.id ?? ''; // biome-ignore format: one thought
const openDuties = async ({ id }: Placed) =>
  (await query<{ kind: string }>(database.knex, 'select kind from orders.channel_duty where order_id = ? and done_at is null order by kind', [id])).map(({ kind }) => kind); // biome-ignore format: one thought
const exceptions = ({ id }: Placed) =>
  query<Record<string, unknown>>(
    database.knex,
    'select operation, state, owner, message, attempts, deadline from integration.exception where order_id = ? order by operation',
    [id],
  );
const acknowledgedAt = async ({ id }: Placed) => (await book.read(id))?.order.acknowledgement?.acknowledgedAt ?? null;
const acknowledgeBy = async ({ id }: Placed) =>
  (await query<{ at: Date }>(database.knex, "select due_at as at from orders.channel_duty where kind = 'ACKNOWLEDGE' and order_id = ?", [id]))[0]?.at; // biome-ignore format: one thought
const timelineOf = async ({ id }: Placed) =>
  (await run('query ($id: ID!) { order(id: $id) { timeline(first: 100) { nodes { type system } } } }', { id }, operator)).order.timeline.nodes // biome-ignore format: one thought
    .filter(({ system }: { system: string }) => system === 'channel')
    .map(({ type }: { type: string }) => type);

describe('what a channel is told', () => {
  it('is that an order is accepted, in the names of both sides, and then the duty is done', async () => {
    const order = await placed();
    await flow();
    expect(await openDuties(order)).toEqual(['ACKNOWLEDGE', 'SHIP']);
    await accept(order);
    await flow();
    expect(await openDuties(order)).toEqual(['ACKNOWLEDGE', 'SHIP']);
    expect(await told()).toEqual([
      {
        noticeId: `${order.id}:acknowledge`,
        channelCode: 'AMAZON',
        orderId: order.id,
        orderNumber: order.number,
        channelOrderId: order.channelOrderId,
        kind: 'ACKNOWLEDGEMENT',
        lines: [{ lineId: order.lineId, channelLineId: order.channelLineId, sku: 'LANTERN', ordered: 5, quantity: 5 }],
      },
    ]);
    expect(await openDuties(order)).toEqual(['SHIP']);
    expect(await timelineOf(order)).toEqual(['CHANNEL_ACKNOWLEDGED']);
  });

  it('is each shipment with its parcels; the duty to ship ends when the channel has all of them', async () => {
    const order = await atNode();
    await ship(order, `s1-${order.id}`, 3);
    await ship(order, `s2-${order.id}`, 2);
    await flow();
    expect(await openDuties(order)).toEqual(['ACKNOWLEDGE', 'SHIP']);
    await told();
    expect(channel.taken.map(({ kind }) => kind)).toEqual(['ACKNOWLEDGEMENT', 'SHIPMENT', 'SHIPMENT']);
    expect(toldBefore).toEqual([[], ['ACKNOWLEDGEMENT'], ['ACKNOWLEDGEMENT', 'SHIPMENT']]);
    expect(channel.taken.at(-1)).toMatchObject({
      noticeId: `${order.id}:ship:s2-${order.id}`,
      shippedAt: '2026-11-27T09:00:00.000Z',
      lines: [{ quantity: 2 }],
      packages: [{ carrier: 'UPS', trackingNumber: `1Z-s2-${order.id}` }],
    });
    expect(await openDuties(order)).toEqual([]);
    expect(await timelineOf(order)).toEqual(['CHANNEL_ACKNOWLEDGED', 'CHANNEL_SHIPMENT_CONFIRMED', 'CHANNEL_SHIPMENT_CONFIRMED']); // biome-ignore format: one thought
  });

  it('is what we cancel, with the reason', async () => {
    const order = await placed();
    await cancel(order, { reason: 'OUT_OF_STOCK' }, operator);
    expect(await told()).toMatchObject([{ kind: 'CANCELLATION', reason: 'OUT_OF_STOCK', lines: [{ quantity: 5 }] }]);
    expect(await openDuties(order)).toEqual([]);
  });

  it('is money that the buyer gets back', async () => {
    const order = await placed();
    await refund(order, 'm1');
    expect(await told()).toMatchObject([
      {
        noticeId: `${order.id}:refund:inv_9`,
        kind: 'REFUND',
        amount: '6.78',
        lines: [{ quantity: 2, amount: '6.78' }],
      },
    ]);
  });

  it('is nothing where the channel is not connected', async () => {
    const order = await placed(5, callerOf());
    await accept(order);
    expect(await told()).toEqual([]);
  });

  it('is not what it has no way of being told; the duty is done all the same', async () => {
    channel = memoryChannel(new Set());
    const order = await placed();
    await accept(order);
    expect(await told()).toEqual([]);
    expect(await openDuties(order)).toEqual(['SHIP']);
  });
});

describe('what a channel has to know and has no way of being told', () => {
  it('is told to a person, with the units and the money', async () => {
    channel = memoryChannel(new Set(['SHIPMENT']));
    const order = await placed();
    await accept(order);
    await told();
    expect(await exceptions(order)).toEqual([]);
    await cancel(order, { reason: 'OUT_OF_STOCK', askNodes: false }, operator);
    await refund(order, 'm2');
    expect(await told()).toEqual([]);
    expect(await exceptions(order)).toMatchObject([
      { operation: 'tell-cancellation', state: 'OPEN', owner: 'channel-relations', message: expect.stringMatching(new RegExp(`^AMAZON has no way of being told that units are cancelled. .*5 of line ${order.channelLineId}`)) },
      { operation: 'tell-refund', state: 'OPEN', message: expect.stringMatching(/Pay the buyer back there.* 6.78 GBP/) },
    ]); // biome-ignore format: one thought
  });
});

describe('a cancellation that the channel asks for', () => {
  const answered = async () => (await told()).filter(({ kind }) => kind.startsWith('CANCELLATION'));

  it('is granted when the node gives the units back, and until then its clock runs', async () => {
    const order = await atNode();
    expect((await cancel(order)).orderCancel).toMatchObject({ requestedQuantity: 5, userErrors: [] });
    const channelRequestId = `cancel-${keys}`;
    // A second wish for units that are asked for is no wish that could be answered otherwise.
    expect((await cancel(order)).orderCancel).toMatchObject({ requestedQuantity: 0, userErrors: [{ code: 'ILLEGAL_TRANSITION' }] }); // biome-ignore format: one thought
    expect(await answered()).toEqual([]);
    expect(await openDuties(order)).toEqual(['ANSWER_CANCELLATION', 'SHIP']);
    await book.handBack(order.id, units(order, 5), effect('back'));
    const request = { id: await requestOf(order), units: 5 };
    await book.cancelHandedBack(order.id, units(order, 5), { reason: 'CUSTOMER_REQUEST', locationId: 'EAST', request }, effect('cancel')); // biome-ignore format: one thought
    expect(await answered()).toMatchObject([
      { kind: 'CANCELLATION_ANSWER', channelRequestId, answer: 'GRANTED', lines: [{ quantity: 5 }] },
    ]);
    expect(await openDuties(order)).toEqual([]);
  });

  it('is refused when the parcel is gone, and the order goes on', async () => {
    const order = await atNode();
    await cancel(order);
    const request = { requestId: await requestOf(order), units: 5 };
    await book.keepUnits(order.id, request, effect('kept'));
    await book.keepUnits(order.id, request, effect('kept'));
    expect(await answered()).toMatchObject([{ kind: 'CANCELLATION_ANSWER', answer: 'REFUSED', lines: [] }]);
    expect(await openDuties(order)).toEqual(['SHIP']);
    await ship(order, `s-${order.id}`, 5);
    await told();
    expect(await openDuties(order)).toEqual([]);
  });

  it('is told to a person when it was too late and the channel hears no answers', async () => {
    channel = memoryChannel(new Set(['SHIPMENT']));
    const order = await atNode();
    await cancel(order);
    await book.keepUnits(order.id, { requestId: await requestOf(order), units: 5 }, effect('kept'));
    expect(await answered()).toEqual([]);
    expect(await exceptions(order)).toMatchObject([
      { operation: 'tell-cancellation-answer', state: 'OPEN', owner: 'channel-relations', message: expect.stringMatching(/^AMAZON has cancelled units by itself/) },
    ]); // biome-ignore format: one thought
    expect(await openDuties(order)).toEqual(['SHIP']);
  });

  it('is granted in part when some nodes agree; what no node had is granted at once', async () => {
    const order = await placed(6);
    await accept(order);
    await book.allocate(order.id, units(order, 4), effect('source'));
    await book.startFulfillment(order.id, units(order, 4), effect('accepted'));
    expect((await cancel(order)).orderCancel.requestedQuantity).toBe(4);
    expect(await answered()).toEqual([]);
    const id = await requestOf(order);
    await book.handBack(order.id, units(order, 3), effect('back'));
    await book.cancelHandedBack(order.id, units(order, 3), { reason: 'CUSTOMER_REQUEST', locationId: 'EAST', request: { id, units: 3 } }, effect('cancel')); // biome-ignore format: one thought
    expect(await answered()).toEqual([]);
    await book.keepUnits(order.id, { requestId: id, units: 1 }, effect('kept'));
    expect(await answered()).toMatchObject([{ answer: 'PARTLY_GRANTED', lines: [{ quantity: 5 }] }]);
  });

  it('is answered also when nobody had to be asked', async () => {
    const order = await placed();
    await cancel(order);
    expect(await answered()).toMatchObject([{ answer: 'GRANTED', lines: [{ quantity: 5 }] }]);
    expect(await openDuties(order)).toEqual([]);
  });
});

describe('a channel that fails', () => {
  const down = () => new CommerceError('SYSTEM_UNAVAILABLE', 'CHANNEL is not available');

  it('is told again, later notices of the order wait, and after five attempts somebody knows; then it closes itself', async () => {
    const order = await atNode();
    await ship(order, `s-${order.id}`, 5);
    await flow();
    failures = Array.from({ length: 5 }, down);
    const { sendDue } = sender();
    for (let attempt = 1; attempt <= 4; attempt++) {
      expect(await sendDue('AMAZON')).toBe(1);
      expect(await sendDue('AMAZON')).toBe(0);
      await nowDue();
    }
    expect(await exceptions(order)).toEqual([]);
    expect(await sendDue('AMAZON')).toBe(1);
    expect(await exceptions(order)).toEqual([
      {
        operation: 'tell-acknowledgement',
        state: 'OPEN',
        owner: 'channel-relations',
        attempts: 1,
        message: 'AMAZON has not taken the acknowledgement of the order. It is told again at growing intervals. CHANNEL is not available', // biome-ignore format: one thought
        deadline: await acknowledgeBy(order),
      },
    ]);
    expect((await book.read(order.id))?.order.acknowledgement?.deadline).toEqual(await acknowledgeBy(order));
    // Four hours from its placing, as the channel was answered then.
    const booked = (await book.read(order.id))?.order;
    expect(booked?.acknowledgement?.deadline?.getTime()).toBe((booked?.placedAt.getTime() ?? 0) + 4 * 3_600_000);
    expect(await acknowledgedAt(order)).toBeNull(); // the order desk has it, the channel does not know
    expect(channel.taken).toEqual([]);
    await nowDue();
    await sendAll();
    expect(channel.taken.map(({ kind }) => kind)).toEqual(['ACKNOWLEDGEMENT', 'SHIPMENT']);
    expect(await exceptions(order)).toMatchObject([{ state: 'RESOLVED' }]);
    expect(await openDuties(order)).toEqual([]);
    expect(await acknowledgedAt(order)).toEqual(expect.any(Date));
  });

  it('is late with an acknowledgement that waits behind another notice: both say by when', async () => {
    const order = await placed();
    await cancel(order, { reason: 'OUT_OF_STOCK', askNodes: false, lines: [{ orderLineId: order.lineId, quantity: 2 }] }, operator); // biome-ignore format: one thought
    await accept(order);
    await flow();
    failures = Array.from({ length: 5 }, down);
    for (let attempt = 1; attempt <= 5; attempt++) {
      await sender().sendDue('AMAZON');
      await nowDue();
    }
    const by = await acknowledgeBy(order);
    expect(await exceptions(order)).toMatchObject([{ operation: 'tell-cancellation', deadline: by }]);
    const late = new Date((by?.getTime() ?? 0) - 60_000);
    await escalateDuties({ knex: database.knex, clocks: loadChannelClocks(), report: desk.raiseIn }, late);
    expect(await exceptions(order)).toMatchObject([
      { operation: 'duty:acknowledge-order', deadline: by, message: expect.stringContaining('it has not taken the notice of it') },
      { operation: 'tell-cancellation' },
    ]); // biome-ignore format: one thought
    await sendAll();
    expect((await exceptions(order)).map(({ state }) => state)).toEqual(['RESOLVED', 'RESOLVED']);
  });

  it('has taken a notice once whose answer was lost', async () => {
    const order = await placed();
    await accept(order);
    await flow();
    failures = ['lost'];
    await sendAll();
    expect(await openDuties(order)).toEqual(['ACKNOWLEDGE', 'SHIP']);
    await nowDue();
    await sendAll();
    expect(channel.taken).toHaveLength(1);
    expect(await openDuties(order)).toEqual(['SHIP']);
  });

  it('delays no other order, and what it refuses does not delay its own; a retry sends it again', async () => {
    const order = await atNode();
    await flow();
    failures = Array.from({ length: 5 }, () => new CommerceError('SYSTEM_REJECTED', 'CHANNEL refused the request'));
    for (let attempt = 1; attempt <= 5; attempt++) {
      await sender().sendDue('AMAZON');
      await nowDue();
    }
    expect(await exceptions(order)).toMatchObject([
      { message: expect.stringContaining('It is told again when you retry.') },
    ]);
    await ship(order, `s-${order.id}`, 5);
    await told();
    expect(channel.taken.map(({ kind }) => kind)).toEqual(['SHIPMENT']);
    const [exception] = await query<{ id: string }>(database.knex, 'select set_aside_id as id from integration.exception where order_id = ?', [order.id]); // biome-ignore format: one thought
    failures = [down()];
    expect(await sender().sendAgain(exception?.id ?? '')).toMatchObject({ kind: 'failed' });
    expect(await sender().sendAgain(exception?.id ?? '')).toEqual({ kind: 'handled' });
    expect(await sender().sendAgain(exception?.id ?? '')).toEqual({ kind: 'gone' });
    expect(channel.taken.map(({ kind }) => kind)).toEqual(['SHIPMENT', 'ACKNOWLEDGEMENT']);
    expect(await openDuties(order)).toEqual([]);
  });

  it('gets each notice from one of several workers', async () => {
    const placedOrders = await Promise.all(Array.from({ length: 6 }, () => placed(1)));
    for (const order of placedOrders) await accept(order);
    await flow();
    const attempts: ChannelNotice[] = [];
    const counting: ChannelSystem = { takes: channel.takes, tell: async (notice) => void attempts.push(notice) };
    const workers = Array.from(
      { length: 3 },
      () =>
      createNoticeSender({ knex: database.knex, channels: new Map([['AMAZON', counting]]), report: async () => undefined, settle: desk.resolveIn, onFailure: () => undefined }), // biome-ignore format: one thought
    );
    const stopping = new AbortController();
    const running = workers.map((worker) => worker.run(stopping.signal));
    const waiting = () =>
      query(database.knex, 'select from orders.channel_notice where taken_at is null and not stopped');
    while ((await waiting()).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    stopping.abort();
    await Promise.all(running);
    expect(attempts.map(({ orderId }) => orderId).sort()).toEqual(placedOrders.map(({ id }) => id).sort());
  });
});

describe('config/channels.yaml', () => {
  it('connects the marketplace of the sample', () => {
    expect(loadChannelConnections()).toEqual(new Map([['AMAZON', { connector: 'reference' }]]));
  });

  it.each([
    [
      'channels: { AMAZON: { connector: pigeon } }',
      /channels.AMAZON.connector: Invalid discriminator value. Expected 'reference' \| 'walmart' \| 'mirakl' \| 'amazon'/,
    ],
    ['channels: { amazon: { connector: reference } }', /expected the code of a channel|Invalid key/],
    [
      'channels: { A: { connector: amazon, address: A, login: A, clientId: A, clientSecret: A, refreshToken: A, marketplaceIds: [A1F83G8C2ARO7P], stock: {} } }',
      /channels.A.sellerId: expected the name of an environment variable/,
    ],
    ['channels: [', /cannot be read as YAML: line 1/],
  ])('is refused with its place: %s', async (text, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'channels-'));
    try {
      const file = join(folder, 'channels.yaml');
      writeFileSync(file, text);
      expect(() => loadChannelConnections(file)).toThrow(message);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
