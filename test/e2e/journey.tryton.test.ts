import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { z } from 'zod';
import { siblingDatabase } from '../../platform/db/database-url.ts';
import { projectFile } from '../../platform/paths.ts';
import { parseYaml, readText } from '../../platform/read-yaml.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { addWarehouse, countStock, type Warehouse } from '../../systems/tryton/server/warehouses.ts';
import { NO_ORIGIN } from '../../systems/tryton/stock-documents.ts';
import { decimal, decimalText, id } from '../../systems/tryton/wire.ts';
import { contractOperation } from '../helpers/contract-operations.ts';
import { createEmptyDatabase, type TestDatabase } from '../helpers/database.ts';
import { type PlatformProcess, send, startPlatform } from '../helpers/platform.ts';
import { until } from '../helpers/processes.ts';
import { startTestTryton, type TestTryton } from '../helpers/tryton.ts';

const SHIPMENT = 'stock.shipment.out';
const PATIENCE = 120_000;
const record = z.object({ id });

let server: TestTryton;
let world: Awaited<ReturnType<TestTryton['open']>>;
let tryton: TrytonClient;
let database: TestDatabase;
let platform: PlatformProcess;
let url: string;
let folder: string;
let leeds: Warehouse;
let product: { id: number; template: number };

/** A graph whose goods, prices, stock, orders and work are Tryton's. Money is booked in the reference ERP: Tryton's books wait. */
beforeAll(async () => {
  [server, database, folder] = await Promise.all([startTestTryton(), createEmptyDatabase(), mkdtemp(join(tmpdir(), 'journey-'))]); // biome-ignore format: one thought
  world = await server.open();
  tryton = world.tryton;
  await fillTryton();
  const file = join(folder, 'systems.yaml');
  const project = await readFile(projectFile('config', 'systems.yaml'), 'utf8');
  const entry = 'tryton: { adapter: tryton, address: TRYTON_URL, database: TRYTON_DATABASE, user: TRYTON_USER, password: TRYTON_PASSWORD, currency: GBP }'; // biome-ignore format: one thought
  await writeFile(file, project.replace('systems:\n', `systems:\n  ${entry}\n`).replaceAll(/^( {2}(?:product|inventory|order|fulfillment): \{ system: )\w+/gm, '$1tryton')); // biome-ignore format: one thought
  platform = await startPlatform('all', [], {
    DATABASE_URL: database.url,
    DATA_DIR: '/nonexistent',
    SUBGRAPH_SECRET: 'a secret for tests that is long enough',
    SYSTEMS_FILE: file,
    TRYTON_URL: server.server.url,
    TRYTON_DATABASE: world.database,
    TRYTON_USER: 'admin',
    TRYTON_PASSWORD: server.password,
  });
  url = `http://127.0.0.1:${String(platform.up.port)}`;
}, 900_000);

afterAll(async () => {
  await (platform as PlatformProcess | undefined)?.stop();
  await world?.close();
  await server?.stop();
  await Promise.all(['erp', 'oms', 'wms', 'carrier', 'channel', 'dbos'].map(dropSibling));
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function dropSibling(name: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const sibling = siblingDatabase(database.url, `${new URL(database.url).pathname.slice(1)}_${name}`);
  await client.query(`drop database if exists ${new URL(sibling).pathname.slice(1)} with (force)`);
  await client.end();
}

/** One article with a price and ten units of it, and the sites that the sourcing rules name. */
async function fillTryton(): Promise<void> {
  const [unit] = await tryton.searchRead('product.uom', [['name', '=', 'Unit']], record, []);
  const [accounting] = await tryton.searchRead('product.category', [['accounting', '=', true]], record, []);
  const [template = 0] = await tryton.create('product.template', [{ name: 'Lantern', type: 'goods', default_uom: unit?.id, sale_uom: unit?.id, salable: true, list_price: decimal('3.39'), account_category: accounting?.id, products: [['create', [{ suffix_code: '71053' }]]] }]); // biome-ignore format: one thought
  const [made] = await tryton.searchRead('product.product', [], record, []);
  product = { id: made?.id ?? 0, template };
  await tryton.create('product.price_list', [{ name: 'WEB', tax_included: true, lines: [['create', [{ quantity: 1, formula: 'unit_price' }]]] }]); // biome-ignore format: one thought
  const file = projectFile('config', 'sourcing.yaml');
  const { nodes } = z.object({ nodes: z.record(z.string(), z.unknown()) }).parse(parseYaml(file, readText(file)));
  for (const code of Object.keys(nodes)) {
    const warehouse = await addWarehouse(tryton, { code, name: code });
    if (code === 'DC-LEEDS') leeds = warehouse;
  }
  await countStock(tryton, leeds, [{ product: product.id, quantity: 10 }]);
}

async function inCart(): Promise<{
  price: string | undefined;
  units: number | undefined;
  confidence: string | undefined;
}> {
  const { document } = contractOperation('storefront', 'CartAvailability');
  const variant = (await send(url, 'dev-storefront', document, { skus: ['71053'] })).data?.productVariants?.[0];
  return { price: variant?.price?.amount?.amount, units: variant?.availability?.sellableQuantity, confidence: variant?.availability?.confidence }; // biome-ignore format: one thought
}

async function place(quantity: number): Promise<{ id: string; number: string }> {
  const address = {
    name: 'Ada Canary',
    line1: '1 High Street',
    city: 'London',
    postalCode: 'N1 1AA',
    countryCode: 'GB',
  };
  const input = { idempotencyKey: randomUUID(), currencyCode: 'GBP', customer: { customerId: 'cust_1', email: 'ada@example.com', name: 'Ada Canary' }, lines: [{ sku: '71053', quantity }], delivery: { method: 'SHIPPING', address }, payment: { reference: 'pay_1', provider: 'stripe', authorized: { amount: '500.00', currencyCode: 'GBP' } } }; // biome-ignore format: one thought
  const { data } = await send(url, 'dev-storefront', contractOperation('storefront', 'PlaceOrder').document, { input });
  expect(data.orderPlace.userErrors).toEqual([]);
  return data.orderPlace.order;
}

const order = async (orderId: string) => (await send(url, 'dev-storefront', contractOperation('storefront', 'OrderPage').document, { id: orderId })).data.order; // biome-ignore format: one thought
const shipments = () => tryton.searchRead(SHIPMENT, [], z.object({ id, number: z.string(), state: z.string() }), ['number', 'state']); // biome-ignore format: one thought

it('sells what Tryton has for what Tryton says, and follows when it is changed there', async () => {
  const first = { price: '3.39', units: 10, confidence: 'LIVE' };
  await until(async () => JSON.stringify(await inCart()) === JSON.stringify(first), PATIENCE);
  await tryton.write('product.template', [product.template], { list_price: decimal('3.99') });
  await countStock(tryton, leeds, [{ product: product.id, quantity: 8 }]);
  await until(async () => JSON.stringify(await inCart()) === JSON.stringify({ ...first, price: '3.99', units: 8 }), PATIENCE); // biome-ignore format: one thought
});

it('takes an order to a sale and a shipment of Tryton, and what its staff ship by hand is shipped', async () => {
  const { id: orderId, number } = await place(3);
  await until(async () => (await shipments()).some(({ state }) => state === 'waiting'), PATIENCE);
  const sale = z.object({ state: z.string(), description: z.string(), total_amount: decimalText });
  const [made] = await tryton.searchRead('sale.sale', [['reference', '=', orderId]], sale, ['state', 'description', 'total_amount']); // biome-ignore format: one thought
  expect(made).toEqual({ state: 'done', description: expect.stringContaining(number), total_amount: expect.stringMatching(/^11\.970*$/) }); // biome-ignore format: one thought
  // Promised to the order, not gone yet.
  await until(async () => (await inCart()).units === 5, PATIENCE);

  // A new password, be it the old one, ends the graph's session; and then Tryton stands still for a while.
  const { user } = await tryton.identity();
  await tryton.write('res.user', [user], { password: server.password });
  process.kill(server.server.pid, 'SIGSTOP');
  try {
    expect(await inCart()).toMatchObject({ price: '3.99', units: 5 });
  } finally {
    process.kill(server.server.pid, 'SIGCONT');
  }

  const [shipment] = await shipments();
  for (const button of ['assign_try', 'pick', 'pack', 'done']) await tryton.press(SHIPMENT, button, [shipment?.id ?? 0], { accept: NO_ORIGIN }); // biome-ignore format: one thought
  await until(async () => (await order(orderId)).status === 'SHIPPED', PATIENCE);
  expect((await order(orderId)).lines.nodes[0].quantities).toMatchObject({ ordered: 3, shipped: 3, inFulfillment: 0 });
  // What left was promised before: nothing is counted twice.
  expect((await inCart()).units).toBe(5);
});

it('takes work back from Tryton when its order is cancelled here, and units off its sale', async () => {
  const { id: orderId } = await place(2);
  await until(async () => (await shipments()).some(({ state }) => state === 'waiting'), PATIENCE);
  const input = { idempotencyKey: randomUUID(), reason: 'CUSTOMER_REQUEST', askNodes: true };
  const answer = await send(url, 'dev-operations', contractOperation('storefront', 'CancelOrder').document, { orderId, input }); // biome-ignore format: one thought
  expect(answer.data?.orderCancel.userErrors).toEqual([]);
  await until(async () => (await order(orderId)).status === 'CANCELLED', PATIENCE);
  expect((await shipments()).at(-1)?.state).toBe('cancelled');
  const line = z.object({ quantity: z.number() });
  await until(async () => (await tryton.searchRead('sale.line', [['sale.reference', '=', orderId]], line, ['quantity']))[0]?.quantity === 0, PATIENCE); // biome-ignore format: one thought
  await until(async () => (await inCart()).units === 5, PATIENCE);
});
