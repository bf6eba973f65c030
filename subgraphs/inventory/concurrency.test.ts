import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { openDatabase } from '../../platform/db/database.ts';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { memoryStockSource } from './adapters/memory.ts';
import { releaseHold } from './holds.ts';
import { applyChanges } from './projection.ts';
import { at, commit, differences, emptyStock, hold, letExpire, position, stateOf, stockUp } from './sample-stock.ts';
import { createStock } from './stock.ts';

const CONNECTIONS = 12;

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = openDatabase(database.url, { poolMax: CONNECTIONS, applicationName: 'inventory-concurrency' });
});
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});
beforeEach(() => emptyStock(knex));
afterEach(async () => {
  expect(await differences(knex)).toEqual([]);
});

/** How often each outcome came. */
function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

const outcomeOf = async (rows: Promise<unknown[][]>) => String((await rows)[0]?.[0]);
const times = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Asks so often, as many at once as there are connections: on a slow machine those who queue for one would be given up. */
async function crowd<T>(count: number, ask: (n: number) => Promise<T>): Promise<T[]> {
  const asked = times(count);
  const answers: T[] = [];
  const next = async () => {
    for (let n = asked.shift(); n !== undefined; n = asked.shift()) answers[n] = await ask(n);
  };
  await Promise.all(times(CONNECTIONS).map(next));
  return answers;
}

