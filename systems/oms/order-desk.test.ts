import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newDeskOrder, startDesk, type TestDesk } from '../../test/helpers/order-desk.ts';

let test: TestDesk;
beforeEach(async () => {
  test = await startDesk();
});
afterEach(() => test.stop());

const quantities = (order: { positions: readonly { dispatched: number; cancelled: number; returned: number }[] }) =>
  order.positions.map(({ dispatched, cancelled, returned }) => [dispatched, cancelled, returned]);
const refusal = (status: number, systemCode: string, facts: object = {}) => ({
  code: 'SYSTEM_REJECTED',
  details: { status, systemCode, ...facts },
});
const line1 = (qty: number) => [{ posRef: 'line-1', qty }];
const all = [
  { posRef: 'line-1', qty: 5 },
  { posRef: 'line-2', qty: 2 },
];
const parcels = [{ carrier: 'ROYAL_MAIL', trackingNo: 'RM1' }];

describe('an order registered by the client', () => {
  it('is taken with its positions and acknowledged', async () => {
    const order = await test.oms.registerOrder(newDeskOrder());
    expect(order).toMatchObject({
      deskNo: 'D-500001',
      origin: 'CLIENT',
      clientRef: 'ord_1',
      channelRef: 'WEB',
      channelOrderNo: null,
      currency: 'GBP',
      deliverTo: { country: 'GB', postcode: 'LS1 1AA' },
      state: 'ACKNOWLEDGED',
      changeNo: 1,
    });
    expect(order.acknowledgedAt).not.toBeNull();
    expect(order.positions).toEqual([
      { posRef: 'line-1', itemCode: '71053', qty: 5, unitPrice: '3.39', dispatched: 0, cancelled: 0, returned: 0 },
      { posRef: 'line-2', itemCode: '85123A', qty: 2, unitPrice: '2.55', dispatched: 0, cancelled: 0, returned: 0 },
    ]);
  });

  it('is made once per reference, also when it is asked for many times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => test.oms.registerOrder(newDeskOrder())));
    expect(new Set(answers.map((answer) => answer.deskNo)).size).toBe(1);
    expect(await test.oms.registerOrder(newDeskOrder())).toEqual(answers[0]);
    expect(await test.system.counters.effects()).toMatchObject({ deskOrders: 1 });
    const { deskOrders, head } = await test.oms.orderChanges({ after: 0 });
    expect(deskOrders.map((order) => order.changeNo)).toEqual([head]);
  });

  it('is not made of a reference that was used for something else', async () => {
    await test.oms.registerOrder(newDeskOrder());
    await expect(test.oms.registerOrder(newDeskOrder({ currency: 'EUR' }))).rejects.toMatchObject(
      refusal(409, 'REFERENCE_REUSED'),
    );
    expect(await test.system.counters.effects()).toMatchObject({ deskOrders: 1 });
  });

  it('is the only one with its channel and number', async () => {
    await test.oms.registerOrder(newDeskOrder({ channelOrderNo: '123' }));
    await expect(
      test.oms.registerOrder(newDeskOrder({ clientRef: 'ord_2', channelOrderNo: '123' })),
    ).rejects.toMatchObject(refusal(409, 'CHANNEL_ORDER_KNOWN'));
    await test.oms.registerOrder(newDeskOrder({ clientRef: 'ord_3', channelOrderNo: '123', channelRef: 'POS' }));
    expect(await test.system.counters.effects()).toMatchObject({ deskOrders: 2 });
  });

  it('is found by its reference and its number', async () => {
    const order = await test.oms.registerOrder(newDeskOrder({ clientRef: 'ord/1 ä' }));
    expect(await test.oms.findByClientRef('ord/1 ä')).toEqual(order);
    expect(await test.oms.findByDeskNo(order.deskNo)).toEqual(order);
    expect(await test.oms.findByClientRef('ord_2')).toBeNull();
    expect(await test.oms.findByDeskNo('D-1')).toBeNull();
  });

  it('may be collected, in yen, name one item twice and have 593 positions', async () => {
    const positions = Array.from({ length: 593 }, (_, index) => ({
      posRef: `line-${index}`,
      itemCode: '71053',
      qty: 1,
      unitPrice: '644',
    }));
    const order = await test.oms.registerOrder(newDeskOrder({ currency: 'JPY', deliverTo: null, positions }));
    expect(order.positions.map((one) => one.posRef)).toEqual(positions.map((one) => one.posRef));
    expect(order).toMatchObject({ deliverTo: null });
  });

  it.each([
    ['prices in the digits of another currency', { currency: 'KWD' }],
    ['two positions of one name', { positions: [...newDeskOrder().positions, ...newDeskOrder().positions] }],
    ['no position', { positions: [] }],
  ])('is refused for %s', async (_what, change) => {
    await expect(test.oms.registerOrder(newDeskOrder(change))).rejects.toMatchObject(refusal(422, 'INVALID'));
    expect(await test.system.counters.effects()).toMatchObject({ deskOrders: 0 });
  });
});

