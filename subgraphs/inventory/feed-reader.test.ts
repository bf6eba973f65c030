import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { type MemoryStockSource, memoryStockSource } from './adapters/memory.ts';
import { createFeedReader, type FeedGap, type FeedReader } from './feed-reader.ts';
import type { RejectedRecord, StockChange, StockChanges, StockSource } from './port.ts';
import { at, commit, differences, emptyStock, position } from './sample-stock.ts';
import { shortages, verifyStockLedger } from './stock-ledger.ts';

let database: TestDatabase;
let knex: Knex;
const { signal } = new AbortController();

beforeAll(async () => {
  database = await createTestDatabase(['inventory', 'integration']);
  knex = database.knex;
});
afterAll(() => database.drop());

let source: MemoryStockSource;
let rejected: RejectedRecord[];
let gaps: (readonly FeedGap[])[];
let short: string[];

beforeEach(async () => {
  await emptyStock(knex);
  await query(knex, 'truncate integration.outbox, integration.feed_cursor');
  source = memoryStockSource({
    sites: [
      { code: 'EAST', name: 'East', kind: 'WAREHOUSE' },
      { code: 'SHOP', name: 'Shop', kind: 'STORE' },
    ],
    skus: ['BOLT', 'NUT'],
    stock: [{ siteCode: 'EAST', sku: 'BOLT', onHand: 10 }],
  });
  rejected = [];
  gaps = [];
  short = [];
});

function readerOf(stockSource: StockSource = source): FeedReader {
  return createFeedReader({
    knex,
    source: stockSource,
    name: 'wms',
    onRejected: async (record) => void rejected.push(record),
    onGap: async (all) => void gaps.push(all),
    onShortage: async ({ sku, missing }) => void short.push(`${sku} ${missing}`),
  });
}

/** A source whose feed answers are changed on the way, as a bad line would. */
function distorted(change: (answer: StockChanges) => StockChanges): StockSource {
  return { ...source, changes: async (...args) => change(await source.changes(...args)) };
}

let bookings = 0;
const book = (sku: string, delta: number) =>
  source.adjust(
    { key: `k${++bookings}`, siteCode: 'EAST', sku, reason: 'CORRECTION', amount: { delta }, seenSequence: null },
    signal,
  );
const sequence = async () =>
  Number((await query<{ sequence: string }>(knex, 'select sequence from inventory.source_feed'))[0]?.sequence);
const feed = async () =>
  (
    await query(
      knex,
      "select system, position, waiting_since is not null as waits from integration.feed_cursor where feed = 'inventory:wms-ledger'",
    )
  )[0];
const heard = async () =>
  (await query<{ heard: boolean }>(knex, 'select heard_at is not null as heard from inventory.source_feed'))[0]?.heard;

