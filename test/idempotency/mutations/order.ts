import { randomUUID } from 'node:crypto';
import { at } from '../../../subgraphs/inventory/sample-stock.ts';
import { arrival } from '../../helpers/arrival.ts';
import { callerOf } from '../../helpers/subgraph.ts';
import type { MutationCases } from '../mutation-case.ts';
import { backOffice, type Variables, type World } from '../world.ts';

const QUANTITY = 4;
const operator = backOffice('operations');

const input = (more: object = {}) => ({
  currencyCode: 'GBP',
  lines: [{ sku: 'LANTERN', quantity: QUANTITY }],
  delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', countryCode: 'GB' } },
  ...more,
});

const PLACE = `mutation ($input: OrderPlaceInput!) {
  orderPlace(input: $input) { order { id lines(first: 1) { nodes { id sku } } } userErrors { code message } } }`;

/** An order that was taken just now. @param collected whether the buyer comes to the shop for it */
export async function placed(world: World, collected = false): Promise<{ id: string; lineId: string }> {
  const delivery = { method: 'PICK_UP', locationId: at('SHOP') };
  const variables = { input: { idempotencyKey: randomUUID(), ...input(collected ? { delivery } : {}) } };
  const order = (await world.send(PLACE, variables, callerOf())).data?.orderPlace?.order;
  return { id: order.id, lineId: order.lines.nodes[0].id };
}

const effect = () => ({ key: randomUUID(), traceId: '0'.repeat(32) });

async function delivered(world: World): Promise<{ id: string; lineId: string }> {
  const order = await placed(world);
  const units = [{ lineId: order.lineId, quantity: QUANTITY }];
  await world.book.accept(order.id, { deskNumber: 'D1', acknowledgedAt: new Date() }, effect());
  await world.book.ship(order.id, units, effect());
  await world.book.countShipment(order.id, arrival(units), effect());
  return order;
}

const wish = (lineId: string, quantity: number) => ({
  lines: [{ orderLineId: lineId, quantity, reason: 'UNWANTED' }],
});

async function requested(world: World): Promise<{ returnId: string; lineId: string }> {
  const order = await delivered(world);
  const { data } = await world.send(
    `mutation ($orderId: ID!, $input: ReturnRequestInput!) {
      returnRequest(orderId: $orderId, input: $input) { return { id lines { id } } userErrors { code message } } }`,
    { orderId: order.id, input: { idempotencyKey: randomUUID(), ...wish(order.lineId, 2) } },
    callerOf(),
  );
  const { id, lines } = data?.returnRequest?.return ?? {};
  return { returnId: id, lineId: lines[0].id };
}

async function authorized(world: World): Promise<{ returnId: string; lineId: string }> {
  const found = await requested(world);
  await world.send(
    'mutation ($returnId: ID!, $input: ReturnAuthorizeInput!) { returnAuthorize(returnId: $returnId, input: $input) { userErrors { code message } } }',
    { returnId: found.returnId, input: { idempotencyKey: randomUUID() } },
    operator,
  );
  return found;
}

