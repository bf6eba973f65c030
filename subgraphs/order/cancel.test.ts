import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Channel } from '../../platform/caller.ts';
import { query } from '../../platform/db/query.ts';
import { stockCatalogue } from '../../test/helpers/catalogue.ts';
import {
  accepted,
  book,
  closeShop,
  database,
  effect,
  key,
  openShop,
  placed,
  run,
  show,
  units,
} from '../../test/helpers/order-life.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';
import { createFulfillmentBook } from '../fulfillment/index.ts';
import { at, stockUp } from '../inventory/sample-stock.ts';
import { createCapture, createOrderSubgraph } from './index.ts';
import { cancelUnpaid } from './payments/overdue.ts';
import { loadPaymentTerms, type PaymentTerms, verifyPaymentTerms } from './payments/terms.ts';

beforeAll(openShop);
afterAll(closeShop);

const CANCEL = `mutation ($orderId: ID!, $input: OrderCancelInput!) { orderCancel(orderId: $orderId, input: $input) {
  order { status lines(first: 1) { nodes { quantities { ordered cancelled } } } } userErrors { code availableTransitions } } }`;

/** Units that an order has of the stock. */
const committed = async (orderId: string) =>
  (
    await query<{ units: string }>(
      database.knex,
      `select coalesce(sum(l.quantity - l.consumed - l.released), 0) as units from inventory.reservation r
       join inventory.reservation_line l on l.reservation_id = r.id where r.order_id = ?`,
      [orderId],
    )
  )[0]?.units;