describe('the feed reader', () => {
  it('tells of no shortage that only a snapshot shows, before it has read for whom the goods left', async () => {
    const reader = readerOf();
    await reader.readNext(0, signal);
    await commit(knex, 'o1', [['BOLT', 8]]);
    await book('BOLT', -5);
    await reader.refresh(signal);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 8, 0]);
    expect([short, await shortages(knex, null)]).toEqual([[], []]);
    const shortage = { sku: 'BOLT', locationId: at('EAST'), missing: 3 };
    expect(await verifyStockLedger(knex)).toMatchObject({ shortages: [{ ...shortage, mayHaveLeft: true }], feed: { readUpTo: 1, knownUpTo: 2 } }); // biome-ignore format: one thought
    await reader.readNext(0, signal);
    expect(short).toEqual(['BOLT 3']);
    expect(await verifyStockLedger(knex)).toMatchObject({ shortages: [{ ...shortage, mayHaveLeft: false }], feed: { readUpTo: 2, knownUpTo: 2 } }); // biome-ignore format: one thought
  });

  it('starts with sites and a snapshot, then applies what comes after it', async () => {
    const reader = readerOf();
    expect(await reader.readNext(0, signal)).toBe(0);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
    expect(await query(knex, 'select code from inventory.location order by code')).toMatchObject([
      { code: 'EAST' },
      { code: 'SHOP' },
    ]);
    expect([await sequence(), await heard()]).toEqual([1, true]);
    await book('BOLT', 5);
    await book('NUT', 7);
    expect(await reader.readNext(0, signal)).toBe(2);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([15, 0, 0, 15]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([7, 0, 0, 7]);
    expect(await sequence()).toBe(3);
    expect(await differences(knex)).toEqual([]);
  });

  it('continues where another process stopped, and applies each booking once though two read it', async () => {
    await readerOf().readNext(0, signal);
    await commit(knex, 'o1', [['BOLT', 6]]);
    source.issue({ siteCode: 'EAST', sku: 'BOLT', quantity: 2, reference: 'ful_1', lineRef: 'o1.l1' });
    await Promise.all([readerOf().readNext(0, signal), readerOf().readNext(0, signal), readerOf().readNext(0, signal)]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([8, 0, 4, 4]);
    expect(await sequence()).toBe(2);
  });

  it('puts duplicates and a wrong order right', async () => {
    const reader = readerOf(
      distorted((answer) => ({ ...answer, changes: [...answer.changes, ...answer.changes].reverse() })),
    );
    await reader.readNext(0, signal);
    await commit(knex, 'o1', [['BOLT', 6]]);
    source.issue({ siteCode: 'EAST', sku: 'BOLT', quantity: 2, reference: 'ful_1', lineRef: 'o1.l1' });
    await book('BOLT', 4);
    await reader.readNext(0, signal);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([12, 0, 4, 8]);
    expect(await differences(knex)).toEqual([]);
  });

  it('waits for a booking that is late before it applies later ones', async () => {
    let hidden: number | null = null;
    const reader = readerOf(
      distorted((answer) => ({ ...answer, changes: answer.changes.filter((change) => change.sequence !== hidden) })),
    );
    await reader.readNext(0, signal);
    await commit(knex, 'o1', [['BOLT', 6]]);
    source.issue({ siteCode: 'EAST', sku: 'BOLT', quantity: 2, reference: 'ful_1', lineRef: 'o1.l1' });
    await book('BOLT', 4);
    hidden = 2;
    await reader.readNext(0, signal);
    expect([await sequence(), await position(knex, 'BOLT', at('EAST'))]).toEqual([1, [10, 0, 6, 4]]);
    hidden = null;
    await reader.readNext(0, signal);
    expect([await sequence(), await position(knex, 'BOLT', at('EAST'))]).toEqual([3, [12, 0, 4, 8]]);
    expect(gaps).toEqual([]);
  });

  it('reads a snapshot when a booking stays missing, says so, and goes on after it', async () => {
    const reader = readerOf(
      distorted((answer) => ({ ...answer, changes: answer.changes.filter((change) => change.sequence !== 2) })),
    );
    await reader.readNext(0, signal);
    await book('BOLT', 5);
    await book('NUT', 1);
    for (let attempt = 0; attempt < 3; attempt += 1) await reader.readNext(0, signal);
    expect([await sequence(), await position(knex, 'BOLT', at('EAST'))]).toEqual([1, [15, 0, 0, 15]]);
    await reader.readNext(0, signal);
    expect(gaps).toEqual([[{ from: 2, to: 2 }]]);
    expect([await sequence(), await position(knex, 'NUT', at('EAST'))]).toEqual([3, [1, 0, 0, 1]]);
    expect(await differences(knex)).toEqual([]);
  });

  it('settles all holes that one snapshot covers with it, the last too, and waits again for one after it', async () => {
    const lost = new Set([2, 4, 5, 7]);
    const reader = readerOf(
      distorted((answer) => ({ ...answer, changes: answer.changes.filter(({ sequence }) => !lost.has(sequence)) })),
    );
    await reader.readNext(0, signal);
    await commit(knex, 'o1', [['BOLT', 4]]);
    await book('NUT', 1);
    source.issue({ siteCode: 'EAST', sku: 'BOLT', quantity: 2, reference: 'ful_1', lineRef: 'o1.l1' });
    await book('NUT', 1);
    await book('NUT', 1);
    await book('NUT', 1);
    await book('BOLT', -7);
    for (let attempt = 0; attempt < 5; attempt += 1) await reader.readNext(0, signal);
    expect(gaps.at(-1)).toEqual([
      { from: 2, to: 2 },
      { from: 4, to: 5 },
      { from: 7, to: 7 },
    ]);
    expect([await sequence(), short.at(-1)]).toEqual([7, 'BOLT 1']);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([1, 0, 2, 0]); // the 2 that left with a booking that was told are no longer promised
    expect(await feed()).toEqual({ system: 'wms', position: '7', waits: false });
    lost.add(8);
    await book('NUT', 1);
    await book('NUT', 1);
    await reader.readNext(0, signal);
    expect([await sequence(), gaps.length]).toEqual([7, 2]);
    expect(await feed()).toEqual({ system: 'wms', position: '7', waits: true });
  });

  it('steps over a record that cannot be true, reports it, and asks for the balance', async () => {
    const nonsense = (answer: StockChanges): StockChanges => ({
      ...answer,
      changes: answer.changes.filter((change) => change.sequence !== 2),
      rejected: answer.changes.some((change) => change.sequence === 2)
        ? [{ sequence: 2, problem: 'balanceAfter' }]
        : [],
    });
    const reader = readerOf(distorted(nonsense));
    await reader.readNext(0, signal);
    await book('BOLT', 5);
    await book('NUT', 3);
    await reader.readNext(0, signal);
    expect(rejected).toEqual([{ sequence: 2, problem: 'balanceAfter' }]);
    expect([await sequence(), gaps]).toEqual([3, []]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([15, 0, 0, 15]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([3, 0, 0, 3]);
  });

  it('rejects bookings of a site that nobody knows, and takes over a site that is new', async () => {
    let siteCode = 'MOON';
    const moved = distorted((answer) => ({
      ...answer,
      changes: answer.changes.map((change): StockChange => ({ ...change, siteCode })),
    }));
    const reader = readerOf(moved);
    await reader.readNext(0, signal);
    await book('BOLT', 5);
    await reader.readNext(0, signal);
    expect(rejected).toEqual([{ sequence: 2, problem: 'site' }]);
    siteCode = 'NORTH';
    const opened = { code: 'NORTH', name: 'North', kind: 'WAREHOUSE' as const };
    const withNorth = readerOf({ ...moved, sites: async () => [...(await source.sites(signal)), opened] });
    await book('NUT', 5);
    await withNorth.readNext(0, signal);
    const [north] = await query<{ id: string }>(knex, "select id from inventory.location where code = 'NORTH'");
    expect(await position(knex, 'NUT', north?.id ?? '')).toEqual([5, 0, 0, 5]);
  });

  it('does not take over a ledger that ends before what was read', async () => {
    const reader = readerOf();
    await reader.readNext(0, signal);
    await query(knex, 'update inventory.source_feed set sequence = 99, heard_at = null');
    await expect(reader.readNext(0, signal)).rejects.toMatchObject({ code: 'SYSTEM_BAD_RESPONSE' });
    expect(await heard()).toBe(false);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
  });

  it('says that the source was heard only when it read to the end', async () => {
    const behind = readerOf(distorted((answer) => ({ ...answer, head: (answer.head ?? 0) + 1 })));
    await behind.readNext(0, signal);
    await query(knex, 'update inventory.source_feed set heard_at = null');
    await book('BOLT', 1);
    await behind.readNext(0, signal);
    expect([await sequence(), await heard()]).toEqual([2, false]);
    await readerOf().readNext(0, signal);
    expect(await heard()).toBe(true);
  });

  it('keeps a newer booking when a snapshot comes late', async () => {
    const reader = readerOf();
    await reader.readNext(0, signal);
    await book('BOLT', 5);
    await reader.readNext(0, signal);
    const stale = { siteCode: 'EAST', sku: 'BOLT', onHand: 999, sequence: 1, measuredAt: new Date(), incoming: null };
    await readerOf({
      ...source,
      async *snapshot() {
        yield { levels: [stale], rejected: [], head: 1 };
      },
    }).refresh(signal);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([15, 0, 0, 15]);
  });

  it('tells of changed SKUs in the transaction of the bookings, and leaves a snapshot to the end', async () => {
    const reader = readerOf();
    await reader.readNext(0, signal);
    expect(await query(knex, 'select type from integration.outbox')).toEqual([]);
    await book('BOLT', 5);
    await book('BOLT', 5);
    await reader.readNext(0, signal);
    const events = await query(knex, 'select type, subject, version, data from integration.outbox');
    expect(events).toEqual([
      {
        type: 'inventory-changed.v1',
        subject: 'BOLT',
        version: 1,
        data: { sku: 'BOLT', locationId: at('EAST'), available: 20, onHand: 20, asOf: expect.any(String) },
      },
    ]);
  });
});
