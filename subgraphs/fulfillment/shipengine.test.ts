import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createShipEngineClient, type ShipEngineClient } from '../../systems/shipengine/client.ts';
import { createKeyring, type Keyring } from '../../systems/shipengine/keyring.ts';
import { type ShipEngineReference, startShipEngineReference } from '../../systems/shipengine/simulator/start.ts';
import { shipEngineTrackers } from './adapters/shipengine.ts';
import { meaningOf } from './carrier-words.ts';
import type { CarrierTrackers } from './port.ts';

const { signal } = new AbortController();
const parcel = { carrier: 'UPS', trackingNumber: '1Z00000001' };
let reference: ShipEngineReference;
let client: ShipEngineClient;
let keyring: Keyring;
let now = Date.now();
let trackers: CarrierTrackers;

beforeAll(async () => {
  reference = await startShipEngineReference({ apiKey: 'TEST_key', carriers: ['ups'] });
  client = createShipEngineClient({ baseUrl: reference.url, apiKey: 'TEST_key', timeoutMillis: 2_000 });
  keyring = createKeyring(() => client.keys(), () => now); // biome-ignore format: one thought
  trackers = shipEngineTrackers(client, { keyring, carriers: new Map([['UPS', 'ups']]) });
  await trackers.register(parcel, signal);
});
afterAll(async () => {
  await client.close();
  await reference.stop();
});
beforeEach(() => keyring.refresh());

const call = (how: Parameters<ShipEngineReference['webhook']>[1] = {}) => {
  const { headers, body } = reference.webhook(parcel.trackingNumber, how);
  return { method: 'POST', headers, body: Buffer.from(body) };
};
const scansOf = (record: unknown) => {
  const read = trackers.scansOf(record);
  if ('problem' in read) throw new Error(read.problem);
  return read.scans;
};

describe('webhooks of ShipEngine', () => {
  it('are heard under a key that is new to us a moment later, and never under one that it does not publish', async () => {
    reference.changeKey();
    expect(() => trackers.hear(call(), new Date())).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
    now += 61_000;
    expect(() => trackers.hear(call(), new Date())).toThrow(expect.objectContaining({ code: 'SYSTEM_UNAVAILABLE' }));
    await keyring.refresh();
    expect(trackers.hear(call(), new Date())?.tracker).toBe('ups/1Z00000001');
    const asked = reference.answers['200 GET /jwks'];
    const forged = { ...call(), headers: { ...call().headers, 'x-shipengine-rsa-sha256-key-id': 'mine' } };
    for (let times = 0; times < 5; times += 1) expect(() => trackers.hear(forged, new Date())).toThrow();
    expect(reference.answers['200 GET /jwks']).toBe(asked);
  });

  it('are heard in both releases of its API; those about something else say nothing', () => {
    expect(trackers.hear(call({ type: 'TRACK_EVENT_V2' }), new Date())).toMatchObject({ tracker: 'ups/1Z00000001' });
    expect(trackers.hear(call({ type: 'API_BATCH' }), new Date())).toBeNull();
  });

  it.each([
    ['another time', { 'x-shipengine-timestamp': new Date(Date.now() + 1_000).toISOString() }],
    ['no time', { 'x-shipengine-timestamp': undefined }],
    ['a time that is none', { 'x-shipengine-timestamp': 'now' }],
    ['no signature', { 'x-shipengine-rsa-sha256-signature': undefined }],
  ])('with %s are refused', (_, headers) => {
    const given = call();
    expect(() => trackers.hear({ ...given, headers: { ...given.headers, ...headers } }, new Date())).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' })); // biome-ignore format: one thought
  });
});

describe('what ShipEngine says of a parcel', () => {
  it('is in the order in which it happened, without who signed, and says what words mean', async () => {
    reference.scan(parcel.trackingNumber, { status_code: 'AC', occurred_at: '2026-01-02T09:00:00Z' });
    reference.scan(parcel.trackingNumber, { status_code: 'IT', status_detail_code: 'OUT_FOR_DELIVERY', occurred_at: '2026-01-02T11:00:00' });
    reference.scan(parcel.trackingNumber, { status_code: 'DE', occurred_at: '2026-01-02T12:30:00+01:00' });
    const news = await trackers.read('ups/1Z00000001', signal);
    const scans = scansOf(news?.record);
    expect(scans.map(({ status, statusDetail, occurredAt }) => [status, statusDetail, occurredAt.toISOString()])).toEqual([
      ['AC', null, '2026-01-02T09:00:00.000Z'],
      ['IT', 'OUT_FOR_DELIVERY', '2026-01-02T11:00:00.000Z'],
      ['DE', null, '2026-01-02T11:30:00.000Z'],
    ]);
    expect(scansOf(trackers.hear(call(), new Date())?.record)).toEqual(scans);
    expect(JSON.stringify(news)).not.toMatch(/RECIPIENT|LS1|53\.79/);
    expect(scans.map((scan) => meaningOf(scan))).toEqual(['CARRIER_ACCEPTED', 'OUT_FOR_DELIVERY', 'DELIVERED']);
  });

  it('is delivered also where no scan tells of it', () => {
    const record = { tracking_number: '1', carrier_code: 'ups', status_code: 'DE', actual_delivery_date: '2026-01-03T10:00:00Z', events: [{ occurred_at: '2026-01-03T09:00:00Z', status_code: 'IT' }] };
    expect(scansOf(record).map(({ status }) => status)).toEqual(['IT', 'DE']);
    expect(trackers.scansOf({ ...record, events: [{ occurred_at: null }] })).toEqual({ problem: 'a scan has no moment' });
  });

  it('is not there while it is down, and the key is not told', async () => {
    reference.isDown(true);
    await expect(trackers.read('ups/1Z00000001', signal)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    reference.isDown(false);
    const stranger = createShipEngineClient({ baseUrl: reference.url, apiKey: 'wrong-key', timeoutMillis: 1_000 });
    const refusal = await stranger.parcel({ carrierCode: 'ups', trackingNumber: '1Z00000001' }, signal).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'SYSTEM_REJECTED', details: { status: 401, systemCode: 'UNAUTHORIZED' } });
    expect(JSON.stringify(refusal)).not.toMatch(/wrong-key/);
    await stranger.close();
  });
}); // biome-ignore format: one world
