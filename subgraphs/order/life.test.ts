import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { stockCatalogue } from '../../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';
import { createFulfillmentBook } from '../fulfillment/index.ts';
import { at, stockUp } from '../inventory/sample-stock.ts';
import { createOrderBook, createOrderSubgraph, type OrderBook } from './index.ts';

let database: TestDatabase;
let orders: Subgraph;
let book: OrderBook;
let keys = 0;

const backOffice = callerOf({ contract: 'operations', clientId: 'operations', channel: null });
const effect = (key: string) => ({ key, traceId: '0'.repeat(32) });
const key = () => `key-${++keys}`;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  orders = createOrderSubgraph({ knex: database.knex });
  book = createOrderBook(database.knex);
  await stockCatalogue(database.knex, [{ sku: 'LANTERN', title: 'Lantern', prices: { WEB: { GBP: 339 } } }]);
  await stockUp(database.knex, { LANTERN: { EAST: 100_000 } });
});

afterAll(() => database.drop());

// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
async function run(document: string, variables: object, caller = callerOf()): Promise<any> {
  const answer = await ask(orders, document, variables as Record<string, unknown>, caller);
  expect(answer.errors).toBeUndefined();
  return answer.data;
}

async function placed(quantity = 10, sku = 'LANTERN'): Promise<{ id: string; lineId: string }> {
  const data = await run(
    'mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id lines(first: 1) { nodes { id } } } userErrors { code } } }',
    {
      input: {
        idempotencyKey: key(),
        currencyCode: 'GBP',
        lines: [{ sku, quantity }],
        delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', countryCode: 'GB' } },
      },
    },
  );
  return { id: data.orderPlace.order.id, lineId: data.orderPlace.order.lines.nodes[0].id };
}

const accepted = async (quantity = 10) => {
  const order = await placed(quantity);
  await book.accept(order.id, { deskNumber: 'D1', acknowledgedAt: new Date() }, effect('accept'));
  return order;
};

const units = (order: { lineId: string }, quantity: number) => [{ lineId: order.lineId, quantity }];

async function delivered(quantity = 10) {
  const order = await accepted(quantity);
  await book.ship(order.id, units(order, quantity), effect('ship'));
  await book.deliver(order.id, units(order, quantity), effect('deliver'));
  return order;
}

const ORDER = `query ($id: ID!) { order(id: $id) { status revision availableTransitions returnStatus
  lines(first: 1) { nodes { quantities { ordered unsourced backordered allocated inFulfillment shipped delivered cancelled returned } } }
  timeline(first: 100) { nodes { sequence type system } } } }`;

const show = async (id: string) => (await run(ORDER, { id }, backOffice)).order;

const statusEvents = (id: string) =>
  query<{ version: number; previous: string; status: string }>(
    database.knex,
    `select version, data ->> 'previousStatus' as previous, data ->> 'status' as status from integration.outbox
     where subject = ? and type = 'order-status-changed.v1' order by version`,
    [id],
  );

