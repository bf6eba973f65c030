import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import { openDatabase } from '../../platform/db/database.ts';
import { projectFile } from '../../platform/paths.ts';
import { parseYaml, readText } from '../../platform/read-yaml.ts';
import { closePeriod } from '../../subgraphs/settlement/index.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { addWarehouse, countStock, type Warehouse } from '../../systems/tryton/server/warehouses.ts';
import { NO_ORIGIN } from '../../systems/tryton/stock-documents.ts';
import { decimal, decimalText, id } from '../../systems/tryton/wire.ts';
import { contractOperation } from '../helpers/contract-operations.ts';
import { type GraphOver, orderOf, startGraphOver } from '../helpers/graph-over.ts';
import { until } from '../helpers/processes.ts';
import { startTestTryton, type TestTryton } from '../helpers/tryton.ts';

const SHIPMENT = 'stock.shipment.out';
const PATIENCE = 120_000;
// A test waits for many things one after the other, each of which has its own patience.
jest.setTimeout(900_000);
const record = z.object({ id });

let server: TestTryton;
let world: Awaited<ReturnType<TestTryton['open']>>;
let tryton: TrytonClient;
let graph: GraphOver;
let leeds: Warehouse;
let product: { id: number; template: number };

/** A graph of which every domain is Tryton's. */
beforeAll(async () => {
  server = await startTestTryton();
  world = await server.open();
  tryton = world.tryton;
  await fillTryton();
  graph = await startGraphOver(
    {
      name: 'tryton',
      entry: '{ adapter: tryton, address: TRYTON_URL, database: TRYTON_DATABASE, user: TRYTON_USER, password: TRYTON_PASSWORD, currency: GBP }',
      domains: ['product', 'inventory', 'order', 'fulfillment', 'settlement'],
      env: { TRYTON_URL: server.server.url, TRYTON_DATABASE: world.database, TRYTON_USER: 'admin', TRYTON_PASSWORD: server.password },
    },
    // Whoever sends goods without a tracking number is asked at once whether they arrived.
    { UNTRACKED_HOURS: '0' },
  ); // biome-ignore format: one thought
}, 900_000);

afterAll(async () => {
  await (graph as GraphOver | undefined)?.stop();
  await world?.close();
  await server?.stop();
});

/** One article with a price and ten units of it, and the sites that the sourcing rules name. */
async function fillTryton(): Promise<void> {
  const [unit] = await tryton.searchRead('product.uom', [['name', '=', 'Unit']], record, []);
  const [accounting] = await tryton.searchRead('product.category', [['accounting', '=', true]], record, []);
  const [template = 0] = await tryton.create('product.template', [{ name: 'Lantern', type: 'goods', default_uom: unit?.id, sale_uom: unit?.id, salable: true, list_price: decimal('3.39'), account_category: accounting?.id, products: [['create', [{ suffix_code: '71053', cost_price: decimal('1.10') }]]] }]); // biome-ignore format: one thought
  const [made] = await tryton.searchRead('product.product', [], record, []);
  product = { id: made?.id ?? 0, template };
  for (const name of ['WEB', 'AMAZON'])
    await tryton.create('product.price_list', [{ name, tax_included: true, lines: [['create', [{ quantity: 1, formula: 'unit_price' }]]] }]); // biome-ignore format: one thought
  const file = projectFile('config', 'sourcing.yaml');
  const { nodes } = z.object({ nodes: z.record(z.string(), z.unknown()) }).parse(parseYaml(file, readText(file)));
  for (const code of Object.keys(nodes)) {
    const warehouse = await addWarehouse(tryton, { code, name: code });
    if (code === 'DC-LEEDS') leeds = warehouse;
  }
  await countStock(tryton, leeds, [{ product: product.id, quantity: 10 }]);
}

async function inCart() {
  const variant = (await graph.run('storefront', 'CartAvailability', { skus: ['71053'] })).data?.productVariants?.[0];
  return { price: variant?.price?.amount?.amount, units: variant?.availability?.sellableQuantity, confidence: variant?.availability?.confidence }; // biome-ignore format: one thought
}

