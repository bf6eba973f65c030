import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { vendureOrderDesk } from '../../subgraphs/order/adapters/vendure.ts';
import { vendureDeskAudit } from '../../subgraphs/order/adapters/vendure-audit.ts';
import type { DeskOrder, OrderDesk } from '../../subgraphs/order/port.ts';
import type { VendureClient } from '../../systems/vendure/client.ts';
import { beginOrder, findOrder, listOrders } from '../../systems/vendure/orders.ts';
import { VENDURE_PROFILE } from '../../systems/vendure/profile.ts';
import { startLossyProxy } from '../helpers/lossy-proxy.ts';
import { startTestVendure, type TestVendure } from '../helpers/vendure.ts';
import { deskAuditContract } from './desk-audit.contract.ts';
import { orderDeskContract } from './order-desk.contract.ts';

const { signal } = new AbortController();
const done = z.unknown();

let server: TestVendure;
let vendure: VendureClient;
let desk: OrderDesk;
beforeAll(async () => {
  server = await startTestVendure();
  vendure = server.open();
  desk = vendureOrderDesk(vendure, server.terms);
}, 600_000);
afterAll(async () => {
  await vendure.close();
  await server.stop();
});

/** One server serves all tests: what was there before loses its reference, and is none of ours any more. */
async function empty(): Promise<void> {
  const every = z.object({ orders: z.object({ items: z.array(z.object({ id: z.string() })) }) });
  const { orders } = await vendure.read('{ orders(options: { take: 100, filter: { commerceReference: { isNull: false } } }) { items { id } } }', {}, every); // biome-ignore format: one thought
  for (const { id } of orders.items) await vendure.write('mutation ($id: ID!) { setOrderCustomFields(input: { id: $id, customFields: { commerceReference: null } }) { id } }', { id }, done); // biome-ignore format: one thought
}

orderDeskContract('Vendure', async () => {
  await empty();
  return { desk, stop: async () => undefined };
}, VENDURE_PROFILE); // biome-ignore format: one thought
deskAuditContract(
  'Vendure',
  async () => {
    await empty();
    return { audit: vendureDeskAudit(vendure), desk, stop: async () => undefined };
  },
  VENDURE_PROFILE,
);

