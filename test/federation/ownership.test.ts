import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { inProcessFanOut } from '../../events/adapters/in-process-fan-out.ts';
import { memoryEventLog } from '../../events/adapters/memory-event-log.ts';
import { createTail, type Tail } from '../../events/tail.ts';
import { SubscriptionHub } from '../../gateway/subscriptions/hub.ts';
import { DEFAULT_LIMITS } from '../../gateway/subscriptions/limits.ts';
import { readRequest } from '../../gateway/subscriptions/request-document.ts';
import type { Caller, Channel } from '../../platform/caller.ts';
import { systemClock } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import { priceFact, productFact, variantFact } from '../contract/product-source.harness.ts';
import { askEntities, callerOf, webChannel } from '../helpers/subgraph.ts';
import { type SeededGraph, startSeededGraph } from './seeded-graph.ts';

/** Somebody else's object must answer exactly like one that does not exist: same data, same text. */
let graph: SeededGraph;
/** Ids of WEB's objects, by type; of customers nobody. */
const ids: Record<string, string> = {};

const strangers: Readonly<Record<string, Caller>> = {
  'another channel': callerOf({ channel: { ...webChannel, code: 'B2B', kind: 'BUSINESS_TO_BUSINESS' } }),
  'another customer': callerOf({ customerId: 'somebody-else' }),
};

beforeAll(async () => {
  graph = await startSeededGraph(
    [
      productFact('P', { title: 'Lantern', brand: 'Acme' }),
      variantFact('P-1', { productKey: 'P' }),
      priceFact('P-1', 339),
    ],
    { 'P-1': { EAST: 20 } },
  );
  const order = await graph.place(['P-1']);
  await graph.ship(order);
  const hold = await whole(
    `mutation { reservationHold(input: { idempotencyKey: "h", lines: [{ sku: "P-1", quantity: 1 }] }) {
      reservation { id } userErrors { message } } }`,
    callerOf(),
  );
  const one = async (sql: string) => (await query<{ id: string }>(graph.knex, sql))[0]?.id ?? '';
  ids.Order = order.id;
  ids.OrderLine = order.lines[0]?.id ?? '';
  ids.Reservation = hold.data?.reservationHold.reservation.id;
  ids.FulfillmentOrder = await one('select id from fulfillment.fulfillment_order');
  ids.Shipment = await one('select id from fulfillment.shipment');
  // What parcels' arrival and the ledger write; their own tests follow that way.
  ids.Return = 'ret_owned';
  await query(
    graph.knex,
    `insert into orders.return (id, number, order_id, state, refund_status, requested_at, expires_at)
     values (?, 'R-1', ?, 'REQUESTED', 'PENDING', now(), now() + interval '1 day')`,
    [ids.Return, order.id],
  );
  ids.Invoice = 'doc_owned';
  await query(
    graph.knex,
    `insert into settlement.document (id, kind, posting_key, number, order_id, order_number, channel_code, currency_code,
       net_minor, tax_minor, total_minor, payment_due, issued_at, trace_id)
     values (?, 'INVOICE', 'owned', 'I-1', ?, 'W-1', 'WEB', 'GBP', 339, 0, 339, false, now(), '')`,
    [ids.Invoice, order.id],
  );
}, 60_000);
afterAll(() => graph.stop());

// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
async function whole(text: string, caller: Caller): Promise<any> {
  const contract = graph.runtime.snapshotFor('operations');
  if (!contract) throw new Error('no contract');
  const { signal } = new AbortController();
  return contract.executeWith(contract.planOperation(parse(text)), { caller, signal });
}

const OWNER: Readonly<Record<string, string>> = {
  Order: 'order',
  OrderLine: 'order',
  Reservation: 'inventory',
  FulfillmentOrder: 'fulfillment',
  Invoice: 'settlement',
  Return: 'order',
  Shipment: 'fulfillment',
};

describe.each(Object.entries(OWNER))('%s', (type, name) => {
  const resolve = async (id: string, caller: Caller) => {
    const subgraph = graph.subgraphs.find((each) => each.name === name);
    if (!subgraph) throw new Error(`no subgraph ${name}`);
    return askEntities(subgraph, [{ __typename: type, id }], '{ id }', caller);
  };

  it('is found by its own channel', async () => {
    expect(ids[type]).toMatch(/./);
    expect((await resolve(ids[type] ?? '', callerOf())).data).toEqual({ _entities: [{ id: ids[type] }] });
  });

  it.each(Object.entries(strangers))('is not there for %s', async (_, stranger) => {
    const theirs = await resolve(ids[type] ?? '', stranger);
    const missing = await resolve(`${ids[type]}x`, stranger);
    expect(theirs).toEqual(missing);
    expect(theirs).toEqual({ data: { _entities: [null] } });
  });
});

