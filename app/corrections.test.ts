import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inProcessFanOut } from '../events/adapters/in-process-fan-out.ts';
import { memoryEventLog } from '../events/adapters/memory-event-log.ts';
import { owners } from '../migrations/index.ts';
import { verifyAudit } from '../platform/audit/audit.ts';
import { query } from '../platform/db/query.ts';
import { CommerceError } from '../platform/errors.ts';
import type { Subgraph } from '../platform/graphql/subgraph.ts';
import { createLogger } from '../platform/logger.ts';
import { memoryCarrier } from '../subgraphs/fulfillment/adapters/memory.ts';
import { createFulfillmentBook, createTrackingFeed, understandAddedWords } from '../subgraphs/fulfillment/index.ts';
import { stockUp } from '../subgraphs/inventory/sample-stock.ts';
import {
  createExceptionDesk,
  createOperationsSubgraph,
  type ExceptionDesk,
  takeRetryRequests,
} from '../subgraphs/operations/index.ts';
import {
  amountAtStake,
  type Capture,
  createCapture,
  createOrderBook,
  keepingRefused,
  placeRefused,
  REFUSED_IMPORTS,
} from '../subgraphs/order/index.ts';
import { stockCatalogue } from '../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { ask, callerOf, webChannel } from '../test/helpers/subgraph.ts';
import { corrections } from './corrections.ts';
import { takeEventsAgain } from './set-aside.ts';

let database: TestDatabase;
let operations: Subgraph;
let desk: ExceptionDesk;
let keys = 0;
const { signal } = new AbortController();
const TRACE = 'd'.repeat(32);
const operator = callerOf({ contract: 'operations', clientId: 'operator-1', channel: null });

beforeAll(async () => {
  database = await createTestDatabase(owners);
  const { knex } = database;
  desk = createExceptionDesk({ knex, owners: { default: 'platform', rules: [] }, stakeOf: amountAtStake });
  operations = createOperationsSubgraph({
    knex,
    logger: createLogger({ level: 'silent', component: 'test' }),
    corrections,
  });
});
afterAll(() => database.drop());

const CORRECT = `mutation ($exceptionId: ID!, $input: IntegrationExceptionCorrectInput!) {
  integrationExceptionCorrect(exceptionId: $exceptionId, input: $input) {
    exception { state } userErrors { code message field } } }`;

async function correct(exceptionId: string, values: Record<string, string>, reason = 'told by phone') {
  const input = {
    idempotencyKey: `k${++keys}`,
    reason,
    values: Object.entries(values).map(([name, value]) => ({ name, value })),
  };
  const answer = await ask(operations, CORRECT, { exceptionId, input }, operator);
  return answer.errors ?? answer.data!.integrationExceptionCorrect;
}

async function read(key: string) {
  const [row] = await query<{ id: string }>(database.knex, 'select id from integration.exception where key = ?', [key]);
  const answer = await ask(
    operations,
    `query ($id: ID!) { integrationException(id: $id) {
      id state attempts message closedBy note retryable deadline atStake { amount currencyCode } editable { name required choices } } }`,
    { id: row?.id ?? '' },
    operator,
  );
  return answer.data!.integrationException as Record<string, never> & { id: string };
}
const reasons = async () =>
  (await query<{ reason: string }>(database.knex, 'select reason from integration.audit order by position')).map(
    ({ reason }) => reason,
  );

/** An order of two lines, 10.00 and 3 × 2.00, one of which is cancelled; prices without tax, 20 %. */
async function order(id: string): Promise<void> {
  await database.knex.raw(`
    insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, stage, status, revision, currency_code,
      tax_included, subtotal_minor, tax_minor, grand_total_minor, payment_status, delivery_method, shipping_address, trace_id, placed_at, updated_at)
    values ('${id}', '${id}', 'WEB', 'STOREFRONT', 'Web', 'ACCEPTED', 'ALLOCATED', 1, 'GBP', false, 1600, 320, 1920, 'AUTHORIZED', 'SHIPPING',
      '{"name": "Ada Canary", "line1": "Nowhere", "city": "London", "countryCode": "GB"}', '${TRACE}', now(), now());
    insert into orders.order_line (id, order_id, position, sku, title, unit_price_minor, total_minor, tax_minor, tax_basis_points, ordered, allocated, cancelled)
    values ('${id}-1', '${id}', 1, 'A', 'A', 1000, 1000, 200, 2000, 1, 1, 0), ('${id}-2', '${id}', 2, 'B', 'B', 200, 600, 120, 2000, 3, 2, 1)`);
}

