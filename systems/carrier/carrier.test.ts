import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/logger.ts';
import { createEmptyDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import type { RunningSystem } from '../kit/start-system.ts';
import { type CarrierClient, createCarrierClient } from './client.ts';
import { startCarrierSystem } from './simulator/start.ts';

let database: TestDatabase;
let system: RunningSystem;
let carrier: CarrierClient;

async function start(paceMillis: number): Promise<void> {
  const logger = createLogger({ level: 'silent', component: 'test' });
  system = await startCarrierSystem({ databaseUrl: database.url, paceMillis, logger });
  carrier = createCarrierClient({ baseUrl: system.url, token: system.token, timeoutMillis: 2_000 });
}
async function stop(): Promise<void> {
  await carrier.close();
  await system.stop();
}
async function delivered(trackingNo: string): Promise<void> {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; await pause(10)) {
    if ((await carrier.consignment(trackingNo))?.status === 'delivered') return;
  }
  throw new Error(`${trackingNo} was not delivered`);
}

beforeEach(async () => {
  database = await createEmptyDatabase();
  await start(10);
});
afterEach(async () => {
  await stop();
  await database.drop();
});

const parcel = { trackingNo: 'NL1', reference: 'sscc-1', service: 'STANDARD', destinationCountry: 'FR' };

it('scans a parcel five times on its way and tells where', async () => {
  await carrier.registerConsignment(parcel);
  await delivered('NL1');
  const { scans, lastScanNo } = await carrier.scans({ after: 0 });
  expect(scans.map((scan) => [scan.scanNo, scan.status, scan.statusDetail, scan.city])).toEqual([
    [1, 'pre_transit', 'status_update', null],
    [2, 'in_transit', 'accepted', 'Daventry'],
    [3, 'in_transit', 'departed_facility', 'Daventry'],
    [4, 'out_for_delivery', 'out_for_delivery', 'Paris'],
    [5, 'delivered', 'arrived_at_destination', 'Paris'],
  ]);
  expect(scans[0]).toMatchObject({ trackingNo: 'NL1', carrierCode: 'NORTHLINE', scannedAt: expect.any(Date) });
  expect(lastScanNo).toBe(5);
});

it('issues a return label once per key, under a number that is scanned like any other', async () => {
  const wish = { key: 'ret-1', reference: 'R500001', originCountry: 'FR' };
  const labels = await Promise.all(Array.from({ length: 4 }, () => carrier.issueReturnLabel(wish)));
  const trackingNo = labels[0]?.trackingNo ?? '';
  expect(new Set(labels.map((label) => label.trackingNo))).toEqual(new Set([trackingNo]));
  expect(await carrier.issueReturnLabel({ ...wish, key: 'ret-2' })).not.toMatchObject({ trackingNo });
  await expect(carrier.issueReturnLabel({ ...wish, reference: 'R500002' })).rejects.toMatchObject({
    details: { systemCode: 'REFERENCE_REUSED' },
  });
  await delivered(trackingNo);
});

it('takes a parcel once, and refuses the number for another parcel', async () => {
  await Promise.all(Array.from({ length: 6 }, () => carrier.registerConsignment(parcel)));
  await expect(carrier.registerConsignment({ ...parcel, reference: 'other' })).rejects.toMatchObject({
    code: 'SYSTEM_REJECTED',
    details: { systemCode: 'REFERENCE_REUSED' },
  });
  await delivered('NL1');
  expect(await system.counters.effects()).toEqual({ consignments: 1, scans: 5, delivered: 1 });
});

it('answers null for a number it does not know', async () => {
  expect(await carrier.consignment('NOPE')).toBeNull();
});

it('continues a journey after a restart', async () => {
  await stop();
  await start(60);
  await carrier.registerConsignment(parcel);
  while ((await carrier.scans({ after: 0, waitSeconds: 5 })).scans.length < 2) await pause(5);
  await stop();
  await start(10);
  await delivered('NL1');
  expect((await carrier.scans({ after: 0 })).scans.map((scan) => scan.statusDetail)).toEqual([
    'status_update',
    'accepted',
    'departed_facility',
    'out_for_delivery',
    'arrived_at_destination',
  ]);
});

it('waits for the next scan', async () => {
  const waiting = carrier.scans({ after: 0, waitSeconds: 20 });
  await carrier.registerConsignment(parcel);
  expect((await waiting).scans.map((scan) => scan.status)).toEqual(['pre_transit']);
});

it('takes a scan that a person reports, in any words, once, and may end the journey there', async () => {
  await stop();
  await start(3_600_000);
  await carrier.registerConsignment(parcel);
  const report = () =>
    fetch(`${system.url}/consignments/NL1/scans`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.token}` },
      body: JSON.stringify({ reference: 'r1', status: 'eaten_by_dog', message: 'Sorry', city: 'Lyon', ends: true }),
    });
  expect([(await report()).status, (await report()).status]).toEqual([201, 200]);
  expect((await carrier.scans({ after: 0 })).scans).toMatchObject([
    { status: 'eaten_by_dog', statusDetail: null, city: 'Lyon' },
  ]);
  const { rows } = await database.knex.raw('select due_at from carrier.consignment');
  expect(rows).toEqual([{ due_at: null }]);
});

it('repeats and turns round its scans when told to', async () => {
  await carrier.registerConsignment(parcel);
  await delivered('NL1');
  system.setFaults([
    { kind: 'duplicate', route: '/scans', value: 2 },
    { kind: 'reorder', route: '/scans', times: 1 },
  ]);
  const numbers = async () => (await carrier.scans({ after: 2 })).scans.map((scan) => scan.scanNo);
  expect(await numbers()).toEqual([5, 5, 4, 4, 3, 3]);
  expect(await numbers()).toEqual([3, 3, 4, 4, 5, 5]);
  system.setFaults([]);
  expect(await numbers()).toEqual([3, 4, 5]);
});
