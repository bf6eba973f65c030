import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inProcessFanOut } from '../events/adapters/in-process-fan-out.ts';
import { memoryEventLog } from '../events/adapters/memory-event-log.ts';
import type { NewEvent } from '../events/outbox.ts';
import { query } from '../platform/db/query.ts';
import { CommerceError } from '../platform/errors.ts';
import { createLogger } from '../platform/logger.ts';
import { createEmptyDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { bookedOrder, type OrchestratorPorts, orchestratorPorts, SHIP_BY } from '../test/helpers/orchestrator-ports.ts';
import { until } from '../test/helpers/processes.ts';
import { chosenFor } from './sharing.ts';
import { type Orchestrator, startOrchestrator } from './worker.ts';

// The workflow engine is one per process: all that needs it is in this file, on one database.
const TRACE = '0'.repeat(32);
const log = memoryEventLog({ fanOut: inProcessFanOut(), pollMillis: 20 });
const ports: OrchestratorPorts = orchestratorPorts();
let database: TestDatabase;
let orchestrator: Orchestrator;
let count = 0;
const dead: { readonly id: string; readonly error: unknown }[] = [];

beforeAll(async () => {
  database = await createEmptyDatabase();
  orchestrator = await startOrchestrator({
    deps: ports.deps,
    log,
    databaseUrl: database.url,
    executorId: 'test',
    sessionName: 'test',
    onDead: async (_group, event, error) => void dead.push({ id: event.id, error }),
    logger: createLogger({ level: 'silent', component: 'test' }),
  });
}, 60_000);
afterAll(async () => {
  await orchestrator.stop();
  await database.drop();
});
beforeEach(() => {
  ports.calls.length = 0;
});

/** An order in the book, and the event that says so. */
function placed(overrides: Parameters<typeof bookedOrder>[1] = {}): { orderId: string; event: NewEvent } {
  const orderId = `ord_${++count}`;
  ports.orders.set(orderId, bookedOrder(orderId, overrides));
  const line = { lineId: 'l1', sku: 'LANTERN', quantity: 5 };
  const data = { orderId, number: '1', channelCode: 'WEB', lines: [line], allocations: [], totalMinor: '1', currencyCode: 'GBP', deliveryMethod: 'SHIPPING' }; // biome-ignore format: a table
  return { orderId, event: newEvent('order-placed.v1', orderId, data) };
}
function newEvent(type: NewEvent['type'], subject: string, data: object): NewEvent {
  return { type, subject, version: 1, channelCode: 'WEB', traceId: TRACE, data };
}
const portsCalled = () => ports.calls.map((call) => call.port);
const released = (times: number) => until(() => ports.of('warehouse.release').length === times, 10_000);
const noted = (key: string) => until(() => ports.of('orders.note').some(({ args }) => args[1].key === key), 10_000);

describe('a placed order', () => {
  it('is registered, accepted, sourced, and handed to each node that holds its stock', async () => {
    const { orderId, event } = placed();
    log.append([event]);
    await noted(`release:${orderId}:source:0#1`);
    expect(portsCalled()).toEqual([
      'desk.register',
      'orders.accept',
      'orders.allocate',
      'fulfillment.open',
      ...['fulfillment.submit', 'stock.assignWork', 'warehouse.release', 'orders.note'],
      ...['fulfillment.submit', 'stock.assignWork', 'warehouse.release', 'orders.note'],
    ]);
    const [registered] = ports.of('desk.register');
    expect(registered?.args[0]).toMatchObject({
      orderId,
      lines: [
        { lineId: 'l1', quantity: 5, unitPrice: '3.39' },
        { lineId: 'l2', quantity: 2 },
      ],
      destination: { countryCode: 'GB', postalCode: 'N1 1AA' },
    });
    expect(JSON.stringify(registered)).not.toContain('Ada');
    expect(ports.of('warehouse.release').map(({ args }) => [args[0].locationId, args[0].shipTo.name])).toEqual([
      ['EAST', 'Ada'],
      ['WEST', 'Ada'],
    ]);
  });

  it('goes its way once, however often the event comes', async () => {
    const { event } = placed();
    log.append([event]);
    await released(2);
    log.append([{ ...event, version: 2 }]);
    const other = placed();
    log.append([other.event]);
    await released(4);
    expect(ports.of('desk.register')).toHaveLength(2);
  });

  it('stops when it is on hold, and is taken up when the hold is released', async () => {
    const { orderId, event } = placed();
    const order = bookedOrder(orderId);
    ports.orders.set(orderId, { ...order, holds: [{}] });
    log.append([event]);
    const next = placed();
    log.append([next.event]);
    await released(2);
    expect(ports.of('desk.register').map(({ args }) => args[0].orderId)).toEqual([next.orderId]);
    ports.orders.set(orderId, order);
    log.append([{ ...newEvent('order-hold-released.v1', orderId, { orderId }), version: 2 }]);
    await released(4);
    expect(ports.of('fulfillment.open').at(-1)?.args[0]).toMatchObject({ key: `${orderId}:source:2`, shipBy: SHIP_BY });
  });
});

describe('two workers', () => {
  const ORDERS = 12;
  const waiting = () =>
    query<{ workflow_uuid: string; queue_name: string }>(
      database.knex,
      "select workflow_uuid, queue_name from dbos.workflow_status where status = 'ENQUEUED' order by created_at",
    );
  /** Another worker enters, which fetches nothing, and orders come. @returns those that are its share */
  async function othersShare(): Promise<string[]> {
    const [mine] = await query<{ name: string }>(database.knex, 'select name from dbos.queues');
    const own = mine?.name ?? '';
    const other = own.replace(/test$/, 'other');
    await query(database.knex, 'insert into dbos.queues (name) values (?) returning name', [other]);
    await orchestrator.shareWith(['other', 'of-a-release-without-queues', 'test']);
    const orders = Array.from({ length: ORDERS }, () => placed());
    log.append(orders.map(({ event }) => event));
    const share = orders.filter(({ orderId }) => chosenFor(orderId, [other, own]) === other);
    await until(async () => (await waiting()).length === share.length, 10_000);
    await released(2 * (ORDERS - share.length));
    expect((await waiting()).map((row) => row.queue_name)).toEqual(share.map(() => other));
    return share.map(({ orderId }) => orderId);
  }

  it('share the orders, and one takes what another leaves waiting', async () => {
    const share = await othersShare();
    expect([share.length > 0, share.length < ORDERS]).toEqual([true, true]);
    await orchestrator.shareWith(['other', 'test']);
    expect(await waiting()).toHaveLength(share.length); // it may still come
    await query(database.knex, "update dbos.workflow_status set updated_at = 0 where status = 'ENQUEUED' returning 1");
    await orchestrator.shareWith(['other', 'test']);
    await released(2 * ORDERS);
    await orchestrator.adopt('other');
  });

  it('are one again when the other is gone: what it had begun and what not goes on', async () => {
    const [begun] = await othersShare();
    const asOfOther = "update dbos.workflow_status set status = 'PENDING', executor_id = 'other' where workflow_uuid = ? returning 1"; // biome-ignore format: one thought
    await query(database.knex, asOfOther, [`order:${begun}`]);
    await orchestrator.adopt('other');
    await released(2 * ORDERS);
    log.append([placed().event]);
    await released(2 * ORDERS + 2);
    expect(await query(database.knex, 'select 1 from dbos.queues')).toHaveLength(1);
  });

  it('or more have about the same, and all of an order at one of them', () => {
    const shares = new Map<string | undefined, number>();
    for (let n = 0; n < 300; n++) {
      const queue = chosenFor(`ord_${n}`, ['a', 'b', 'c']);
      shares.set(queue, (shares.get(queue) ?? 0) + 1);
    }
    expect([...shares.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(Math.min(...shares.values())).toBeGreaterThan(75);
    expect(chosenFor('ord_1', ['a', 'b', 'c'])).toBe(chosenFor('ord_1', ['a', 'b', 'c']));
  });
});

describe('units that waited for stock', () => {
  const data = (orderId: string, lines = [{ lineId: 'l1', sku: 'LANTERN', locationId: 'WEST', quantity: 2 }]) =>
    newEvent('backorder-allocated.v1', `d-${orderId}`, {
      decisionId: `d-${orderId}`,
      orderId,
      lines,
      explanation: 'Stock arrived.',
    });
  /** An order with this many units of its first line in the queue. */
  function waiting(backordered: number, holds: readonly unknown[] = []) {
    const { orderId } = placed();
    const booked = bookedOrder(orderId, { status: 'BACKORDERED' });
    const lines = booked.lines.map((line) => ({
      ...line,
      quantities: { ...line.quantities, unsourced: 0, backordered },
    }));
    ports.orders.set(orderId, { ...booked, lines, holds });
    return orderId;
  }

  it('go to their node when they have stock', async () => {
    const orderId = waiting(2);
    log.append([data(orderId)]);
    await released(1);
    expect(ports.of('orders.allocate')[0]?.args).toMatchObject([
      orderId,
      [{ lineId: 'l1', quantity: 2 }],
      { timeline: [{ type: 'ORDER_SOURCED', message: 'Stock arrived.' }] },
    ]);
    expect(ports.of('warehouse.release')[0]?.args[0]).toMatchObject({ locationId: 'WEST' });
    expect(ports.of('stock.release')).toEqual([]);
  });

  it('give it back as far as they were cancelled meanwhile', async () => {
    const orderId = waiting(0);
    log.append([data(orderId)]);
    await until(() => ports.of('stock.release').length === 1, 10_000);
    expect(ports.of('stock.release')[0]?.args).toMatchObject([orderId, [{ lineId: 'l1', quantity: 2 }], 'WEST']);
    expect(ports.of('fulfillment.open')).toEqual([]);
  });

  it('reach no node while the order is held, and do when it goes on', async () => {
    const orderId = waiting(2, [{}]);
    const asked: string[] = [];
    const { unsubmitted } = ports.deps.fulfillment;
    Object.assign(ports.deps.fulfillment, {
      unsubmitted: (id: string) => {
        asked.push(id);
        return unsubmitted(id);
      },
    });
    log.append([data(orderId)]);
    await until(() => asked.includes(orderId), 10_000); // only a held order's work is looked up before its release
    const order = ports.orders.get(orderId);
    if (!order) throw new Error('the order is gone');
    ports.orders.set(orderId, { ...order, holds: [] });
    log.append([{ ...newEvent('order-hold-released.v1', orderId, { orderId }), version: 2 }]);
    await released(1);
    expect(ports.of('fulfillment.submit')).toHaveLength(1);
    expect(ports.of('desk.register')).toHaveLength(1);
    await until(async () => !(await orchestrator.retry(`order:${orderId}:2`)), 10_000);
  });
});

describe('a step that fails', () => {
  const outage = () => new CommerceError('SYSTEM_UNAVAILABLE', 'OMS answered with status 503');

  it('is repeated quickly and in silence when the system is only away for a moment', async () => {
    const { event } = placed();
    ports.failNext('desk.register', outage(), outage());
    log.append([event]);
    await released(2);
    expect(ports.of('desk.register')).toHaveLength(3);
    expect(ports.of('exceptions.raise')).toEqual([]);
    expect(ports.of('exceptions.resolve')).toEqual([]);
  });

  it('is shown to people when that does not help, with the last cause; their retry ends the wait and closes it', async () => {
    const { orderId, event } = placed();
    ports.failNext('desk.register', ...Array.from({ length: 5 }, outage));
    log.append([event]);
    await until(() => ports.of('exceptions.raise').length === 1, 15_000);
    expect(ports.of('desk.register')).toHaveLength(5);
    expect(ports.of('exceptions.raise')[0]?.args[0]).toMatchObject({
      key: `order:${orderId}:accept-order`,
      cause: 'UNAVAILABLE',
      system: 'oms',
      operation: 'accept-order',
      message:
        'OMS answered with status 503. Look whether it works (`systems` shows it), and retry when it does. It is tried again by itself, at growing intervals.',
      orderId,
      channelCode: 'WEB',
      workflowId: `order:${orderId}`,
      traceId: TRACE,
    });
    expect(await orchestrator.retry(`order:${orderId}`)).toBe(true);
    await released(2);
    expect(ports.of('exceptions.resolve').map(({ args }) => args[0])).toEqual([`order:${orderId}:accept-order`]);
    // What was done before the failure was not done again.
    expect(ports.of('orders.accept')).toHaveLength(1);
  });

  it('is shown at once when repeating it cannot help', async () => {
    const { orderId, event } = placed();
    ports.failNext('warehouse.release', new CommerceError('SYSTEM_REJECTED', 'WMS refused the request', { status: 404 })); // biome-ignore format: one thought
    log.append([event]);
    await until(() => ports.of('exceptions.raise').length === 1, 10_000);
    expect(ports.of('warehouse.release')).toHaveLength(1);
    expect(ports.of('exceptions.raise')[0]?.args[0]).toMatchObject({
      key: `order:${orderId}:release-work-0`,
      cause: 'VALIDATION',
      message:
        'WMS refused the request. It does not know the record: find out who removed it there, and retry when it is there again. It is tried again by itself, at growing intervals.',
    });
    await orchestrator.retry(`order:${orderId}`);
    await released(3);
    expect(ports.of('exceptions.resolve')).toHaveLength(1);
  });

  it('registers nothing at the desk of an order that was cancelled before the desk knew it', async () => {
    const { orderId, event } = placed();
    ports.failNext('desk.register', new CommerceError('SYSTEM_REJECTED', 'OMS refused the request'));
    log.append([event]);
    await until(() => ports.of('exceptions.raise').length === 1, 10_000);
    const { lines, ...booked } = bookedOrder(orderId, { status: 'CANCELLED' });
    const cancelled = lines.map((line) => ({ ...line, quantities: { ...line.quantities, unsourced: 0, backordered: 0, cancelled: line.quantities.ordered } })); // biome-ignore format: one thought
    ports.orders.set(orderId, { ...booked, lines: cancelled });
    await orchestrator.retry(`order:${orderId}`);
    await until(() => ports.of('exceptions.resolve').length === 1, 10_000);
    await until(async () => !(await orchestrator.retry(`order:${orderId}`)), 10_000);
    expect(ports.of('desk.register')).toHaveLength(1);
    expect(ports.of('orders.accept')).toEqual([]);
  });

  it('counts another attempt on the same exception when the retry fails too', async () => {
    const { orderId, event } = placed();
    const refusal = new CommerceError('SYSTEM_REJECTED', 'WMS refused the request');
    ports.failNext('warehouse.release', refusal, refusal);
    log.append([event]);
    await until(() => ports.of('exceptions.raise').length === 1, 10_000);
    await orchestrator.retry(`order:${orderId}`);
    await until(() => ports.of('exceptions.raise').length === 2, 10_000);
    const [first, second] = ports.of('exceptions.raise').map(({ args }) => args[0].key);
    expect(second).toBe(first);
    await orchestrator.retry(`order:${orderId}`);
    await released(4);
  });

  it('does not show the text of a failure that nobody foresaw', async () => {
    const { orderId, event } = placed();
    const unforeseen = () => new Error('duplicate key (email)=(ada@example.com)');
    ports.failNext('fulfillment.open', ...Array.from({ length: 5 }, unforeseen));
    log.append([event]);
    await until(() => ports.of('exceptions.raise').length === 1, 10_000);
    const [raised] = ports.of('exceptions.raise').map(({ args: [{ error: _, ...shown }] }) => shown);
    expect(raised).toMatchObject({ cause: 'UNKNOWN', operation: 'open-fulfillment-orders' });
    expect(JSON.stringify(raised)).not.toContain('ada@example.com');
    await orchestrator.retry(`order:${orderId}`);
    await released(2);
  });

  it('is not retried by hand when its workflow is done, or was never there', async () => {
    const { orderId, event } = placed();
    log.append([event]);
    await noted(`release:${orderId}:source:0#1`);
    await until(async () => !(await orchestrator.retry(`order:${orderId}`)), 5_000);
    expect(await orchestrator.retry('order:ord_nobody')).toBe(false);
  });
});

describe('a shipment', () => {
  it('is told to the desk, invoiced with its share of the tax, and paid with the authorised money', async () => {
    const { orderId } = placed();
    ports.shipments.set('shp_1', {
      shipmentId: 'shp_1',
      orderId,
      locationId: 'EAST',
      shippedAt: new Date(),
      lines: [{ lineId: 'l1', sku: 'LANTERN', quantity: 2, shippedBefore: 3 }],
      packages: [{ carrier: 'UPS', trackingNumber: '1Z1' }],
      outcomes: [],
    });
    const line = { lineId: 'l1', sku: 'LANTERN', quantity: 2 };
    const data = { shipmentId: 'shp_1', orderId, fulfillmentOrderId: 'ful_1', lines: [line], packages: [] };
    log.append([newEvent('shipment-dispatched.v1', 'shp_1', data)]);
    await until(() => ports.of('orders.setPaymentStatus').length === 1, 10_000);
    expect(portsCalled()).toEqual([
      'orders.ship',
      'desk.confirmShipment',
      'orders.note',
      'finance.postInvoice',
      'orders.note',
      'finance.clear',
      'orders.setPaymentStatus',
    ]);
    // 16.95 with 2.82 tax; the first three units were billed 1.69 of it.
    expect(ports.of('finance.postInvoice')[0]?.args[0]).toMatchObject({
      key: 'shp_1:invoice',
      orderId,
      lines: [{ lineId: 'l1', sku: 'LANTERN', quantity: 2, netMinor: 565n, taxMinor: 113n }],
      paid: true,
    });
    expect(ports.of('orders.setPaymentStatus')[0]?.args).toMatchObject([orderId, 'PAID', { key: 'paid:shp_1' }]);
  });
});

describe('a desk that takes no notices', () => {
  beforeEach(() => ports.deskTakes.clear());
  afterEach(() => void ports.deskTakes.add('SHIPMENT').add('CANCELLATION').add('RETURN'));

  it('is not told of shipments, which are invoiced all the same, nor of cancellations or returns', async () => {
    const { orderId } = placed();
    const line = { lineId: 'l1', sku: 'LANTERN', quantity: 2 };
    const registered = { orderId, number: '1', channelCode: 'WEB', channelOrderId: null, currencyCode: 'GBP', lines: [], destination: null }; // biome-ignore format: one thought
    await ports.deps.desk.register(registered, new AbortController().signal);
    ports.calls.length = 0;
    ports.shipments.set('shp_2', { shipmentId: 'shp_2', orderId, locationId: 'EAST', shippedAt: new Date(), lines: [{ ...line, shippedBefore: 0 }], packages: [], outcomes: [] }); // biome-ignore format: one thought
    const cancelled = newEvent('order-cancelled.v1', orderId, {
      orderId,
      reason: 'OTHER',
      lines: [{ lineId: 'l1', quantity: 2 }],
    });
    const shipped = newEvent('shipment-dispatched.v1', 'shp_2', { shipmentId: 'shp_2', orderId, fulfillmentOrderId: 'ful_2', lines: [line], packages: [] }); // biome-ignore format: one thought
    const back = { ...line, disposition: 'SELLABLE', returnedBefore: 0, credited: 0 };
    const returned = newEvent('return-received.v1', orderId, { returnId: 'ret_2', orderId, locationId: 'EAST', complete: true, lines: [back] }); // biome-ignore format: one thought
    ports.untold.push({ noticeId: `${orderId}:returned:1`, orderId, lines: [{ lineId: 'l1', quantity: 2 }] });
    log.append([cancelled, shipped, returned]);
    await until(() => ports.of('orders.setPaymentStatus').length === 1, 10_000);
    await until(async () => (await query(database.knex, "select 1 from dbos.workflow_status where name = 'returnGoods' and status = 'SUCCESS'")).length === 1, 10_000); // biome-ignore format: one thought
    expect(portsCalled().filter((port) => port.startsWith('desk.'))).toEqual([]);
    expect(ports.of('orders.note').map(({ args }) => args[1].key).filter((key) => !key.startsWith('restock:'))).toEqual(['invoice:shp_2']); // biome-ignore format: one thought
  });
});

describe('a replay', () => {
  it('of an event starts nothing anew', async () => {
    const { event } = placed();
    log.append([event]);
    await released(2);
    const called = ports.calls.length;
    const { events } = await log.read({ after: null, limit: 1_000, types: ['order-placed.v1'] });
    for (const stored of events) await orchestrator.takers[0]?.take(stored, new AbortController().signal);
    const next = placed();
    log.append([next.event]);
    await until(() => ports.of('warehouse.release').length === 4, 10_000);
    expect(ports.of('desk.register').map(({ args }) => args[0].orderId)).toEqual([event.subject, next.orderId]);
    expect(called).toBeGreaterThan(0);
  });

  it('of a workflow from a step repeats what the systems know by a key, and nothing before it', async () => {
    const again = () => orchestrator.rewind('shipment:shp_1', 'post-invoice');
    await until(async () => (await again()).kind === 'rewound', 10_000);
    await until(() => ports.of('orders.setPaymentStatus').length === 1, 10_000);
    expect(ports.of('orders.ship')).toEqual([]);
    expect(ports.of('desk.confirmShipment')).toEqual([]);
    expect(ports.of('finance.postInvoice').map(({ args }) => args[0].key)).toEqual(['shp_1:invoice']);
    expect(ports.of('orders.setPaymentStatus')[0]?.args[2]).toMatchObject({ key: 'paid:shp_1' });
  });

  it('is refused where a step could have a second effect, and of what is not there', async () => {
    const { orderId, event } = placed();
    log.append([event]);
    await noted(`release:${orderId}:source:0#1`);
    const workflow = `order:${orderId}`;
    const refusal = (from: string, id = workflow) =>
      orchestrator.rewind(id, from).then((answer) => (answer.kind === 'refused' ? answer.message : answer.kind));
    await until(async () => !(await refusal('accept-order')).includes('under way'), 10_000);
    expect(await refusal('accept-order')).toMatch(/^(plan-sourcing|source)\S* could have a second effect/);
    expect(await refusal('pack')).toMatch(/has run no step pack; it has run read-order, accept-order/);
    expect(await refusal('accept-order', 'order:none')).toBe('There is no workflow order:none.');
    expect(ports.of('desk.register')).toHaveLength(1);
  });
});

it('tells of unfinished workflows that only another release can go on with', async () => {
  expect(await orchestrator.workOfOtherReleases()).toEqual(new Map());
  await query(
    database.knex,
    `insert into dbos.workflow_status (workflow_uuid, status, name, application_version, executor_id, created_at, updated_at)
     select 'old:' || n, state, 'fulfilOrder', '1', 'gone', 0, 0 from unnest(array['PENDING', 'PENDING', 'SUCCESS']) with ordinality as w(state, n)`,
  );
  expect(await orchestrator.workOfOtherReleases()).toEqual(new Map([['1', 2]]));
});

describe('a workflow that an earlier release left in the middle', () => {
  /** Leaves a copy of a shipment's workflow as a worker that is gone had recorded it. */
  async function left(workflowId: string, recorded: readonly string[]): Promise<void> {
    await query(
      database.knex,
      `insert into dbos.workflow_status (workflow_uuid, status, name, class_name, config_name, serialization, application_version, executor_id, created_at, updated_at, recovery_attempts)
       select ?, 'PENDING', name, class_name, config_name, serialization, application_version, 'gone', created_at, updated_at, 0
       from dbos.workflow_status where workflow_uuid = 'shipment:shp_1' returning 1`,
      [workflowId],
    );
    await query(
      database.knex,
      "insert into dbos.workflow_input (workflow_uuid, inputs) select ?, inputs from dbos.workflow_input where workflow_uuid = 'shipment:shp_1' returning 1",
      [workflowId],
    );
    await query(
      database.knex,
      `insert into dbos.operation_outputs (workflow_uuid, function_id, function_name, output, error, serialization)
       select ?, place - 1, function_name, output, error, serialization from dbos.operation_outputs
       join unnest(?::text[]) with ordinality as recorded(name, place) on name = function_name
       where workflow_uuid = 'shipment:shp_1' returning 1`,
      [workflowId, recorded],
    );
    await orchestrator.adopt('gone');
  }
  const called = () => portsCalled().filter((port) => port !== 'orders.note');
  const isDone = (workflowId: string) => async () =>
    (await query(database.knex, "select 1 from dbos.workflow_status where workflow_uuid = ? and status = 'SUCCESS'", [workflowId])).length === 1; // biome-ignore format: one thought

  it('goes on behind the steps of its record, when they are the same', async () => {
    await left('shipment:left', ['mark-shipped', 'confirm-shipment']);
    await until(isDone('shipment:left'), 10_000);
    expect(called()).toEqual(['finance.postInvoice', 'finance.clear', 'orders.setPaymentStatus']);
    expect(await orchestrator.stoppedWork()).toEqual([]);
  });

  it('is told of when the steps are others, does nothing, and goes on from the step that somebody names', async () => {
    await left('shipment:other', ['mark-shipped', 'post-invoice', 'clear-document-0']);
    await until(async () => (await orchestrator.stoppedWork()).length === 1, 10_000);
    expect(await orchestrator.stoppedWork()).toEqual([{ workflowId: 'shipment:other', lastStep: 'clear-document-0' }]);
    expect(called()).toEqual([]);
    expect(await orchestrator.rewind('shipment:other', 'post-invoice')).toEqual({ kind: 'rewound' });
    await until(isDone('shipment:other'), 10_000);
    expect(called()).toEqual(['desk.confirmShipment', 'finance.postInvoice', 'finance.clear', 'orders.setPaymentStatus']); // biome-ignore format: one thought
    expect(await orchestrator.stoppedWork()).toEqual([]);
  });
});

it('sets an event aside that cannot be handled, and goes on with the next', async () => {
  const { orderId } = placed();
  ports.failNext('orders.startFulfillment', ...Array.from({ length: 50 }, () => new CommerceError('NOT_FOUND', 'no')));
  const data = {
    fulfillmentOrderId: 'ful_9', orderId, locationId: 'EAST', previousStatus: 'OPEN', status: 'IN_PROGRESS',
    previousRequestStatus: 'SUBMITTED', requestStatus: 'ACCEPTED', lines: [], handedBack: [],
  }; // biome-ignore format: a table
  log.append([newEvent('fulfillment-order-changed.v1', 'ful_9', data)]);
  await until(() => dead.length === 1, 15_000);
  expect(dead).toMatchObject([{ error: { code: 'NOT_FOUND' } }]);
  const next = placed();
  log.append([next.event]);
  await released(2);
}, 30_000);
