import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  bookedOrder,
  bookedSources,
  type OrchestratorPorts,
  orchestratorPorts,
} from '../../test/helpers/orchestrator-ports.ts';
import type { BookedOrder } from '../port.ts';
import type { OrderSources } from '../ports/stock.ts';
import { splitByNeed } from '../workflows/allocate-backorder.ts';
import { recordSources } from '../workflows/fulfil-order.ts';
import type { SourcingRule } from './model.ts';
import { serveOrder, serveWaitingFor } from './serve-waiting.ts';
import { settleSources } from './settle-sources.ts';

const rule: SourcingRule = {
  name: 'all',
  prefer: ['fewest-shipments'],
  nodes: [],
  without: [],
  otherwise: 'split',
  fill: 'FillAll',
  keep: 0,
};
const units = [
  { lineId: 'l1', sku: 'LANTERN', quantity: 5 },
  { lineId: 'l2', sku: 'CANDLE', quantity: 1 },
];
const cause = { key: 'evt_1', traceId: '0'.repeat(32) };
const at = new Date('2026-11-27T10:00:00Z');
const free = (sku: string, locationId: string, quantity: number) => ({ sku, locationId, quantity, raisedAt: at });

let ports: OrchestratorPorts;
beforeEach(() => {
  ports = orchestratorPorts();
});
const ruled = (...rules: SourcingRule[]) => ({ ...ports.deps, sourcing: { zones: {}, nodes: {}, rules } });
const moved = () => ports.of('stock.move').flatMap(({ args }) => args[0].moves);

describe('units that no node has', () => {
  const sourced = [{ lineId: 'l1', sku: 'LANTERN', locationId: 'EAST', quantity: 5 }];
  const waiting = [{ lineId: 'l2', sku: 'CANDLE', quantity: 2 }];
  const decided = (fill: SourcingRule['fill']) => {
    ports.orders.set('ord_1', bookedOrder('ord_1'));
    const plan = { sourced, waiting, explanation: 'a reason' };
    return recordSources(ruled({ ...rule, fill }), 'ord_1', plan, { key: 'k', traceId: cause.traceId });
  };
  const calls = () =>
    ports.calls.map(({ port, args }) => [port, args[1], typeof args[2] === 'boolean' ? args[2] : null]);

  it.each([
    ['FillAll: wait, the others are given to their nodes', 'FillAll', true, []],
    ['FillAllAvailable: are cancelled, the others are given to their nodes', 'FillAllAvailable', true, [false]],
    ['FillOrKill: take the whole order with them', 'FillOrKill', false, [true]],
  ] as const)('by %s', async (_, fill, goesOn, cancelled) => {
    expect(await decided(fill)).toBe(goesOn);
    const wait = [{ lineId: 'l2', quantity: 2 }];
    expect(calls()).toEqual([
      ['orders.backorder', wait, null],
      ...cancelled.map((everything) => ['orders.cancelUnavailable', wait, everything]),
      ...(goesOn ? [['orders.allocate', [{ lineId: 'l1', quantity: 5 }], null]] : []),
    ]);
  });

  it('say which they are and what becomes of them, beside what the others get', async () => {
    await decided('FillOrKill');
    await decided('FillAllAvailable');
    const told = ports.calls.flatMap(({ args }) => (args.at(-1) as { timeline: { type: string; message: string }[] }).timeline); // biome-ignore format: one thought
    expect(told.map(({ type, message }) => `${type} ${message}`)).toEqual([
      'UNITS_BACKORDERED No node has 2 × CANDLE: left waiting for stock.',
      'UNITS_UNAVAILABLE No node has 2 × CANDLE, and the rule says FillOrKill: the order is cancelled, as far as its nodes give it back',
      'UNITS_BACKORDERED No node has 2 × CANDLE: left waiting for stock.',
      'UNITS_UNAVAILABLE No node has 2 × CANDLE, and the rule says FillAllAvailable: these units are cancelled',
      'ORDER_SOURCED a reason',
    ]);
  });

  it('that only their store may serve, and it gave back, are not said to be nowhere', async () => {
    ports.orders.set('ord_1', bookedOrder('ord_1'));
    const refusedBy = 'EAST, where it is to be picked up,';
    await recordSources(ports.deps, 'ord_1', { sourced: [], waiting, explanation: null, refusedBy }, { key: 'k', traceId: cause.traceId }); // biome-ignore format: one thought
    expect(ports.of('orders.backorder')[0]?.args[2].timeline[0].message).toBe(
      'EAST, where it is to be picked up, gave 2 × CANDLE back: left waiting for stock there.',
    );
  });

  it('wait where there are no rules', async () => {
    ports.orders.set('ord_1', bookedOrder('ord_1'));
    await recordSources(ports.deps, 'ord_1', { sourced: [], waiting, explanation: null }, { key: 'k', traceId: cause.traceId }); // biome-ignore format: one thought
    expect(ports.calls.map(({ port }) => port)).toEqual(['orders.backorder']);
  });
});