describe('with Vendure', () => {
  const order: DeskOrder = {
    orderId: 'ord_9',
    number: '100009',
    channelCode: 'AMAZON',
    channelOrderId: null,
    currencyCode: 'GBP',
    lines: [
      { lineId: 'oln_1', sku: '71053', quantity: 5, unitPrice: '3.39' },
      { lineId: 'oln_2', sku: '85123A', quantity: 2, unitPrice: '2.55' },
    ],
    destination: { countryCode: 'GB', postalCode: 'N1 1AA' },
  };
  beforeEach(empty);

  async function there() {
    const found = await findOrder(vendure, 'ord_9', {});
    if (!found) throw new Error('Vendure does not have the order');
    return found;
  }
  const record = async () => (await vendureDeskAudit(vendure).records(null, 500, signal)).records.find(({ orderId }) => orderId === 'ord_9'); // biome-ignore format: one thought
  const lineIds = async () => (await there()).lines.map(({ id }) => id) as [string, string];

  it('an order costs there what it was sold for, and is placed and paid', async () => {
    await desk.register(order, signal);
    const totals = z.object({ order: z.object({ state: z.string(), totalWithTax: z.int(), shippingAddress: z.object({ fullName: z.string().nullable(), streetLine1: z.string().nullable(), postalCode: z.string() }) }) }); // biome-ignore format: one thought
    const { id } = await there();
    const told = await vendure.read('query ($id: ID!) { order(id: $id) { state totalWithTax shippingAddress { fullName streetLine1 postalCode } } }', { id }, totals); // biome-ignore format: one thought
    // 5 × 3.39 + 2 × 2.55; the articles cost 1.00 each there. Nothing personal.
    expect(told.order).toEqual({ state: 'PaymentSettled', totalWithTax: 22_05, shippingAddress: { fullName: null, streetLine1: '', postalCode: 'N1 1AA' } }); // biome-ignore format: one thought
  });

  it.each(['request', 'answer'] as const)('a registration whose %s gets lost anywhere is finished by the next one, as one order', async (what) => {
    const proxy = await startLossyProxy(server.server.url);
    const lossy = server.open({ address: proxy.url });
    const retrying = vendureOrderDesk(lossy, server.terms);
    const steps = ['createDraftOrder', 'setDraftOrderCustomFields', 'oln_1', 'oln_2', 'setCustomerForDraftOrder', 'setDraftOrderShippingAddress', 'setDraftOrderShippingMethod', 'transitionOrderToState', 'addManualPaymentToOrder'];
    try {
      for (const [index, step] of steps.entries()) {
        const one = { ...order, orderId: `lost-${what}-${index}` };
        proxy.loseNext(step, what);
        await expect(retrying.register(one, signal)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
        const registered = await retrying.register(one, signal);
        expect(await desk.find(one.orderId, signal)).toEqual(registered);
      }
      const { orders, total } = await listOrders(vendure, { skip: 0, take: 100 }, {});
      expect(total).toBe(steps.length);
      for (const { state, lines } of orders)
        expect([state, lines.map(({ quantity, customFields }) => [customFields.commerceLine, quantity])]).toEqual(['PaymentSettled', [['oln_1', 5], ['oln_2', 2]]]);
    } finally {
      await lossy.close();
      await proxy.stop();
    }
  }); // biome-ignore format: one thought

  it('of two registrations that begin at once one fails, to be tried again: there is one order', async () => {
    const begun = await Promise.allSettled([beginOrder(vendure, 'ord_9', {}), beginOrder(vendure, 'ord_9', {})]);
    const failed = begun.filter(({ status }) => status === 'rejected');
    expect(failed).toMatchObject([{ reason: { code: 'SYSTEM_UNAVAILABLE', details: { reason: 'internal-error' } } }]);
    const registered = await desk.register(order, signal);
    expect((await listOrders(vendure, { skip: 0, take: 10 }, {})).orders.map(({ code }) => code)).toEqual([registered.deskNumber]); // biome-ignore format: one thought
  });

  it('refuses what would be another order there: an article, a currency or units that it does not have', async () => {
    const refusal = (more: Partial<DeskOrder>, systemCode: string) => expect(desk.register({ ...order, ...more }, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', details: { systemCode } }); // biome-ignore format: one thought
    await refusal({ orderId: 'a', lines: [{ lineId: 'x', sku: 'NONE', quantity: 1, unitPrice: '1.00' }] }, 'SKU_UNKNOWN'); // biome-ignore format: one thought
    await refusal({ orderId: 'b', currencyCode: 'EUR' }, 'CURRENCY_DIFFERS');
    await refusal({ orderId: 'c', destination: { countryCode: 'ZZ', postalCode: null } }, 'USER_INPUT_ERROR');
    const variant = z.object({ productVariants: z.object({ items: z.array(z.object({ id: z.string() })) }) });
    const { productVariants } = await vendure.read('{ productVariants(options: { filter: { sku: { eq: "71053" } } }) { items { id } } }', {}, variant); // biome-ignore format: one thought
    const track = (trackInventory: string, stockOnHand: number) => vendure.write('mutation ($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id } }', { input: [{ id: productVariants.items[0]?.id, trackInventory, stockOnHand }] }, done); // biome-ignore format: one thought
    await track('TRUE', 3);
    try {
      // Three of the five are in the draft now, as Vendure does it.
      await refusal({}, 'INSUFFICIENT_STOCK_ERROR');
      expect(await desk.find('ord_9', signal)).toBeNull();
      expect((await there()).lines.map(({ quantity }) => quantity)).toEqual([3]);
    } finally {
      await track('FALSE', 0);
    }
    await desk.register(order, signal);
    expect((await there()).lines.map(({ quantity }) => quantity)).toEqual([5, 2]);
  });

  it('what is shipped there by hand shows, and cannot be shipped again from here', async () => {
    await desk.register(order, signal);
    const [line] = await lineIds();
    const handler = { code: 'manual-fulfillment', arguments: [{ name: 'method', value: 'Van' }, { name: 'trackingCode', value: '' }] }; // biome-ignore format: one thought
    const made = z.object({ addFulfillmentToOrder: z.object({ id: z.string() }) });
    const { addFulfillmentToOrder: fulfillment } = await vendure.write('mutation ($input: FulfillOrderInput!) { addFulfillmentToOrder(input: $input) { ... on Fulfillment { id } ... on ErrorResult { errorCode } } }', { input: { lines: [{ orderLineId: line, quantity: 5 }], handler } }, made); // biome-ignore format: one thought
    expect((await record())?.lines.map(({ shipped }) => shipped)).toEqual([0, 0]);
    const move = (state: string) => vendure.write('mutation ($id: ID!, $state: String!) { transitionFulfillmentToState(id: $id, state: $state) { __typename ... on ErrorResult { errorCode } } }', { id: fulfillment.id, state }, done); // biome-ignore format: one thought
    for (const state of ['Shipped', 'Delivered']) {
      await move(state);
      expect((await record())?.lines.map(({ shipped }) => shipped)).toEqual([5, 0]);
    }
    const notice = { noticeId: 'shp_9', orderId: 'ord_9', lines: [{ lineId: 'oln_1', quantity: 5 }], packages: [] };
    await expect(desk.confirmShipment(notice, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', details: { systemCode: 'ITEMS_ALREADY_FULFILLED_ERROR' } }); // biome-ignore format: one thought
  });

  it('a shipment whose answer got lost is told once', async () => {
    await desk.register(order, signal);
    const proxy = await startLossyProxy(server.server.url);
    const lossy = server.open({ address: proxy.url });
    const retrying = vendureOrderDesk(lossy, server.terms);
    try {
      for (const [index, step] of ['addFulfillmentToOrder', 'transitionFulfillmentToState'].entries()) {
        const notice = { noticeId: `shp_lost_${index}`, orderId: 'ord_9', lines: [{ lineId: 'oln_1', quantity: 2 }], packages: [{ carrier: 'UPS', trackingNumber: '1Z1' }] }; // biome-ignore format: one thought
        proxy.loseNext(step, 'answer');
        await expect(retrying.confirmShipment(notice, signal)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
        await retrying.confirmShipment(notice, signal);
        expect((await record())?.lines[0]).toMatchObject({ shipped: 2 * (index + 1) });
      }
    } finally {
      await lossy.close();
      await proxy.stop();
    }
  });

  it('what is cancelled there by hand shows, and a notice cancels no more than it has to', async () => {
    await desk.register(order, signal);
    const [first, second] = await lineIds();
    const cancel = (lines: object[]) => vendure.write('mutation ($input: CancelOrderInput!) { cancelOrder(input: $input) { __typename ... on ErrorResult { errorCode } } }', { input: { orderId: id, lines, reason: 'by phone' } }, done); // biome-ignore format: one thought
    const { id } = await there();
    await cancel([{ orderLineId: first, quantity: 2 }]);
    const cancelled = async () => (await record())?.lines.map((line) => line.cancelled);
    expect(await cancelled()).toEqual([2, 0]);
    // Ours of one unit, which leaves four, comes after theirs of two: three are left, and stay.
    await desk.cancel({ noticeId: 'can_1', orderId: 'ord_9', reason: 'OTHER', lines: [{ lineId: 'oln_1', quantity: 1, left: 4 }] }, signal); // biome-ignore format: one thought
    expect(await cancelled()).toEqual([2, 0]);
    await cancel([{ orderLineId: first, quantity: 3 }, { orderLineId: second, quantity: 2 }]); // biome-ignore format: one thought
    expect([(await there()).state, await cancelled()]).toEqual(['Cancelled', [5, 2]]);
    await desk.cancel({ noticeId: 'can_2', orderId: 'ord_9', reason: 'OTHER', lines: [{ lineId: 'oln_1', quantity: 5, left: 0 }] }, signal); // biome-ignore format: one thought
    expect(await desk.find('ord_9', signal)).not.toBeNull();
  });

  it('money that is given back there by hand shows, settled or not', async () => {
    await desk.register(order, signal);
    expect(await record()).toMatchObject({ refunded: { amountMinor: 0n, currencyCode: 'GBP' } });
    const payments = z.object({ order: z.object({ payments: z.array(z.object({ id: z.string() })) }) });
    const { id } = await there();
    const { order: paid } = await vendure.read('query ($id: ID!) { order(id: $id) { payments { id } } }', { id }, payments); // biome-ignore format: one thought
    const made = z.object({ refundOrder: z.object({ id: z.string() }) });
    const input = { amount: 3_39, paymentId: paid.payments[0]?.id, reason: 'goodwill', lines: [], shipping: 0, adjustment: 0 }; // biome-ignore format: one thought
    const { refundOrder } = await vendure.write('mutation ($input: RefundOrderInput!) { refundOrder(input: $input) { ... on Refund { id } ... on ErrorResult { errorCode } } }', { input }, made); // biome-ignore format: one thought
    expect(await record()).toMatchObject({ refunded: { amountMinor: 339n } });
    await vendure.write('mutation ($input: SettleRefundInput!) { settleRefund(input: $input) { __typename ... on ErrorResult { errorCode } } }', { input: { id: refundOrder.id, transactionId: 're_1' } }, done); // biome-ignore format: one thought
    expect(await record()).toMatchObject({ refunded: { amountMinor: 339n } });
  });

  it('a session that ended is opened again, once, and nothing is done twice', async () => {
    const proxy = await startLossyProxy(server.server.url);
    const own = server.open({ address: proxy.url });
    try {
      await findOrder(own, 'ord_9', {});
      const headers = { 'content-type': 'application/json', authorization: proxy.lastAuthorization() ?? '' };
      await fetch(server.server.url, { method: 'POST', headers, body: JSON.stringify({ query: 'mutation { logout { success } }' }) }); // biome-ignore format: one thought
      await Promise.all([findOrder(own, 'ord_9', {}), findOrder(own, 'ord_9', {})]);
      expect(proxy.count('login(')).toBe(2);
      await vendureOrderDesk(own, server.terms).register(order, signal);
      expect(proxy.count('createDraftOrder')).toBe(1);
    } finally {
      await own.close();
      await proxy.stop();
    }
  });

  it('a password that is refused is not in the error', async () => {
    const wrong = server.open({ password: 's3cret' });
    const refused: unknown = await findOrder(wrong, 'ord_9', {}).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'SYSTEM_REJECTED', details: { systemCode: 'LOGIN_REFUSED' } });
    expect(JSON.stringify(refused)).not.toContain('s3cret');
    await wrong.close();
  });

  it('a frozen process is a time-out, and an order that was on its way then is one order', async () => {
    const hurried = server.open({ timeoutMillis: 1_500, attempts: 1 });
    process.kill(server.server.pid, 'SIGSTOP');
    try {
      await expect(vendureOrderDesk(hurried, server.terms).register(order, signal)).rejects.toMatchObject({ code: 'SYSTEM_TIMEOUT' }); // biome-ignore format: one thought
    } finally {
      process.kill(server.server.pid, 'SIGCONT');
    }
    await hurried.close();
    const registered = await desk.register(order, signal);
    expect((await listOrders(vendure, { skip: 0, take: 10 }, {})).orders.map(({ code }) => code)).toEqual([registered.deskNumber]); // biome-ignore format: one thought
  });
});