const shipmentsOf = (orderId: string) => worksOf(orderId).then((works) => tryton.searchRead(SHIPMENT, [['reference', 'in', works]], z.object({ id, number: z.string(), state: z.string() }), ['number', 'state'])); // biome-ignore format: one thought
const worksOf = async (orderId: string) => (await graph.query('select id from fulfillment.fulfillment_order where order_id = $1', [orderId])).map((row) => String(row.id)); // biome-ignore format: one thought
const waiting = (orderId: string) => until(async () => (await shipmentsOf(orderId)).some(({ state }) => state === 'waiting'), PATIENCE); // biome-ignore format: one thought
/** Staff do the work in Tryton's own client. */
async function shipByHand(orderId: string): Promise<void> {
  const [shipment] = await shipmentsOf(orderId);
  for (const button of ['assign_try', 'pick', 'pack', 'done']) await tryton.press(SHIPMENT, button, [shipment?.id ?? 0], { accept: NO_ORIGIN }); // biome-ignore format: one thought
}

/** Tryton ends the graph's session, as a new password does, and stands still for a while. */
async function endSessionAndFreeze(meanwhile: () => Promise<void>): Promise<void> {
  const { user } = await tryton.identity();
  await tryton.write('res.user', [user], { password: server.password });
  process.kill(server.server.pid, 'SIGSTOP');
  try {
    await meanwhile();
  } finally {
    process.kill(server.server.pid, 'SIGCONT');
  }
}

const exceptions = async (operation?: string) => {
  const filter = { state: ['OPEN'], ...(operation ? { operation } : {}) };
  const { data } = await graph.ask('dev-operations', 'query ($filter: IntegrationExceptionFilter) { integrationExceptions(first: 50, filter: $filter) { edges { node { id operation message order { id } } } } }', { filter }); // biome-ignore format: one thought
  return (data.integrationExceptions.edges as { node: { id: string; operation: string; message: string; order: { id: string } | null } }[]).map(({ node }) => node); // biome-ignore format: one thought
};
/** A person says on the exception desk that goods without a tracking number arrived. */
async function sayThatItArrived(orderId: string): Promise<void> {
  const asked = async () => (await exceptions()).find(({ operation, order }) => operation === 'shipment:untracked' && order?.id === orderId); // biome-ignore format: one thought
  await until(async () => (await asked()) !== undefined, PATIENCE);
  const input = { idempotencyKey: randomUUID(), reason: 'The driver took them there', values: [{ name: 'arrived', value: 'ALL' }] }; // biome-ignore format: one thought
  const answer = await graph.ask('dev-operations', 'mutation ($id: ID!, $input: IntegrationExceptionCorrectInput!) { integrationExceptionCorrect(exceptionId: $id, input: $input) { exception { state } userErrors { code message } } }', { id: (await asked())?.id, input }); // biome-ignore format: one thought
  expect(answer.data.integrationExceptionCorrect.userErrors).toEqual([]);
}

it('sells what Tryton has for what Tryton says, and follows when it is changed there', async () => {
  const first = { price: '3.39', units: 10, confidence: 'LIVE' };
  await until(async () => JSON.stringify(await inCart()) === JSON.stringify(first), PATIENCE);
  await tryton.write('product.template', [product.template], { list_price: decimal('3.99') });
  await countStock(tryton, leeds, [{ product: product.id, quantity: 8 }]);
  await until(async () => JSON.stringify(await inCart()) === JSON.stringify({ ...first, price: '3.99', units: 8 }), PATIENCE); // biome-ignore format: one thought
});