describe('units with stock committed', () => {
  const order = bookedOrder('ord_1');

  it('stay where they are without rules, or when they go to one location', async () => {
    expect(await settleSources(ports.deps, order, units, 'k')).toEqual({
      sourced: bookedSources.own,
      waiting: [],
      explanation: null,
    });
    const pickup: BookedOrder = { ...order, order: { ...order.order, deliveryMethod: 'PICK_UP' } };
    expect((await settleSources(ruled(rule), pickup, units, 'k')).sourced).toEqual(bookedSources.own);
    expect(moved()).toEqual([]);
  });

  it('move to fewer nodes, and only they', async () => {
    ports.sources.set('ord_1', { ...bookedSources, free: [free('CANDLE', 'EAST', 3)] });
    const settled = await settleSources(ruled(rule), order, units, 'k');
    expect(settled.sourced.map((one) => [one.lineId, one.locationId])).toEqual([['l1', 'EAST'], ['l2', 'EAST']]); // biome-ignore format: a table
    expect(settled.explanation).toContain('6 units from EAST');
    expect(moved()).toEqual([{ lineId: 'l2', sku: 'CANDLE', quantity: 1, from: 'WEST', to: 'EAST' }]);
    expect(ports.of('stock.move')[0]?.args[0].key).toMatch(/^k:[0-9a-f]{16}$/);
  });

  it('do not move for a decision that changes nothing', async () => {
    await settleSources(ruled(rule), order, units, 'k');
    expect(moved()).toEqual([]);
  });

  it('leave a node that gave units of the order back, and wait when no other has them', async () => {
    ports.work.set('ord_1', { open: [], gaveBack: [{ locationId: 'WEST', at }] });
    const settled = await settleSources(ruled(rule), order, units, 'k');
    expect(settled.waiting).toEqual([{ lineId: 'l2', sku: 'CANDLE', quantity: 1 }]);
    expect(moved()).toEqual([{ lineId: 'l2', sku: 'CANDLE', quantity: 1, from: 'WEST', to: null }]);
  });

  it('give their stock back, all of them, when the rule wants one parcel and no node has everything', async () => {
    const oneParcel = ruled({ ...rule, shipments: 1, otherwise: 'wait' });
    const settled = await settleSources(oneParcel, order, units, 'k');
    expect(settled).toMatchObject({ sourced: [], waiting: units, explanation: expect.stringContaining('wait') });
    expect(moved()).toEqual(bookedSources.own.map(({ locationId, ...line }) => ({ ...line, from: locationId, to: null }))); // biome-ignore format: one thought
  });

  it('do not count what a node works on already', async () => {
    ports.work.set('ord_1', { open: [{ locationId: 'EAST', lineId: 'l1', quantity: 3 }], gaveBack: [] });
    const { sourced } = await settleSources(ports.deps, order, units, 'k');
    expect(sourced.map((one) => [one.lineId, one.quantity])).toEqual([['l1', 2], ['l2', 1]]); // biome-ignore format: a table
  });

  it('are decided about again when somebody was faster, and stay in the end', async () => {
    ports.sources.set('ord_1', { ...bookedSources, free: [free('CANDLE', 'EAST', 3)] });
    const deps = ruled(rule);
    let asked = 0;
    const stock = { ...deps.stock, move: async () => ++asked < 0 };
    const settled = await settleSources({ ...deps, stock }, order, units, 'k');
    expect(settled).toEqual({ sourced: bookedSources.own, waiting: [], explanation: null });
    expect(asked).toBe(4);
  });
});