const refused = (key: string, orderId: string, cause: 'VALIDATION' | 'UNAVAILABLE' = 'VALIDATION') =>
  desk.raise({
    key,
    cause,
    system: 'wms',
    operation: 'release-work-0',
    message: 'WMS refused the request: BAD_ADDRESS',
    orderId,
    channelCode: 'WEB',
    workflowId: `order:${orderId}`,
    traceId: TRACE,
    deadline: new Date('2026-12-01T12:00:00Z'),
  });

describe('an address that a node refuses', () => {
  beforeAll(() => order('ord_a'));

  it('shows what is at stake, until when, and what can be corrected', async () => {
    await refused('a', 'ord_a');
    expect(await read('a')).toEqual({
      id: expect.any(String),
      state: 'OPEN',
      attempts: 1,
      message: 'WMS refused the request: BAD_ADDRESS',
      closedBy: null,
      note: null,
      retryable: true,
      deadline: '2026-12-01T12:00:00.000Z',
      atStake: { amount: '16.80', currencyCode: 'GBP' }, // 12.00 + 2 of 3 of 7.20
      editable: ['name', 'line1', 'line2', 'city', 'region', 'postalCode', 'countryCode', 'phone'].map((name) => ({
        name,
        required: false,
        choices: null,
      })),
    });
  });

  it.each([
    [{ line1: ' ' }, ['input', 'values', '0', 'value'], 'line1 must not be empty.'],
    [{ city: 'Leeds', countryCode: 'England' }, ['input', 'values', '1', 'value'], 'countryCode must be two capital letters such as GB.'], // biome-ignore format: a table
    [{ street: 'x' }, ['input', 'values', '0', 'value'], 'There is no street to correct; there is name, line1, line2, city, region, postalCode, countryCode, phone.'], // biome-ignore format: a table
    [{ line1: 'Nowhere' }, ['input', 'values'], 'The order has this address already.'],
    [{ line1: 'x'.repeat(201) }, ['input', 'values', '0', 'value'], 'line1 is at most 200 characters without control characters.'], // biome-ignore format: a table
    [{}, ['input', 'values'], 'Give at least one value.'],
  ])('refuses %j and changes nothing', async (values, field, message) => {
    const { id } = await read('a');
    expect(await correct(id, values as Record<string, string>)).toEqual({
      exception: { state: 'OPEN' },
      userErrors: [{ code: 'INVALID_VALUE', field, message }],
    });
    expect((await createOrderBook(database.knex).read('ord_a'))?.order.shippingAddress?.line1).toBe('Nowhere');
    expect(await reasons()).toEqual([]);
  });

  it('is corrected in the order and tried again; the audit names the parts and not the values', async () => {
    const { id } = await read('a');
    expect(await correct(id, { line1: '1 Canary Street', postalCode: 'N1 1AA' })).toEqual({
      exception: { state: 'RETRYING' },
      userErrors: [],
    });
    const woken: string[] = [];
    await takeRetryRequests(database.knex, { retryWorkflow: async (workflowId) => woken.push(workflowId) > 0 });
    expect(woken).toEqual(['order:ord_a']);
    expect(await read('a')).toMatchObject({ state: 'RETRYING', closedBy: null, note: 'told by phone' });
    await refused('a', 'ord_a');
    expect(await read('a')).toMatchObject({ state: 'OPEN', attempts: 2, note: null });
    await correct(id, { line2: 'Second floor' }, 'told by letter');
    await desk.resolve('a');
    expect(await read('a')).toMatchObject({ state: 'RESOLVED', closedBy: 'operator-1', note: 'told by letter' });
    // All of it goes to the order's timeline.
    const told = await query(database.knex, `select data ->> 'change' as change, data ->> 'by' as by, data ->> 'message' as message from integration.outbox where subject = ? order by version offset 1`, [id]); // biome-ignore format: one thought
    expect(told).toEqual([
      { change: 'CORRECTED', by: 'operator-1', message: 'told by phone' },
      { change: 'FAILED_AGAIN', by: 'operator-1', message: expect.any(String) },
      { change: 'CORRECTED', by: 'operator-1', message: 'told by letter' },
      { change: 'RESOLVED', by: 'operator-1', message: 'told by letter' },
    ]);
    const booked = await createOrderBook(database.knex).read('ord_a');
    expect(booked?.order.shippingAddress).toEqual({
      name: 'Ada Canary',
      line1: '1 Canary Street',
      city: 'London',
      countryCode: 'GB',
      postalCode: 'N1 1AA',
      line2: 'Second floor',
    });
    expect(await reasons()).toEqual([
      'told by phone; delivery address: line1, postalCode replaced',
      'told by letter; delivery address: line2 replaced',
    ]);
    expect((await verifyAudit(database.knex)).faults).toEqual([]);
    const said = await query(database.knex, 'select message from orders.timeline');
    expect(JSON.stringify(said)).not.toContain('Canary');
  });

  it('is nothing to correct when the node was only away, nor without a reason', async () => {
    await refused('away', 'ord_a', 'UNAVAILABLE');
    const { id, editable } = await read('away');
    expect(editable).toEqual([]);
    expect(await correct(id, { line1: 'x' })).toMatchObject({ userErrors: [{ code: 'NOT_EDITABLE' }] });
    expect(await correct(id, { line1: 'x' }, ' ')).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });
});

