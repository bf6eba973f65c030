import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { until } from '../../test/helpers/processes.ts';
import { ask, callerOf, webChannel } from '../../test/helpers/subgraph.ts';
import { memoryNodeSystem } from './adapters/memory.ts';
import { readGivenUpParcel } from './arrived-parcels.ts';
import { createFulfillmentBook, createFulfillmentSubgraph, createNodeFeed, type ReportUnusable } from './index.ts';
import { applyNodeEvents } from './node-events.ts';
import type { NodeEvent, NodeSystem } from './port.ts';
import { SHIPMENT_RANKS, type ShipmentStatus, shipmentTransitions } from './states.ts';
import { type ReadUnclaimed, tellOfStrandedParcels } from './stranded-parcels.ts';
import { recordScans } from './tracking.ts';

const warehouse = callerOf({ contract: 'warehouse', clientId: 'warehouse', channel: null });
const till = callerOf({
  contract: 'point-of-sale',
  clientId: 'till',
  channel: { ...webChannel, code: 'POS', kind: 'POINT_OF_SALE' },
});
const signal = new AbortController().signal;

let database: TestDatabase;
let subgraph: Subgraph;
let nodes: NodeSystem;
let nodeFeed: ReturnType<typeof createNodeFeed>;
let book: ReturnType<typeof createFulfillmentBook>;
const reported: Parameters<ReportUnusable>[1][] = [];
/** Of nothing that was sent anything was paid back. */
const unclaimed: ReadUnclaimed = async (_, __, lines, kind) => new Map(lines.map(({ lineId, lost, stranded }) => [lineId, kind === 'lost' ? lost : stranded])); // biome-ignore format: one thought
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'fulfillment']);
  nodes = memoryNodeSystem();
  book = createFulfillmentBook(database.knex);
  const report: ReportUnusable = async (_, unusable) => void reported.push(unusable);
  nodeFeed = createNodeFeed({ knex: database.knex, nodes, report, onFailure: () => undefined });
  subgraph = createFulfillmentSubgraph({ knex: database.knex, nodes, nodeFeed, report });
});
afterAll(() => database.drop());