describe('the order book', () => {
  it('walks an order to its end; every status is an event with the next version', async () => {
    const order = await accepted();
    await book.allocate(order.id, units(order, 10), effect('source'));
    await book.startFulfillment(order.id, units(order, 10), effect('accepted'));
    await book.ship(order.id, units(order, 4), effect('ship:1'));
    await book.ship(order.id, units(order, 6), effect('ship:2'));
    await book.deliver(order.id, units(order, 4), effect('deliver:1'));
    await book.deliver(order.id, units(order, 6), effect('deliver:2'));
    const statuses = [
      'VALIDATED',
      'ACCEPTED',
      'ALLOCATED',
      'IN_FULFILLMENT',
      'PARTIALLY_SHIPPED',
      'SHIPPED',
      'PARTIALLY_DELIVERED',
      'DELIVERED',
    ];
    const events = await statusEvents(order.id);
    expect(events.map((event) => event.status)).toEqual(statuses);
    expect(events.map((event) => event.previous)).toEqual(['CAPTURED', ...statuses.slice(0, -1)]);
    expect(events.map((event) => event.version)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]); // 1 is order-placed
    const seen = await show(order.id);
    expect(seen).toMatchObject({ status: 'DELIVERED', revision: 9, availableTransitions: ['REQUEST_RETURN'] });
    expect(seen.timeline.nodes.map((entry: { sequence: string }) => entry.sequence)).toEqual(
      statuses.map((_, index) => String(index + 1)).concat('9'),
    );
  });

  it('does nothing twice under one key', async () => {
    const order = await accepted();
    await book.ship(order.id, units(order, 4), effect('ship:1'));
    const before = await show(order.id);
    expect(await book.ship(order.id, units(order, 4), effect('ship:1'))).toMatchObject({ applied: false });
    expect(await show(order.id)).toEqual(before);
  });

  it('moves no unit that is not there, and changes nothing then', async () => {
    const order = await accepted();
    await expect(book.deliver(order.id, units(order, 1), effect('deliver'))).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
    });
    await expect(book.ship(order.id, units(order, 11), effect('ship'))).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
    });
    expect((await show(order.id)).lines.nodes[0].quantities).toMatchObject({ ordered: 10, unsourced: 10 });
    // The failed attempt did not use its key up.
    expect(await book.ship(order.id, units(order, 10), effect('ship'))).toMatchObject({ applied: true });
  });

  it('hears of a shipment before the acceptance that preceded it', async () => {
    const order = await accepted();
    await book.allocate(order.id, units(order, 10), effect('source'));
    await book.ship(order.id, units(order, 10), effect('ship'));
    await book.startFulfillment(order.id, units(order, 10), effect('accepted'));
    expect((await statusEvents(order.id)).map((event) => event.status)).toEqual([
      'VALIDATED',
      'ACCEPTED',
      'ALLOCATED',
      'IN_FULFILLMENT',
      'SHIPPED',
    ]);
  });
});

const CANCEL = `mutation ($orderId: ID!, $input: OrderCancelInput!) { orderCancel(orderId: $orderId, input: $input) {
  order { status lines(first: 1) { nodes { quantities { ordered cancelled } } } } userErrors { code availableTransitions } } }`;