describe('notices', () => {
  let deskNo: string;
  beforeEach(async () => {
    ({ deskNo } = await test.oms.registerOrder(newDeskOrder()));
  });

  it('of dispatches bring an order to its end', async () => {
    const dispatch = (noticeRef: string, positions: typeof all) =>
      test.oms.noteDispatch(deskNo, { noticeRef, positions, parcels });
    expect(await dispatch('s1', line1(3))).toMatchObject({ state: 'PART_DISPATCHED', changeNo: 2 });
    const rest = [
      { posRef: 'line-1', qty: 2 },
      { posRef: 'line-2', qty: 2 },
    ];
    const dispatched = await dispatch('s2', rest);
    expect(dispatched.state).toBe('DISPATCHED');
    expect(quantities(dispatched)).toEqual([
      [5, 0, 0],
      [2, 0, 0],
    ]);
    const completed = await test.oms.complete(deskNo);
    expect(completed.state).toBe('COMPLETED');
    expect(await test.oms.complete(deskNo)).toEqual(completed);
  });

  it('count once, however often they come', async () => {
    const notice = { noticeRef: 's1', positions: line1(3), parcels };
    const answers = await Promise.all(Array.from({ length: 6 }, () => test.oms.noteDispatch(deskNo, notice)));
    expect(answers.map(quantities)).toEqual(
      Array.from({ length: 6 }, () => [
        [3, 0, 0],
        [0, 0, 0],
      ]),
    );
    expect(await test.system.counters.effects()).toMatchObject({ dispatches: 1 });
    await expect(test.oms.noteDispatch(deskNo, { ...notice, positions: line1(2) })).rejects.toMatchObject(
      refusal(409, 'REFERENCE_REUSED'),
    );
    const other = await test.oms.registerOrder(newDeskOrder({ clientRef: 'ord_2' }));
    await expect(test.oms.noteDispatch(other.deskNo, notice)).rejects.toMatchObject(refusal(409, 'REFERENCE_REUSED'));
  });

  it('never move more than is open, whole or not at all', async () => {
    const positions = [{ posRef: 'line-2', qty: 2 }, ...line1(6)];
    await expect(test.oms.noteDispatch(deskNo, { noticeRef: 's1', positions, parcels })).rejects.toMatchObject(
      refusal(422, 'MORE_THAN_OPEN', { open: 5 }),
    );
    await expect(
      test.oms.noteCancellation(deskNo, { noticeRef: 'c1', positions: line1(6), reason: null }),
    ).rejects.toMatchObject(refusal(422, 'MORE_THAN_OPEN', { open: 5 }));
    await expect(
      test.oms.noteDispatch(deskNo, { noticeRef: 's1', positions: [{ posRef: 'line-9', qty: 1 }], parcels }),
    ).rejects.toMatchObject(refusal(422, 'UNKNOWN_POSITION'));
    const untouched = await test.oms.findByDeskNo(deskNo);
    expect(untouched).toMatchObject({ state: 'ACKNOWLEDGED', changeNo: 1 });
    expect(await test.system.counters.effects()).toMatchObject({ dispatches: 0, cancellations: 0 });
    // The reference of a refused notice stays free.
    expect((await test.oms.noteDispatch(deskNo, { noticeRef: 's1', positions: all, parcels })).state).toBe(
      'DISPATCHED',
    );
  });

  it('sent at the same time never move more than is open together', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => [
        test.oms.noteDispatch(deskNo, { noticeRef: `s${index}`, positions: line1(1), parcels }),
        test.oms.noteCancellation(deskNo, { noticeRef: `c${index}`, positions: line1(1), reason: 'CUSTOMER' }),
      ]).flat(),
    );
    expect(results.filter((one) => one.status === 'fulfilled')).toHaveLength(5);
    expect(test.oms.statistics().failures).toBe(0); // the others are refused, not broken
    const [position] = (await test.oms.findByDeskNo(deskNo))?.positions ?? [];
    expect((position?.dispatched ?? 0) + (position?.cancelled ?? 0)).toBe(5);
  });

  it('of cancellations take named quantities, or all that is open', async () => {
    const part = await test.oms.noteCancellation(deskNo, { noticeRef: 'c1', positions: line1(1), reason: 'CUSTOMER' });
    expect(part.state).toBe('ACKNOWLEDGED');
    const rest = await test.oms.noteCancellation(deskNo, { noticeRef: 'c2', positions: null, reason: null });
    expect(rest.state).toBe('CANCELLED');
    expect(quantities(rest)).toEqual([
      [0, 5, 0],
      [0, 2, 0],
    ]);
    await expect(
      test.oms.noteCancellation(deskNo, { noticeRef: 'c3', positions: null, reason: null }),
    ).rejects.toMatchObject(refusal(409, 'NOTHING_OPEN'));
    expect(await test.oms.noteCancellation(deskNo, { noticeRef: 'c2', positions: null, reason: null })).toEqual(rest);
  });

  it('of a cancellation leave what was dispatched: the order is then dispatched', async () => {
    await test.oms.noteDispatch(deskNo, { noticeRef: 's1', positions: line1(3), parcels });
    const order = await test.oms.noteCancellation(deskNo, { noticeRef: 'c1', positions: null, reason: null });
    expect(order.state).toBe('DISPATCHED');
    expect(quantities(order)).toEqual([
      [3, 2, 0],
      [0, 2, 0],
    ]);
  });

  it('of returns take no more than was dispatched and leave the state', async () => {
    await test.oms.noteDispatch(deskNo, { noticeRef: 's1', positions: all, parcels });
    await test.oms.complete(deskNo);
    const order = await test.oms.noteReturn(deskNo, { noticeRef: 'r1', positions: line1(4) });
    expect(order.state).toBe('COMPLETED');
    expect(quantities(order)).toEqual([
      [5, 0, 4],
      [2, 0, 0],
    ]);
    await expect(test.oms.noteReturn(deskNo, { noticeRef: 'r2', positions: line1(2) })).rejects.toMatchObject(
      refusal(422, 'MORE_THAN_OPEN', { open: 1 }),
    );
  });

  it('about an unknown order are refused, and an order that is not dispatched is not closed', async () => {
    await expect(test.oms.noteReturn('D-1', { noticeRef: 'r1', positions: line1(1) })).rejects.toMatchObject(
      refusal(404, 'UNKNOWN_DESK_ORDER'),
    );
    await expect(test.oms.complete(deskNo)).rejects.toMatchObject(refusal(409, 'NOT_DISPATCHED'));
  });
});