describe('a word of a carrier that is in no table', () => {
  const carrier = memoryCarrier();
  const scan = (trackingNumber: string, status: string, minute: number) =>
    carrier.scan({
      carrier: 'DPD',
      trackingNumber,
      status,
      statusDetail: null,
      occurredAt: new Date(Date.UTC(2026, 10, 23, 9, minute)),
      location: null,
      message: null,
    });
  const feed = () =>
    createTrackingFeed({
      knex: database.knex,
      carrier,
      report: desk.raiseIn,
      onFailure: (_, error) => {
        throw error;
      },
    });
  const statuses = async () =>
    Object.fromEntries(
      (await query<{ number: string; status: string }>(database.knex, 'select tracking_number as number, status from fulfillment.package')).map(({ number, status }) => [number, status]), // biome-ignore format: one thought
    );

  beforeAll(async () => {
    const [work] = await createFulfillmentBook(database.knex).open({
      key: 'w',
      orderId: 'ord_w',
      channelCode: 'WEB',
      customerId: null,
      deliveryMethod: 'SHIPPING',
      serviceLevel: null,
      groups: [{ locationId: 'EAST', lines: [{ lineId: 'l', sku: 'A', quantity: 1, components: [] }] }],
      traceId: TRACE,
    });
    await database.knex.raw(
      `insert into fulfillment.shipment (id, fulfillment_order_id, order_id, channel_code, location_id, status, node_event, shipped_at)
       select 's' || n, ?, 'ord_w', 'WEB', 'EAST', 'LABEL_CREATED', n::text, now() from generate_series(1, 2) n`,
      [work ?? ''],
    );
    await database.knex.raw(
      `insert into fulfillment.package (id, shipment_id, position, carrier, tracking_number, status)
       select 'p' || n, 's' || n, 1, 'DPD', 'T' || n, 'LABEL_CREATED' from generate_series(1, 2) n`,
    );
  });

  it('does not stop the scans beside it', async () => {
    scan('T1', ' Held_At_Depot', 1);
    scan('T2', 'held_at_depot', 2);
    scan('T2', 'delivered', 3);
    await feed().catchUp(signal);
    expect(await statuses()).toEqual({ T1: 'LABEL_CREATED', T2: 'DELIVERED' });
    expect(await read('tracking:DPD:1')).toMatchObject({ state: 'OPEN', retryable: false });
    expect(await read('tracking:DPD:2')).toMatchObject({ state: 'OPEN' });
  });

  it('takes no meaning that is none', async () => {
    const { id } = await read('tracking:DPD:1');
    expect(await correct(id, { meaning: 'UNKNOWN' })).toMatchObject({
      userErrors: [{ code: 'INVALID_VALUE', message: expect.stringContaining('LABEL_CREATED, CARRIER_ACCEPTED') }],
    });
    expect(await correct(id, {})).toMatchObject({ userErrors: [{ message: 'meaning is needed.' }] });
  });

  it('means what an operator says: for the scans that came, whose exceptions close, and for those that come', async () => {
    const { id } = await read('tracking:DPD:1');
    expect(await correct(id, { meaning: 'IN_TRANSIT' })).toEqual({ exception: { state: 'RESOLVED' }, userErrors: [] });
    for (const key of ['tracking:DPD:1', 'tracking:DPD:2'])
      expect(await read(key)).toMatchObject({ state: 'RESOLVED', closedBy: 'operator-1', note: 'told by phone', editable: [] }); // biome-ignore format: one thought
    expect(await statuses()).toEqual({ T1: 'IN_TRANSIT', T2: 'DELIVERED' });
    expect((await reasons()).at(-1)).toBe('told by phone; DPD "held_at_depot": UNKNOWN -> IN_TRANSIT');
    scan('T2', 'HELD_AT_DEPOT', 4);
    await feed().catchUp(signal);
    const open = await query(
      database.knex,
      "select key from integration.exception where state = 'OPEN' and system = 'carrier'",
    );
    expect(open).toEqual([]);
    expect(await correct(id, { meaning: 'LOST' })).toMatchObject({
      userErrors: [{ code: 'NOT_EDITABLE', message: expect.stringMatching(/^The exception is RESOLVED; /) }],
    });
  });

  it('means what the file says once it is added there, also in scans that came before', async () => {
    scan('T1', 'not_yet_in_the_file', 5);
    await feed().catchUp(signal);
    const key = 'tracking:DPD:5';
    expect(await read(key)).toMatchObject({ state: 'OPEN' });
    await understandAddedWords(database.knex, desk.resolve);
    expect(await read(key)).toMatchObject({ state: 'OPEN' });
    await query(
      database.knex,
      "update fulfillment.tracking_event set raw_status = 'OutForDelivery' where event_id = '5'",
    );
    await understandAddedWords(database.knex, desk.resolve);
    expect(await read(key)).toMatchObject({ state: 'RESOLVED' });
    expect(await statuses()).toEqual({ T1: 'OUT_FOR_DELIVERY', T2: 'DELIVERED' });
  });
});

