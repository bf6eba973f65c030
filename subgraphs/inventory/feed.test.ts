import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import { createLogger } from '../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { askEntities } from '../../test/helpers/subgraph.ts';
import { startWarehouse } from '../../test/helpers/warehouse.ts';
import { memoryStockSource } from './adapters/memory.ts';
import { createInventoryFeed, type InventoryFeed } from './feed.ts';
import { createInventorySubgraph, locationIdOf } from './index.ts';
import { openInventory } from './main.ts';
import type { StockSource } from './port.ts';
import { at, commit, differences, emptyStock, hold, letExpire, position, stateOf } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;
let feed: InventoryFeed | undefined;
const { signal } = new AbortController();
const logger = createLogger({ level: 'silent', component: 'inventory' });

beforeAll(async () => {
  database = await createTestDatabase(['inventory', 'integration']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyStock(knex);
  await query(knex, 'truncate integration.outbox');
});
afterEach(async () => {
  await feed?.stop();
  feed = undefined;
});

const seed = {
  sites: [{ code: 'EAST', name: 'East', kind: 'WAREHOUSE' as const }],
  skus: ['BOLT'],
  stock: [{ siteCode: 'EAST', sku: 'BOLT', onHand: 10 }],
};

function start(source: StockSource): void {
  feed = createInventoryFeed({ knex, source, logger });
  feed.start();
}

/** Waits until the expectation holds, and fails with its message after ten seconds. */
async function eventually(expectation: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await expectation();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

const bolt = () => position(knex, 'BOLT', at('EAST'));
const announced = async () =>
  (
    await query<{ available: string }>(
      knex,
      "select data->>'available' as available from integration.outbox order by version",
    )
  ).map((row) => Number(row.available));

describe('the inventory feed', () => {
  it('projects what the warehouse books, and tells of orders and of holds that end', async () => {
    const source = memoryStockSource(seed);
    start(source);
    await eventually(async () => expect(await bolt()).toEqual([10, 0, 0, 10]));
    await source.adjust(
      { key: 'a', siteCode: 'EAST', sku: 'BOLT', reason: 'RECEIPT', amount: { delta: 5 }, seenSequence: null },
      signal,
    );
    await eventually(async () => expect(await bolt()).toEqual([15, 0, 0, 15]));
    await commit(knex, 'o1', [['BOLT', 4]]);
    await eventually(async () => expect((await announced()).at(-1)).toBe(11));
    await hold(knex, 'r1', [['BOLT', 1]]);
    await eventually(async () => expect((await announced()).at(-1)).toBe(10));
    await letExpire(knex, 'r1');
    await eventually(async () => expect((await announced()).at(-1)).toBe(11));
    expect(await stateOf(knex, 'r1')).toBe('EXPIRED');
    expect(await differences(knex)).toEqual([]);
  });

  it('goes on after an outage, and tells of orders meanwhile', async () => {
    const source = memoryStockSource(seed);
    let down = false;
    start({
      ...source,
      async changes(...args) {
        const answer = await source.changes(args[0], { ...args[1], waitSeconds: 0.05 }, args[2]);
        if (down) throw new CommerceError('SYSTEM_UNAVAILABLE', 'WMS is not available');
        return answer;
      },
    });
    await eventually(async () => expect(await bolt()).toEqual([10, 0, 0, 10]));
    down = true;
    await source.adjust(
      { key: 'a', siteCode: 'EAST', sku: 'BOLT', reason: 'RECEIPT', amount: { delta: 5 }, seenSequence: null },
      signal,
    );
    await commit(knex, 'o1', [['BOLT', 4]]);
    await eventually(async () => expect((await announced()).at(-1)).toBeLessThan(10));
    down = false;
    await eventually(async () => expect(await bolt()).toEqual([15, 0, 4, 11]));
  });

  it('stops at once, also while it waits for the warehouse, and starts again where it was', async () => {
    const source = memoryStockSource(seed);
    start(source);
    await eventually(async () => expect(await bolt()).toEqual([10, 0, 0, 10]));
    const started = performance.now();
    await feed?.stop();
    expect(performance.now() - started).toBeLessThan(2_000);
    await source.adjust(
      { key: 'a', siteCode: 'EAST', sku: 'BOLT', reason: 'RECEIPT', amount: { delta: 5 }, seenSequence: null },
      signal,
    );
    expect(await bolt()).toEqual([10, 0, 0, 10]);
    start(source);
    await eventually(async () => expect(await bolt()).toEqual([15, 0, 0, 15]));
  });

  it('follows the reference warehouse system: an order is picked, its commitment is consumed, what is left is LIVE', async () => {
    const warehouse = await startWarehouse();
    try {
      const inventory = openInventory({ knex, system: { adapter: 'reference-wms', wms: warehouse.wms }, logger });
      feed = inventory.feed;
      feed.start();
      const site = locationIdOf('DC1');
      await eventually(async () => expect(await position(knex, 'A', site)).toEqual([100, 0, 0, 100]));
      await commit(knex, 'o1', [['A', 7]]);
      await warehouse.wms.createDelivery({
        externalRef: 'ful_1',
        site: 'DC1',
        shipTo: {
          addressee: 'A. Buyer',
          street: '1 High Street',
          street2: null,
          city: 'London',
          region: null,
          postcode: 'N1 1AA',
          country: 'GB',
        },
        service: 'STANDARD',
        collect: false,
        lines: [{ lineRef: 'o1.l1', articleNo: 'ART-A', quantity: 7 }],
      });
      await eventually(async () => expect(await position(knex, 'A', site)).toEqual([93, 0, 0, 93]));
      const answer = await askEntities(
        createInventorySubgraph({ knex, source: memoryStockSource(seed) }),
        [{ __typename: 'ProductVariant', sku: 'A' }],
        '{ availability { sellableQuantity confidence } }',
      );
      expect(answer.data?._entities).toEqual([{ availability: { sellableQuantity: 93, confidence: 'LIVE' } }]);
      warehouse.system.setFaults([
        { route: '/stock-ledger', kind: 'garbage', times: 2 },
        { route: '/stock-ledger', kind: 'reorder', times: 3 },
      ]);
      for (const [n, delta] of [1, 2, 3].entries()) {
        await warehouse.wms.adjust({
          reference: `adj-${n}`,
          site: 'DC1',
          articleNo: 'ART-A',
          change: { delta },
          reasonCode: 'COUNT',
        });
      }
      await eventually(async () => expect(await position(knex, 'A', site)).toEqual([99, 0, 0, 99]));
      expect(await differences(knex)).toEqual([]);
    } finally {
      await feed?.stop();
      await warehouse.stop();
    }
  });
});
