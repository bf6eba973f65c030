import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/logger.ts';
import { createEmptyDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { newDelivery, startWarehouse, type Warehouse, warehouseSeed } from '../../test/helpers/warehouse.ts';
import { createCarrierClient } from '../carrier/client.ts';
import { startCarrierSystem } from '../carrier/simulator/start.ts';
import type { RunningSystem } from '../kit/start-system.ts';

const LIFE = ['RECEIVED', 'ACCEPTED', 'PICKING', 'PACKED', 'GOODS_ISSUED'];

let database: TestDatabase;
/** What a test started, stopped even when the test failed: a running system would keep the test run alive. */
let running: { stop(): Promise<unknown> }[];
beforeEach(async () => {
  database = await createEmptyDatabase();
  running = [];
});
afterEach(async () => {
  for (const started of running.toReversed()) await started.stop();
  await database.drop();
});

async function start(options: Parameters<typeof startWarehouse>[0]): Promise<Warehouse> {
  const warehouse = await startWarehouse(options, database);
  running.push(warehouse);
  return warehouse;
}

async function startCarrier(): Promise<RunningSystem> {
  const own = await createEmptyDatabase();
  const logger = createLogger({ level: 'silent', component: 'test' });
  running.push({ stop: () => own.drop() });
  const carrier = await startCarrierSystem({ databaseUrl: own.url, paceMillis: 5, logger });
  running.push(carrier);
  return carrier;
}

async function lifeOf(warehouse: Warehouse, deliveryNo: string): Promise<string[]> {
  return (await warehouse.events(deliveryNo)).map((event) => event.event);
}

it('continues after a restart where it stopped, with the same stock, and opens no stock twice', async () => {
  const before = await start({ paceMillis: 40 });
  const { deliveryNo } = await before.wms.createDelivery(newDelivery());
  await before.settled(deliveryNo, 'PICKING');
  await before.stop();

  const after = await start({ paceMillis: 40 });
  await after.settled(deliveryNo, 'GOODS_ISSUED');
  expect(await lifeOf(after, deliveryNo)).toEqual(LIFE);
  expect(await after.system.counters.effects()).toMatchObject({ 'movements GR': 6, 'movements GI': 1, deliveries: 1 });
  expect((await after.wms.stock({ site: 'DC1', articleNos: ['ART-A'] })).positions[0]?.quantity).toBe(99);
});

it('finishes every delivery once when all its database connections are cut again and again', async () => {
  const warehouse = await start({ paceMillis: 15 });
  const orders = await Promise.all(Array.from({ length: 30 }, () => warehouse.wms.createDelivery(newDelivery())));
  for (let cut = 0; cut < 6; cut += 1) {
    await pause(15);
    await database.knex.raw(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'wms-system'`);
  }
  for (const { deliveryNo } of orders) {
    await warehouse.settled(deliveryNo, 'GOODS_ISSUED');
    expect(await lifeOf(warehouse, deliveryNo)).toEqual(LIFE);
  }
  expect(await warehouse.system.counters.effects()).toMatchObject({ 'movements GI': 30, parcels: 30 });
  const { events, lastEventNo } = await warehouse.wms.deliveryEvents({ after: 0, limit: 1_000 });
  expect(events.map((event) => event.eventNo)).toEqual(Array.from({ length: lastEventNo }, (_, index) => index + 1));
});

it('announces each parcel to the carrier once, however often the carrier fails', async () => {
  const carrier = await startCarrier();
  carrier.setFaults([
    { kind: 'status', value: 503, times: 2 },
    { kind: 'late-success', value: 50, times: 1 },
    { kind: 'reset', times: 2 },
    { kind: 'garbage', times: 1 },
  ]);
  const warehouse = await start({ carrier: { url: carrier.url, token: carrier.token } });
  const orders = await Promise.all(Array.from({ length: 5 }, () => warehouse.wms.createDelivery(newDelivery())));
  for (const { deliveryNo } of orders) await warehouse.settled(deliveryNo, 'GOODS_ISSUED');
  const done = { consignments: 5, delivered: 5, scans: 25 };
  for (const deadline = Date.now() + 8_000; Date.now() < deadline; await pause(20)) {
    if ((await carrier.counters.effects()).delivered === 5) break;
  }
  expect(await carrier.counters.effects()).toEqual(done);
  expect(await warehouse.system.counters.effects()).toMatchObject({ parcels: 5, 'parcels announced': 5 });

  const [delivery] = (await warehouse.wms.deliveries({ status: 'GOODS_ISSUED', limit: 1 })).deliveries;
  const client = createCarrierClient({ baseUrl: carrier.url, token: carrier.token, timeoutMillis: 2_000 });
  const parcel = delivery!.parcels[0]!;
  expect(await client.consignment(parcel.trackingNo)).toMatchObject({
    carrierCode: 'NORTHLINE', reference: parcel.sscc, service: 'STANDARD', destinationCountry: 'GB', status: 'delivered',
  }); // biome-ignore format: one fact
  await client.close();
});

it('takes up a parcel whose announcement was cut by a kill', async () => {
  const first = await start({}); // no carrier yet: the parcel waits
  const { deliveryNo } = await first.wms.createDelivery(newDelivery());
  await first.settled(deliveryNo, 'GOODS_ISSUED');
  await first.stop();
  // What a kill in the middle leaves: a lease that runs out, and an attempt without an answer.
  await database.knex.raw(
    `update wms.parcel set announce_at = now() + interval '100 milliseconds', announce_attempts = 1`,
  );

  const carrier = await startCarrier();
  const second = await start({ carrier: { url: carrier.url, token: carrier.token } });
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await pause(20)) {
    if ((await second.system.counters.effects())['parcels announced'] === 1) break;
  }
  expect(carrier.counters.calls()).toEqual({ 'POST /consignments': 1 });
  expect(await second.system.counters.effects()).toMatchObject({ 'parcels announced': 1 });
});

it('loads 3,000 articles at 8 sites as one ledger, and nothing at the second start', async () => {
  const sites = Array.from({ length: 8 }, (_, index) => ({ ...warehouseSeed.sites[0]!, code: `S${index}` }));
  const articles = Array.from({ length: 3_000 }, (_, index) => ({ articleNo: `ART-${index}`, barcode: `${index}` }));
  const stock = sites.flatMap((site) =>
    articles.map((article) => ({ site: site.code, articleNo: article.articleNo, quantity: 7 })),
  );
  const warehouse = await start({ seed: { sites, articles, stock } });
  await warehouse.stop();
  const again = await start({ seed: { sites, articles, stock } });
  expect(await again.wms.stockLedger({ after: 23_999 })).toMatchObject({
    lastLedgerNo: 24_000,
    entries: [{ ledgerNo: 24_000, balanceAfter: 7 }],
  });
});