describe.each(Object.entries(strangers))('through the graph, for %s', (_, { scopes, ...caller }) => {
  // Without the scope the mutation is denied before anybody looks whose return it is.
  const stranger: Caller = { ...caller, scopes: [...scopes, 'returns:process'] };
  it.each([
    ['order', (id: string) => `{ order(id: "${id}") { id number shipments { id } invoices { id } } }`, 'Order'],
    ['fulfillmentOrder', (id: string) => `{ fulfillmentOrder(id: "${id}") { id } }`, 'FulfillmentOrder'],
    [
      'orderCancel',
      (id: string) =>
        `mutation { orderCancel(orderId: "${id}", input: { idempotencyKey: "${id}", reason: CUSTOMER_REQUEST }) { order { id } userErrors { code message field } } }`,
      'Order',
    ],
    [
      'returnAuthorize',
      (id: string) =>
        `mutation { returnAuthorize(returnId: "${id}", input: { idempotencyKey: "${id}" }) { return { id } userErrors { code message field } } }`,
      'Return',
    ],
    [
      'reservationRelease',
      (id: string) =>
        `mutation { reservationRelease(reservationId: "${id}") { reservation { id } userErrors { code message field } } }`,
      'Reservation',
    ],
  ])('%s answers as for an id that does not exist', async (__, document, type) => {
    const theirs = await whole(document(ids[type] ?? ''), stranger);
    const missing = await whole(document(`${ids[type]}x`), stranger);
    expect(theirs).toEqual(missing);
    expect(JSON.stringify(theirs)).not.toContain(ids[type]);
  });
});

describe('a subscription', () => {
  const business: Channel = { ...webChannel, code: 'B2B', kind: 'BUSINESS_TO_BUSINESS' };
  const buyer = (customerId: string, channel = business) =>
    callerOf({ contract: channel === business ? 'business-to-business' : 'storefront', channel, customerId });
  const documents = {
    orderStatusChanged: (id: string) => `subscription { orderStatusChanged(orderId: "${id}") { snapshot status } }`,
    shipmentStatusChanged: (id: string) =>
      `subscription { shipmentStatusChanged(orderId: "${id}") { snapshot status } }`,
  };
  let tail: Tail;
  let hub: SubscriptionHub;
  beforeAll(async () => {
    const fanOut = inProcessFanOut();
    const log = memoryEventLog({ fanOut });
    tail = await createTail(log, fanOut, { pollMillis: 50 });
    const logger = createLogger({ level: 'silent', component: 'test' });
    hub = new SubscriptionHub({
      runtime: graph.runtime,
      log,
      tail,
      clock: systemClock,
      logger,
      limits: DEFAULT_LIMITS,
    });
  });
  afterAll(async () => {
    hub.stop();
    await tail.close();
  });

  /** What the subscriber gets first: a message, or the refusal. */
  async function watch(text: string, caller: Caller): Promise<unknown> {
    const contract = graph.runtime.snapshotFor(caller.contract);
    if (!contract) throw new Error('no contract');
    try {
      const request = readRequest({ query: text });
      const { queue } = await hub.subscribe({ contract, caller, request, lastEventId: null });
      const first = await queue.next();
      await queue.return();
      return first.value?.result.data;
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return { code, message };
    }
  }

  describe.each([
    ['a shop', webChannel],
    ['a B2B portal', business],
  ])('of %s', (__, channel) => {
    let id: string;
    beforeAll(async () => {
      const order = await graph.place(['P-1']);
      await graph.ship(order);
      id = order.id;
      await query(graph.knex, 'update orders.customer_order set customer_id = ?, channel_code = ? where id = ?', [
        'alice',
        channel.code,
        id,
      ]);
      for (const table of ['fulfillment.fulfillment_order', 'fulfillment.shipment'])
        await query(graph.knex, `update ${table} set customer_id = 'alice', channel_code = ? where order_id = ?`, [
          channel.code,
          id,
        ]);
    });

    it.each(Object.entries(documents))(
      '%s tells the customer, and nobody else that there is such an order',
      async (field, document) => {
        const own = await watch(document(id), buyer('alice', channel));
        expect(own).toEqual({ [field]: { snapshot: true, status: expect.any(String) } });
        const others = [buyer('bob', channel), buyer('alice', channel === business ? webChannel : business)];
        for (const stranger of others) {
          const theirs = await watch(document(id), stranger);
          const missing = await watch(document(`${id}x`), stranger);
          expect(theirs).toEqual({ code: 'NOT_FOUND', message: expect.any(String) });
          expect(theirs).toEqual(missing);
        }
      },
    );
  });
});

it('operators’ failures are the back office’s, whatever contract a channel’s credential names', async () => {
  const answer = await whole(
    '{ integrationException(id: "iex_1") { id message } }',
    callerOf({ contract: 'operations' }),
  );
  expect(answer).toMatchObject({
    data: { integrationException: null },
    errors: [{ extensions: { code: 'FORBIDDEN' } }],
  });
});

it('what an operator does is recorded with its reason; what is denied, or done before, is not', async () => {
  const { id } = await graph.place(['P-1']);
  const hold = `mutation { orderHold(orderId: "${id}", input: { idempotencyKey: "k", reason: FRAUD }) { userErrors { code } } }`;
  const operator = { contract: 'operations', clientId: 'ops', channel: null };
  const denied = await whole(hold, callerOf({ ...operator, scopes: [] }));
  expect(denied).toMatchObject({ data: null, errors: [{ path: ['orderHold'], extensions: { code: 'FORBIDDEN' } }] });
  const rows = () => query(graph.knex, 'select client_id, action, subject, reason from integration.audit');
  expect(await rows()).toEqual([]);
  for (const _ of ['first', 'again']) await whole(hold, callerOf({ ...operator, scopes: ['orders:hold'] }));
  expect(await rows()).toEqual([{ client_id: 'ops', action: 'orderHold', subject: id, reason: 'FRAUD' }]);
});