describe('orderCancel', () => {
  const cancel = async (orderId: string, lines?: object[], idempotencyKey = key()) =>
    (await run(CANCEL, { orderId, input: { idempotencyKey, reason: 'CUSTOMER_REQUEST', ...(lines ? { lines } : {}) } }))
      .orderCancel;
  const committed = async (orderId: string) =>
    (
      await query<{ units: string }>(
        database.knex,
        `select coalesce(sum(l.quantity - l.consumed - l.released), 0) as units from inventory.reservation r
         join inventory.reservation_line l on l.reservation_id = r.id where r.order_id = ?`,
        [orderId],
      )
    )[0]?.units;

  it('cancels everything and gives the stock back', async () => {
    const order = await placed();
    expect(await committed(order.id)).toBe('10');
    expect(await cancel(order.id)).toMatchObject({
      order: { status: 'CANCELLED', lines: { nodes: [{ quantities: { cancelled: 10 } }] } },
      userErrors: [],
    });
    expect(await committed(order.id)).toBe('0');
  });

  it('cancels part of a line', async () => {
    const order = await placed();
    expect(await cancel(order.id, [{ orderLineId: order.lineId, quantity: 3 }])).toMatchObject({
      order: { status: 'VALIDATED' },
      userErrors: [],
    });
    expect(await committed(order.id)).toBe('7');
  });

  it('withdraws units from work that no node was asked to do, but not from work that one was', async () => {
    const order = await accepted();
    const fulfillment = createFulfillmentBook(database.knex);
    await book.allocate(order.id, units(order, 10), effect('source'));
    const [work] = await fulfillment.open({
      key: `${order.id}:source:0`,
      orderId: order.id,
      channelCode: 'WEB',
      customerId: null,
      deliveryMethod: 'SHIPPING',
      serviceLevel: null,
      groups: [{ locationId: at('EAST'), lines: [{ lineId: order.lineId, sku: 'LANTERN', quantity: 10 }] }],
      traceId: '0'.repeat(32),
    });
    expect((await cancel(order.id, [{ orderLineId: order.lineId, quantity: 4 }])).userErrors).toEqual([]);
    expect((await fulfillment.submit(work ?? ''))?.lines).toMatchObject([{ quantity: 6 }]);
    const refused = await cancel(order.id);
    expect(refused.userErrors).toMatchObject([
      { code: 'ILLEGAL_TRANSITION', availableTransitions: ['CANCEL', 'HOLD'] },
    ]);
    expect(await committed(order.id)).toBe('6');
  });

  it('asks nodes for units that they have, when told to, and cancels them when they come back', async () => {
    const order = await accepted();
    await book.allocate(order.id, units(order, 7), effect('source'));
    await book.startFulfillment(order.id, units(order, 5), effect('accepted'));
    const ask = { idempotencyKey: key(), reason: 'CUSTOMER_REQUEST', askNodes: true };
    const asked = async (input: object) => (await run(`mutation ($orderId: ID!, $input: OrderCancelInput!) { orderCancel(orderId: $orderId, input: $input) { requestedQuantity userErrors { code } } }`, { orderId: order.id, input })).orderCancel; // biome-ignore format: one thought
    expect(await asked(ask)).toEqual({ requestedQuantity: 7, userErrors: [] });
    expect(await asked(ask)).toEqual({ requestedQuantity: 7, userErrors: [] });
    const told = await query(
      database.knex,
      "select type, data -> 'lines' as lines from integration.outbox where subject = ? and type like 'order-cancel%' order by version",
      [order.id],
    );
    expect(told).toEqual([
      { type: 'order-cancelled.v1', lines: units(order, 3) },
      { type: 'order-cancellation-requested.v1', lines: units(order, 7) },
    ]);
    expect(await committed(order.id)).toBe('7');

    await book.handBack(order.id, units(order, 7), effect('hand-back'));
    const why = { reason: 'CUSTOMER_REQUEST', locationId: at('EAST') };
    for (const time of [1, 2]) {
      const { applied, order: after } = await book.cancelHandedBack(order.id, units(order, 6), why, effect('cancel'));
      expect([applied, after.status]).toEqual([time === 1, 'ALLOCATED']);
      expect(await committed(order.id)).toBe('1');
    }
    // What found another end meanwhile is left out.
    const rest = await book.cancelHandedBack(order.id, units(order, 4), why, effect('cancel-rest'));
    expect(rest.lines[0]?.quantities).toMatchObject({ cancelled: 10, unsourced: 0 });
    expect(rest.order.status).toBe('CANCELLED');
    expect(await committed(order.id)).toBe('0');
  });

  it('asks nobody for units that shipped, or that are more than there are', async () => {
    const order = await accepted();
    await book.ship(order.id, units(order, 8), effect('ship'));
    await book.allocate(order.id, units(order, 2), effect('source'));
    const input = {
      idempotencyKey: key(),
      reason: 'OTHER',
      askNodes: true,
      lines: [{ orderLineId: order.lineId, quantity: 3 }],
    };
    expect((await run(CANCEL, { orderId: order.id, input })).orderCancel.userErrors).toMatchObject([{ code: 'ILLEGAL_TRANSITION' }]); // biome-ignore format: one thought
    const told = await query(database.knex, "select 1 from integration.outbox where subject = ? and type like 'order-cancel%'", [order.id]); // biome-ignore format: one thought
    expect(told).toEqual([]);
  });

  describe('of a line that two nodes share', () => {
    /** Ten candles: seven in the east, three in the west, as the capture committed them. */
    async function shared() {
      const sku = `CANDLE-${key()}`;
      await stockCatalogue(database.knex, [{ sku, title: 'Candle', prices: { WEB: { GBP: 255 } } }]);
      await stockUp(database.knex, { [sku]: { EAST: 7, WEST: 3 } });
      return { sku, ...(await placed(10, sku)) };
    }
    const committedAt = async (orderId: string) =>
      Object.fromEntries(
        (
          await query<{ node: string; units: number }>(
            database.knex,
            `select l.location_id as node, sum(l.quantity - l.consumed - l.released)::int as units from inventory.reservation r
             join inventory.reservation_line l on l.reservation_id = r.id where r.order_id = ? group by 1`,
            [orderId],
          )
        ).map(({ node, units }) => [node === at('EAST') ? 'EAST' : 'WEST', units]),
      );

    it.each([
      ['EAST', { EAST: 7, WEST: 1 }],
      ['WEST', { EAST: 5, WEST: 3 }],
    ] as const)('frees stock where the work was withdrawn, when %s is working already', async (working, left) => {
      const order = await shared();
      const fulfillment = createFulfillmentBook(database.knex);
      await book.accept(order.id, { deskNumber: 'D1', acknowledgedAt: new Date() }, effect('accept'));
      await book.allocate(order.id, units(order, 10), effect('source'));
      const groups = ([['EAST', 7], ['WEST', 3]] as const).map(([site, quantity]) => ({
        locationId: at(site),
        lines: [{ lineId: order.lineId, sku: order.sku, quantity }],
      })); // biome-ignore format: one thought
      const works = await fulfillment.open({
        key: `${order.id}:source:0`,
        orderId: order.id,
        channelCode: 'WEB',
        customerId: null,
        deliveryMethod: 'SHIPPING',
        serviceLevel: null,
        groups,
        traceId: '0'.repeat(32),
      });
      await fulfillment.submit(works[working === 'EAST' ? 0 : 1] ?? '');
      expect((await cancel(order.id, [{ orderLineId: order.lineId, quantity: 2 }])).userErrors).toEqual([]);
      expect(await committedAt(order.id)).toEqual(left);
    });
  });

  it('leaves shipped units alone and says so when there is nothing else', async () => {
    const order = await accepted();
    await book.ship(order.id, units(order, 4), effect('ship'));
    expect(await cancel(order.id)).toMatchObject({
      order: { status: 'SHIPPED', lines: { nodes: [{ quantities: { cancelled: 6 } }] } },
      userErrors: [],
    });
    expect((await cancel(order.id)).userErrors).toMatchObject([{ code: 'ALREADY_SHIPPED' }]);
  });

  it('answers NOT_FOUND for an order of another channel, and the first answer again for the same key', async () => {
    const order = await placed();
    const other = callerOf({
      channel: { ...(callerOf().channel as NonNullable<ReturnType<typeof callerOf>['channel']>), code: 'POS' },
    });
    const data = await run(CANCEL, { orderId: order.id, input: { idempotencyKey: key(), reason: 'OTHER' } }, other);
    expect(data.orderCancel).toMatchObject({ order: null, userErrors: [{ code: 'NOT_FOUND' }] });
    const first = await cancel(order.id, undefined, 'same');
    expect(await cancel(order.id, undefined, 'same')).toEqual(first);
  });
});

