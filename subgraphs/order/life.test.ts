import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { up as liftLeftHolds } from '../../migrations/orders/20261129051200_holds_of_ended_orders.ts';
import { query } from '../../platform/db/query.ts';
import { arrival } from '../../test/helpers/arrival.ts';
import {
  accepted,
  backOffice,
  book,
  closeShop,
  database,
  delivered,
  effect,
  key,
  openShop,
  placed,
  run,
  show,
  statusEvents,
  units,
} from '../../test/helpers/order-life.ts';
import { at } from '../inventory/sample-stock.ts';
import { amountAtStake } from './index.ts';

const TIMELINE = `query ($id: ID!, $first: Int, $after: String) { order(id: $id) { timeline(first: $first, after: $after) {
  nodes { sequence type occurredAt recordedAt } pageInfo { hasNextPage endCursor } } } }`;

beforeAll(openShop);
afterAll(closeShop);

describe('the order book', () => {
  it('walks an order to its end; every status is an event with the next version', async () => {
    const order = await accepted();
    await book.allocate(order.id, units(order, 10), effect('source'));
    await book.startFulfillment(order.id, units(order, 10), effect('accepted'));
    await book.ship(order.id, units(order, 4), effect('ship:1'));
    await book.ship(order.id, units(order, 6), effect('ship:2'));
    await book.countShipment(order.id, arrival(units(order, 4)), effect('deliver:1'));
    await book.countShipment(order.id, arrival(units(order, 6)), effect('deliver:2'));
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

  it('has its states on the timeline where what led to them happened, however late that is heard', async () => {
    const order = await accepted();
    const news = (key: string, at: Date) => ({ ...effect(key), timeline: [{ type: key, system: 'wms', message: key, occurredAt: at }] }); // biome-ignore format: one thought
    await book.allocate(order.id, units(order, 10), effect('source'));
    // The node's clock: all of it happened before it was heard. A second piece of work is heard of with its parcel only.
    const left = new Date();
    await book.note(order.id, news('PARCEL_DELIVERED', new Date(left.getTime() + 1)));
    await book.ship(order.id, units(order, 10), news('GOODS_ISSUED', left));
    const { timeline } = (await run(TIMELINE, { id: order.id }, backOffice)).order;
    expect(timeline.nodes.map(({ type }: { type: string }) => type).slice(-5)).toEqual(['ORDER_ALLOCATED', 'ORDER_IN_FULFILLMENT', 'GOODS_ISSUED', 'ORDER_SHIPPED', 'PARCEL_DELIVERED']); // biome-ignore format: one thought
    // A clock that is far behind puts the state where the one before it is.
    const behind = await accepted();
    await book.allocate(behind.id, units(behind, 10), effect('source'));
    await book.startFulfillment(behind.id, units(behind, 10), news('WORK_ACCEPTED', new Date('2020-01-01T10:00:00Z')));
    const states = (await run(TIMELINE, { id: behind.id }, backOffice)).order.timeline.nodes.map(({ type }: { type: string }) => type); // biome-ignore format: one thought
    expect([states[0], ...states.slice(-2)]).toEqual(['WORK_ACCEPTED', 'ORDER_ALLOCATED', 'ORDER_IN_FULFILLMENT']);
  });

  it('has a timeline in the order in which things happened, page by page, with what was told late in its place', async () => {
    const order = await accepted();
    const say = (what: string, occurredAt: string) =>
      book.note(order.id, { ...effect(what), timeline: [{ type: what, system: 'wms', message: what, occurredAt: new Date(occurredAt) }] }); // biome-ignore format: one thought
    await say('SECOND', '2020-01-01T10:00:00.002Z');
    await say('THIRD', '2020-01-01T10:00:00.002Z');
    await say('FIRST', '2020-01-01T10:00:00.001Z');
    const page = async (args: object) =>
      (await run(TIMELINE, { id: order.id, ...args }, backOffice)).order.timeline; // biome-ignore format: one thought
    const whole = await page({});
    const types = whole.nodes.map((entry: { type: string }) => entry.type);
    expect(types).toEqual(['FIRST', 'SECOND', 'THIRD', 'ORDER_CAPTURED', 'ORDER_VALIDATED', 'ORDER_ACCEPTED']);
    const [first] = whole.nodes;
    expect(first).toMatchObject({ sequence: '6', occurredAt: '2020-01-01T10:00:00.001Z' });
    expect(new Date(first.recordedAt).getTime()).toBeGreaterThan(new Date('2026-01-01').getTime());
    const paged: string[] = [];
    for (let after: string | null = null; ; ) {
      const { nodes, pageInfo } = await page({ first: 2, after });
      paged.push(...nodes.map((entry: { type: string }) => entry.type));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(paged).toEqual(types);
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
    await expect(book.countShipment(order.id, arrival(units(order, 1)), effect('deliver'))).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
    });
    await expect(book.ship(order.id, units(order, 11), effect('ship'))).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
    });
    expect((await show(order.id)).lines.nodes[0].quantities).toMatchObject({ ordered: 10, unsourced: 10 });
    // The failed attempt did not use its key up.
    expect(await book.ship(order.id, units(order, 10), effect('ship'))).toMatchObject({ applied: true });
  });

  it('that a part of was lost is not delivered, and what was lost is worth its own price', async () => {
    const order = await accepted();
    await book.ship(order.id, units(order, 10), effect('ship'));
    const ended = arrival(units(order, 6), units(order, 3));
    await book.countShipment(order.id, ended, effect('end'));
    expect(await book.countShipment(order.id, ended, effect('end'))).toMatchObject({ applied: false });
    const { status, lines } = await show(order.id);
    expect([status, lines.nodes[0].quantities.shipped, lines.nodes[0].quantities.delivered]).toEqual(['PARTIALLY_DELIVERED', 10, 6]); // biome-ignore format: one thought
    await book.countShipment(order.id, arrival(units(order, 1)), effect('rest'));
    expect((await show(order.id)).status).toBe('PARTIALLY_DELIVERED');
    expect((await amountAtStake(database.knex, order.id, units(order, 3)))?.amountMinor).toBe(1_017n);
    expect((await amountAtStake(database.knex, order.id))?.amountMinor).toBe(3_390n);
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

  it('are lifted when nothing is left to stop, as those are that stood on such orders before', async () => {
    const order = await accepted();
    await hold(order.id);
    await book.allocate(order.id, units(order, 10), effect('source'));
    await book.ship(order.id, units(order, 4), effect('ship'));
    expect((await book.read(order.id))?.holds).toHaveLength(1);
    await book.handBack(order.id, units(order, 6), effect('back'));
    await book.cancelHandedBack(order.id, units(order, 6), { reason: 'OTHER', locationId: at('EAST') }, effect('end'));
    const lifted = async () => [(await book.read(order.id))?.holds.length, await query(database.knex, "select message from orders.timeline where order_id = ? and type = 'HOLD_RELEASED'", [order.id])]; // biome-ignore format: one thought
    const message = 'Hold released: nothing of the order is left to stop: FRAUD';
    expect(await lifted()).toEqual([0, [{ message }]]);
    const going = await placed();
    const stands =
      'insert into orders.hold (order_id, reason, placed_at) select id, ?, now() from unnest(?::text[]) id';
    await query(database.knex, stands, ['FRAUD', [order.id, going.id]]);
    await liftLeftHolds(database.knex);
    expect(await lifted()).toEqual([0, [{ message }, { message }]]);
    expect((await book.read(going.id))?.holds).toHaveLength(1);
    // Nothing goes on: there is nothing to be done.
    expect(await query(database.knex, "select from integration.outbox where subject = ? and type = 'order-hold-released.v1'", [order.id])).toEqual([]); // biome-ignore format: one thought
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