/** Staff's mutation on a return. */
async function onReturn(world: World, field: string, returnId: string, input: object = {}): Promise<void> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input!`;
  await world.send(
    `mutation ($returnId: ID!, $input: ${type}) { ${field}(returnId: $returnId, input: $input) { userErrors { code message } } }`,
    { returnId, input: { idempotencyKey: randomUUID(), ...input } },
    operator,
  );
}

/** A return whose two units arrived without their condition. */
async function received(world: World): Promise<{ returnId: string; lineId: string }> {
  const found = await authorized(world);
  const lines = [{ returnLineId: found.lineId, quantity: 2 }];
  await onReturn(world, 'returnReceive', found.returnId, { locationId: at('EAST'), lines });
  return found;
}

const inspection = (lineId: string, disposition = 'SELLABLE') => ({
  locationId: at('EAST'),
  lines: [{ returnLineId: lineId, quantity: 2, disposition }],
});

async function inspected(world: World): Promise<string> {
  const { returnId, lineId } = await received(world);
  await onReturn(world, 'returnInspect', returnId, inspection(lineId));
  return returnId;
}

async function onHold(world: World): Promise<string> {
  const { id } = await placed(world);
  await world.send(
    'mutation ($orderId: ID!, $input: OrderHoldInput!) { orderHold(orderId: $orderId, input: $input) { userErrors { code message } } }',
    { orderId: id, input: { idempotencyKey: randomUUID(), reason: 'MANUAL' } },
    operator,
  );
  return id;
}

const payment = (reference: string) => ({ reference, provider: 'stripe', authorized: { amount: '1000.00', currencyCode: 'GBP' } }); // biome-ignore format: one thought

const withReason = (reason: string) => (variables: Variables) => ({
  ...variables,
  input: { ...variables.input, reason },
});

export const order: MutationCases = {
  orderPlace: {
    prepare: async () => ({ input: input() }),
    otherwise: () => ({ input: input({ lines: [{ sku: 'LANTERN', quantity: QUANTITY + 1 }] }) }),
  },
  orderCancel: {
    prepare: async (world) => ({ orderId: (await placed(world)).id, input: { reason: 'CUSTOMER_REQUEST' } }),
    otherwise: withReason('FRAUD'),
  },
  orderRecordPayment: {
    prepare: async (world) => ({ orderId: (await placed(world)).id, input: { payment: payment('pay_1') } }),
    otherwise: (variables) => ({ ...variables, input: { ...variables.input, payment: payment('pay_2') } }),
  },
  orderHold: {
    caller: operator,
    prepare: async (world) => ({ orderId: (await placed(world)).id, input: { reason: 'MANUAL' } }),
    otherwise: withReason('FRAUD'),
  },
  orderReleaseHold: {
    caller: operator,
    prepare: async (world) => ({ orderId: await onHold(world), input: { reason: 'MANUAL' } }),
    otherwise: withReason('FRAUD'),
  },
  returnRequest: {
    prepare: async (world) => {
      const { id, lineId } = await delivered(world);
      return { orderId: id, input: wish(lineId, 1) };
    },
    otherwise: ({ orderId, input: { lines } }) => ({ orderId, input: wish(lines[0].orderLineId, 2) }),
  },
  returnAuthorize: {
    caller: operator,
    prepare: async (world) => ({ returnId: (await requested(world)).returnId, input: {} }),
    otherwise: null,
  },
  returnReceive: {
    caller: operator,
    prepare: async (world) => {
      const { returnId, lineId } = await authorized(world);
      const lines = [{ returnLineId: lineId, quantity: 1, disposition: 'SELLABLE' }];
      return { returnId, input: { locationId: at('EAST'), lines } };
    },
    otherwise: ({ returnId, input: received }) => ({ returnId, input: { ...received, locationId: at('SHOP') } }),
  },
  returnDecline: {
    caller: operator,
    prepare: async (world) => ({ returnId: (await requested(world)).returnId, input: { reason: 'FINAL_SALE' } }),
    otherwise: withReason('OTHER'),
  },
  returnCancel: {
    prepare: async (world) => ({ returnId: (await requested(world)).returnId, input: {} }),
    otherwise: null,
  },
  returnReopen: {
    caller: operator,
    prepare: async (world) => {
      const { returnId } = await requested(world);
      await onReturn(world, 'returnCancel', returnId);
      return { returnId, input: {} };
    },
    otherwise: null,
  },
  returnIssueLabel: {
    prepare: async (world) => ({ returnId: (await authorized(world)).returnId, input: {} }),
    otherwise: null,
  },
  returnInspect: {
    caller: operator,
    prepare: async (world) => {
      const { returnId, lineId } = await received(world);
      return { returnId, input: inspection(lineId) };
    },
    otherwise: ({ returnId, input: found }) => ({
      returnId,
      input: inspection(found.lines[0].returnLineId, 'DEFECTIVE'),
    }),
  },
  returnResolve: {
    caller: operator,
    prepare: async (world) => ({ returnId: await inspected(world), input: {} }),
    otherwise: null,
  },
  returnReject: {
    caller: operator,
    prepare: async (world) => ({ returnId: await inspected(world), input: { note: 'worn' } }),
    otherwise: ({ returnId }) => ({ returnId, input: { note: 'broken' } }),
  },
  returnExchange: {
    prepare: async (world) => ({
      returnId: (await authorized(world)).returnId,
      input: { lines: [{ sku: 'LANTERN', quantity: 2 }] },
    }),
    otherwise: ({ returnId }) => ({ returnId, input: { lines: [{ sku: 'LANTERN', quantity: 1 }] } }),
  },
  returnRefund: {
    caller: operator,
    prepare: async (world) => ({ returnId: (await authorized(world)).returnId, input: {} }),
    otherwise: ({ returnId }) => ({ returnId, input: { lines: [] } }),
  },
};
