import { randomUUID } from 'node:crypto';
import { at } from '../../../subgraphs/inventory/sample-stock.ts';
import type { MutationCases } from '../mutation-case.ts';
import { backOffice, type Variables, type World } from '../world.ts';
import { placed } from './order.ts';

const staff = backOffice('warehouse');

/** Work that its node has received. */
async function released(world: World, collected = false) {
  const order = await placed(world, collected);
  const [fulfillmentOrderId = ''] = await world.work.open({
    key: `${order.id}:source:0`,
    orderId: order.id,
    channelCode: 'WEB',
    customerId: null,
    deliveryMethod: collected ? 'PICK_UP' : 'SHIPPING',
    serviceLevel: null,
    groups: [
      {
        locationId: at(collected ? 'SHOP' : 'EAST'),
        lines: [{ lineId: order.lineId, sku: 'LANTERN', quantity: 4 }],
      },
    ],
    traceId: '0'.repeat(32),
  });
  const work = await world.work.submit(fulfillmentOrderId);
  if (!work) throw new Error('the work is gone');
  const { nodeReference } = await world.nodes.release({ ...work, shipTo: null }, world.signal);
  await world.nodeFeed.catchUp(world.signal);
  return { fulfillmentOrderId, nodeReference };
}

async function accepted(world: World, collected = false) {
  const work = await released(world, collected);
  await world.nodes.accept(work.nodeReference, world.signal);
  await world.nodeFeed.catchUp(world.signal);
  return work;
}

/** Work of four lanterns that no node was asked to do, in a state that operators can bring it to. */
async function opened(
  world: World,
  status: 'OPEN' | 'ON_HOLD' | 'SCHEDULED' = 'OPEN',
  given?: Awaited<ReturnType<typeof placed>>,
) {
  const order = given ?? (await placed(world));
  const [fulfillmentOrderId = ''] = await world.work.open({
    key: `${order.id}:source:${randomUUID()}`,
    orderId: order.id,
    channelCode: 'WEB',
    customerId: null,
    deliveryMethod: 'SHIPPING',
    serviceLevel: null,
    groups: [{ locationId: at('EAST'), lines: [{ lineId: order.lineId, sku: 'LANTERN', quantity: 4 }] }],
    opening: { status, ...(status === 'SCHEDULED' ? { fulfilAt: '2999-01-01T00:00:00Z' } : {}) },
    traceId: '0'.repeat(32),
  });
  return fulfillmentOrderId;
}
const operator = backOffice('operations');
const reason = 'told by phone';
const otherwise: (variables: Variables) => Variables = ({ input, ...rest }) => ({
  ...rest,
  input: { ...input, reason: 'told by mail' },
});

async function lineOf(world: World, fulfillmentOrderId: string): Promise<string> {
  const { data } = await world.send(
    'query ($id: ID!) { fulfillmentOrder(id: $id) { lines { id } } }',
    { id: fulfillmentOrderId },
    staff,
  );
  return data?.fulfillmentOrder?.lines[0].id;
}

export const fulfillment: MutationCases = {
  fulfillmentOrderAccept: {
    caller: staff,
    prepare: async (world) => ({ fulfillmentOrderId: (await released(world)).fulfillmentOrderId, input: {} }),
    otherwise: null,
  },
  fulfillmentOrderReject: {
    caller: staff,
    prepare: async (world) => ({
      fulfillmentOrderId: (await released(world)).fulfillmentOrderId,
      input: { reason: 'CAPACITY' },
    }),
    otherwise: ({ fulfillmentOrderId }) => ({ fulfillmentOrderId, input: { reason: 'DAMAGED' } }),
  },
  fulfillmentOrderShip: {
    caller: staff,
    prepare: async (world) => {
      const { fulfillmentOrderId } = await accepted(world);
      const lines = [{ fulfillmentOrderLineId: await lineOf(world, fulfillmentOrderId), quantity: 4 }];
      return { fulfillmentOrderId, input: { packages: [{ carrier: 'UPS', trackingNumber: randomUUID(), lines }] } };
    },
    otherwise: ({ fulfillmentOrderId, input }) => ({
      fulfillmentOrderId,
      input: { packages: [{ ...input.packages[0], carrier: 'DHL' }] },
    }),
  },
  fulfillmentOrderMarkReadyForPickup: {
    caller: staff,
    prepare: async (world) => ({ fulfillmentOrderId: (await accepted(world, true)).fulfillmentOrderId, input: {} }),
    otherwise: null,
  },
  fulfillmentOrderCompletePickup: {
    caller: staff,
    prepare: async (world) => {
      const { fulfillmentOrderId, nodeReference } = await accepted(world, true);
      await world.nodes.markReadyForPickup(nodeReference, world.signal);
      await world.nodeFeed.catchUp(world.signal);
      return { fulfillmentOrderId, input: {} };
    },
    otherwise: null,
  },
  fulfillmentOrderHold: {
    caller: operator,
    prepare: async (world) => ({ fulfillmentOrderId: await opened(world), input: { reason } }),
    otherwise,
  },
  fulfillmentOrderReleaseHold: {
    caller: operator,
    prepare: async (world) => ({ fulfillmentOrderId: await opened(world, 'ON_HOLD'), input: { reason } }),
    otherwise,
  },
  fulfillmentOrderSchedule: {
    caller: operator,
    prepare: async (world) => ({
      fulfillmentOrderId: await opened(world),
      input: { reason, fulfilAt: '2999-01-01T00:00:00Z' },
    }),
    otherwise,
  },
  fulfillmentOrderMarkAsOpen: {
    caller: operator,
    prepare: async (world) => ({ fulfillmentOrderId: await opened(world, 'SCHEDULED'), input: { reason } }),
    otherwise,
  },
  fulfillmentOrderMove: {
    caller: operator,
    prepare: async (world) => ({
      fulfillmentOrderId: await opened(world),
      input: { reason, locationId: at('SHOP') },
    }),
    otherwise,
  },
  fulfillmentOrderSplit: {
    caller: operator,
    prepare: async (world) => {
      const fulfillmentOrderId = await opened(world);
      const lines = [{ fulfillmentOrderLineId: await lineOf(world, fulfillmentOrderId), quantity: 1 }];
      return { fulfillmentOrderId, input: { reason, lines } };
    },
    otherwise,
  },
  fulfillmentOrderMerge: {
    caller: operator,
    prepare: async (world) => {
      const order = await placed(world);
      const [fulfillmentOrderId, other] = [await opened(world, 'OPEN', order), await opened(world, 'OPEN', order)];
      return { fulfillmentOrderId, input: { reason, fulfillmentOrderIds: [other] } };
    },
    otherwise,
  },
  trackingEventRecord: {
    caller: staff,
    prepare: async (world) => {
      const { nodeReference, fulfillmentOrderId } = await accepted(world);
      const trackingNumber = randomUUID();
      const work = await world.work.submit(fulfillmentOrderId);
      const lines = (work?.lines ?? []).map(({ lineRef, quantity }) => ({ lineRef, quantity }));
      const parcel = { carrier: 'UPS', trackingNumber, sscc: null, serviceLevel: null, lines };
      await world.nodes.confirmShipment(nodeReference, { key: trackingNumber, packages: [parcel] }, world.signal);
      await world.nodeFeed.catchUp(world.signal);
      const scan = { carrier: 'UPS', trackingNumber, eventId: randomUUID(), status: 'in_transit' };
      return { input: { ...scan, occurredAt: '2026-11-27T09:00:00Z' } };
    },
    otherwise: ({ input }) => ({ input: { ...input, status: 'delivered' } }),
  },
};