describe('orderCancel', () => {
  const cancel = async (orderId: string, lines?: object[], idempotencyKey = key()) =>
    (await run(CANCEL, { orderId, input: { idempotencyKey, reason: 'CUSTOMER_REQUEST', ...(lines ? { lines } : {}) } }))
      .orderCancel;
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
    // More than the order has: refused, and its node gets all the same what it was to get.
    expect((await cancel(order.id, [{ orderLineId: order.lineId, quantity: 7 }])).userErrors).toMatchObject([{ code: 'ILLEGAL_TRANSITION' }]); // biome-ignore format: one thought
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

  it('asks nobody twice: units that their node was asked for, or refused to give back, are refused at once', async () => {
    const order = await accepted();
    const fulfillment = createFulfillmentBook(database.knex);
    await book.allocate(order.id, units(order, 10), effect('source'));
    const [work = ''] = await fulfillment.open({
      key: `${order.id}:source:0`,
      orderId: order.id,
      channelCode: 'WEB',
      customerId: null,
      deliveryMethod: 'SHIPPING',
      serviceLevel: null,
      groups: [{ locationId: at('EAST'), lines: [{ lineId: order.lineId, sku: 'LANTERN', quantity: 6 }] }],
      traceId: '0'.repeat(32),
    });
    await fulfillment.submit(work);
    const withNode = async () => (await run(`mutation ($orderId: ID!, $input: OrderCancelInput!) { orderCancel(orderId: $orderId, input: $input) { requestedQuantity userErrors { code message } } }`, { orderId: order.id, input: { idempotencyKey: key(), reason: 'OTHER', askNodes: true } })).orderCancel; // biome-ignore format: one thought
    expect(await fulfillment.withdrawUnits(order.id, { key: 'first', reason: 'OTHER', lines: units(order, 6) })).toBe(
      6,
    );
    // The four that no work is for yet are asked for; they may be by now.
    expect(await withNode()).toEqual({ requestedQuantity: 4, userErrors: [] });
    await book.handBack(order.id, units(order, 4), effect('hand-back'));
    await book.cancelHandedBack(order.id, units(order, 4), { reason: 'OTHER', locationId: at('EAST') }, effect('gone'));
    const refused = (message: string) => ({
      requestedQuantity: 0,
      userErrors: [{ code: 'ILLEGAL_TRANSITION', message }],
    });
    expect(await withNode()).toEqual(refused('Their node is asked already to give its work back, and has not answered yet. Try again when it has.')); // biome-ignore format: one thought
    await fulfillment.refuseWithdrawal(work);
    expect(await withNode()).toEqual(refused('Their node refused to give these units back, and is not asked again. Request a return when they have arrived.')); // biome-ignore format: one thought
  });

  it('tells of a line once, of which some units wait and some were not sourced yet', async () => {
    const order = await accepted();
    await book.backorder(order.id, units(order, 6), effect('wait'));
    expect((await cancel(order.id)).userErrors).toEqual([]);
    const told = await query(database.knex, "select data -> 'lines' as lines from integration.outbox where subject = ? and type = 'order-cancelled.v1'", [order.id]); // biome-ignore format: one thought
    expect(told).toEqual([{ lines: units(order, 10) }]);
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

describe('units that no node has', () => {
  const cancelled = async (id: string) => {
    const [line] = await query<{ status: string; waiting: number; cancelled: number; atNode: number }>(
      database.knex,
      `select o.status, l.backordered as waiting, l.cancelled, l.in_fulfillment as "atNode" from orders.customer_order o
       join orders.order_line l on l.order_id = o.id where o.id = ?`,
      [id],
    );
    return line;
  };
  /** Four units at a node, which is working on them, and six that no node had. */
  const halfSourced = async () => {
    const order = await accepted();
    await book.allocate(order.id, units(order, 4), effect('source'));
    await book.startFulfillment(order.id, units(order, 4), effect('accepted'));
    await book.backorder(order.id, units(order, 6), effect('wait'));
    return order;
  };

  it('are cancelled alone, once, however often it is said', async () => {
    const order = await halfSourced();
    await book.cancelUnavailable(order.id, units(order, 6), false, effect('fill'));
    await book.cancelUnavailable(order.id, units(order, 6), false, effect('fill'));
    expect(await cancelled(order.id)).toEqual({ status: 'IN_FULFILLMENT', waiting: 0, cancelled: 6, atNode: 4 });
  });

  it('take the order with them: what nodes have is asked back', async () => {
    const order = await halfSourced();
    await book.cancelUnavailable(order.id, units(order, 6), true, effect('fill'));
    expect(await cancelled(order.id)).toMatchObject({ waiting: 0, cancelled: 6, atNode: 4 });
    const asked = await query<{ data: object }>(database.knex, `select data from integration.outbox where type = 'order-cancellation-requested.v1' and subject = ?`, [order.id]); // biome-ignore format: one thought
    expect(asked).toEqual([{ data: { orderId: order.id, reason: 'OUT_OF_STOCK', lines: units(order, 4) } }]);
  });
});

describe('an order that is not paid', () => {
  const terms: PaymentTerms = {
    ofChannel: new Map([['B2B', { withinHours: null, holdUntilPaid: false }], ['POS', { withinHours: 0.5, holdUntilPaid: true }]]), // biome-ignore format: a table
    otherwise: { withinHours: 48, holdUntilPaid: false },
  };
  const PAY = `mutation ($orderId: ID!, $input: OrderRecordPaymentInput!) { orderRecordPayment(orderId: $orderId, input: $input) {
    order { status paymentStatus holds { reason } } userErrors { code field } } }`;
  const pay = async (orderId: string, amount = '33.90', caller = callerOf()) =>
    (await run(PAY, { orderId, input: { idempotencyKey: key(), payment: { reference: 'pay_1', provider: 'stripe', authorized: { amount, currencyCode: 'GBP' } } } }, caller)).orderRecordPayment; // biome-ignore format: one thought
  const at = (hours: number) => new Date(Date.now() + hours * 3_600_000);
  const look = (hours: number) => cancelUnpaid({ knex: database.knex, terms }, at(hours));
  /** Nothing that other cases left is looked for. */
  const age = () => query(database.knex, "update orders.customer_order set payment_status = 'AUTHORIZED' where payment_status = 'PENDING'"); // biome-ignore format: one thought
  const change = (id: string, values: string) => query(database.knex, `update orders.customer_order set ${values} where id = ?`, [id]); // biome-ignore format: one thought
  beforeEach(age);

  it('is cancelled when its time is over, once: its stock is free, and its channel and timeline tell why', async () => {
    const order = await placed();
    expect(await look(47.9)).toBe(0);
    const looks = await Promise.all([look(48.1), look(48.1), look(48.1)]);
    expect(looks.reduce((sum, each) => sum + each)).toBe(1);
    expect(await look(49)).toBe(0);
    expect(await show(order.id)).toMatchObject({
      status: 'CANCELLED',
      lines: { nodes: [{ quantities: { cancelled: 10 } }] },
    });
    expect(await committed(order.id)).toBe('0');
    const told = await query(database.knex, "select data from integration.outbox where subject = ? and type = 'order-cancelled.v1'", [order.id]); // biome-ignore format: one thought
    expect(told).toEqual([{ data: { orderId: order.id, reason: 'PAYMENT_OVERDUE', lines: units(order, 10) } }]);
    const types = (await show(order.id)).timeline.nodes.map((entry: { type: string }) => entry.type);
    expect(types).toEqual([
      'ORDER_CAPTURED',
      'ORDER_VALIDATED',
      'PAYMENT_OVERDUE',
      'UNITS_CANCELLED',
      'ORDER_CANCELLED',
    ]);
  });

  it('is cancelled with a crowd of others by several workers, each once; those that nodes have are asked back beside it', async () => {
    const crowd = await Promise.all(Array.from({ length: 12 }, () => placed()));
    const paid = await placed();
    await pay(paid.id);
    const [part, busy] = [await placed(), await accepted()];
    await run('mutation ($id: ID!, $input: OrderCancelInput!) { orderCancel(orderId: $id, input: $input) { userErrors { code } } }', { id: part.id, input: { idempotencyKey: key(), reason: 'CUSTOMER_REQUEST', lines: [{ orderLineId: part.lineId, quantity: 3 }] } }); // biome-ignore format: one thought
    await book.allocate(busy.id, units(busy, 10), effect('source'));
    await book.startFulfillment(busy.id, units(busy, 10), effect('accepted'));
    await query(database.knex, `insert into orders.hold (order_id, reason, placed_at) values (?, 'FRAUD', now())`, [crowd[0]?.id ?? '']); // biome-ignore format: one thought
    const looks = await Promise.all([look(49), look(49), look(49)]);
    expect(looks.reduce((sum, each) => sum + each)).toBe(14);
    const ids = [...crowd, part].map(({ id }) => id);
    const rows = await query(
      database.knex,
      `select count(*) filter (where o.status = 'CANCELLED')::int as cancelled, sum(stock.committed)::int as committed,
         (select count(*)::int from integration.outbox where type = 'order-cancelled.v1' and data ->> 'reason' = 'PAYMENT_OVERDUE' and subject = any (:ids)) as told,
         (select count(*)::int from orders.timeline where order_id = any (:ids) and type = 'PAYMENT_OVERDUE') as noted,
         (select count(*)::int from orders.hold where order_id = any (:ids)) as holds,
         bool_and(o.revision = (select max(version) from integration.outbox where subject = o.id)) as versions,
         bool_and((select max(sequence) = count(*) from orders.timeline where order_id = o.id)) as sequences
       from orders.customer_order o cross join lateral (
         select coalesce(sum(line.quantity - line.released), 0) as committed from inventory.reservation r join inventory.reservation_line line on line.reservation_id = r.id where r.order_id = o.id
       ) stock where o.id = any (:ids)`,
      { ids } as never,
    );
    expect(rows).toEqual([
      { cancelled: 13, committed: 0, told: 13, noted: 13, holds: 0, versions: true, sequences: true },
    ]);
    expect([(await show(paid.id)).status, (await show(busy.id)).status]).toEqual(['VALIDATED', 'IN_FULFILLMENT']);
    expect(await query(database.knex, 'select * from inventory.ledger_difference')).toEqual([]);
    // As it would be told of one.
    const messages = (await query<{ message: string }>(database.knex, 'select message from orders.timeline where order_id = ? order by sequence offset 2', [part.id])).map((row) => row.message); // biome-ignore format: one thought
    expect(messages.slice(-3)).toEqual(['Not paid within 48 h of being placed: cancelled, as far as its nodes give it back', '7 units cancelled by commerce: PAYMENT_OVERDUE', 'Order cancelled']); // biome-ignore format: one thought
  });

  it('is asked back from nodes that have it, once, and left alone when something of it has left', async () => {
    const asked = await accepted();
    await book.allocate(asked.id, units(asked, 10), effect('source'));
    await book.startFulfillment(asked.id, units(asked, 10), effect('accepted'));
    const gone = await accepted();
    await book.ship(gone.id, units(gone, 4), effect('ship'));
    expect([await look(49), await look(49)]).toEqual([1, 0]);
    const events = "select subject, data ->> 'reason' as reason from integration.outbox where type = 'order-cancellation-requested.v1' and subject = any(?)"; // biome-ignore format: one thought
    expect(await query(database.knex, events, [[asked.id, gone.id]])).toEqual([{ subject: asked.id, reason: 'PAYMENT_OVERDUE' }]); // biome-ignore format: one thought
    expect((await pay(gone.id)).userErrors).toMatchObject([{ code: 'ALREADY_SHIPPED' }]);
  });

  it('is not cancelled where its channel pays later, or pays us itself, and has its own time where a rule says so', async () => {
    const [invoiced, sold, quick] = [await placed(), await placed(), await placed()];
    await change(invoiced.id, "channel_code = 'B2B'");
    await change(sold.id, "channel_kind = 'MARKETPLACE'");
    await change(quick.id, "channel_code = 'POS'");
    expect(await look(0.6)).toBe(1);
    expect((await show(quick.id)).status).toBe('CANCELLED');
    expect(await look(10_000)).toBe(0);
  });

  it('is kept when its payment comes in time; what comes too late, twice or short is refused and changes nothing', async () => {
    const order = await placed();
    expect((await pay(order.id, '33.89')).userErrors).toEqual([{ code: 'PAYMENT_INSUFFICIENT', field: ['input', 'payment', 'authorized'] }]); // biome-ignore format: one thought
    expect(await pay(order.id)).toEqual({ order: { status: 'VALIDATED', paymentStatus: 'AUTHORIZED', holds: [] }, userErrors: [] }); // biome-ignore format: one thought
    expect((await pay(order.id)).userErrors).toMatchObject([{ code: 'ALREADY_PAID' }]);
    expect(await look(49)).toBe(0);

    const late = await placed();
    await look(49);
    const before = await show(late.id);
    expect(await pay(late.id)).toMatchObject({ order: { status: 'CANCELLED', paymentStatus: 'PENDING' }, userErrors: [{ code: 'ORDER_CANCELLED' }] }); // biome-ignore format: one thought
    expect(await show(late.id)).toEqual(before);
    expect((await pay(late.id, '33.90', callerOf({ customerId: 'somebody' }))).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]); // biome-ignore format: one thought
  });

  it('is either paid or cancelled when both happen at once', async () => {
    const order = await placed();
    const [cancelled, { userErrors }] = await Promise.all([look(49), pay(order.id)]);
    const { status } = await show(order.id);
    expect([status, userErrors.length]).toEqual(cancelled === 1 ? ['CANCELLED', 1] : ['VALIDATED', 0]);
  });

  it('waits for its payment where its channel wants that, also under a repeated key, and then goes on', async () => {
    const tills = { ...callerOf().channel, code: 'POS', kind: 'STOREFRONT' } as Channel;
    const caller = callerOf({ channel: tills });
    const capture = createCapture({ knex: database.knex, payments: terms });
    const [till, input] = [createOrderSubgraph({ knex: database.knex, capture }), { idempotencyKey: key(), currencyCode: 'GBP', lines: [{ sku: 'LANTERN', quantity: 10 }], delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', countryCode: 'GB' } } }]; // biome-ignore format: one thought
    const place = (more = {}) => ask(till, 'mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id holds { reason note } } userErrors { code } } }', { input: { ...input, ...more } }, caller); // biome-ignore format: one thought
    const first = (await place()).data?.orderPlace as { order: { id: string } };
    expect(first).toMatchObject({ order: { holds: [{ reason: 'PAYMENT', note: 'Goes on by itself when the order is paid.' }] }, userErrors: [] }); // biome-ignore format: one thought
    const paid = {
      payment: { reference: 'p', provider: 'stripe', authorized: { amount: '33.90', currencyCode: 'GBP' } },
    };
    expect((await place({ ...paid, idempotencyKey: key() })).data?.orderPlace).toMatchObject({ order: { holds: [] } });
    expect((await pay(first.order.id, '33.90', caller)).order).toEqual({ status: 'VALIDATED', paymentStatus: 'AUTHORIZED', holds: [] }); // biome-ignore format: one thought
    expect(await query(database.knex, "select type from integration.outbox where subject = ? and type = 'order-hold-released.v1'", [first.order.id])).toHaveLength(1); // biome-ignore format: one thought
    expect((await place()).data?.orderPlace).toEqual(first);
    await capture.close();
  });
});

describe('config/payments.yaml', () => {
  it('is as it comes', () => {
    expect(loadPaymentTerms()).toEqual({
      ofChannel: new Map([['B2B', { withinHours: null, holdUntilPaid: false }]]),
      otherwise: { withinHours: 336, holdUntilPaid: false },
    });
  });

  it('is refused where a rule never applies: for a marketplace, which pays us itself', async () => {
    const rule = { withinHours: 1, holdUntilPaid: true };
    const terms = (...codes: string[]) => ({ ofChannel: new Map(codes.map((code) => [code, rule])), otherwise: rule });
    await query(database.knex, `insert into integration.channel (code, kind, name, price_list, currency_code) values ('MARKET', 'MARKETPLACE', 'Market', 'WEB', 'GBP')`); // biome-ignore format: one row
    await expect(verifyPaymentTerms(database.knex, terms('MARKET', 'WEB'))).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message:
        'config/payments.yaml: channels.MARKET: MARKET is a marketplace and pays us itself, so this never applies. Take it out.',
    });
    await verifyPaymentTerms(database.knex, terms('WEB', 'PLANNED'));
  });

  it.each([
    ['default: { within: 0 }', /default/],
    ['channels: {}', /default/],
    ['{ default: exempt, channels: { web: exempt } }', /channels.web/],
  ])('is refused with its place: %s', (text, message) => {
    const folder = mkdtempSync(join(tmpdir(), 'payments-'));
    try {
      writeFileSync(join(folder, 'payments.yaml'), text);
      expect(() => loadPaymentTerms(join(folder, 'payments.yaml'))).toThrow(message);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
