import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { startWebhooks } from '../../app/webhooks.ts';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { createLogger } from '../../platform/logger.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { projectFile } from '../../platform/paths.ts';
import { createEasyPostClient, type EasyPostClient } from '../../systems/easypost/client.ts';
import { type EasyPostReference, startEasyPostReference } from '../../systems/easypost/simulator/start.ts';
import { startFulfillment, type TestFulfillment } from '../../test/helpers/fulfillment.ts';
import { easyPostTrackers } from './adapters/easypost.ts';
import { meaningOf } from './carrier-words.ts';
import { applyNodeEvents } from './node-events.ts';
import { type OpenCarrierAccount, openCarrierAccount } from './open-account.ts';
import { forgetTaken } from './tracker-feed.ts';

const API_KEY = 'EZAK-key';
const WEBHOOK_SECRET = 'whsec';
const carriers = new Map([['UPS', 'UPS'], ['ROYALMAIL', 'RoyalMail'], ['DPD', 'DPDUK']]); // biome-ignore format: one line
const { signal } = new AbortController();
const logged: string[] = [];
const logger = createLogger({ level: 'trace', component: 'test', destination: { write: (line: string) => void logged.push(line) } }); // biome-ignore format: one line

describe('what EasyPost published', () => {
  const folder = projectFile('data', 'easypost');
  interface Recording {
    readonly interactions: readonly {
      readonly request: { readonly method: string };
      readonly response: { readonly body: { readonly string: string } };
    }[];
  }
  const trackers = easyPostTrackers({ createTracker: never, tracker: never }, { webhookSecret: 'séc', carriers });
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  const recorded = files.flatMap((name) => {
    const { interactions } = parse(readFileSync(`${folder}/${name}`, 'utf8')) as Recording;
    return interactions
      .filter(({ request }) => request.method !== 'DELETE')
      .flatMap(({ response }) => {
        const answer = JSON.parse(response.body.string) as { trackers?: unknown[] };
        return answer.trackers ?? [answer];
      });
  });
  const scansIn = (record: unknown) => {
    const read = trackers.scansOf(record);
    if ('problem' in read) throw new Error(read.problem);
    return read.scans;
  };

  it('is read, every tracker of every recording, in words that have a meaning', () => {
    expect(files).toHaveLength(5);
    expect(recorded).toHaveLength(11);
    const scans = recorded.flatMap(scansIn);
    expect(scans).toHaveLength(22);
    expect(scans.filter((scan) => meaningOf(scan) === null)).toEqual([]);
    expect(scansIn(recorded.at(-1))[1]).toEqual({
      carrier: 'USPS',
      trackingNumber: 'EZ1000000001',
      eventId: expect.stringMatching(/^easypost:[0-9a-f]{32}$/),
      status: 'pre_transit',
      statusDetail: 'status_update',
      occurredAt: new Date('2025-10-06T10:36:07Z'),
      location: 'HOUSTON',
      message: 'Shipping Label Created',
    });
  });

  it('has the same scans when a tracker is made and when it is read, though texts beside them differ', () => {
    const ids = (record: unknown) => scansIn(record).map(({ eventId }) => eventId);
    const [made, read] = recorded.slice(-2);
    expect(made).not.toEqual(read);
    expect(ids(made)).toEqual(ids(read));
  });

  // Signatures of a foreign implementation (Python's hmac), so that ours is not compared with itself.
  const body = Buffer.from('{"id":"evt_1","object":"Event","description":"batch.updated","result":{}}');
  const first = 'hmac-sha256-hex=0a1c5ce81479e68a19c80198fea8de2a58bc1f2140835ae64d3b73e007b1f847';
  const second = {
    'x-timestamp': 'Sat, 28 Nov 2026 09:00:00 +0000',
    'x-path': '/hook',
    'x-hmac-signature-v2': 'hmac-sha256-hex=756005ec32f1c6e1453ebd5c37c48f2c108069acad4a5a50c4dbbb8332f7eb1e',
  };
  const at = (time: string) => new Date(`2026-11-28T${time}Z`);
  const hear = (headers: Record<string, string>, now: Date, method = 'POST') =>
    trackers.hear({ method, headers, body }, now);

  it('is heard under either signature, and is nothing where it is about no tracker', () => {
    expect(hear({ 'x-hmac-signature': first }, at('23:00:00'))).toBeNull();
    expect(hear(second, at('09:04:59'))).toBeNull();
  });

  it.each([
    ['late', second, at('09:05:01')],
    ['from the future', second, at('08:54:59')],
    ['under another time', { ...second, 'x-timestamp': 'Sat, 28 Nov 2026 09:00:01 +0000' }, at('09:00:00')],
    ['at another place', { ...second, 'x-path': '/other' }, at('09:00:00')],
    ['under a second signature that is wrong, though the first is right', { ...second, 'x-path': '/', 'x-hmac-signature': first }, at('09:00:00')],
    ['without a time', { 'x-hmac-signature-v2': second['x-hmac-signature-v2'] }, at('09:00:00')],
    ['under a wrong first signature', { 'x-hmac-signature': first.replace('0a1c', '0a1d') }, at('09:00:00')],
  ])('is refused %s', (_, headers, now) => {
    expect(() => hear(headers as Record<string, string>, now)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  }); // biome-ignore format: a table

  it('is refused under another method', () => {
    expect(() => hear(second, at('09:00:00'), 'PUT')).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  });
});

describe('parcels at EasyPost', () => {
  let world: TestFulfillment;
  let easypost: EasyPostReference;
  let client: EasyPostClient;
  let account: OpenCarrierAccount;
  let door: Awaited<ReturnType<typeof startWebhooks>>;
  const settled: string[] = [];
  let minute = 0;

  beforeAll(async () => {
    world = await startFulfillment();
    easypost = await startEasyPostReference({ apiKey: API_KEY, webhookSecret: WEBHOOK_SECRET, carriers: ['UPS', 'RoyalMail'] });
    client = createEasyPostClient({ baseUrl: easypost.url, apiKey: API_KEY, timeoutMillis: 5_000 });
    account = openCarrierAccount({
      knex: world.database.knex,
      account: 'easypost',
      carriers: [...carriers.keys()],
      askHours: 6,
      trackers: easyPostTrackers(client, { webhookSecret: WEBHOOK_SECRET, carriers }),
      report: async (_, unusable) => void world.reported.push(unusable),
      settle: async (key) => void settled.push(key),
      logger,
    });
    door = await startWebhooks({ takers: [account], host: '127.0.0.1', port: 0, logger });
  }); // biome-ignore format: one world
  afterAll(async () => {
    await door.stop();
    await client.close();
    await easypost.stop();
    await world.stop();
  });

  async function leave(carrier: string, trackingNumber: string): Promise<void> {
    const workId = await world.submitted();
    minute += 1;
    const units = [{ lineRef: 'BOLT', sku: 'BOLT', quantity: 3 }];
    const left = { position: 10_000 + minute, kind: 'ISSUED', fulfillmentOrderId: workId, nodeReference: `N-${workId}`, occurredAt: new Date('2026-01-01T00:00:00Z'), reason: null, short: [], issued: units, packages: [{ carrier, trackingNumber, sscc: null, lines: units }] } as const; // biome-ignore format: one event
    expect(await inTransaction(world.database.knex, (trx) => applyNodeEvents(trx, [left]))).toEqual([]);
  }
  const scan = (number: string, status: string, statusDetail: string | null = null) => {
    minute += 1;
    const datetime = new Date(Date.UTC(2026, 0, 2, 0, minute)).toISOString();
    easypost.scan(number, { status, status_detail: statusDetail, message: `Said ${minute}`, datetime, city: 'LEEDS' });
  };
  const send = async ({ headers, body }: { headers: Readonly<Record<string, string>>; body: string }, path = '/webhooks/carriers/easypost') =>
    (await fetch(door.url + path, { method: 'POST', headers, body })).status; // biome-ignore format: one thought
  const told = async (number: string) => {
    await account.feed.catchUp(signal);
    const [row] = await query<{ status: string; scans: number }>(
      world.database.knex,
      `select status, (select count(*)::int from fulfillment.tracking_event t where t.tracking_number = p.tracking_number) as scans
       from fulfillment.package p where tracking_number = ?`,
      [number],
    );
    return row;
  };
  const makeDue = () => query(world.database.knex, 'update fulfillment.tracker set due_at = now()', []);

  it('are registered once they left, each once, and those of other carriers not', async () => {
    await leave('ups', '1Z00000001');
    await leave('NORTHLINE', 'NL9');
    expect(await account.tracking.step(signal)).toBe(1);
    expect(await account.tracking.step(signal)).toBe(0);
    expect(easypost.answers).toEqual({ '201 POST /v2/trackers': 1 });
    expect(settled).toEqual(['carrier-access:easypost']);
  });

  it('move by webhooks: late, twice, contradictory, never backwards', async () => {
    scan('1Z00000001', 'in_transit', 'accepted');
    const early = easypost.webhook('1Z00000001');
    scan('1Z00000001', 'out_for_delivery');
    const late = easypost.webhook('1Z00000001', { signatures: 'first' });
    expect(await send(late)).toBe(200);
    expect(await told('1Z00000001')).toEqual({ status: 'OUT_FOR_DELIVERY', scans: 2 });
    expect([await send(early), await send(early), await send(late)]).toEqual([200, 200, 200]);
    expect(await told('1Z00000001')).toEqual({ status: 'OUT_FOR_DELIVERY', scans: 2 });
    scan('1Z00000001', 'pre_transit');
    await send(easypost.webhook('1Z00000001'));
    expect(await told('1Z00000001')).toEqual({ status: 'OUT_FOR_DELIVERY', scans: 3 });
  });

  it('are asked for when their webhooks are missed, and no more once they arrived', async () => {
    scan('1Z00000001', 'delivered');
    expect(await account.tracking.step(signal)).toBe(0);
    await makeDue();
    expect(await account.tracking.step(signal)).toBe(1);
    expect(await told('1Z00000001')).toEqual({ status: 'DELIVERED', scans: 4 });
    await makeDue();
    expect(await account.tracking.step(signal)).toBe(0);
  });

  it('are registered anew under a number that is used again', async () => {
    await leave('UPS', '1Z00000001');
    expect(await account.tracking.step(signal)).toBe(1);
  });

  it('keep a word that nobody knows, which is shown, and what cannot be read, as it came', async () => {
    await leave('ROYALMAIL', 'RM77');
    await account.tracking.step(signal);
    scan('RM77', 'eaten_by_dog');
    easypost.scan('RM77', { status: 'delivered', status_detail: null, message: 'When?', datetime: 'yesterday', city: null });
    const before = world.reported.length;
    await send(easypost.webhook('RM77'));
    expect(await told('RM77')).toEqual({ status: 'LABEL_CREATED', scans: 0 });
    expect(world.reported.slice(before)).toMatchObject([{ system: 'easypost', operation: 'read-entry', setAside: { by: 'fulfillment:trackers:easypost' } }]);
    const [kept] = await query<{ entry: string }>(world.database.knex, 'select entry::text from integration.set_aside_entry', []);
    expect(kept?.entry).toContain('eaten_by_dog');
    expect(kept?.entry).not.toMatch(/RECIPIENT|CHARLESTON|77063|track\.easypost/);
    await leave('UPS', '1Z00000005');
    await account.tracking.step(signal);
    scan('1Z00000005', 'eaten_by_dog');
    await send(easypost.webhook('1Z00000005'));
    expect(await told('1Z00000005')).toEqual({ status: 'LABEL_CREATED', scans: 1 });
    expect(world.reported.at(-1)).toMatchObject({ system: 'easypost', operation: 'map-tracking-status', message: expect.stringContaining('…0005') });
  }); // biome-ignore format: one thought

  it('that EasyPost does not track are shown, and registered when somebody retries', async () => {
    await leave('DPD', 'DP1000');
    await account.tracking.step(signal);
    const refusal = world.reported.at(-1);
    expect(refusal).toMatchObject({
      system: 'easypost',
      operation: 'register-tracker',
      orderId: expect.stringMatching(/^ord_/),
      message: expect.stringContaining('…1000 of DPD (TRACKER_CARRIER_INVALID)'),
    });
    await makeDue();
    await account.tracking.step(signal);
    const asked = easypost.answers['422 POST /v2/trackers'];
    expect(asked).toBe(1);
    const again = account.takeAgain[refusal?.setAside?.by ?? ''];
    expect(await again?.(refusal?.setAside?.id ?? '')).toMatchObject({ kind: 'failed', cause: 'MAPPING' });
  });

  it('wait while EasyPost is down', async () => {
    await leave('UPS', '1Z00000006');
    easypost.isDown(true);
    await expect(account.tracking.step(signal)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    easypost.isDown(false);
    await makeDue();
    expect(await account.tracking.step(signal)).toBeGreaterThan(0);
    expect((await query(world.database.knex, "select 1 from fulfillment.tracker where tracking_number = '1Z00000006' and tracker is not null", [])).length).toBe(1); // biome-ignore format: one thought
  });

  it('are not moved by forged, unsigned, old or misdirected calls; nothing of a call is logged', async () => {
    scan('1Z00000006', 'in_transit');
    const { headers, body } = easypost.webhook('1Z00000006');
    const old = easypost.webhook('1Z00000006', { sentAt: new Date(Date.now() - 600_000) });
    expect(await send({ headers, body: body.replace('in_transit', 'delivered') })).toBe(401);
    expect(await send({ headers: {}, body })).toBe(401);
    expect(await send(old)).toBe(401);
    expect(await send({ headers, body }, '/webhooks/carriers/nobody')).toBe(404);
    expect((await fetch(`${door.url}/webhooks/carriers/easypost`)).status).toBe(405);
    expect(await send({ headers, body: 'x'.repeat(1_048_577) })).toBe(413);
    expect(await told('1Z00000006')).toEqual({ status: 'LABEL_CREATED', scans: 0 });
    expect(await send({ headers, body })).toBe(200);
    expect(await told('1Z00000006')).toEqual({ status: 'IN_TRANSIT', scans: 1 });
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.join('')).not.toMatch(/1Z0000|LEEDS|whsec|EZAK|hmac-sha256/);
  });

  it('are forgotten where they were taken, and not before; what comes again says nothing new', async () => {
    const journal = openObservedJournal(world.database.knex, 'carrier:easypost');
    const kept = async () => (await journal.read('trackers', 0, 1_000)).length;
    const again = easypost.webhook('1Z00000006');
    await send(again);
    await told('1Z00000006');
    expect(await forgetTaken(world.database.knex, journal, 'easypost', 1)).toBeGreaterThan(5);
    expect(await kept()).toBe(1);
    scan('1Z00000006', 'out_for_delivery');
    await send(easypost.webhook('1Z00000006'));
    await forgetTaken(world.database.knex, journal, 'easypost', 0);
    expect(await kept()).toBe(1);
    expect(await told('1Z00000006')).toEqual({ status: 'OUT_FOR_DELIVERY', scans: 2 });
    await forgetTaken(world.database.knex, journal, 'easypost', 0);
    expect(await send(again)).toBe(200);
    expect(await told('1Z00000006')).toEqual({ status: 'OUT_FOR_DELIVERY', scans: 2 });
  });
});

async function never(): Promise<never> {
  throw new Error('nothing is asked here');
}