describe('holds', () => {
  const hold = (orderId: string) =>
    run(
      'mutation ($o: ID!, $input: OrderHoldInput!) { orderHold(orderId: $o, input: $input) { order { holds { reason note } availableTransitions } userErrors { code } } }',
      {
        o: orderId,
        input: { idempotencyKey: key(), reason: 'FRAUD', note: 'velocity check' },
      },
    );
  const release = (orderId: string) =>
    run(
      'mutation ($o: ID!, $input: OrderReleaseHoldInput!) { orderReleaseHold(orderId: $o, input: $input) { order { holds { reason } } userErrors { code } } }',
      {
        o: orderId,
        input: { idempotencyKey: key(), reason: 'FRAUD' },
      },
    );

  it('stop an order until they are lifted', async () => {
    const order = await placed();
    expect(await hold(order.id)).toMatchObject({
      orderHold: { order: { holds: [{ reason: 'FRAUD', note: 'velocity check' }] }, userErrors: [] },
    });
    expect((await book.read(order.id))?.holds).toHaveLength(1);
    expect(await release(order.id)).toMatchObject({ orderReleaseHold: { order: { holds: [] }, userErrors: [] } });
    expect(await release(order.id)).toMatchObject({ orderReleaseHold: { userErrors: [{ code: 'NOT_ON_HOLD' }] } });
  });

  it('stop nothing that has left', async () => {
    const order = await delivered();
    expect(await hold(order.id)).toMatchObject({ orderHold: { userErrors: [{ code: 'ILLEGAL_TRANSITION' }] } });
  });
});

