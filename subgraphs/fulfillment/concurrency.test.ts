import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { openDatabase } from '../../platform/db/database.ts';
import { query } from '../../platform/db/query.ts';
import { createFeed } from '../../platform/feed/feed.ts';
import { startFulfillment, type TestFulfillment } from '../../test/helpers/fulfillment.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';
import { createFulfillmentSubgraph } from './index.ts';
import { applyNodeEvents } from './node-events.ts';
import type { NodeEvent } from './port.ts';
import { recordScans } from './tracking.ts';
import { workComparison } from './work-comparison.ts';

const warehouse = callerOf({ contract: 'warehouse', clientId: 'warehouse', channel: null });
const operator = callerOf({ contract: 'operations', clientId: 'operator', channel: null });
const { signal } = new AbortController();
let world: TestFulfillment;
let knex: Knex;
let positions = 10_000;

beforeAll(async () => {
  world = await startFulfillment();
  knex = world.database.knex;
});
afterAll(() => world.stop());

type Work = (trx: Knex.Transaction) => Promise<unknown>;

/** A transaction that has done its work and waits to be told to commit. */
async function uncommitted(work: Work): Promise<() => Promise<void>> {
  const trx = await knex.transaction();
  await work(trx);
  return async () => {
    await trx.commit();
  };
}

describe('a scan and its package that come at the same moment', () => {
  const scan = (trackingNumber: string) => (trx: Knex.Transaction) =>
    recordScans(trx, [
      {
        carrier: 'UPS',
        trackingNumber,
        eventId: `scan-${trackingNumber}`,
        status: 'delivered',
        statusDetail: null,
        occurredAt: new Date(),
        location: null,
        message: null,
      },
    ]);
  const issue = (workId: string, trackingNumber: string) => (trx: Knex.Transaction) => {
    const issued = [{ lineRef: 'BOLT', sku: 'BOLT', quantity: 3 }];
    return applyNodeEvents(trx, [
      {
        position: ++positions,
        kind: 'ISSUED',
        fulfillmentOrderId: workId,
        nodeReference: 'N',
        occurredAt: new Date(),
        reason: null,
        packages: [{ carrier: 'UPS', trackingNumber, sscc: null, lines: issued }],
        issued,
        short: [],
      },
    ]);
  };
  const statusOf = async (workId: string) => {
    const rows = await query<{ status: string }>(
      knex,
      'select status from fulfillment.shipment where fulfillment_order_id = ?',
      [workId],
    );
    return rows.map((row) => row.status);
  };

  it.each([
    ['the scan', 'first'],
    ['the package', 'second'],
  ] as const)('find each other when %s is committed first', async (_, which) => {
    const workId = await world.submitted();
    const trackingNumber = `RACE-${which}`;
    const scanned: Work = scan(trackingNumber);
    const left: Work = issue(workId, trackingNumber);
    const commit = await uncommitted(which === 'first' ? scanned : left);
    const other = knex.transaction(which === 'first' ? left : scanned);
    await pause(100);
    await commit();
    await other;
    expect(await statusOf(workId)).toEqual(['DELIVERED']);
  });

  it('keep nobody waiting who is about other parcels', async () => {
    const workId = await world.submitted();
    const commit = await uncommitted(scan('OTHER-PARCEL'));
    await knex.transaction(issue(workId, 'THIS-PARCEL'));
    expect(await statusOf(workId)).toEqual(['LABEL_CREATED']);
    await commit();
  });
});