/** Work of three bolts and a nut, given to the node. */
async function submitted(deliveryMethod = 'SHIPPING'): Promise<string> {
  const n = ++count;
  const [id = ''] = await book.open({
    key: `key-${n}`,
    orderId: `ord_${n}`,
    channelCode: 'WEB',
    customerId: null,
    deliveryMethod,
    serviceLevel: null,
    groups: [
      {
        locationId: 'loc',
        lines: [
          { lineId: `l${n}-1`, sku: 'BOLT', quantity: 3 },
          { lineId: `l${n}-2`, sku: 'NUT', quantity: 1 },
        ],
      },
    ],
    traceId: '0'.repeat(32),
  });
  const work = await book.submit(id);
  if (!work) throw new Error('nothing to submit');
  await nodes.release({ ...work, shipTo: null }, signal);
  // The node's number of the work is learnt from its first event.
  await nodeFeed.catchUp(signal);
  return id;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
async function run(document: string, variables: Record<string, unknown>, caller = warehouse): Promise<any> {
  const answer = await ask(subgraph, document, variables, caller);
  expect(answer.errors).toBeUndefined();
  return answer.data;
}

const WORK =
  'fulfillmentOrder { id status requestStatus availableTransitions lines { id quantity remaining } } userErrors { code }';
const mutate = async (name: string, id: string, input: object = {}) =>
  (
    await run(
      `mutation ($id: ID!, $input: FulfillmentOrder${name}Input!) { fulfillmentOrder${name}(fulfillmentOrderId: $id, input: $input) { ${WORK} ${name === 'Ship' ? 'shipment { status packages { trackingNumber lines { sku quantity } } }' : ''} } }`,
      {
        id,
        input: { idempotencyKey: `k${++count}-${name}`, ...input },
      },
    )
  )[`fulfillmentOrder${name}`];

const eventsOf = (id: string) =>
  query<{ status: string; handed: { sku: string; quantity: number }[] }>(
    database.knex,
    `select data ->> 'status' as status, data -> 'handedBack' as handed from integration.outbox where subject = ? order by version`,
    [id],
  );

const nodeEvent = (
  id: string,
  position: number,
  kind: NodeEvent['kind'],
  more: Partial<NodeEvent> = {},
): NodeEvent => ({
  position,
  kind,
  fulfillmentOrderId: id,
  nodeReference: 'N',
  occurredAt: new Date(),
  reason: null,
  packages: [],
  issued: [],
  short: [],
  ...more,
});
const apply = (...events: NodeEvent[]) => database.knex.transaction((trx) => applyNodeEvents(trx, events));

describe('what sourcing asks', () => {
  it('is who works on what, who gave units back, and what no node was asked yet', async () => {
    const first = await submitted();
    const order = `ord_${count}`;
    const [bolts, nuts] = [`l${count}-1`, `l${count}-2`];
    expect(await book.workOf(order)).toEqual({
      open: [
        { locationId: 'loc', lineId: bolts, quantity: 3 },
        { locationId: 'loc', lineId: nuts, quantity: 1 },
      ],
      gaveBack: [],
    });
    await mutate('Reject', first, { reason: 'OUT_OF_STOCK' });
    expect(await book.workOf(order)).toEqual({ open: [], gaveBack: [{ locationId: 'loc', at: expect.any(Date) }] });

    const more = {
      orderId: order,
      channelCode: 'WEB',
      customerId: null,
      deliveryMethod: 'SHIPPING',
      serviceLevel: null,
    };
    const lines = [{ lineId: bolts, sku: 'BOLT', quantity: 2 }];
    const groups = [
      { locationId: 'north', lines },
      { locationId: 'south', lines },
    ];
    const shipBy = new Date('2026-11-25T08:59:59Z');
    const opened = await book.open({ ...more, key: `again-${order}`, groups, shipBy, traceId: '0'.repeat(32) });
    const seen = await run('query ($a: ID!, $b: ID!) { a: fulfillmentOrder(id: $a) { shipBy } b: fulfillmentOrder(id: $b) { shipBy } }', { a: opened[1], b: first }); // biome-ignore format: one thought
    expect(seen).toEqual({ a: { shipBy: shipBy.toISOString() }, b: { shipBy: null } });
    expect(await book.unsubmitted(order)).toEqual([...opened].sort());
    await book.submit(opened[0] ?? '');
    expect(await book.unsubmitted(order)).toEqual(opened.slice(1));
  });

  it('is how much each node was given on its present day', async () => {
    const nodes = ['Pacific/Kiritimati', 'Pacific/Niue'].map((timeZone, n) => ({ locationId: `day-${n}`, timeZone }));
    const lines = [{ lineId: 'l-day', sku: 'BOLT', quantity: 1 }];
    const of = {
      orderId: 'ord_day',
      channelCode: 'WEB',
      customerId: null,
      deliveryMethod: 'SHIPPING',
      serviceLevel: null,
    };
    const groups = nodes.map(({ locationId }) => ({ locationId, lines }));
    for (const key of ['day-1', 'day-2']) await book.open({ ...of, key, groups, traceId: '0'.repeat(32) });
    await query(
      database.knex,
      `update fulfillment.fulfillment_order set created_at = date_trunc('day', now(), 'Pacific/Niue') - interval '1 ms'
       where location_id = 'day-1' and source_key = 'day-1'`,
    );
    const given = await book.workToday([...nodes, { locationId: 'idle', timeZone: 'UTC' }]);
    expect([...given]).toEqual(expect.arrayContaining([['day-0', 2], ['day-1', 1]])); // biome-ignore format: a table
    expect(given.size).toBe(2);
  });
});

describe('work through the graph', () => {
  it('is accepted, shipped in parts, and closed', async () => {
    const id = await submitted();
    const accepted = await mutate('Accept', id);
    expect(accepted).toMatchObject({
      fulfillmentOrder: { status: 'IN_PROGRESS', requestStatus: 'ACCEPTED', availableTransitions: ['SHIP'] },
      userErrors: [],
    });
    const [bolts, nuts] = accepted.fulfillmentOrder.lines;
    const box = (trackingNumber: string, lines: object[]) => ({ carrier: 'UPS', trackingNumber, lines });
    const tooMany = await mutate('Ship', id, {
      packages: [box('T0', [{ fulfillmentOrderLineId: bolts.id, quantity: 4 }])],
    });
    expect(tooMany.userErrors).toEqual([{ code: 'QUANTITY_EXCEEDS_REMAINING' }]);
    const first = await mutate('Ship', id, {
      packages: [box(`T-${id}-1`, [{ fulfillmentOrderLineId: bolts.id, quantity: 2 }])],
    });
    expect(first).toMatchObject({
      shipment: {
        status: 'LABEL_CREATED',
        packages: [{ trackingNumber: `T-${id}-1`, lines: [{ sku: 'BOLT', quantity: 2 }] }],
      },
      fulfillmentOrder: { status: 'IN_PROGRESS' },
    });
    const rest = await mutate('Ship', id, {
      packages: [
        box(`T-${id}-2`, [
          { fulfillmentOrderLineId: bolts.id, quantity: 1 },
          { fulfillmentOrderLineId: nuts.id, quantity: 1 },
        ]),
      ],
    });
    expect(rest.fulfillmentOrder).toMatchObject({
      status: 'CLOSED',
      requestStatus: 'CLOSED',
      lines: [{ remaining: 0 }, { remaining: 0 }],
    });
    expect((await mutate('Accept', id)).userErrors).toEqual([{ code: 'ILLEGAL_TRANSITION' }]);
  });

  it('is not refused what it says can be done, when that became possible between two looks at the work', async () => {
    const id = await submitted();
    const reference = await book.nodeReferenceOf(id);
    const setReference = (db: Knex, to: string | null) =>
      query(db, 'update fulfillment.fulfillment_order set node_reference = ? where id = ? returning id', [to, id]);
    await setReference(database.knex, null);
    const answers: Promise<unknown>[] = [];
    await database.knex.transaction(async (trx) => {
      await query(trx, 'lock table fulfillment.node_command in exclusive mode');
      answers.push(mutate('Reject', id, { reason: 'CAPACITY' }));
      const waits = "select 1 from pg_locks where not granted and relation = 'fulfillment.node_command'::regclass";
      await until(async () => (await query(database.knex, waits)).length === 1, 20_000);
      await setReference(trx, reference);
    });
    expect(await Promise.all(answers)).toMatchObject([{ fulfillmentOrder: { requestStatus: 'REJECTED' }, userErrors: [] }]); // biome-ignore format: one thought
    expect(await query(database.knex, 'select key from fulfillment.node_command')).toEqual([]);
  });

  it('is sent back whole', async () => {
    const id = await submitted();
    expect(await mutate('Reject', id, { reason: 'OUT_OF_STOCK', note: 'the shelf is wet' })).toMatchObject({
      fulfillmentOrder: { status: 'CANCELLED', requestStatus: 'REJECTED' },
      userErrors: [],
    });
    expect((await eventsOf(id)).at(-1)).toMatchObject({
      status: 'CANCELLED',
      handed: [
        { sku: 'BOLT', quantity: 3 },
        { sku: 'NUT', quantity: 1 },
      ],
    });
    const asked = await query<{ data: object }>(
      database.knex,
      `select data from integration.outbox where type = 'fulfillment-order-commanded.v1' and data ->> 'fulfillmentOrderId' = ?`,
      [id],
    );
    expect(asked.map(({ data }) => data)).toEqual([
      expect.objectContaining({
        command: 'REJECT',
        reason: 'OUT_OF_STOCK, the shelf is wet',
        by: 'warehouse',
        locationId: 'loc',
      }),
    ]);
  });

  it('is picked up; the till sees it although another channel sold it, but not what is shipped', async () => {
    const collected = await submitted('PICK_UP');
    const shipped = await submitted();
    await mutate('Accept', collected);
    expect((await mutate('MarkReadyForPickup', collected)).fulfillmentOrder).toMatchObject({
      status: 'READY_FOR_PICKUP',
      availableTransitions: ['COMPLETE_PICKUP'],
    });
    expect((await mutate('CompletePickup', collected)).fulfillmentOrder).toMatchObject({ status: 'CLOSED' });
    const seen = async (id: string) =>
      (await run('query ($id: ID!) { fulfillmentOrder(id: $id) { id } }', { id }, till)).fulfillmentOrder;
    expect(await seen(collected)).toEqual({ id: collected });
    expect(await seen(shipped)).toBeNull();
  });
});

describe('events of a node', () => {
  it('give units back that were missing when the order was put on the counter', async () => {
    const id = await submitted('PICK_UP');
    const n =
      id &&
      (await query<{ line: string }>(
        database.knex,
        `select order_line_id as line from fulfillment.fulfillment_order_line where fulfillment_order_id = ? order by position`,
        [id],
      ));
    const [bolts, nuts] = n as { line: string }[];
    const unusable = await apply(
      nodeEvent(id, 9_001, 'ACCEPTED'),
      nodeEvent(id, 9_002, 'READY_FOR_PICKUP', {
        short: [{ lineRef: bolts?.line ?? '', sku: 'BOLT', quantity: 1 }],
      }),
      nodeEvent(id, 9_003, 'PICKED_UP', {
        issued: [
          { lineRef: bolts?.line ?? '', sku: 'BOLT', quantity: 2 },
          { lineRef: nuts?.line ?? '', sku: 'NUT', quantity: 1 },
        ],
      }),
    );
    expect(unusable).toEqual([]);
    const events = await eventsOf(id);
    expect(events.map((event) => event.status)).toEqual(['OPEN', 'OPEN', 'IN_PROGRESS', 'READY_FOR_PICKUP', 'CLOSED']);
    expect(events[3]?.handed).toMatchObject([{ sku: 'BOLT', quantity: 1 }]);
  });

  it('change nothing when the state of the work does not allow them', async () => {
    const id = await submitted();
    await apply(nodeEvent(id, 9_101, 'REFUSED', { reason: 'NO_STOCK' }));
    const before = await eventsOf(id);
    expect(
      await apply(
        nodeEvent(id, 9_102, 'ISSUED'),
        nodeEvent(id, 9_103, 'ACCEPTED'),
        nodeEvent('ful_nobody', 9_104, 'ACCEPTED'),
      ),
    ).toHaveLength(3);
    expect(await eventsOf(id)).toEqual(before);
  });
});

describe('scans', () => {
  const scan = (eventId: string, trackingNumber: string, status: string) => ({
    carrier: 'UPS',
    trackingNumber,
    eventId,
    status,
    statusDetail: null as string | null,
    occurredAt: new Date(),
    location: null,
    message: null,
  });

  it('that come before their parcel, late, twice or in unknown words are kept and never move it backwards', async () => {
    const record = (...scans: ReturnType<typeof scan>[]) => database.knex.transaction((trx) => recordScans(trx, scans));
    expect(await record(scan('e1', 'EARLY', 'in_transit'))).toMatchObject([{ shipmentId: null, repeated: false }]);
    const id = await submitted();
    const accepted = await mutate('Accept', id);
    const lines = accepted.fulfillmentOrder.lines.map((line: { id: string; remaining: number }) => ({
      fulfillmentOrderLineId: line.id,
      quantity: line.remaining,
    }));
    expect(
      (await mutate('Ship', id, { packages: [{ carrier: 'UPS', trackingNumber: 'EARLY', lines }] })).shipment.status,
    ).toBe('IN_TRANSIT');
    await record(
      scan('e2', 'EARLY', 'delivered'),
      scan('e3', 'EARLY', 'out_for_delivery'),
      scan('e3', 'EARLY', 'out_for_delivery'),
    );
    const data = await run(
      'mutation ($input: TrackingEventRecordInput!) { trackingEventRecord(input: $input) { shipment { status packages { trackingEvents { status rawStatus } } } userErrors { code } } }',
      {
        input: {
          carrier: 'UPS',
          trackingNumber: 'EARLY',
          eventId: 'e4',
          status: 'teleported',
          occurredAt: '2026-11-24T08:00:00Z',
        },
      },
    );
    expect(data.trackingEventRecord.shipment.status).toBe('DELIVERED');
    expect(data.trackingEventRecord.shipment.packages[0].trackingEvents).toHaveLength(4);
    // The same again is nothing new; another scan under its id is refused, not swallowed.
    const tell = async (input: object) =>
      (await run('mutation ($input: TrackingEventRecordInput!) { trackingEventRecord(input: $input) { userErrors { code field } } }', { input: { carrier: 'UPS', trackingNumber: 'EARLY', eventId: 'e4', status: 'teleported', occurredAt: '2026-11-24T08:00:00Z', ...input } })).trackingEventRecord.userErrors; // biome-ignore format: one thought
    const conflict = [{ code: 'IDEMPOTENCY_CONFLICT', field: ['input', 'eventId'] }];
    expect([await tell({}), await tell({ trackingNumber: 'OTHER1' }), await tell({ status: 'delivered' })]).toEqual([[], conflict, conflict]); // biome-ignore format: one thought
    const [{ orderId }] = (await database.knex('fulfillment.fulfillment_order').select({ orderId: 'order_id' }).where({ id })) as [{ orderId: string }]; // biome-ignore format: one thought
    expect(reported.filter(({ operation }) => operation === 'map-tracking-status')).toEqual([
      expect.objectContaining({
        orderId,
        channelCode: 'WEB',
        message: expect.stringMatching(
          /^Carrier UPS sent the status "teleported" for the parcel …ARLY, which is not in /,
        ),
        units: [expect.objectContaining({ quantity: 3 }), expect.objectContaining({ quantity: 1 })],
      }),
    ]);
  });

  it('of a parcel in trouble count again when it moves afterwards, and not when they are older', async () => {
    const at = (minute: number, eventId: string, status: string) => ({ ...scan(eventId, 'CUSTOMS', status), occurredAt: new Date(Date.UTC(2026, 10, 24, 8, minute)) }); // biome-ignore format: one thought
    const record = (...scans: ReturnType<typeof scan>[]) => database.knex.transaction((trx) => recordScans(trx, scans));
    const status = await shippedAs('CUSTOMS');
    await record(at(10, 'c1', 'in_transit'), at(20, 'c2', 'failure'));
    expect(await status()).toBe('EXCEPTION');
    await record(at(15, 'c3', 'in_transit'));
    expect(await status()).toBe('EXCEPTION');
    await record(at(30, 'c4', 'in_transit'));
    expect(await status()).toBe('IN_TRANSIT');
  });

  it('of a parcel that does not reach its buyer are told once, and taken back when it arrives after all', async () => {
    const settled: string[] = [];
    const look = () => tellOfStrandedParcels({ knex: database.knex, report: async (_, told) => void reported.push(told), settle: async (_, keys) => void settled.push(...keys), unclaimed }); // biome-ignore format: one thought
    const record = (...scans: ReturnType<typeof scan>[]) => database.knex.transaction((trx) => recordScans(trx, scans));
    await shippedAs('GONE1', 'BACK1', 'GOOD1');
    await record({ ...scan('s1', 'GONE1', 'EX'), statusDetail: 'PARCEL_LOST' }, scan('s2', 'BACK1', 'return_to_sender'), scan('s3', 'GOOD1', 'delivered')); // biome-ignore format: one thought
    reported.length = 0;
    expect([await look(), await look()]).toEqual([2, 0]);
    expect(reported.map(({ operation, message, orderId }) => [operation, message.split('. ')[0], typeof orderId]).sort()).toEqual([
      ['parcel:lost', expect.stringMatching(/^The parcel …ONE1 of UPS \(\d+ × \S+\) is lost, says the carrier$/), 'string'],
      ['parcel:returned', expect.stringMatching(/^The parcel …ACK1 of UPS \(\d+ × \S+\) goes back to the node, says the carrier$/), 'string'],
    ]); // biome-ignore format: a table
    const keys = reported.map(({ operation, key }) => [operation, key]);
    settled.length = 0;
    await record(scan('s4', 'BACK1', 'delivered'));
    expect([await look(), await look()]).toEqual([1, 0]);
    expect(settled).toEqual(keys.flatMap(([operation, key]) => (operation === 'parcel:returned' ? [key] : [])));
    expect(reported).toHaveLength(2);
  });

  it('of a parcel that is delivered after it was lost are told on the desk, once, and of what its parcel took along', async () => {
    const look = () => tellOfStrandedParcels({ knex: database.knex, report: async (_, told) => void reported.push(told), settle: async () => undefined, unclaimed }); // biome-ignore format: one thought
    const record = (...scans: ReturnType<typeof scan>[]) => database.knex.transaction((trx) => recordScans(trx, scans));
    const status = await shippedAs('GONE2', 'GOOD2');
    await record({ ...scan('d1', 'GONE2', 'EX'), statusDetail: 'PARCEL_LOST' }, scan('d2', 'GOOD2', 'delivered'));
    expect(await status()).toBe('DELIVERED');
    const n = count - 2; // the work's own number: two commands came after it
    const [{ id }] = (await query<{ id: string }>(database.knex, `select s.id from fulfillment.shipment s join fulfillment.package p on p.shipment_id = s.id where p.tracking_number = 'GONE2'`)) as [{ id: string }]; // biome-ignore format: one thought
    expect((await book.readShipment(id))?.outcomes).toEqual([{ lineId: `l${n}-1`, quantity: 2, delivered: 1, lost: 1, stranded: 0 }]); // biome-ignore format: one thought
    await look();
    reported.length = 0;
    await record(scan('d3', 'GONE2', 'delivered'));
    expect([await look(), await look()]).toEqual([1, 0]);
    await record(scan('d4', 'GONE2', 'delivered'));
    expect(await look()).toBe(0);
    expect(reported).toMatchObject([
      {
        operation: 'parcel:lost',
        units: [{ lineId: `l${n}-1`, quantity: 1 }],
        message: expect.stringMatching(/^The parcel …ONE2 of UPS \(1 × BOLT\) is delivered, says the carrier now, which had said before that it is lost\. Do not pay/),
      },
    ]); // biome-ignore format: a table
    expect(await status()).toBe('DELIVERED');
    // Somebody may say that it arrived: then the order counts its units.
    const read = (key: string) => database.knex.transaction((trx) => readGivenUpParcel(trx, key));
    const orderId = `ord_${n}`;
    expect(await read(reported[0]?.key ?? '')).toMatchObject({ kind: 'found', orderId, lines: [{ lineId: `l${n}-1`, quantity: 1, left: 1 }], countsAs: 'LOST' }); // biome-ignore format: one thought
    expect((await read('parcel:pkg_none')).kind).toBe('refused');
  });

  it('of a parcel that is lost after it was delivered are told on the desk, once; one that only comes late is not', async () => {
    const look = () => tellOfStrandedParcels({ knex: database.knex, report: async (_, told) => void reported.push(told), settle: async () => undefined, unclaimed }); // biome-ignore format: one thought
    const lost = (eventId: string, minute: number) => ({ ...scan(eventId, 'TOLD2', 'EX'), statusDetail: 'PARCEL_LOST', occurredAt: new Date(Date.UTC(2026, 10, 24, 8, minute)) }); // biome-ignore format: one thought
    const record = (...scans: ReturnType<typeof scan>[]) => database.knex.transaction((trx) => recordScans(trx, scans));
    const status = await shippedAs('TOLD2');
    await record(
      { ...scan('dd1', 'TOLD2', 'delivered'), occurredAt: new Date(Date.UTC(2026, 10, 24, 8, 30)) },
      lost('dd2', 20),
    );
    reported.length = 0;
    expect(await look()).toBe(0);
    await record(lost('dd3', 40));
    expect([await look(), await look()]).toEqual([1, 0]);
    await record(lost('dd4', 50));
    expect(await look()).toBe(0);
    expect(reported).toMatchObject([
      { operation: 'parcel:disputed', message: expect.stringMatching(/^The parcel …OLD2 of UPS \(1 × BOLT\) is lost, or goes back to the node, says the carrier now/) },
    ]); // biome-ignore format: a table
    expect(await status()).toBe('DELIVERED');
  });

  /** Work that left in parcels of these numbers, one unit of its first line in each. @returns how to read the shipment's status */
  async function shippedAs(...numbers: readonly string[]): Promise<() => Promise<string>> {
    const id = await submitted();
    const { fulfillmentOrder } = await mutate('Accept', id);
    const [line] = fulfillmentOrder.lines;
    const packages = numbers.map((trackingNumber) => ({ carrier: 'UPS', trackingNumber, lines: [{ fulfillmentOrderLineId: line.id, quantity: 1 }] })); // biome-ignore format: one thought
    expect((await mutate('Ship', id, { packages })).userErrors).toEqual([]);
    return async () =>
      (await database.knex('fulfillment.shipment').where({ fulfillment_order_id: id }).first('status')).status;
  }
});

describe('the shipment transition table', () => {
  const table = shipmentTransitions();
  const states = Object.keys(SHIPMENT_RANKS) as ShipmentStatus[];
  /** A parcel is never UNKNOWN: that is a scan that says nothing. */
  const reached = states.filter((state) => state !== 'UNKNOWN');
  const pairs = reached.flatMap((from) => states.map((to) => ({ from, to, number: `${from}-${to}` })));
  const said = (status: ShipmentStatus) => status.toLowerCase(); // our own words, in config/carrier-words.yaml
  const at = (hour: number) => `2026-11-24T0${hour}:00:00.000Z`;
  const scan = (number: string, status: ShipmentStatus, hour: number) => ({ carrier: 'UPS', trackingNumber: number, eventId: `${number}-${hour}`, status: said(status), statusDetail: null, occurredAt: new Date(at(hour)), location: null, message: null }); // biome-ignore format: one thought
  const record = (scans: readonly ReturnType<typeof scan>[]) => database.knex.transaction((trx) => recordScans(trx, scans)); // biome-ignore format: one thought
  const standing = () =>
    query(
      database.knex,
      `select p.tracking_number as number, s.status, p.status as parcel, s.revision, (select count(*)::int from fulfillment.tracking_event t where t.package_id = p.id) as scans
       from fulfillment.shipment s join fulfillment.package p on p.shipment_id = s.id where p.tracking_number = any(?::text[]) order by 1`,
      [pairs.map(({ number }) => number)],
    );

  it('moves a parcel as it says; every other scan is kept, refused by nobody, and moves nothing', async () => {
    expect(Object.values(table).flat()).not.toContain('UNKNOWN');
    const work = await submitted();
    const numbers = pairs.map(({ number }) => number);
    await query(
      database.knex,
      `with n as (select number from unnest(?::text[]) as n(number)), s as (
         insert into fulfillment.shipment (id, fulfillment_order_id, order_id, channel_code, location_id, status, revision, node_event, shipped_at)
         select 's-' || number, ?, 'ord_table', 'WEB', 'loc', 'LABEL_CREATED', 2, 'table-' || number, now() from n
       )
       insert into fulfillment.package (id, shipment_id, position, carrier, tracking_number, status)
       select 'p-' || number, 's-' || number, 1, 'UPS', number, 'LABEL_CREATED' from n`,
      [numbers, work],
    );
    await record(pairs.map(({ from, number }) => scan(number, from, 1)));
    for (const { from, to, number } of pairs) {
      const { statusDetail: _, ...input } = scan(number, to, 2);
      const { trackingEventRecord } = await run(
        'mutation ($input: TrackingEventRecordInput!) { trackingEventRecord(input: $input) { shipment { status packages { trackingEvents { status } } } userErrors { code } } }',
        { input: { ...input, occurredAt: at(2) } },
      );
      const now = table[from].includes(to) ? to : from;
      expect([number, trackingEventRecord.userErrors, trackingEventRecord.shipment.status]).toEqual([number, [], now]);
      const kept = trackingEventRecord.shipment.packages[0].trackingEvents.map(
        ({ status }: { status: string }) => status,
      );
      expect([number, kept.sort()]).toEqual([number, [from, to].sort()]);
    }
    const told = await query<{ number: string; moves: string[] }>(
      database.knex,
      `select substr(subject, 3) as number, array_agg(data ->> 'status' order by version) as moves from integration.outbox
       where type = 'shipment-status-changed.v1' and substr(subject, 3) = any(?::text[]) group by 1`,
      [numbers],
    );
    const movesOf = new Map(told.map(({ number, moves }) => [number, moves]));
    for (const { from, to, number } of pairs) {
      const moves = [...(from === 'LABEL_CREATED' ? [] : [from]), ...(table[from].includes(to) ? [to] : [])];
      expect([number, movesOf.get(number) ?? []]).toEqual([number, moves]);
    }
    // All of it once more, and backwards.
    const before = await standing();
    await record(pairs.flatMap(({ from, to, number }) => [scan(number, to, 2), scan(number, from, 1)]));
    expect(await standing()).toEqual(before);
  });
});

describe('what comes from outside', () => {
  it.each([
    ['a made-up cursor', Buffer.from('["x","y"]').toString('base64url')],
    ['a cursor beyond all time', Buffer.from('["999999999999999999","y"]').toString('base64url')],
    ['no cursor at all', 'nonsense'],
  ])('%s is refused', async (_what, after) => {
    const answer = await ask(
      subgraph,
      'query ($after: String) { fulfillmentOrders(first: 5, after: $after) { nodes { id } } }',
      { after },
      warehouse,
    );
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('an id with a null character is refused, not an internal error', async () => {
    const answer = await ask(
      subgraph,
      'query ($id: ID!) { fulfillmentOrder(id: $id) { id } }',
      { id: 'ful_\u0000' },
      warehouse,
    );
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });
});