describe('at once', () => {
  it('commits exactly 100 of 200 orders for one SKU with 100 in stock', async () => {
    await stockUp(knex, { BOLT: { EAST: 100 } });
    const outcomes = await crowd(200, (n) => outcomeOf(commit(knex, `o${n}`, [['BOLT', 1]])));
    expect(tally(outcomes)).toEqual({ ALLOCATED: 100, SHORT: 100 });
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([100, 0, 100, 0]);
  });

  it('sells every unit of a SKU on three nodes, and not one more, in orders with the SKU on two lines', async () => {
    await stockUp(knex, { BOLT: { EAST: 31, WEST: 20, PARTNER: 49 } });
    const outcomes = await crowd(60, (n) =>
      outcomeOf(
        commit(knex, `o${n}`, [
          ['BOLT', 1],
          ['BOLT', 1],
        ]),
      ),
    );
    expect(tally(outcomes)).toEqual({ ALLOCATED: 50, SHORT: 10 });
    const [sum] = await query<{ committed: string }>(
      knex,
      'select sum(committed) as committed from inventory.position',
    );
    expect(sum).toEqual({ committed: '100' });
  });

  it('keeps the channel safety stock though many ask', async () => {
    await stockUp(knex, { BOLT: { EAST: 10, WEST: 10 } });
    const outcomes = await crowd(40, (n) => outcomeOf(commit(knex, `o${n}`, [['BOLT', 1]], { safetyStock: 5 })));
    expect(tally(outcomes)).toEqual({ ALLOCATED: 15, SHORT: 25 });
  });

  it('never deadlocks when orders name the same SKUs in different order', async () => {
    await stockUp(knex, { A: { EAST: 500, WEST: 500 }, B: { EAST: 500, WEST: 500 }, C: { EAST: 500, WEST: 500 } });
    const orders = [
      ['A', 'B', 'C'],
      ['C', 'B', 'A'],
      ['B', 'C', 'A'],
      ['C', 'A', 'B'],
    ];
    const outcomes = await crowd(80, (n) =>
      outcomeOf(
        commit(
          knex,
          `o${n}`,
          (orders[n % 4] ?? []).map((sku) => [sku, 1] as const),
        ),
      ),
    );
    expect(tally(outcomes)).toEqual({ ALLOCATED: 80 });
  });

  it('gives the units of holds that are over to whoever comes first, and keeps those that live', async () => {
    await stockUp(knex, { BOLT: { EAST: 40 } });
    for (const n of times(20)) await hold(knex, `r${n}`, [['BOLT', 2]]);
    for (const n of times(10)) await letExpire(knex, `r${n}`);
    const buyers = times(30).map((n) => outcomeOf(commit(knex, `o${n}`, [['BOLT', 1]])));
    const owners = times(20).map((n) => outcomeOf(commit(knex, `h${n}`, [['BOLT', 2]], { reservation: `r${n}` })));
    const sweepers = times(3).map(() => query(knex, 'select inventory.expire_holds(100)'));
    await Promise.all(sweepers);
    expect(tally(await Promise.all(owners))).toEqual({ ALLOCATED: 10, RESERVATION_EXPIRED: 10 });
    expect(tally(await Promise.all(buyers))).toEqual({ ALLOCATED: 20, SHORT: 10 });
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([40, 0, 40, 0]);
  });

  it('turns one hold into one order', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await hold(knex, 'r1', [['BOLT', 2]]);
    const outcomes = await crowd(10, (n) => outcomeOf(commit(knex, `o${n}`, [['BOLT', 2]], { reservation: 'r1' })));
    expect(tally(outcomes)).toEqual({ ALLOCATED: 1, RESERVATION_MISMATCH: 9 });
  });

  it('either releases a hold or turns it into an order', async () => {
    for (const round of times(10)) {
      await emptyStock(knex);
      await stockUp(knex, { BOLT: { EAST: 2 } });
      await hold(knex, 'r1', [['BOLT', 2]]);
      const [outcome] = await Promise.all([
        outcomeOf(commit(knex, `o${round}`, [['BOLT', 2]], { reservation: 'r1' })),
        releaseHold(knex, 'r1'),
      ]);
      const committed = outcome === 'ALLOCATED' ? 2 : 0;
      expect(['ALLOCATED', 'RESERVATION_EXPIRED']).toContain(outcome);
      expect(await stateOf(knex, 'r1')).toBe(committed > 0 ? 'COMMITTED' : 'RELEASED');
      expect(await position(knex, 'BOLT', at('EAST'))).toEqual([2, 0, committed, 2 - committed]);
    }
  });

  it('mixes orders, cancellations, new sourcing and bookings of the warehouse without losing a unit', async () => {
    await stockUp(knex, { A: { EAST: 60, WEST: 60 }, B: { EAST: 60, WEST: 60 } });
    const source = memoryStockSource({ sites: [], skus: [], stock: [] });
    const stock = createStock({ knex, source });
    let sequence = 100;
    const goodsIn = (sku: string, onHand: number) =>
      knex.transaction((trx) =>
        applyChanges(trx, [
          {
            sequence: ++sequence,
            siteCode: 'WEST',
            sku,
            kind: 'RECEIPT',
            onHand,
            measuredAt: new Date(),
            reference: 'GR',
            lineRef: null,
            issued: 0,
          },
        ]),
      );
    await crowd(24, async (n) => {
      const orderId = `o${n}`;
      const outcome = await outcomeOf(
        commit(
          knex,
          orderId,
          n % 2
            ? [
                ['A', 2],
                ['B', 1],
              ]
            : [
                ['B', 1],
                ['A', 2],
              ],
        ),
      );
      expect(outcome).toBe('ALLOCATED');
      const [first] = await stock.allocationsOf(orderId);
      if (!first) throw new Error('nothing was allocated');
      const line = { lineId: first.lineId, quantity: first.quantity };
      if (n % 3 === 0) await stock.release(orderId, [line]);
      if (n % 3 === 1)
        await stock.reassign({ key: `k${n}`, orderId, lines: [line], refusedLocationId: first.locationId });
      if (n % 3 === 2) await goodsIn(n % 2 ? 'A' : 'B', 60 + n);
    });
    const [sum] = await query<{ committed: string }>(
      knex,
      'select sum(committed) as committed from inventory.position',
    );
    const released = times(24)
      .filter((n) => n % 3 === 0)
      .map((n) => (n % 2 ? 2 : 1));
    expect(Number(sum?.committed)).toBe(24 * 3 - released.reduce((total, units) => total + units, 0));
  });
});