describe('units that wait', () => {
  /** Two lines that wait for stock: of LANTERN 5, of CANDLE 2. */
  function waitingOrder(orderId: string, sources: Partial<OrderSources>, overrides: Partial<BookedOrder> = {}) {
    const booked = bookedOrder(orderId, { status: 'BACKORDERED' });
    const lines = booked.lines.map((line) => ({
      ...line,
      quantities: { ...line.quantities, unsourced: 0, backordered: line.quantities.ordered },
    }));
    ports.orders.set(orderId, { ...booked, lines, ...overrides });
    const waiting = [
      { lineId: 'l1', sku: 'LANTERN', quantity: 5, locationId: null },
      { lineId: 'l2', sku: 'CANDLE', quantity: 2, locationId: null },
    ];
    ports.sources.set(orderId, { ...bookedSources, own: [], waiting, ...sources });
  }

  it('take what there is, and say so', async () => {
    waitingOrder('ord_1', { free: [free('LANTERN', 'WEST', 3)] });
    await serveOrder(ports.deps, 'ord_1', cause);
    expect(moved()).toEqual([{ lineId: 'l1', sku: 'LANTERN', quantity: 3, from: null, to: 'WEST' }]);
    expect(ports.of('stock.move')[0]?.args[0].announce).toMatchObject({
      channelCode: 'WEB',
      explanation: expect.stringContaining('3 units from WEST'),
    });
  });

  it('are served by the order’s one location only', async () => {
    const waiting = [{ lineId: 'l1', sku: 'LANTERN', quantity: 5, locationId: 'SHOP' }];
    waitingOrder('ord_1', { waiting, free: [free('LANTERN', 'WEST', 9), free('LANTERN', 'SHOP', 2)] });
    await serveOrder(ports.deps, 'ord_1', cause);
    expect(moved()).toEqual([{ lineId: 'l1', sku: 'LANTERN', quantity: 2, from: null, to: 'SHOP' }]);
  });

  it('wait on when the rule wants all from one node', async () => {
    waitingOrder('ord_1', { free: [free('LANTERN', 'WEST', 9)] });
    await serveOrder(ruled({ ...rule, shipments: 1, otherwise: 'wait' }), 'ord_1', cause);
    expect(moved()).toEqual([]);
  });

  it('leave what is kept from their channel, at the nodes together or at their one location', async () => {
    const most = (quantity: number, locationId: string | null = null) => [{ sku: 'LANTERN', locationId, quantity }];
    const shelves = [free('LANTERN', 'EAST', 2), free('LANTERN', 'WEST', 4)];
    waitingOrder('ord_1', { free: shelves, most: most(3) });
    await serveOrder(ports.deps, 'ord_1', cause);
    waitingOrder('ord_2', { free: shelves, most: most(0) });
    await serveOrder(ports.deps, 'ord_2', cause);
    const waiting = [{ lineId: 'l1', sku: 'LANTERN', quantity: 5, locationId: 'SHOP' }];
    waitingOrder('ord_3', { waiting, free: [free('LANTERN', 'SHOP', 4)], most: most(1, 'SHOP') });
    await serveOrder(ports.deps, 'ord_3', cause);
    expect(moved()).toEqual([
      { lineId: 'l1', sku: 'LANTERN', quantity: 3, from: null, to: 'WEST' },
      { lineId: 'l1', sku: 'LANTERN', quantity: 1, from: null, to: 'SHOP' },
    ]);
    // Who wants all or nothing does not take what he may have of it.
    const lanterns = [{ lineId: 'l1', sku: 'LANTERN', quantity: 5, locationId: null }];
    waitingOrder('ord_4', { waiting: lanterns, free: [free('LANTERN', 'WEST', 9)], most: most(3) });
    await serveOrder(ruled({ ...rule, otherwise: 'wait' }), 'ord_4', cause);
    expect(moved()).toHaveLength(2);
  });

  it.each([
    ['held', { holds: [{}] }],
    ['not accepted yet', { order: bookedOrder('ord_1', { status: 'VALIDATED' }).order }],
    ['cancelled', { order: bookedOrder('ord_1', { status: 'CANCELLED' }).order }],
  ])('are left alone while their order is %s', async (_, overrides) => {
    waitingOrder('ord_1', { free: [free('LANTERN', 'WEST', 9)] }, overrides);
    await serveOrder(ports.deps, 'ord_1', cause);
    expect(moved()).toEqual([]);
  });

  it('come back to a node that gave them back only when its shelf has got more since', async () => {
    waitingOrder('ord_1', { free: [free('LANTERN', 'WEST', 5)] });
    ports.work.set('ord_1', { open: [], gaveBack: [{ locationId: 'WEST', at }] });
    await serveOrder(ports.deps, 'ord_1', cause);
    waitingOrder('ord_1', { free: [{ ...free('LANTERN', 'WEST', 5), raisedAt: null }] });
    await serveOrder(ports.deps, 'ord_1', cause);
    expect(moved()).toEqual([]);
    waitingOrder('ord_1', { free: [free('LANTERN', 'WEST', 5)] });
    ports.work.set('ord_1', { open: [], gaveBack: [{ locationId: 'WEST', at: new Date(at.getTime() - 1) }] });
    await serveOrder(ports.deps, 'ord_1', cause);
    expect(moved()).toHaveLength(1);
  });

  it('are served in their order until there is nothing left', async () => {
    waitingOrder('ord_1', { free: [free('LANTERN', 'WEST', 7)] }, { holds: [{}] });
    waitingOrder('ord_2', { free: [free('LANTERN', 'WEST', 7)] });
    waitingOrder('ord_3', { free: [free('LANTERN', 'WEST', 2)] });
    waitingOrder('ord_4', { free: [] });
    await serveWaitingFor(ports.deps, 'LANTERN', cause);
    expect(ports.of('stock.move').map(({ args }) => args[0].orderId)).toEqual(['ord_2', 'ord_3']);
  });
});

it('tells what an order still needs from what was cancelled meanwhile', () => {
  const line = (lineId: string, locationId: string, quantity: number) => ({ lineId, sku: 'X', locationId, quantity });
  const lines = [line('l1', 'EAST', 3), line('l1', 'WEST', 2), line('l2', 'EAST', 1)];
  expect(splitByNeed(lines, new Map([['l1', 4], ['l2', 0]]))).toEqual({
    wanted: [line('l1', 'EAST', 3), line('l1', 'WEST', 1)],
    spare: [line('l1', 'WEST', 1), line('l2', 'EAST', 1)],
  }); // biome-ignore format: a table
});