describe('a marketplace', () => {
  const { clientRef: _ref, channelRef: _channel, channelOrderNo: _no, ...body } = newDeskOrder();
  const left = {
    ...body,
    marketplace: 'AMAZON',
    marketplaceOrderNo: '026-1',
    positions: body.positions.map((one, index) => ({ ...one, posRef: `amazon-${index}` })),
  };
  const imported = newDeskOrder({ channelRef: 'AMAZON', channelOrderNo: '026-1' });

  it('leaves an order once; it waits to be imported', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => test.oms.leaveMarketplaceOrder(left)));
    expect(new Set(answers.map((answer) => answer.deskNo)).size).toBe(1);
    await test.oms.registerOrder(newDeskOrder());
    const { deskOrders } = await test.oms.orderChanges({ after: 0, origin: 'MARKETPLACE' });
    expect(deskOrders).toMatchObject([
      { origin: 'MARKETPLACE', clientRef: null, channelRef: 'AMAZON', channelOrderNo: '026-1', state: 'RECEIVED' },
    ]);
    await expect(test.oms.leaveMarketplaceOrder({ ...left, deliverTo: null })).rejects.toMatchObject(
      refusal(409, 'REFERENCE_REUSED'),
    );
  });

  it('sees its order taken over by the client, under the same number, with the client`s names of the lines', async () => {
    const waiting = await test.oms.leaveMarketplaceOrder(left);
    const [taken] = await Promise.all([test.oms.registerOrder(imported), test.oms.registerOrder(imported)]);
    expect(taken).toMatchObject({
      deskNo: waiting.deskNo,
      origin: 'MARKETPLACE',
      clientRef: 'ord_1',
      state: 'ACKNOWLEDGED',
    });
    expect(taken.positions.map((one) => one.posRef)).toEqual(['line-1', 'line-2']);
    expect(await test.oms.registerOrder(imported)).toEqual(taken);
    expect((await test.oms.leaveMarketplaceOrder(left)).deskNo).toBe(waiting.deskNo);
    expect(await test.system.counters.effects()).toMatchObject({ deskOrders: 1 });
  });

  it('keeps its order when the client means other goods', async () => {
    const waiting = await test.oms.leaveMarketplaceOrder(left);
    await expect(test.oms.registerOrder({ ...imported, positions: imported.positions.slice(1) })).rejects.toMatchObject(
      refusal(409, 'POSITIONS_DIFFER'),
    );
    expect(await test.oms.findByDeskNo(waiting.deskNo)).toEqual(waiting);
  });
});

