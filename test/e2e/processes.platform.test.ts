import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { siblingDatabase } from '../../platform/db/database-url.ts';
import { contractOperation } from '../helpers/contract-operations.ts';
import { createEmptyDatabase, type TestDatabase } from '../helpers/database.ts';
import { type Answer, type PlatformProcess, send, startPlatform } from '../helpers/platform.ts';
import { until } from '../helpers/processes.ts';

const SYSTEMS = ['carrier', 'erp', 'oms', 'wms', 'channel'] as const;
const SUBGRAPHS = ['product', 'inventory', 'order', 'fulfillment', 'settlement', 'operations'] as const;

let database: TestDatabase;
const env: Record<string, string> = {};
const running: PlatformProcess[] = [];
const urls: Record<string, string> = {};
let gatewayUrl: string;
let worker: PlatformProcess;
let otherWorker: PlatformProcess;

beforeAll(async () => {
  database = await createEmptyDatabase();
  Object.assign(env, {
    DATABASE_URL: database.url,
    DEMO_PACE_MS: '300',
    DATA_DIR: '/nonexistent',
    SUBGRAPH_SECRET: 'a secret for tests that is long enough',
    SYSTEM_PORT: '0',
    SUBGRAPH_PORT: '0',
    ...(process.env.REDIS_URL ? { REDIS_URL: process.env.REDIS_URL } : {}),
  });
  // One after the other: twelve processes at once would only wait for each other.
  for (const name of SYSTEMS) env[`${name.toUpperCase()}_URL`] = String((await up('system', [name])).up.url);
  worker = await up('worker', ['worker-1']);
  otherWorker = await up('worker', ['worker-2']);
  for (const name of SUBGRAPHS) {
    urls[name] = String((await up('subgraph', [name])).up.url);
    env[`${name.toUpperCase()}_URL`] = urls[name] as string;
  }
  gatewayUrl = `http://127.0.0.1:${String((await up('gateway', [])).up.port)}`;
}, 240_000);

afterAll(async () => {
  await Promise.all(running.map((process) => process.kill()));
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  for (const name of [...SYSTEMS, 'dbos'])
    await client.query(`drop database if exists ${new URL(database.url).pathname.slice(1)}_${name} with (force)`);
  await client.end();
  await database.drop();
}, 30_000);

async function up(entry: Parameters<typeof startPlatform>[0], args: readonly string[]): Promise<PlatformProcess> {
  const process = await startPlatform(entry, args, env);
  running.push(process);
  return process;
}

const run = (contract: string, name: string, variables: object): Promise<Answer> =>
  send(gatewayUrl, `dev-${contract}`, contractOperation(contract, name).document, variables);

const placeOrder = async (): Promise<{ id: string; number: string }> => {
  const answer = await run('storefront', 'PlaceOrder', {
    input: {
      idempotencyKey: randomUUID(),
      currencyCode: 'GBP',
      lines: [{ sku: '71053', quantity: 1 }],
      delivery: {
        method: 'SHIPPING',
        address: { line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' },
      },
    },
  });
  expect(answer.errors).toBeUndefined();
  expect(answer.data.orderPlace.userErrors).toEqual([]);
  return answer.data.orderPlace.order;
};

const delivered = (id: string) =>
  until(async () => (await run('storefront', 'OrderPage', { id })).data?.order?.status === 'DELIVERED', 60_000);

it('takes an order through twelve processes over real HTTP', async () => {
  await until(
    async () =>
      (await run('storefront', 'CartAvailability', { skus: ['71053'] })).data?.productVariants?.[0]?.availability
        ?.confidence === 'LIVE',
    60_000,
  );
  const order = await placeOrder();
  const metrics = await (await fetch(new URL('/metrics', urls.order))).text();
  expect(metrics).toContain('batcher_batch_size_count{batcher="orders"} 1');
  await delivered(order.id);
  const trace = (await run('operations', 'OrderTrace', { number: order.number })).data.orderByNumber;
  expect(trace).toMatchObject({
    status: 'DELIVERED',
    fulfillmentOrders: [{ requestStatus: 'CLOSED' }],
    invoices: [{ total: { amount: '3.39', currencyCode: 'GBP' } }],
  });
}, 130_000);

/** How often each system of record saw an order, counted in its own books. */
async function effectsOf({ id, number }: { id: string; number: string }): Promise<Record<string, number>> {
  const { data } = await run('operations', 'OrderTrace', { number });
  const works = data.orderByNumber.fulfillmentOrders.map((work: { id: string }) => work.id);
  return {
    deskOrders: await countIn('oms', 'oms.desk_order where client_ref', [id]),
    deliveries: await countIn('wms', 'wms.delivery where external_ref', works),
    invoices: await countIn('erp', 'erp.billing_document where order_ref', [number]),
  };
}

async function countIn(system: string, where: string, values: readonly string[]): Promise<number> {
  const name = new URL(database.url).pathname.slice(1);
  const client = new pg.Client({ connectionString: siblingDatabase(database.url, `${name}_${system}`) });
  await client.connect();
  const { rows } = await client.query(`select count(*)::int as count from ${where} = any($1::text[])`, [values]);
  await client.end();
  return rows[0].count;
}

/** Waits for what follows the delivery, and then sees that nothing is there twice. */
async function seenOnce(orders: readonly { id: string; number: string }[]): Promise<void> {
  for (const order of orders) {
    await until(async () => (await effectsOf(order)).invoices === 1, 30_000);
    expect(await effectsOf(order)).toEqual({ deskOrders: 1, deliveries: 1, invoices: 1 });
  }
}

it('gives the work of a worker that was killed to another', async () => {
  const orders = await Promise.all([placeOrder(), placeOrder(), placeOrder()]);
  await worker.kill();
  running.splice(running.indexOf(worker), 1);
  for (const order of orders) await delivered(order.id);
  await seenOnce(orders);
}, 120_000);

it('gives the work of a worker that froze to another, and sees no effect twice when it wakes', async () => {
  const frozen = otherWorker;
  worker = await up('worker', ['worker-3']);
  const orders = await Promise.all([placeOrder(), placeOrder(), placeOrder()]);
  frozen.freeze();
  try {
    for (const order of orders) await delivered(order.id);
  } finally {
    frozen.thaw();
  }
  // It is a worker like the others again: alone, it brings the next order home.
  await worker.kill();
  running.splice(running.indexOf(worker), 1);
  const next = await placeOrder();
  await delivered(next.id);
  await seenOnce([...orders, next]);
}, 180_000);

it('lets nobody but the gateway ask a subgraph, not even for its schema', async () => {
  for (const name of SUBGRAPHS) {
    for (const query of [
      '{ _service { sdl } }',
      '{ __typename }',
      'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }',
    ]) {
      const response = await fetch(urls[name] as string, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-commerce-caller': Buffer.from('{"contract":"operations"}').toString('base64url'),
        },
        body: JSON.stringify({ query, variables: { r: [] } }),
      });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({
        errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }],
      });
    }
  }
});

it('serves the rest when one subgraph is down', async () => {
  const settlement = running.find((process) => process.up.subgraph === 'settlement');
  const order = await placeOrder();
  await settlement?.kill();
  const answer = await run('storefront', 'OrderPage', { id: order.id });
  // refunds: [Refund!]! belongs to settlement; without it the order itself is null, but the product page is whole.
  expect(answer.errors?.map((error) => error.extensions.code)).toContain('SUBGRAPH_UNREACHABLE');
  const page = await run('storefront', 'ProductPage', { handle: 'white-metal-lantern' });
  expect(page.errors).toBeUndefined();
});