describe('events of nodes, and scans, that come together', () => {
  const scanOf = (trackingNumber: string, status: string, eventId: string) => ({
    carrier: 'ups',
    trackingNumber,
    eventId,
    status,
    statusDetail: null,
    occurredAt: new Date(),
    location: null,
    message: null,
  });

  it('move work and parcels in their order, each change told, with statements that do not grow with them', async () => {
    const numbers = Array.from({ length: 20 }, (_, n) => `MANY-${n}`);
    const events: NodeEvent[] = [];
    for (const number of numbers) {
      const work = await world.submitted();
      const issued = [{ lineRef: 'BOLT', sku: 'BOLT', quantity: 3 }];
      const packages = [{ carrier: 'UPS', trackingNumber: number, sscc: null, lines: issued }];
      const at = { nodeReference: 'N', occurredAt: new Date(), reason: null, fulfillmentOrderId: work };
      events.push({ ...at, position: ++positions, kind: 'ACCEPTED', packages: [], issued: [], short: [] });
      events.push({ ...at, position: ++positions, kind: 'ISSUED', packages, issued, short: [] });
    }
    let statements = 0;
    const count = () => void statements++;
    const apply = async (some: readonly NodeEvent[]) => {
      statements = 0;
      knex.on('query', count);
      expect(await knex.transaction((trx) => applyNodeEvents(trx, some))).toEqual([]);
      knex.removeListener('query', count);
      return statements;
    };
    expect(await apply(events.slice(0, 2))).toBe(await apply(events.slice(2)));
    const record = async (some: readonly string[], round: number) => {
      const scans = some.flatMap(
        (number) =>
        ['in_transit', 'out_for_delivery', 'in_transit', 'gibberish'].map((status, n) => scanOf(number, status, `${number}-${round}-${n}`)), // biome-ignore format: one thought
      );
      statements = 0;
      knex.on('query', count);
      const recorded = await knex.transaction((trx) => recordScans(trx, [...scans, ...scans.slice(0, 1)]));
      knex.removeListener('query', count);
      return { recorded, statements };
    };
    const one = await record(numbers.slice(0, 1), 1);
    const many = await record(numbers.slice(1), 1);
    expect(many.statements).toBe(one.statements);
    expect(many.recorded.map(({ repeated }) => repeated)).toEqual([...numbers.slice(1).flatMap(() => [false, false, false, false]), true]); // biome-ignore format: a table
    expect(many.recorded.slice(0, 4).map(({ unknownWord }) => unknownWord)).toEqual([false, false, false, true]);
    const told = await query<{ status: string; version: number }>(
      knex,
      `select data ->> 'status' as status, version from integration.outbox
       where type = 'shipment-status-changed.v1' and subject = any (select shipment_id from fulfillment.package where tracking_number = any(?))
       order by subject, version`,
      [numbers],
    );
    const each = [{ status: 'LABEL_CREATED', version: 2 }, { status: 'IN_TRANSIT', version: 3 }, { status: 'OUT_FOR_DELIVERY', version: 4 }]; // biome-ignore format: a table
    expect(told).toEqual(numbers.flatMap(() => each));
    const works = await query<{ versions: number[]; statuses: string[] }>(
      knex,
      `select array_agg(version order by position) as versions, array_agg(data ->> 'status' order by position) as statuses
       from integration.outbox where type = 'fulfillment-order-changed.v1' and subject = any (?) group by subject`,
      [events.map(({ fulfillmentOrderId }) => fulfillmentOrderId)],
    );
    const way = { versions: [1, 2, 3, 4], statuses: ['OPEN', 'OPEN', 'IN_PROGRESS', 'CLOSED'] };
    expect(works).toEqual(numbers.map(() => way));
  });
});

