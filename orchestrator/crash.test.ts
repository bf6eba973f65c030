import { expect, it, jest } from '@jest/globals';
import { type Bucket, MOVES, type Move, moveUnits, type Quantities } from '../subgraphs/order/quantities.ts';
import { dbosModule, liveThrough, mortal } from '../test/helpers/mortal-engine.ts';
import { bookedOrder, bookedSources, orchestratorPorts } from '../test/helpers/orchestrator-ports.ts';
import type { OrchestratorDeps } from './port.ts';

jest.unstable_mockModule('@dbos-inc/dbos-sdk', dbosModule);
const { fulfilOrder } = await import('./workflows/fulfil-order.ts');
const { sourceAgain } = await import('./workflows/source-again.ts');
const { allocateBackorder } = await import('./workflows/allocate-backorder.ts');
const { settleWithdrawal } = await import('./workflows/settle-withdrawal.ts');
const { withdrawWork } = await import('./workflows/withdraw-work.ts');
const { releaseOpened } = await import('./workflows/release-opened.ts');
const { ship } = await import('./workflows/ship.ts');
const { returnGoods } = await import('./workflows/return-goods.ts');
const { issueReturnLabel } = await import('./workflows/issue-return-label.ts');
const { refundReturn } = await import('./workflows/refund-return.ts');
const { askNodes } = await import('./workflows/ask-nodes.ts');
const { cancelUnits } = await import('./workflows/cancel-units.ts');

const work = { orderId: 'ord_1', channelCode: 'WEB', traceId: '0'.repeat(32) };
const lanterns = (quantity: number) => ({ lineId: 'l1', sku: 'LANTERN', quantity });
const input = { ...work, lines: [lanterns(5)], decisionId: 'd1' };
const arrival = { ...lanterns(2), disposition: 'SELLABLE', returnedBefore: 0 };

const wish = { wishId: 'e1', requestId: 'q1', reason: 'OTHER', lines: [{ lineId: 'l1', quantity: 5 }] };
/** Units that are in work, as one look after the other finds them. */
const withWork = (deps: OrchestratorDeps, looks: readonly number[]): OrchestratorDeps => {
  const left = [...looks];
  const workOf = async () => {
    const quantity = (left.length > 1 ? left.shift() : left[0]) ?? 0;
    return { open: quantity > 0 ? [{ locationId: 'EAST', lineId: 'l1', quantity }] : [], gaveBack: [] };
  };
  return { ...deps, fulfillment: { ...deps.fulfillment, workOf } };
};

/** The order is picked up at a store, which is the only one that may serve it. */
const pickedUp = (deps: OrchestratorDeps): OrchestratorDeps => ({
  ...deps,
  stock: { ...deps.stock, reassign: async ({ lines }) => lines.map((line) => ({ ...line, locationId: null })) },
  orders: {
    ...deps.orders,
    async read(orderId) {
      const booked = await deps.orders.read(orderId);
      return booked && { ...booked, order: { ...booked.order, deliveryMethod: 'PICK_UP' } };
    },
  },
});