describe('a SKU of a marketplace that nobody knows', () => {
  const amazon = callerOf({ contract: 'marketplace', clientId: 'amazon', channel: { ...webChannel, code: 'AMAZON', kind: 'MARKETPLACE', priceList: 'WEB' } }); // biome-ignore format: a table
  const place = async (key: string, skus: readonly string[]) => {
    const input = {
      idempotencyKey: key,
      channelOrderId: `026-${key}`,
      currencyCode: 'GBP',
      lines: skus.map((sku) => ({ sku, quantity: 1, unitPrice: { amount: '5.00', currencyCode: 'GBP' } })),
      delivery: { method: 'SHIPPING' as const, address: { name: 'Ada Canary', line1: '1 High Street', city: 'London', countryCode: 'GB' } }, // biome-ignore format: a table
    };
    const outcome = await capture.place(amazon, input);
    return outcome.kind === 'done' ? outcome.result : null;
  };
  const orderOf = async (key: string) =>
    query<{ skus: string[] }>(
      database.knex,
      `select array_agg(l.sku order by l.position) as skus from orders.customer_order o join orders.order_line l on l.order_id = o.id
       where o.channel_code = 'AMAZON' and o.channel_order_id = ? group by o.id`,
      [`026-${key}`],
    );
  let placing: Capture;
  let capture: Capture;
  const takeAll = () => {
    const feeds = { [REFUSED_IMPORTS]: (id: string) => placeRefused({ knex: database.knex, report: desk.raiseIn }, placing, id) }; // biome-ignore format: one thought
    const log = memoryEventLog({ fanOut: inProcessFanOut(), pollMillis: 20 });
    return takeRetryRequests(database.knex, { retryWorkflow: async () => false, takeAgain: takeEventsAgain(log, [], feeds) }); // biome-ignore format: one thought
  };

  beforeAll(async () => {
    const { knex } = database;
    await knex.raw(
      `insert into integration.channel (code, kind, name, price_list, currency_code, safety_stock) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'WEB', 'GBP', 0) on conflict do nothing`,
    );
    await stockCatalogue(
      knex,
      ['LANTERN', 'CANDLE'].map((sku) => ({ sku, title: sku, prices: { WEB: { GBP: 339 } } })),
    );
    await stockUp(knex, { LANTERN: { EAST: 100 }, CANDLE: { EAST: 1 } });
    placing = createCapture({ knex });
    capture = keepingRefused(placing, { knex, report: desk.raiseIn });
  });
  afterAll(() => placing.close());

  it('is told of once, with the orders that were refused for it kept', async () => {
    for (const [key, skus] of [['m1', ['AMZ-L', 'CANDLE']], ['m2', ['AMZ-L', 'AMZ-C']], ['m1', ['AMZ-L', 'CANDLE']]] as const) // biome-ignore format: a table
      expect(await place(key, skus)).toMatchObject({ orderId: null, refusals: expect.arrayContaining([expect.objectContaining({ code: 'UNKNOWN_SKU' })]) }); // biome-ignore format: one thought
    expect(await read('channel-sku:AMAZON:AMZ-L')).toMatchObject({
      state: 'OPEN',
      attempts: 2,
      message: expect.stringMatching(/^AMAZON sold "AMZ-L" with its order 026-m2, which is no SKU that is on sale/),
      retryable: true,
      editable: [{ name: 'sku', required: true, choices: null }],
    });
  });

  it('is corrected only into one that is on sale', async () => {
    const { id } = await read('channel-sku:AMAZON:AMZ-L');
    expect(await correct(id, { sku: 'NOPE' })).toMatchObject({ exception: { state: 'OPEN' }, userErrors: [{ code: 'INVALID_VALUE', message: 'There is no SKU NOPE in the catalogue.' }] }); // biome-ignore format: one thought
  });

  it('means ours from then on: what was refused is placed, once, and the key still answers as it did', async () => {
    const { id } = await read('channel-sku:AMAZON:AMZ-L');
    expect(await correct(id, { sku: 'LANTERN' })).toEqual({ exception: { state: 'RETRYING' }, userErrors: [] });
    await takeAll();
    expect(await read('channel-sku:AMAZON:AMZ-L')).toMatchObject({ state: 'RESOLVED', closedBy: 'operator-1' });
    expect(await orderOf('m1')).toEqual([{ skus: ['LANTERN', 'CANDLE'] }]);
    expect(await orderOf('m2')).toEqual([]); // the other SKU of it has an exception of its own
    expect(await place('m1', ['AMZ-L', 'CANDLE'])).toMatchObject({ orderId: null });
    const kept = await query(database.knex, 'select channel_order_id as id, input is null as forgotten from orders.refused_import order by 1'); // biome-ignore format: one thought
    expect(kept).toEqual([{ id: '026-m1', forgotten: true }, { id: '026-m2', forgotten: false }]); // biome-ignore format: a table
    expect(await place('m3', ['AMZ-L'])).toMatchObject({ refusals: [] });
  });

  it('leaves an order that cannot be placed for another reason on the desk, and takes it when that is mended', async () => {
    const { id } = await read('channel-sku:AMAZON:AMZ-C');
    await correct(id, { sku: 'CANDLE' }); // the only one is sold
    await takeAll();
    expect(await read('channel-sku:AMAZON:AMZ-C')).toMatchObject({ state: 'RESOLVED' });
    const left = await read('import:AMAZON:026-m2');
    expect(left).toMatchObject({ state: 'OPEN', retryable: true, message: expect.stringMatching(/^AMAZON's order 026-m2 cannot be placed: Only 0 can be had now/) }); // biome-ignore format: one thought
    await stockUp(database.knex, { CANDLE: { EAST: 5 } });
    await ask(operations, `mutation ($id: ID!, $key: String!) { integrationExceptionRetry(exceptionId: $id, input: { idempotencyKey: $key }) { userErrors { code } } }`, { id: left.id, key: `k${++keys}` }, operator); // biome-ignore format: one thought
    await takeAll();
    expect(await read('import:AMAZON:026-m2')).toMatchObject({ state: 'RESOLVED' });
    expect(await orderOf('m2')).toEqual([{ skus: ['LANTERN', 'CANDLE'] }]);
  });
});

describe('an event that a consumer set aside', () => {
  const log = memoryEventLog({ fanOut: inProcessFanOut(), pollMillis: 20 });
  let broken = true;
  const effects: string[] = [];
  const takers = [
    {
      group: 'projection',
      types: ['order-hold-released.v1'] as const,
      take: async (event: { id: string }) => {
        if (broken) throw new CommerceError('SYSTEM_REJECTED', 'no room for it');
        effects.push(event.id);
      },
    },
  ];
  const retry = async (id: string) => {
    await ask(operations, `mutation ($id: ID!, $key: String!) { integrationExceptionRetry(exceptionId: $id, input: { idempotencyKey: $key }) { userErrors { code } } }`, { id, key: `k${++keys}` }, operator); // biome-ignore format: one thought
    await takeRetryRequests(database.knex, {
      retryWorkflow: async () => false,
      takeAgain: takeEventsAgain(log, takers),
    });
  };

  it('is handed to it again on a retry: a failure counts as an attempt, a success resolves it', async () => {
    log.append([
      { type: 'order-hold-released.v1', subject: 'ord_1', version: 1, channelCode: 'WEB', traceId: TRACE, data: { orderId: 'ord_1' } }, // biome-ignore format: a table
      { type: 'order-hold-released.v1', subject: 'ord_2', version: 1, channelCode: 'WEB', traceId: TRACE, data: { orderId: 'ord_2' } }, // biome-ignore format: a table
    ]);
    const { events } = await log.read({ after: null, limit: 10 });
    const [, second] = events;
    await desk.raise({
      key: `projection:${second!.id}`,
      cause: 'UNKNOWN',
      system: 'commerce',
      operation: 'projection:order-hold-released.v1',
      message: 'set aside',
      orderId: null,
      channelCode: null,
      workflowId: null,
      traceId: TRACE,
      setAside: { by: 'projection', id: second!.sequence },
    });
    const key = `projection:${second!.id}`;
    const { id } = await read(key);
    await retry(id);
    expect(await read(key)).toMatchObject({
      state: 'OPEN',
      attempts: 2,
      message: expect.stringMatching(/^no room for it\. It refuses/),
      retryable: true,
    });
    broken = false;
    await retry(id);
    expect(await read(key)).toMatchObject({ state: 'RESOLVED', retryable: false });
    expect(effects).toEqual([second!.id]);
  });

  it('is open again and not retryable where nobody takes such events', async () => {
    await desk.raise({
      key: 'nobody',
      cause: 'UNKNOWN',
      system: 'commerce',
      operation: 'gone:order-placed.v1',
      message: 'set aside',
      orderId: null,
      channelCode: null,
      workflowId: null,
      traceId: TRACE,
      setAside: { by: 'gone', id: await log.head() },
    });
    await retry((await read('nobody')).id);
    expect(await read('nobody')).toMatchObject({ state: 'OPEN', retryable: false });
  });
});