describe('a page of a feed', () => {
  const applied: number[] = [];
  let broken = true;
  const feed = (sliceMillis: number, stopAt: AbortController | null = null) =>
    createFeed<number>({
      knex,
      name: 'test:slices',
      system: 'wms',
      sliceMillis,
      read: async (after) => ({ entries: [3, 1, 2, 2, 5, 4].filter((one) => one > after), next: 5, isLast: after > 3 }),
      happenedAt: (entry) => new Date(entry * 1_000),
      async apply(trx, entries) {
        if (entries.includes(4) && broken) throw new Error('the process ends');
        await trx.raw('select 1');
        applied.push(...entries);
        if (entries.includes(1)) stopAt?.abort();
      },
      setAside: { positionOf: (entry) => entry, report: async () => undefined },
      onFailure: () => undefined,
    });
  const cursor = async () =>
    (
      await query(
        knex,
        `select position::int, waiting_since is not null as waits, extract(epoch from behind_since)::int as behind from integration.feed_cursor where feed = 'test:slices'`,
      )
    )[0];

  it('is committed as far as it was applied when its time is up, when the process ends, and when the rest fails', async () => {
    const stopping = new AbortController();
    expect(await feed(60_000, stopping).step(0, stopping.signal)).toBe(1);
    expect(await cursor()).toEqual({ position: 1, waits: true, behind: 2 });
    await expect(feed(0).step(0, signal)).rejects.toThrow('the process ends');
    expect(await cursor()).toEqual({ position: 3, waits: true, behind: 4 });
    broken = false;
    await feed(60_000).step(0, signal);
    // More may wait behind a full page: it is not older than the last entry of this one.
    expect(await cursor()).toEqual({ position: 5, waits: false, behind: 5 });
    await feed(60_000).step(0, signal);
    expect(await cursor()).toEqual({ position: 5, waits: false, behind: null });
    expect(applied).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a comparison with the warehouse', () => {
  it('takes work whose events the feed has not come to for late, not for lost', async () => {
    const id = await world.submitted();
    const over = { fulfillmentOrderId: id, nodeReference: 'N', isOver: true, lines: null };
    const at = { nodeReference: 'N', occurredAt: new Date(), reason: null, packages: [], issued: [], short: [] };
    const told: NodeEvent[] = [{ ...at, position: ++positions, kind: 'REFUSED', fulfillmentOrderId: id }];
    const nodes = {
      works: async () => ({ records: [over], next: null }),
      has: async () => true,
      events: async (after: number) => ({ entries: after === 0 ? told : [], unreadable: [], next: positions }),
    };
    const comparison = workComparison({ knex, nodes, restSeconds: 0 });
    const found = async () => (await comparison.theirs(null, signal)).differences.map(({ key }) => key);
    const behind = (since: string | null) => query(knex, "update integration.feed_cursor set behind_since = ? where feed = 'fulfillment:node-events'", [since]); // biome-ignore format: one thought
    await behind('2026-11-23T09:00:00Z');
    expect(await found()).toEqual([]);
    await behind(null);
    expect(await found()).toEqual([id]);
    expect(await comparison.correct?.('', [id], signal)).toEqual([id]);
    expect(await found()).toEqual([]);
  });
});

describe('a cancellation and a submission of the same work', () => {
  const withdraw = (orderId: string, quantity: number) => (trx: Knex.Transaction) =>
    query<{ line_id: string; quantity: number }>(
      trx,
      'select * from fulfillment.withdraw_unsubmitted(?, ?::text[], ?::int[])',
      [orderId, ['BOLT'], [quantity]],
    );

  it('never both have a unit, whoever comes first', async () => {
    for (let round = 0; round < 12; round++) {
      const orderId = `ord_race_${round}`;
      const id = await world.open({ orderId, units: { BOLT: 5 } });
      const [withdrawn, submitted] = await Promise.all([
        knex.transaction(withdraw(orderId, round % 2 === 0 ? 5 : 2)),
        world.book.submit(id),
      ]);
      const asked = submitted?.lines.reduce((sum, line) => sum + line.quantity, 0) ?? 0;
      expect(asked + (withdrawn[0]?.quantity ?? 0)).toBe(5);
      expect(await world.book.submit(id)).toEqual(submitted);
    }
  });

  it('waits for a withdrawal that is under way', async () => {
    const id = await world.open({ orderId: 'ord_waits', units: { BOLT: 5 } });
    const commit = await uncommitted(withdraw('ord_waits', 2));
    const submitting = world.book.submit(id);
    await pause(100);
    await commit();
    expect((await submitting)?.lines).toMatchObject([{ quantity: 3 }]);
    // Now the node is asked: nothing more can be withdrawn.
    expect(await knex.transaction(withdraw('ord_waits', 3))).toEqual([]);
  });

  it('leaves nothing to submit when all was withdrawn', async () => {
    const id = await world.open({ orderId: 'ord_gone', units: { BOLT: 5 } });
    expect(await knex.transaction(withdraw('ord_gone', 7))).toMatchObject([{ line_id: 'BOLT', quantity: 5 }]);
    expect(await world.book.submit(id)).toBeNull();
  });
});

describe('a merge', () => {
  const MERGE = `mutation ($id: ID!, $input: FulfillmentOrderMergeInput!) { fulfillmentOrderMerge(fulfillmentOrderId: $id, input: $input) {
    fulfillmentOrder { lines { sku quantity } } userErrors { message } } }`;

  it('waits for a withdrawal from the same work that is under way, and joins what it left', async () => {
    const orderId = 'ord_merged';
    const id = await world.open({ orderId, units: { BOLT: 2, NUT: 1 } });
    const other = await world.open({ orderId, units: { BOLT: 3, NUT: 1 } });
    const commit = await uncommitted((trx) =>
      query(trx, `select * from fulfillment.withdraw_unsubmitted(?, '{BOLT}', '{4}')`, [orderId]),
    );
    const input = { idempotencyKey: 'merge', reason: 'one parcel', fulfillmentOrderIds: [other] };
    const merging = ask(world.subgraph, MERGE, { id, input }, operator);
    await pause(100);
    await commit();
    const lines = [{ sku: 'BOLT', quantity: 1 }, { sku: 'NUT', quantity: 2 }]; // biome-ignore format: a table
    expect((await merging).data).toEqual({ fulfillmentOrderMerge: { fulfillmentOrder: { lines }, userErrors: [] } });
  });
});

describe('commands at the same time', () => {
  const ACCEPT = `mutation ($id: ID!, $key: String!) { fulfillmentOrderAccept(fulfillmentOrderId: $id, input: { idempotencyKey: $key }) {
    fulfillmentOrder { status } userErrors { code } } }`;

  it('need one connection each, so that a full pool of them gets through', async () => {
    const pool = openDatabase(world.database.url, { poolMax: 2, applicationName: 'test-small-pool' });
    try {
      const subgraph = createFulfillmentSubgraph({
        knex: pool,
        nodes: world.nodes,
        nodeFeed: world.nodeFeed,
        report: async () => undefined,
      });
      const ids = await Promise.all(Array.from({ length: 6 }, () => world.submitted()));
      const answers = await Promise.all(ids.map((id) => ask(subgraph, ACCEPT, { id, key: `pool-${id}` }, warehouse)));
      for (const answer of answers) {
        expect(answer).toEqual({
          data: { fulfillmentOrderAccept: { fulfillmentOrder: { status: 'IN_PROGRESS' }, userErrors: [] } },
        });
      }
    } finally {
      await pool.destroy();
    }
  });

  it('under one key reach the node once', async () => {
    const id = await world.submitted();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ask(world.subgraph, ACCEPT, { id, key: 'same-key' }, warehouse)),
    );
    const codes = answers.map((answer) => answer.errors?.[0]?.extensions.code ?? 'done');
    expect(new Set(codes)).toEqual(new Set(['done', ...codes.filter((code) => code === 'IDEMPOTENCY_IN_FLIGHT')]));
    const { entries } = await world.nodes.events(0, 0, signal);
    const accepted = entries.filter((event) => event.fulfillmentOrderId === id && event.kind === 'ACCEPTED');
    expect(accepted).toHaveLength(1);
  });
});
