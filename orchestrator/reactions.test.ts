import { beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '../events/port.ts';
import { bookedOrder, type OrchestratorPorts, orchestratorPorts } from '../test/helpers/orchestrator-ports.ts';
import { type ReactedType, react, type Workflows } from './reactions.ts';

const TRACE = '0'.repeat(32);
let ports: OrchestratorPorts;
let started: { workflow: string; id: string; input: object }[];
let workflows: Workflows;

beforeEach(() => {
  ports = orchestratorPorts();
  ports.orders.set('ord_1', bookedOrder('ord_1'));
  ports.shipments.set('shp_1', {
    shipmentId: 'shp_1',
    orderId: 'ord_1',
    locationId: 'EAST',
    shippedAt: new Date('2026-11-23T09:00:00Z'),
    lines: [{ lineId: 'l1', sku: 'LANTERN', quantity: 5, shippedBefore: 0 }],
    packages: [{ carrier: 'UPS', trackingNumber: '1Z1' }],
    outcomes: [{ lineId: 'l1', quantity: 5, delivered: 0, lost: 0, stranded: 0 }],
  });
  started = [];
  const start = (workflow: string) => async (id: string, input: object) => void started.push({ workflow, id, input });
  workflows = {
    fulfilOrder: start('fulfilOrder'),
    sourceAgain: start('sourceAgain'),
    allocateBackorder: start('allocateBackorder'),
    ship: start('ship'),
    returnGoods: start('returnGoods'),
    refundReturn: start('refundReturn'),
    issueReturnLabel: start('issueReturnLabel'),
    askNodes: start('askNodes'),
    cancelUnits: start('cancelUnits'),
    withdrawWork: start('withdrawWork'),
    settleWithdrawal: start('settleWithdrawal'),
    releaseOpened: start('releaseOpened'),
  };
});

function event<Type extends ReactedType>(
  type: Type,
  data: StoredEvent<Type>['data'],
  more: Partial<StoredEvent> = {},
): StoredEvent<ReactedType> {
  return {
    sequence: 's-1',
    id: 'evt_1',
    source: '/commerce/test',
    subject: 'subject',
    version: 7,
    channelCode: 'WEB',
    occurredAt: '2026-11-23T09:30:00.000Z',
    traceId: TRACE,
    ...more,
    type,
    data,
  } as StoredEvent<ReactedType>;
}
const tell = (told: StoredEvent<ReactedType>) => react(told, ports.deps, workflows);
const work = { orderId: 'ord_1', channelCode: 'WEB', traceId: TRACE };
const units = [{ lineId: 'l1', sku: 'LANTERN', quantity: 2 }];

const changed = (data: Partial<StoredEvent<'fulfillment-order-changed.v1'>['data']>): StoredEvent<ReactedType> =>
  event('fulfillment-order-changed.v1', {
    fulfillmentOrderId: 'ful_1',
    orderId: 'ord_1',
    locationId: 'EAST',
    previousStatus: 'OPEN',
    status: 'OPEN',
    previousRequestStatus: 'SUBMITTED',
    requestStatus: 'SUBMITTED',
    lines: [{ lineId: 'l1', quantity: 5 }],
    handedBack: [],
    ...data,
  });
const moved = (status: StoredEvent<'shipment-status-changed.v1'>['data']['status']) =>
  event('shipment-status-changed.v1', { shipmentId: 'shp_1', orderId: 'ord_1', previousStatus: null, status });

describe('starts one workflow per', () => {
  it('placed order, under the order’s own name', async () => {
    const placed = event('order-placed.v1', {
      orderId: 'ord_1', number: '1', channelCode: 'WEB', lines: units, allocations: [], totalMinor: '1', currencyCode: 'GBP', deliveryMethod: 'SHIPPING',
    }); // biome-ignore format: a table
    await tell(placed);
    await tell(placed);
    const expected = { workflow: 'fulfilOrder', id: 'order:ord_1', input: { ...work, round: 0 } };
    expect(started).toEqual([expected, expected]);
  });

  it('released hold, which is another round of the same order', async () => {
    await tell(event('order-hold-released.v1', { orderId: 'ord_1' }, { version: 4 }));
    expect(started).toEqual([{ workflow: 'fulfilOrder', id: 'order:ord_1:4', input: { ...work, round: 4 } }]);
  });

  it('cancellation', async () => {
    const lines = [{ lineId: 'l1', quantity: 2 }];
    await tell(event('order-cancelled.v1', { orderId: 'ord_1', reason: 'CUSTOMER_REQUEST', lines }));
    expect(started).toEqual([
      {
        workflow: 'cancelUnits',
        id: 'cancel:evt_1',
        input: { ...work, cancellationId: 'evt_1', reason: 'CUSTOMER_REQUEST', lines },
      },
    ]);
  });

  it('cancellation, which ends the wait for the one store that refused, when nothing waits any more', async () => {
    const cancelled = event('order-cancelled.v1', { orderId: 'ord_1', reason: 'OTHER', lines: [] });
    const booked = bookedOrder('ord_1', { deliveryMethod: 'PICK_UP' });
    ports.orders.set('ord_1', booked);
    await tell(cancelled);
    expect(ports.of('exceptions.resolve')).toEqual([]);
    const lines = booked.lines.map((line) => ({ ...line, quantities: { ...line.quantities, backordered: 0 } }));
    ports.orders.set('ord_1', { ...booked, lines });
    await tell(cancelled);
    expect(ports.of('exceptions.resolve')).toEqual([
      { port: 'exceptions.resolve', args: ['store:refused:ord_1', 'its units were served, or cancelled'] },
    ]);
  });

  it('wish for units that nodes have, under the name by which its answer is awaited', async () => {
    const lines = [{ lineId: 'l1', quantity: 2 }];
    const wish = { orderId: 'ord_1', reason: 'CUSTOMER_REQUEST', lines };
    await tell(event('order-cancellation-requested.v1', { ...wish, requestId: 'req_1' }));
    await tell(event('order-cancellation-requested.v1', wish));
    const begun = (requestId: string) => ({ workflow: 'askNodes', id: 'ask-nodes:evt_1', input: { ...work, wishId: 'evt_1', requestId, reason: 'CUSTOMER_REQUEST', lines } }); // biome-ignore format: one thought
    expect(started).toEqual([begun('req_1'), begun('evt_1')]);
  });

  it('shipment', async () => {
    await tell(
      event('shipment-dispatched.v1', {
        shipmentId: 'shp_1', orderId: 'ord_1', fulfillmentOrderId: 'ful_1', lines: units, packages: [],
      }), // biome-ignore format: a table
    );
    expect(started).toEqual([{ workflow: 'ship', id: 'shipment:shp_1', input: { ...work, shipmentId: 'shp_1' } }]);
  });

  it('arrival of returned goods, with all that the event says of them', async () => {
    const data = {
      returnId: 'ret_1',
      orderId: 'ord_1',
      locationId: 'EAST',
      complete: true,
      lines: [{ ...units[0], returnedBefore: 0, disposition: 'SELLABLE' }],
    } as StoredEvent<'return-received.v1'>['data'];
    await tell(event('return-received.v1', data));
    expect(started).toEqual([
      { workflow: 'returnGoods', id: 'return:evt_1', input: { ...work, ...data, arrivalId: 'evt_1' } },
    ]);
  });

  it('handing back, of the units handed back, away from the node that did', async () => {
    await tell(
      changed({ status: 'CANCELLED', requestStatus: 'REJECTED', lines: [], handedBack: units, reason: 'NO_STOCK' }),
    );
    expect(started).toEqual([
      {
        workflow: 'sourceAgain',
        id: 'source-again:evt_1',
        input: {
          ...work,
          decisionId: 'evt_1',
          refusedLocationId: 'EAST',
          lines: units,
          occurredAt: '2026-11-23T09:30:00.000Z',
          reason: 'NO_STOCK',
        },
      },
    ]);
  });
});

describe('work at a node', () => {
  it('moves the order’s units when it is accepted, and only then', async () => {
    await tell(changed({ previousRequestStatus: null, requestStatus: 'UNSUBMITTED' }));
    await tell(changed({ previousRequestStatus: 'UNSUBMITTED', requestStatus: 'SUBMITTED' }));
    expect(ports.calls).toEqual([]);
    await tell(changed({ status: 'IN_PROGRESS', requestStatus: 'ACCEPTED', happenedAt: '2026-11-23T09:10:00.000Z' }));
    const said = {
      type: 'WORK_ACCEPTED',
      message: 'EAST accepted the work',
      occurredAt: new Date('2026-11-23T09:10:00Z'),
    };
    await tell(changed({ status: 'READY_FOR_PICKUP', previousRequestStatus: 'ACCEPTED', requestStatus: 'ACCEPTED' }));
    await tell(changed({ status: 'CLOSED', previousRequestStatus: 'ACCEPTED', requestStatus: 'CLOSED', lines: [] }));
    expect(ports.calls).toMatchObject([
      {
        port: 'orders.startFulfillment',
        args: ['ord_1', [{ lineId: 'l1', quantity: 5 }], { key: 'accepted:ful_1', traceId: TRACE, timeline: [said] }],
      },
    ]);
    expect(started).toEqual([]);
  });

  it('is said to be at the counter when it happened, or when it was heard of if that was earlier', async () => {
    const ready = { previousStatus: 'IN_PROGRESS', status: 'READY_FOR_PICKUP', requestStatus: 'ACCEPTED' } as const;
    await tell(changed({ ...ready, happenedAt: '2026-11-23T09:10:00.000Z' }));
    await tell(changed({ ...ready, happenedAt: '2030-01-01T00:00:00.000Z' }));
    const at = ports.of('orders.note').map(({ args }) => args[1].timeline[0].occurredAt.toISOString());
    expect(at).toEqual(['2026-11-23T09:10:00.000Z', '2026-11-23T09:30:00.000Z']);
  });
});

it.each([
  [{ command: 'MOVE', reason: 'flood', units: 3, targetLocationId: 'WEST' }, 'anna asked to move the work of EAST (3 units) to WEST: flood'],
  [{ command: 'HOLD', reason: 'a call', units: 1 }, 'anna asked to hold the work of EAST (1 unit): a call'],
  [{ command: 'RELEASE_HOLD', reason: 'ok', units: 1 }, 'anna asked to release the work of EAST (1 unit): ok'],
  [{ command: 'SCHEDULE', reason: 'fair', units: 2, fulfilAt: '2026-12-01T08:00:00.000Z' }, 'anna asked to leave the work of EAST (2 units) until 2026-12-01T08:00:00.000Z: fair'],
  [{ command: 'MARK_AS_OPEN', reason: 'now', units: 2 }, 'anna asked to open the work of EAST (2 units) now: now'],
  [{ command: 'SPLIT', reason: 'heavy', units: 2 }, 'anna asked to split 2 units off the work of EAST: heavy'],
  [{ command: 'MERGE', reason: 'one parcel', units: 2, merged: 1 }, 'anna asked to join 1 other piece of work at EAST to one: one parcel'],
  [{ command: 'ACCEPT' }, 'anna asked EAST to accept its work'],
  [{ command: 'REJECT', reason: 'DAMAGED' }, 'anna asked EAST to reject its work: DAMAGED'],
] as const)('says on the order who asked for what, where and why: %j', async (asked, message) => {
  const about = { commandId: 'wcm_1', fulfillmentOrderId: 'ful_1', orderId: 'ord_1', locationId: 'EAST', by: 'anna' };
  await tell(event('fulfillment-order-commanded.v1', { ...about, ...asked, askedAt: '2026-11-23T09:00:00.000Z' }));
  const occurredAt = new Date('2026-11-23T09:00:00Z');
  const timeline = [{ type: `WORK_${asked.command}_ASKED`, system: 'commerce', message, occurredAt }];
  expect(ports.calls).toEqual([{ port: 'orders.note', args: ['ord_1', { key: expect.any(String), traceId: TRACE, timeline }] }]);
}); // biome-ignore format: a table

it.each([
  ['COMPLETE_PICKUP', ['commanded:COMPLETE_PICKUP:ful_1']],
  ['HOLD', ['commanded:wcm_1', 'commanded:wcm_2']],
] as const)('says of a %s that two asked for what happened', async (command, keys) => {
  const about = { fulfillmentOrderId: 'ful_1', orderId: 'ord_1', locationId: 'EAST', by: 'till', command, askedAt: '2026-11-23T09:00:00.000Z' }; // biome-ignore format: one thought
  for (const commandId of ['wcm_1', 'wcm_2']) await tell(event('fulfillment-order-commanded.v1', { ...about, commandId })); // biome-ignore format: one thought
  expect([...new Set(ports.of('orders.note').map(({ args }) => args[1].key))]).toEqual(keys);
});

it('says on the order that work was merged, and sources nothing again', async () => {
  await tell(changed({ status: 'CANCELLED', requestStatus: 'CLOSED', lines: [], mergedInto: 'ful_2' }));
  expect(ports.calls).toMatchObject([
    {
      port: 'orders.note',
      args: [
        'ord_1',
        {
          key: 'merged:evt_1',
          traceId: TRACE,
          timeline: [{ type: 'WORK_MERGED', message: 'Two pieces of work at EAST became one' }],
        },
      ],
    },
  ]);
  expect(started).toEqual([]);
});

describe('a node that was asked to give work back', () => {
  it.each([
    ['says no', { requestStatus: 'CANCELLATION_REJECTED' }],
    [
      'ships it all the same',
      { status: 'CLOSED', requestStatus: 'CLOSED', lines: [] as { lineId: string; quantity: number }[] },
    ],
  ] as [string, Parameters<typeof changed>[0]][])('and %s: who asked hears that the units stay', async (_, now) => {
    await tell(changed({ status: 'IN_PROGRESS', previousStatus: 'IN_PROGRESS', previousRequestStatus: 'CANCELLATION_REQUESTED', ...now })); // biome-ignore format: one thought
    expect(ports.of('orders.keepUnits')).toMatchObject([
      { args: ['ord_1', { requestId: 'request-1', units: 2 }, { key: 'withdrawal-refused:ful_1' }] },
    ]);
  });
});

describe('a parcel', () => {
  /** What is recorded of the shipment, besides what everything starts with. */
  function known(more: Partial<NonNullable<ReturnType<typeof ports.shipments.get>>>) {
    const shipment = ports.shipments.get('shp_1');
    if (!shipment) throw new Error('there is no shipment');
    ports.shipments.set('shp_1', { ...shipment, ...more });
    return ports.shipments.get('shp_1');
  }
  const outcome = (delivered: number, lost: number, stranded = 0) => ({ lineId: 'l1', quantity: 5, delivered, lost, stranded }); // biome-ignore format: one thought

  it.each([
    ['DELIVERED', outcome(5, 0), 'orders.countShipment'],
    ['LOST', outcome(0, 3, 2), 'orders.countShipment'],
    ['OUT_FOR_DELIVERY', outcome(0, 0), 'orders.note'],
    ['RETURN_TO_SENDER', outcome(0, 0, 5), 'orders.note'],
  ] as const)('that is %s is counted by what is recorded of the units, after they were shipped', async (status, units, port) => {
    const shipment = known({ outcomes: [units] });
    await tell(moved(status));
    expect(ports.calls.map((call) => call.port)).toEqual(['orders.ship', port]);
    expect(ports.calls[0]?.args).toMatchObject(['ord_1', [{ lineId: 'l1', quantity: 5 }], { key: 'ship:shp_1' }]);
    if (port === 'orders.countShipment') expect(ports.calls[1]?.args[1]).toEqual(shipment);
    const effect = ports.calls[1]?.args.at(-1);
    expect(effect).toMatchObject({ key: `${status}:shp_1:7`, timeline: [{ type: `SHIPMENT_${status}` }] });
    expect(effect.timeline[0].occurredAt).toEqual(new Date('2026-11-23T09:30:00.000Z'));
  }); // biome-ignore format: a table

  it('that ends before the others of its shipment is counted then, and what was taken in before is noted', async () => {
    known({ outcomes: [outcome(2, 0)], packages: [1, 2, 3].map((n) => ({ carrier: 'UPS', trackingNumber: `1Z${n}` })) });
    const ended = (status: 'DELIVERED' | 'RETURN_TO_SENDER') => event('shipment-parcel-ended.v1', { shipmentId: 'shp_1', orderId: 'ord_1', packageId: 'pkg_1', status, happenedAt: '2026-11-23T09:10:00Z' });
    await tell(ended('DELIVERED'));
    expect(ports.calls.map((call) => call.port)).toEqual(['orders.ship', 'orders.countShipment', 'orders.noteTakenIn']);
    expect(ports.calls[1]?.args.at(-1)).toEqual({
      key: 'parcel:shp_1:7',
      traceId: TRACE,
      timeline: [{ type: 'PARCEL_DELIVERED', system: 'carrier', message: 'One of 3 parcels: it is delivered', occurredAt: new Date('2026-11-23T09:10:00Z') }],
    });
  }); // biome-ignore format: a table

  it('has no news from before its goods left, nor from after they were heard of, whatever its carrier’s clock says', async () => {
    const at = async (happenedAt: string) => {
      const news = moved('IN_TRANSIT');
      await tell({ ...news, data: { ...news.data, happenedAt } } as typeof news);
      return ports.of('orders.note').at(-1)?.args.at(-1).timeline[0].occurredAt;
    };
    expect(await at('1900-01-01T00:00:00Z')).toEqual(new Date('2026-11-23T09:00:00Z'));
    expect(await at('2026-11-23T09:10:00Z')).toEqual(new Date('2026-11-23T09:10:00Z'));
    expect(await at('2099-01-01T00:00:00Z')).toEqual(new Date('2026-11-23T09:30:00Z'));
  });

  it('that arrives as the last while others of its shipment did not says what is missing', async () => {
    known({ outcomes: [outcome(1, 3, 1)] });
    await tell(moved('DELIVERED'));
    const message = 'A shipment is delivered, except 3 units that are lost and 1 unit that went back, or whose label was cancelled'; // biome-ignore format: one thought
    expect(ports.of('orders.countShipment')[0]?.args.at(-1).timeline).toMatchObject([{ type: 'SHIPMENT_DELIVERED', system: 'carrier', message }]); // biome-ignore format: one thought
  });

  it("is told of in words, and goods that were handed over without one are the node's news", async () => {
    await tell(moved('LABEL_CREATED'));
    known({ packages: [], outcomes: [outcome(5, 0)] });
    await tell(moved('DELIVERED'));
    expect(ports.of('orders.note')[0]?.args.at(-1).timeline[0]).toMatchObject({
      system: 'carrier',
      message: 'A shipment has its label and was not scanned by its carrier yet',
    });
    expect(ports.of('orders.countShipment')[0]?.args.at(-1).timeline[0]).toMatchObject({
      type: 'SHIPMENT_DELIVERED',
      system: 'wms',
      message: 'EAST handed the goods over',
    });
    expect(ports.of('orders.ship')[1]?.args[2].timeline[0].message).toBe('5 units handed over at EAST');
  });

  it('without a tracking number is on its way until somebody says that it arrived', async () => {
    known({ packages: [], outcomes: [outcome(0, 0)] });
    await tell(moved('LABEL_CREATED'));
    expect(ports.of('orders.countShipment')).toEqual([]);
    expect(ports.of('orders.note')[0]?.args.at(-1).timeline[0]).toMatchObject({ system: 'wms', message: 'EAST sent the goods without a tracking number' }); // biome-ignore format: one thought
    known({ packages: [], outcomes: [outcome(5, 0)] });
    const arrived = event('shipment-status-changed.v1', { shipmentId: 'shp_1', orderId: 'ord_1', previousStatus: 'LABEL_CREATED', status: 'DELIVERED' }); // biome-ignore format: one thought
    await tell(arrived);
    expect(ports.of('orders.countShipment')[0]?.args.at(-1).timeline[0]).toMatchObject({ system: 'commerce', message: 'A shipment without a tracking number counts as delivered' }); // biome-ignore format: one thought
  });

  it('that is not recorded changes nothing', async () => {
    ports.shipments.clear();
    await tell(moved('DELIVERED'));
    expect(ports.calls).toEqual([]);
  });

  it('gives the order the same dispatch as the workflow, so that it happens once', async () => {
    await tell(moved('IN_TRANSIT'));
    const [shipped] = ports.of('orders.ship');
    expect(shipped?.args[2]).toEqual({
      key: 'ship:shp_1',
      traceId: TRACE,
      timeline: [
        {
          type: 'GOODS_ISSUED',
          system: 'wms',
          message: '5 units left EAST in 1 package',
          occurredAt: new Date('2026-11-23T09:00:00Z'),
        },
      ],
    });
  });
});