it('takes an order to a sale and a shipment of Tryton, and what its staff ship by hand is shipped, and delivered when a person says so', async () => {
  const { id: orderId, number } = await graph.place('71053', 3);
  await waiting(orderId);
  const sale = z.object({ state: z.string(), description: z.string(), total_amount: decimalText });
  const [made] = await tryton.searchRead('sale.sale', [['reference', '=', orderId]], sale, ['state', 'description', 'total_amount']); // biome-ignore format: one thought
  expect(made).toEqual({ state: 'done', description: expect.stringContaining(number), total_amount: expect.stringMatching(/^11\.970*$/) }); // biome-ignore format: one thought
  // Promised to the order, not gone yet.
  await until(async () => (await inCart()).units === 5, PATIENCE);
  await endSessionAndFreeze(async () => expect(await inCart()).toMatchObject({ price: '3.99', units: 5 }));
  await shipByHand(orderId);
  await until(async () => (await graph.order(orderId)).status === 'SHIPPED', PATIENCE);
  // What left was promised before: nothing is counted twice.
  expect((await inCart()).units).toBe(5);
  await until(async () => (await exceptions()).some(({ order }) => order?.id === orderId), PATIENCE);
  expect(await graph.order(orderId)).toMatchObject({ status: 'SHIPPED', shipments: [{ status: 'LABEL_CREATED', deliveredAt: null, packages: [] }], lines: { nodes: [{ quantities: { ordered: 3, shipped: 3, delivered: 0 } }] } }); // biome-ignore format: one thought
  await sayThatItArrived(orderId);
  await until(async () => (await graph.order(orderId)).status === 'DELIVERED', PATIENCE);
});

it('takes work back from Tryton when its order is cancelled here, and units off its sale', async () => {
  const { id: orderId } = await graph.place('71053', 2);
  await waiting(orderId);
  const input = { idempotencyKey: randomUUID(), reason: 'CUSTOMER_REQUEST', askNodes: true };
  const answer = await graph.run('storefront', 'CancelOrder', { orderId, input });
  expect(answer.data?.orderCancel.userErrors).toEqual([]);
  await until(async () => (await graph.order(orderId)).status === 'CANCELLED', PATIENCE);
  expect((await shipmentsOf(orderId)).at(-1)?.state).toBe('cancelled');
  const line = z.object({ quantity: z.number() });
  await until(async () => (await tryton.searchRead('sale.line', [['sale.reference', '=', orderId]], line, ['quantity']))[0]?.quantity === 0, PATIENCE); // biome-ignore format: one thought
  await until(async () => (await inCart()).units === 5, PATIENCE);
});

const invoice = z.object({ id, number: z.string().nullable(), state: z.string(), untaxed_amount: decimalText, tax_amount: decimalText, total_amount: decimalText }); // biome-ignore format: one thought
const invoicesOf = async (orderNumber: string) => tryton.searchRead('account.invoice', [['description', '=', orderNumber]], invoice, ['number', 'state', 'untaxed_amount', 'tax_amount', 'total_amount']); // biome-ignore format: one thought
const trace = async (number: string) => (await graph.run('operations', 'OrderTrace', { number })).data.orderByNumber;
const day = (at: Date) => at.toISOString().slice(0, 10);