describe('returns', () => {
  const request = async (order: { id: string; lineId: string }, quantity: number) =>
    (
      await run(
        'mutation ($o: ID!, $input: ReturnRequestInput!) { returnRequest(orderId: $o, input: $input) { return { id state lines { id quantity reason } } userErrors { code } } }',
        {
          o: order.id,
          input: { idempotencyKey: key(), lines: [{ orderLineId: order.lineId, quantity, reason: 'DEFECTIVE' }] },
        },
      )
    ).returnRequest;
  const authorize = async (returnId: string) =>
    (
      await run(
        'mutation ($r: ID!, $input: ReturnAuthorizeInput!) { returnAuthorize(returnId: $r, input: $input) { return { state } userErrors { code } } }',
        { r: returnId, input: { idempotencyKey: key() } },
        backOffice,
      )
    ).returnAuthorize;
  const receive = async (returnId: string, returnLineId: string, quantity: number) =>
    (
      await run(
        `mutation ($r: ID!, $input: ReturnReceiveInput!) { returnReceive(returnId: $r, input: $input) {
           return { state refundStatus lines { received disposition } order { returnStatus } } userErrors { code } } }`,
        {
          r: returnId,
          input: {
            idempotencyKey: key(),
            locationId: at('EAST'),
            lines: [{ returnLineId, quantity, disposition: 'SELLABLE' }],
          },
        },
        backOffice,
      )
    ).returnReceive;

  it('go from request to receipt in parts, and tell of each arrival once', async () => {
    const order = await delivered();
    const asked = await request(order, 5);
    expect(asked).toMatchObject({ return: { state: 'REQUESTED' }, userErrors: [] });
    const { id, lines } = asked.return;
    expect((await receive(id, lines[0].id, 1)).userErrors).toMatchObject([{ code: 'ILLEGAL_TRANSITION' }]);
    expect(await authorize(id)).toMatchObject({ return: { state: 'AUTHORIZED' } });
    expect((await authorize(id)).userErrors).toMatchObject([{ code: 'ILLEGAL_TRANSITION' }]);
    expect(await receive(id, lines[0].id, 2)).toMatchObject({
      return: {
        state: 'PARTIALLY_RECEIVED',
        refundStatus: 'PENDING',
        lines: [{ received: 2, disposition: 'SELLABLE' }],
        order: { returnStatus: 'PARTIAL' },
      },
    });
    expect((await receive(id, lines[0].id, 4)).userErrors).toMatchObject([{ code: 'QUANTITY_EXCEEDS_AUTHORIZED' }]);
    expect(await receive(id, lines[0].id, 3)).toMatchObject({ return: { state: 'RECEIVED' } });
    const events = await query<{ lines: object[]; complete: boolean }>(
      database.knex,
      `select data -> 'lines' as lines, (data -> 'complete')::boolean as complete from integration.outbox where subject = ? and type = 'return-received.v1' order by version`,
      [order.id],
    );
    expect(events).toMatchObject([
      { complete: false, lines: [{ quantity: 2, returnedBefore: 0 }] },
      { complete: true, lines: [{ quantity: 3, returnedBefore: 2 }] },
    ]);
  });

  it('take no more than was delivered, over all returns', async () => {
    const order = await delivered();
    expect((await request(order, 11)).userErrors).toMatchObject([{ code: 'QUANTITY_EXCEEDS_DELIVERED' }]);
    expect((await request(order, 6)).userErrors).toEqual([]);
    expect((await request(order, 5)).userErrors).toMatchObject([{ code: 'QUANTITY_EXCEEDS_DELIVERED' }]);
    expect((await request(order, 4)).userErrors).toEqual([]);
  });

  it('are over when their window is', async () => {
    const order = await delivered();
    await query(
      database.knex,
      `update orders.customer_order set delivered_at = now() - interval '31 days' where id = ?`,
      [order.id],
    );
    expect((await request(order, 1)).userErrors).toMatchObject([{ code: 'RETURN_PERIOD_ENDED' }]);
  });
});

it('pages through orders without skipping or repeating, forward and back', async () => {
  const all: string[] = [];
  let after: string | null = null;
  do {
    const data: { orders: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } } =
      await run(
        'query ($after: String) { orders(first: 7, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }',
        { after },
        backOffice,
      );
    all.push(...data.orders.nodes.map((order) => order.id));
    after = data.orders.pageInfo.hasNextPage ? data.orders.pageInfo.endCursor : null;
  } while (after);
  const [stored] = await query<{ count: string }>(database.knex, 'select count(*) from orders.customer_order');
  expect(new Set(all).size).toBe(Number(stored?.count));
  expect(all).toHaveLength(Number(stored?.count));
  const last = await run('{ orders(last: 3) { nodes { id } } }', {}, backOffice);
  expect(last.orders.nodes.map((order: { id: string }) => order.id)).toEqual(all.slice(-3));
});
