import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import type { VendureClient } from '../../systems/vendure/client.ts';
import { findOrder } from '../../systems/vendure/orders.ts';
import { type GraphOver, startGraphOver } from '../helpers/graph-over.ts';
import { until } from '../helpers/processes.ts';
import { startTestVendure, type TestVendure } from '../helpers/vendure.ts';

const PATIENCE = 120_000;
// A test waits for many things one after the other, each of which has its own patience.
jest.setTimeout(900_000);
const done = z.unknown();

let server: TestVendure;
let vendure: VendureClient;
let graph: GraphOver;

/** A graph whose order desk is Vendure; goods, stock, work and money are the reference systems'. */
beforeAll(async () => {
  server = await startTestVendure();
  vendure = server.open();
  const { customer, shippingMethod } = server.terms;
  graph = await startGraphOver(
    {
      name: 'vendure',
      entry: `{ adapter: vendure, address: VENDURE_URL, user: VENDURE_USER, password: VENDURE_PASSWORD, customer: { default: "${customer.default}" }, shippingMethod: "${shippingMethod}" }`,
      domains: ['order'],
      env: { VENDURE_URL: server.server.url, VENDURE_USER: server.account.user, VENDURE_PASSWORD: server.account.password },
    },
    { DEMO_PACE_MS: '300' },
  ); // biome-ignore format: one thought
  await until(async () => (await graph.run('storefront', 'CartAvailability', { skus: ['71053'] })).data?.productVariants?.[0]?.availability?.confidence === 'LIVE', PATIENCE); // biome-ignore format: one thought
}, 900_000);

afterAll(async () => {
  await (graph as GraphOver | undefined)?.stop();
  await vendure?.close();
  await server?.stop();
});

async function there(orderId: string) {
  const found = await findOrder(vendure, orderId, {});
  if (!found) throw new Error('Vendure does not have the order');
  return found;
}
const isThere = async (orderId: string) => (await findOrder(vendure, orderId, {}))?.state === 'PaymentSettled';

it('takes an order to Vendure as it was sold, though its session ends and it stands still, and tells it what left', async () => {
  await graph.ask('dev-storefront', '{ __typename }');
  // The graph's session ends: a new password, be it the old one, ends all of them.
  process.kill(server.server.pid, 'SIGSTOP');
  const placed = await graph.place('71053', 3).finally(() => process.kill(server.server.pid, 'SIGCONT'));
  await until(async () => (await graph.order(placed.id)).status === 'DELIVERED', PATIENCE);
  const order = await there(placed.id);
  expect(order).toMatchObject({ currencyCode: 'GBP', lines: [{ quantity: 3, unitPriceWithTax: 3_39, productVariant: { sku: '71053' } }] }); // biome-ignore format: one thought
  await until(async () => ((await there(placed.id)).fulfillments ?? []).some(({ state }) => state === 'Shipped'), PATIENCE); // biome-ignore format: one thought
  const { fulfillments } = await there(placed.id);
  expect(fulfillments?.map(({ lines }) => lines.map(({ quantity }) => quantity))).toEqual([[3]]);
  const page = await graph.order(placed.id);
  expect(fulfillments?.[0]?.customFields.commerceNotice).toBe(page.shipments[0].id);
  expect(await graph.commerce('reconcile', '--system', 'oms')).toMatchObject({ code: 0 });
});

it('tells on the exception desk what its people give back, ship and cancel by hand', async () => {
  const { id: orderId, number } = await graph.place('71053', 2);
  await until(async () => (await graph.order(orderId)).status === 'DELIVERED', PATIENCE);
  await until(async () => ((await there(orderId)).fulfillments ?? []).length > 0, PATIENCE);
  const { id } = await there(orderId);
  const payments = z.object({ order: z.object({ payments: z.array(z.object({ id: z.string() })) }) });
  const { order } = await vendure.read('query ($id: ID!) { order(id: $id) { payments { id } } }', { id }, payments);
  const input = { amount: 3_39, paymentId: order.payments[0]?.id, reason: 'goodwill', lines: [], shipping: 0, adjustment: 0 }; // biome-ignore format: one thought
  await vendure.write('mutation ($input: RefundOrderInput!) { refundOrder(input: $input) { ... on Refund { id } ... on ErrorResult { errorCode } } }', { input }, done); // biome-ignore format: one thought
  // Orders that changed within half a minute are left to the next comparison. The order before is at rest then, and right.
  let compared = { code: 0, out: '' };
  await until(async () => {
    compared = await graph.commerce('reconcile', '--system', 'oms');
    return compared.code === 1;
  }, PATIENCE);
  expect(compared.out).toMatch(new RegExp(`DIFFERENT Order ${number}: .*3\\.39`));
  expect(compared.out).toContain('2 compared, 1 different, 0 corrected, 1 for a person');
  const { data } = await graph.ask('dev-operations', '{ integrationExceptions(first: 10, filter: { state: [OPEN] }) { edges { node { operation order { id } } } } }'); // biome-ignore format: one thought
  expect(data.integrationExceptions.edges).toEqual([{ node: { operation: 'reconcile-orders', order: { id: orderId } } }]); // biome-ignore format: one thought
});

it('takes units off an order at Vendure that are cancelled here', async () => {
  process.kill(server.server.pid, 'SIGSTOP');
  let orderId: string;
  try {
    ({ id: orderId } = await graph.place('85123A', 2));
    const input = { idempotencyKey: randomUUID(), reason: 'CUSTOMER_REQUEST' };
    const answer = await graph.run('storefront', 'CancelOrder', { orderId, input });
    expect(answer.data?.orderCancel.userErrors).toEqual([]);
  } finally {
    process.kill(server.server.pid, 'SIGCONT');
  }
  // Cancelled before it was known there: it is never open there.
  await until(async () => (await graph.order(orderId)).status === 'CANCELLED', PATIENCE);
  await until(async () => {
    const known = await findOrder(vendure, orderId, {});
    return known === null || known.state === 'Cancelled';
  }, PATIENCE);
  expect(await isThere(orderId)).toBe(false);
});