it("takes a marketplace's order through Tryton's books to a closed month, and every comparison finds nothing", async () => {
  const month = day(new Date()).slice(0, 7);
  const channelOrderId = '026-7654321-7654321';
  const { data: placed } = await graph.run('marketplace', 'ImportOrder', {
    input: {
      ...orderOf('71053', 2),
      channelOrderId,
      lines: [{ sku: '71053', quantity: 2, unitPrice: { amount: '4.10', currencyCode: 'GBP' } }],
      payment: { reference: channelOrderId, provider: 'amazon', authorized: { amount: '8.20', currencyCode: 'GBP' } },
    },
  });
  expect(placed.orderPlace.userErrors).toEqual([]);
  const { id: orderId, number } = placed.orderPlace.order;
  await waiting(orderId);
  await endSessionAndFreeze(() => pause(3_000));
  // Staff pick by hand in Tryton. What leaves is confirmed by the graph, with its parcel, and the carrier tells of that.
  const [shipment] = await shipmentsOf(orderId);
  for (const button of ['assign_try', 'pick']) await tryton.press(SHIPMENT, button, [shipment?.id ?? 0], { accept: NO_ORIGIN }); // biome-ignore format: one thought
  const [work = ''] = await worksOf(orderId);
  await until(async () => (await trace(number)).fulfillmentOrders[0]?.status === 'IN_PROGRESS', PATIENCE);
  const [workLine] = await graph.query('select id from fulfillment.fulfillment_order_line where fulfillment_order_id = $1', [work]); // biome-ignore format: one thought
  const input = { idempotencyKey: randomUUID(), packages: [{ carrier: 'UPS', trackingNumber: '1Z-JOURNEY', lines: [{ fulfillmentOrderLineId: workLine?.id, quantity: 2 }] }] }; // biome-ignore format: one thought
  const shipped = await graph.run('warehouse', 'ShipWork', { fulfillmentOrderId: work, input });
  expect([shipped.errors, shipped.data?.fulfillmentOrderShip?.userErrors]).toEqual([undefined, []]);
  expect((await shipmentsOf(orderId)).find((one) => one.id === shipment?.id)?.state).toBe('done');
  const scan = { carrier: 'UPS', trackingNumber: '1Z-JOURNEY', eventId: 'journey-1', status: 'delivered', occurredAt: new Date().toISOString() }; // biome-ignore format: one thought
  const scanned = await graph.run('warehouse', 'RecordTracking', { input: scan });
  expect(scanned.data?.trackingEventRecord.userErrors).toEqual([]);
  await until(async () => (await trace(number)).status === 'DELIVERED', PATIENCE);

  // Invoiced and cleared in Tryton.
  await until(async () => (await invoicesOf(number)).some(({ state }) => state === 'paid'), PATIENCE);
  await until(async () => (await trace(number)).invoices[0]?.status === 'PAID', PATIENCE);
  const [billed] = await invoicesOf(number);
  expect(billed?.total_amount).toMatch(/^8\.200*$/);

  // One of two comes back.
  const lineOf = (await graph.ask('dev-operations', 'query ($id: ID!) { order(id: $id) { lines(first: 1) { nodes { id } } } }', { id: orderId })).data.order.lines.nodes[0].id; // biome-ignore format: one thought
  const wish = { idempotencyKey: randomUUID(), lines: [{ orderLineId: lineOf, quantity: 1, reason: 'UNWANTED' }] };
  const back = (
    await graph.ask('dev-marketplace', contractOperation('storefront', 'RequestReturn').document, {
      orderId,
      input: wish,
    })
  ).data.returnRequest;
  expect(back.userErrors).toEqual([]);
  await graph.run('warehouse', 'AuthorizeReturn', {
    returnId: back.return.id,
    input: { idempotencyKey: randomUUID() },
  });
  const { data: places } = await graph.ask('dev-warehouse', '{ locations(kind: WAREHOUSE) { id code } }');
  const locationId = places.locations.find(({ code }: { code: string }) => code === 'DC-LEEDS').id;
  const units = (await inCart()).units;
  await graph.run('warehouse', 'ReceiveReturn', { returnId: back.return.id, input: { idempotencyKey: randomUUID(), locationId, lines: [{ returnLineId: back.return.lines[0].id, quantity: 1, disposition: 'SELLABLE' }] } }); // biome-ignore format: one thought
  await until(async () => (await inCart()).units === units + 1, PATIENCE);
  await until(async () => (await invoicesOf(number)).filter(({ state }) => state === 'paid').length === 2, PATIENCE);
  const credit = (await invoicesOf(number)).find((one) => one.id !== billed?.id);
  expect(credit?.total_amount).toMatch(/^-4\.100*$/);
  const refunds = async () => (await graph.ask('dev-operations', 'query ($id: ID!) { order(id: $id) { refunds { amount { amount } status } } }', { id: orderId })).data.order.refunds; // biome-ignore format: one thought
  await until(async () => (await refunds())[0]?.status === 'SETTLED', PATIENCE);
  expect(await refunds()).toEqual([{ amount: { amount: '4.10' }, status: 'SETTLED' }]);

  // The channel settles it, and pays.
  const money = (text: string | undefined) => Number(text).toFixed(2);
  const next = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 1));
  const rows = [
    ['SALE', '', money(billed?.untaxed_amount), channelOrderId, '71053', '2'],
    ['SALE_TAX', '', money(billed?.tax_amount), channelOrderId, '71053', ''],
    ['REFUND', '', money(credit?.untaxed_amount), channelOrderId, '71053', '1'],
    ['REFUND_TAX', '', money(credit?.tax_amount), channelOrderId, '71053', ''],
    ['COMMISSION', 'Commission', '-0.62', channelOrderId, '71053', ''],
  ];
  const heads = [`J-${month}`, `${month}-01`, day(next), 'GBP', '3.48', 'JOURNEY-PAYOUT', day(new Date())];
  const statement = ['settlement_id,period_start,period_end,currency,total,payout_reference,deposit_at,class,description,amount,order_id,sku,quantity,posted_at', ...rows.map((row, index) => [...(index === 0 ? heads : heads.map(() => '')), ...row, new Date().toISOString()].join(','))].join('\n'); // biome-ignore format: one thought
  const bank = `booked_on,amount,currency,remittance,bank_reference,account\n${day(new Date())},3.48,GBP,JOURNEY-PAYOUT,B-1,GB00TEST0001\n`; // biome-ignore format: one thought
  const [statementFile, bankFile] = [join(graph.folder, 'statement.csv'), join(graph.folder, 'bank.csv')];
  await Promise.all([writeFile(statementFile, statement), writeFile(bankFile, bank)]);
  expect(await graph.commerce('settlement', 'ingest', statementFile, '--channel', 'AMAZON', '--format', 'canonical')).toMatchObject({ code: 0 }); // biome-ignore format: one thought
  expect(await graph.commerce('settlement', 'bank', bankFile)).toMatchObject({ code: 0 });
  const settlement = async () => (await graph.ask('dev-finance', '{ settlements(first: 1) { nodes { state payout { state } totals { openDifferenceCount } } } }')).data.settlements.nodes[0]; // biome-ignore format: one thought
  await until(async () => (await settlement())?.state === 'MATCHED', PATIENCE);
  expect(await settlement()).toMatchObject({ payout: { state: 'PAID' }, totals: { openDifferenceCount: 0 } });
  expect(await graph.commerce('settlement', 'post', '--period', month)).toMatchObject({ code: 0 });
  await until(async () => (await settlement())?.state === 'RECONCILED', PATIENCE);

  // Both books agree, and the month is closed in both.
  expect(await graph.commerce('settlement', 'verify', '--erp')).toMatchObject({ code: 0 });
  await sameBalances();
  const knex = openDatabase(graph.databaseUrl, { poolMax: 1, applicationName: 'journey' });
  try {
    expect(await closePeriod(knex, month, 'journey', new Date(next.getTime() + 86_400_000))).toMatchObject({ month, before: null }); // biome-ignore format: one thought
  } finally {
    await knex.destroy();
  }
  const [period] = await tryton.searchRead('account.period', [['start_date', '<=', dateOf(new Date())], ['end_date', '>=', dateOf(new Date())]], record, []); // biome-ignore format: one thought
  await tryton.press('account.period', 'close', [period?.id ?? 0]);
  const compared = await graph.commerce('reconcile');
  expect(compared).toMatchObject({ code: 0 });
  expect(compared.out).not.toMatch(/ [1-9]\d* different/);
  expect(await exceptions()).toEqual([]);
});

const dateOf = (at: Date) => ({ __class__: 'date', year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() }); // biome-ignore format: one thought

/** Every account that both books have holds the same in both. */
async function sameBalances(): Promise<void> {
  const ours = await graph.query('select account, sum(case side when \'DEBIT\' then amount_minor else -amount_minor end)::int as balance from settlement.ledger_line group by account'); // biome-ignore format: one thought
  const line = z.object({
    debit: decimalText,
    credit: decimalText,
    'account.': z.object({ code: z.string().nullable() }),
  });
  const theirs = new Map<string, number>();
  for (const one of await tryton.searchRead('account.move.line', [['move.state', '=', 'posted']], line, ['debit', 'credit', 'account.code'])) {
    const code = one['account.'].code ?? '';
    theirs.set(code, (theirs.get(code) ?? 0) + Math.round((Number(one.debit) - Number(one.credit)) * 100));
  } // biome-ignore format: one thought
  const booked = ours.filter(({ account }) => !['0950', '0951'].includes(String(account)));
  expect(booked.map(({ account }) => [account, theirs.get(String(account)) ?? 0])).toEqual(booked.map(({ account, balance }) => [account, balance])); // biome-ignore format: one thought
}