/** Every workflow, where the units of the first line are when it begins, and where they are to be when it ends. */
const workflows: readonly [
  string,
  Partial<Quantities>,
  Partial<Quantities>,
  (deps: OrchestratorDeps) => Promise<void>,
][] = [
  ['fulfil-order', { unsourced: 5 }, { allocated: 5 }, (deps) => fulfilOrder(deps, { ...work, round: 0 })],
  ['source-again', { inFulfillment: 5 }, { allocated: 5 }, (deps) => sourceAgain(deps, { ...input, refusedLocationId: 'EAST' })],
  ['source-again: only its store may serve it', { inFulfillment: 5 }, { backordered: 5 }, (deps) => sourceAgain(pickedUp(deps), { ...input, refusedLocationId: 'EAST' })],
  ['allocate-backorder: at its store', { backordered: 5 }, { allocated: 5 }, (deps) => allocateBackorder(pickedUp(deps), { ...input, explanation: 'Stock arrived.', lines: [{ ...lanterns(5), locationId: 'WEST' }] })],
  ['allocate-backorder', { backordered: 5 }, { allocated: 5 }, (deps) => allocateBackorder(deps, { ...input, explanation: 'Stock arrived.', lines: [{ ...lanterns(5), locationId: 'WEST' }] })],
  ['settle-withdrawal: cancelled', { inFulfillment: 5 }, { cancelled: 5 }, (deps) => settleWithdrawal(deps, { ...input, locationId: 'EAST', reason: 'OTHER', parts: [{ becomes: 'CANCEL' }] })],
  ['settle-withdrawal: a part', { allocated: 5 }, { cancelled: 2, allocated: 3 }, (deps) => settleWithdrawal(deps, { ...input, locationId: 'EAST', reason: 'OTHER', parts: [{ becomes: 'CANCEL', lines: [lanterns(2)] }] })],
  ['settle-withdrawal: moved', { allocated: 5 }, { allocated: 5 }, (deps) => settleWithdrawal(deps, { ...input, locationId: 'EAST', reason: 'MOVE', parts: [{ becomes: 'OPEN', locationId: 'WEST' }] })],
  ['settle-withdrawal: split', { allocated: 5 }, { allocated: 5 }, (deps) => settleWithdrawal(deps, { ...input, locationId: 'EAST', reason: 'SPLIT', parts: [{ becomes: 'OPEN', lines: [lanterns(1)] }] })],
  ['settle-withdrawal: scheduled', { allocated: 5 }, { allocated: 5 }, (deps) => settleWithdrawal(deps, { ...input, locationId: 'EAST', reason: 'SCHEDULE', parts: [{ becomes: 'SCHEDULED', fulfilAt: '2026-12-01T00:00:00.000Z' }] })],
  ['withdraw-work', { inFulfillment: 5 }, { inFulfillment: 5 }, (deps) => withdrawWork(deps, { ...work, fulfillmentOrderId: 'ful_1', onCounter: false })],
  ['withdraw-work: refused', { inFulfillment: 5 }, { inFulfillment: 5 }, (deps) => withdrawWork({ ...deps, warehouse: { ...deps.warehouse, putBack: async () => ({ kind: 'refused' }) } }, { ...work, fulfillmentOrderId: 'ful_1', onCounter: true })],
  ['release-opened', { allocated: 5 }, { allocated: 5 }, (deps) => releaseOpened(deps, { ...work, fulfillmentOrderId: 'opened#0' })],
  ['ship', { inFulfillment: 5 }, { inTransit: 5 }, (deps) => ship(deps, { ...work, shipmentId: 'shp_1' })],
  ['return-goods', { delivered: 5 }, { delivered: 5 }, (deps) => returnGoods(deps, { ...work, arrivalId: 'a1', returnId: 'ret_1', locationId: 'EAST', complete: true, lines: [arrival] })],
  ['return-goods: paid back before', { delivered: 5 }, { delivered: 5 }, (deps) => returnGoods(deps, { ...work, arrivalId: 'a1', returnId: 'ret_1', locationId: 'EAST', complete: true, lines: [{ ...arrival, credited: 0 }, { ...arrival, disposition: 'DEFECTIVE', credited: 1 }] })],
  ['issue-return-label', { delivered: 5 }, { delivered: 5 }, (deps) => issueReturnLabel(deps, { ...work, labelId: 'b1', returnId: 'ret_1', number: 'R1', originCountry: 'GB' })],
  ['refund-return', { delivered: 5 }, { delivered: 5 }, (deps) => refundReturn(deps, { ...work, key: 'f1', returnId: 'ret_1', lines: [{ ...lanterns(2), creditedBefore: 1 }] })],
  ['ask-nodes', { allocated: 5 }, { allocated: 5 }, (deps) => askNodes(withWork(deps, [5]), { ...work, ...wish })],
  ['ask-nodes: its work is not made yet', { allocated: 5 }, { allocated: 5 }, (deps) => askNodes(withWork(deps, [0, 3, 5]), { ...work, ...wish })],
  ['cancel-units', { cancelled: 5 }, { cancelled: 5 }, (deps) => cancelUnits(deps, { ...work, cancellationId: 'c1', reason: 'OTHER', lines: [lanterns(5)] })],
]; // biome-ignore format: a table