describe('the feed', () => {
  it('tells the newest state of every changed order, in order, without gaps', async () => {
    const refs = Array.from({ length: 20 }, (_, index) => `ord_${index}`);
    await Promise.all(refs.map((clientRef) => test.oms.registerOrder(newDeskOrder({ clientRef }))));
    const first = await test.oms.orderChanges({ after: 0, limit: 15 });
    const second = await test.oms.orderChanges({ after: 15 });
    expect([...first.deskOrders, ...second.deskOrders].map((one) => one.changeNo)).toEqual(
      refs.map((_, index) => index + 1),
    );
    expect([...first.deskOrders, ...second.deskOrders].map((one) => one.clientRef).sort()).toEqual([...refs].sort());
    expect(second.head).toBe(20);
    const deskNo = first.deskOrders[0]?.deskNo ?? '';
    await test.oms.noteCancellation(deskNo, { noticeRef: 'c1', positions: null, reason: null });
    expect((await test.oms.orderChanges({ after: 20 })).deskOrders).toMatchObject([
      { deskNo, state: 'CANCELLED', changeNo: 21 },
    ]);
  });

  it('wakes a waiting reader', async () => {
    const started = Date.now();
    const waiting = test.oms.orderChanges({ after: 0, waitSeconds: 20 });
    await test.oms.registerOrder(newDeskOrder());
    expect((await waiting).deskOrders).toHaveLength(1);
    expect(Date.now() - started).toBeLessThan(5_000);
  });
});

describe('at demo speed', () => {
  it('an order is received first, then acknowledged, and a dispatch acknowledges by itself', async () => {
    const slow = await startDesk({ paceMillis: 200 });
    try {
      const received = await slow.oms.registerOrder(newDeskOrder());
      expect(received).toMatchObject({ state: 'RECEIVED', acknowledgedAt: null });
      const early = await slow.oms.registerOrder(newDeskOrder({ clientRef: 'ord_2' }));
      const dispatched = await slow.oms.noteDispatch(early.deskNo, { noticeRef: 's1', positions: line1(1), parcels });
      expect(dispatched.acknowledgedAt).not.toBeNull();
      expect(dispatched.state).toBe('PART_DISPATCHED');
      const { deskOrders } = await slow.oms.orderChanges({ after: dispatched.changeNo, waitSeconds: 5 });
      expect(deskOrders).toMatchObject([{ deskNo: received.deskNo, state: 'ACKNOWLEDGED' }]);
    } finally {
      await slow.stop();
    }
  });

  it('an order left unacknowledged by a stopped desk is acknowledged by the next one', async () => {
    const before = await startDesk({ paceMillis: 300 });
    try {
      await before.oms.registerOrder(newDeskOrder());
      await before.system.stop();
      await pause(350);
      const after = await startDesk({ paceMillis: 300 }, before.database);
      const { deskOrders } = await after.oms.orderChanges({ after: 1, waitSeconds: 5 });
      expect(deskOrders).toMatchObject([{ state: 'ACKNOWLEDGED', changeNo: 2 }]);
      await after.stop();
    } finally {
      await before.oms.close();
      await before.database.drop();
    }
  });
});