/** Domains and systems as a workflow finds them. Every call of theirs is a moment before and after which it may be killed. */
async function world(begin: Partial<Quantities>) {
  const ports = orchestratorPorts();
  const booked = bookedOrder(work.orderId, { status: 'ACCEPTED' });
  const [line, second] = booked.lines;
  if (!line || !second) throw new Error('the order has two lines');
  let quantities: Quantities = { ...line.quantities, unsourced: 0, ...begin };
  const kept = { ...second, quantities: { ...second.quantities, unsourced: 0, backordered: 0, delivered: 2 } };
  const lines = () => [{ ...line, quantities }, kept];
  ports.orders.set(work.orderId, booked);
  ports.shipments.set('shp_1', { shipmentId: 'shp_1', orderId: work.orderId, locationId: 'EAST', shippedAt: new Date('2026-11-23T09:00:00Z'), lines: [{ ...lanterns(5), shippedBefore: 0 }], packages: [], outcomes: [{ ...lanterns(5), delivered: 5, lost: 0, stranded: 0 }] }); // biome-ignore format: a table
  await ports.deps.fulfillment.open({ ...work, key: 'opened', customerId: null, deliveryMethod: 'SHIPPING', serviceLevel: null, shipBy: null, groups: [{ locationId: 'EAST', lines: [lanterns(5)] }] }); // biome-ignore format: a table
  await ports.deps.desk.register({ orderId: work.orderId, number: '1', channelCode: 'WEB', channelOrderId: null, currencyCode: 'GBP', lines: [], destination: null }, new AbortController().signal); // biome-ignore format: a table
  ports.untold.push({ noticeId: 'ord_1:returned:1', orderId: work.orderId, lines: [{ lineId: 'l1', quantity: 2 }] });
  ports.calls.length = 0;

  const effects = new Set<string>();
  /** The order book: one effect per key, units move as the order's own rules say. */
  const moving =
    (move: Move): OrchestratorDeps['orders']['handBack'] =>
    async (orderId, moved, { key }) => {
      ports.calls.push({ port: `orders.${move}`, args: [orderId, moved, key] });
      const applied = !effects.has(key);
      effects.add(key);
      for (const { lineId, quantity } of applied ? moved : []) {
        if (lineId !== 'l1') continue;
        const next = moveUnits(quantities, move, quantity);
        if (!next) throw new Error(`${quantity} units are not in ${(MOVES[move].from as readonly Bucket[]).join()}`);
        quantities = next;
      }
      return { applied, lines: lines() };
    };
  const orders: OrchestratorDeps['orders'] = {
    ...ports.deps.orders,
    read: async (orderId) => ({ ...(ports.orders.get(orderId) ?? booked), lines: lines() }),
    allocate: moving('allocate'),
    handBack: moving('handBack'),
    backorder: moving('backorder'),
    ship: moving('ship'),
    cancelHandedBack: (orderId, moved, _, effect) => moving('cancelUnsourced')(orderId, moved, effect),
  };
  const deps = Object.fromEntries(
    Object.entries({ ...ports.deps, orders }).map(([name, port]) => [name, name === 'sourcing' ? port : mortal(port)]),
  ) as unknown as OrchestratorDeps;
  return { deps, calls: ports.calls, end: () => quantities };
}

/** Runs a workflow, killed at one moment, until it ends. @returns the calls that reached domains and systems, each once */
async function live([, begin, , run]: (typeof workflows)[number], dieAt: number) {
  const { deps, calls, end } = await world(begin);
  const moments = await liveThrough(() => run(deps), dieAt);
  const plain = (_: string, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    // When a release was told to the node is read from the clock; of two such notes under one key the first stays.
    if (isReleased(value)) return { ...value, occurredAt: 'at the release' };
    return value;
  };
  const distinct = new Set(calls.map((call) => JSON.stringify(call, plain)));
  return { distinct, quantities: end(), moments };
}

/** What takes units back, whoever wants that: a buyer, a channel, a counter at which nobody came. */
const withdrawals = /^(settle-withdrawal|withdraw-work|ask-nodes|cancel-units)/;
it.each(workflows.filter(([name]) => withdrawals.test(name)))(
  '%s moves no money: what has not left was never invoiced',
  async (...workflow) => {
    const { distinct } = await live(workflow, -1);
    expect([...distinct].filter((call) => call.startsWith('{"port":"finance.'))).toEqual([]);
  },
);

it.each(workflows)('%s has each effect once, wherever it is killed', async (...workflow) => {
  const calm = await live(workflow, -1);
  expect(calm.quantities).toMatchObject({ ordered: 5, ...workflow[2] });
  expect(calm.distinct.size).toBeGreaterThan(0);
  for (let moment = 0; moment < calm.moments; moment++) {
    const killed = await live(workflow, moment);
    // A call that is repeated is the same call, under the same key; whoever gets it twice has the effect once.
    expect([moment, [...killed.distinct].sort()]).toEqual([moment, [...calm.distinct].sort()]);
    expect([moment, killed.quantities]).toEqual([moment, calm.quantities]);
  }
});

it('tells the desk of a pickup that its store refuses, in true words, and closes that when it is served after all', async () => {
  const run = async (begin: Partial<Quantities>, of: (deps: OrchestratorDeps) => Promise<void>) => {
    const { distinct } = await live(['', begin, {}, (deps) => of(pickedUp(deps))], -1);
    return [...distinct].map((call) => JSON.parse(call) as { port: string; args: never[] });
  };
  const refused = await run({ inFulfillment: 5 }, (deps) => sourceAgain(deps, { ...input, refusedLocationId: 'EAST' }));
  expect(refused.filter(({ port }) => port.startsWith('exceptions.'))).toMatchObject([
    {
      port: 'exceptions.raise',
      args: [
        {
          key: 'store:refused:ord_1',
          operation: 'store:refused',
          orderId: 'ord_1',
          message: expect.stringMatching(/^EAST, where it is to be picked up, gave back 5 × LANTERN\. .*Offer the buyer another store/),
        },
      ],
    },
  ]); // biome-ignore format: one thought
  const lines = [{ ...lanterns(5), locationId: 'WEST' }];
  const served = await run({ backordered: 5 }, (deps) => allocateBackorder(deps, { ...input, explanation: 'Stock arrived.', lines })); // biome-ignore format: one thought
  const part = await run({ backordered: 5 }, (deps) => allocateBackorder(deps, { ...input, explanation: 'Stock arrived.', lines: [{ ...lanterns(3), locationId: 'WEST' }] })); // biome-ignore format: one thought
  const closed = [{ port: 'exceptions.resolve', args: ['store:refused:ord_1', 'its units were served, or cancelled'] }];
  expect([served, part].map((calls) => calls.filter(({ port }) => port.startsWith('exceptions.')))).toEqual([closed, []]); // biome-ignore format: one thought
});

it('tells the desk of goods that every node refused and the books still show, and closes that when they are served', async () => {
  const refusing = (free: number) => (deps: OrchestratorDeps): OrchestratorDeps => ({
    ...deps,
    stock: {
      ...deps.stock,
      reassign: async ({ lines }) => lines.map((line) => ({ ...line, locationId: null })),
      sourcesOf: async () => ({ ...bookedSources, free: ['EAST', 'WEST', 'PARTNER'].map((locationId) => ({ sku: 'LANTERN', locationId, quantity: free, raisedAt: null })) }),
    },
    fulfillment: {
      ...deps.fulfillment,
      workOf: async () => ({ open: [], gaveBack: ['WEST', 'EAST'].map((locationId) => ({ locationId, at: new Date(0) })) }),
    },
  }); // biome-ignore format: one thought
  const told = async (begin: Partial<Quantities>, free: number, of: (deps: OrchestratorDeps) => Promise<void>) => {
    const { distinct } = await live(['', begin, {}, (deps) => of(refusing(free)(deps))], -1);
    const calls = [...distinct].map((call) => JSON.parse(call) as { port: string; args: never[] });
    return calls.filter(({ port }) => port.startsWith('exceptions.'));
  };
  const again = (deps: OrchestratorDeps) => sourceAgain(deps, { ...input, refusedLocationId: 'EAST' });
  expect(await told({ inFulfillment: 5 }, 9, again)).toMatchObject([
    {
      port: 'exceptions.raise',
      args: [
        {
          key: 'store:refused:ord_1',
          operation: 'store:refused',
          orderId: 'ord_1',
          message: expect.stringMatching(/^EAST and WEST gave units of the order back .*: 5 × LANTERN\. .*correct the stock .*orderCancel/),
        },
      ],
    },
  ]); // biome-ignore format: one thought
  // Refused before the order was held: no node that may serve it is left when it goes on.
  const rule = { name: 'ours', prefer: [], nodes: [], only: ['EAST', 'WEST'], without: [], otherwise: 'split', fill: 'FillAll', keep: 0 } as const; // biome-ignore format: one thought
  const goesOn = (deps: OrchestratorDeps) => fulfilOrder({ ...deps, sourcing: { ...deps.sourcing, rules: [rule] } }, { ...work, round: 1 }); // biome-ignore format: one thought
  expect(await told({ unsourced: 5 }, 9, goesOn)).toMatchObject([{ port: 'exceptions.raise' }]);
  // The books know that nothing is there: it waits for stock, like any other.
  expect((await told({ inFulfillment: 5 }, 0, again)).filter(({ port }) => port === 'exceptions.raise')).toEqual([]);
  const served = (quantity: number) => (deps: OrchestratorDeps) =>
    allocateBackorder(deps, { ...input, explanation: 'Stock arrived.', lines: [{ ...lanterns(quantity), locationId: 'WEST' }] }); // biome-ignore format: one thought
  expect(await told({ backordered: 5 }, 9, served(3))).toEqual([]);
  expect(await told({ backordered: 5 }, 0, served(3))).toEqual([
    { port: 'exceptions.resolve', args: ['store:refused:ord_1', 'what still waits, no node that refused has by the books'] },
  ]); // biome-ignore format: one thought
  expect(await told({ backordered: 5 }, 9, served(5))).toEqual([
    { port: 'exceptions.resolve', args: ['store:refused:ord_1', 'its units were served, or cancelled'] },
  ]);
});

it('asks nodes for no unit before it is in their work: nobody said no to what no node has heard of', async () => {
  const refusing = (deps: OrchestratorDeps) => ({ ...deps, fulfillment: { ...deps.fulfillment, withdrawUnits: async () => 0 } }); // biome-ignore format: one thought
  const portsOf = async (looks: number[], refuses: boolean) => {
    const run = (deps: OrchestratorDeps) =>
      askNodes(withWork(refuses ? refusing(deps) : deps, looks), { ...work, ...wish });
    const { distinct } = await live(['', { allocated: 5 }, {}, run], -1);
    return [...distinct].map((call) => (JSON.parse(call) as { port: string }).port);
  };
  expect(await portsOf([0, 2, 5], false)).toEqual(['fulfillment.withdrawUnits', 'exceptions.resolve']);
  expect(await portsOf([5], true)).toEqual(['orders.keepUnits']);
});

it('collects the money of goods that came back before they were invoiced, and leaves the order paid back', async () => {
  const refunded = (deps: OrchestratorDeps): OrchestratorDeps => ({
    ...deps,
    orders: {
      ...deps.orders,
      async read(orderId) {
        const booked = await deps.orders.read(orderId);
        return booked && { ...booked, order: { ...booked.order, paymentStatus: 'REFUNDED' } };
      },
    },
  });
  const late = (deps: OrchestratorDeps) => ship(refunded(deps), { ...work, shipmentId: 'shp_1' });
  const { distinct } = await live(['ship', { inFulfillment: 5 }, {}, late], -1);
  const asked = [...distinct].map((call) => (JSON.parse(call) as { port: string }).port);
  expect(asked.filter((port) => port === 'finance.clear')).toHaveLength(1);
  expect(asked).not.toContain('orders.setPaymentStatus');
});

function isReleased(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'WORK_RELEASED';
}
