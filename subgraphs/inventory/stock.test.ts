import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { type MemoryStockSource, memoryStockSource } from './adapters/memory.ts';
import { at, commit, differences, emptyStock, hold, position, stockUp } from './sample-stock.ts';
import { createStock, type Stock } from './stock.ts';

let database: TestDatabase;
let knex: Knex;
let stock: Stock;
let source: MemoryStockSource;
const { signal } = new AbortController();

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyStock(knex);
  source = memoryStockSource({
    sites: [{ code: 'EAST', name: 'East', kind: 'WAREHOUSE' }],
    skus: ['BOLT'],
    stock: [{ siteCode: 'EAST', sku: 'BOLT', onHand: 10 }],
  });
  stock = createStock({ knex, source });
});

const line = (quantity: number) => ({ lineId: 'o1.l1', quantity });

describe('allocationsOf', () => {
  it('tells what is committed and has not left, per line and node', async () => {
    await stockUp(knex, { BOLT: { EAST: 3, WEST: 2 } });
    await commit(knex, 'o1', [['BOLT', 4]]);
    await stock.release('o1', [line(1)]);
    expect(await stock.allocationsOf('o1')).toEqual([
      { lineId: 'o1.l1', sku: 'BOLT', locationId: at('EAST'), quantity: 3 },
    ]);
    expect(await stock.allocationsOf('o9')).toEqual([]);
  });
});

describe('reassign', () => {
  it('moves units to other nodes, never back to the one that refused, and says what no node has', async () => {
    await stockUp(knex, { BOLT: { EAST: 9, WEST: 2, PARTNER: 1 } });
    await commit(knex, 'o1', [['BOLT', 6]]);
    const request = { key: 'k1', orderId: 'o1', lines: [line(6)], refusedLocationId: at('EAST') };
    const rows = await stock.reassign(request);
    expect(rows).toEqual([
      { lineId: 'o1.l1', locationId: at('WEST'), quantity: 2 },
      { lineId: 'o1.l1', locationId: at('PARTNER'), quantity: 1 },
      { lineId: 'o1.l1', locationId: null, quantity: 3 },
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 0, 0, 9]);
    expect(await stock.reassign(request)).toEqual(rows);
    expect(await position(knex, 'BOLT', at('WEST'))).toEqual([2, 0, 2, 0]);
    expect(await differences(knex)).toEqual([]);
  });

  it('leaves what other nodes do for the order', async () => {
    await stockUp(knex, { BOLT: { EAST: 3, WEST: 9 } });
    await commit(knex, 'o1', [['BOLT', 12]]); // 9 from WEST, 3 from EAST
    await stockUp(knex, { BOLT: { PARTNER: 5 } });
    expect(await stock.reassign({ key: 'k1', orderId: 'o1', lines: [line(3)], refusedLocationId: at('EAST') })).toEqual(
      [{ lineId: 'o1.l1', locationId: at('PARTNER'), quantity: 3 }],
    );
    expect(await position(knex, 'BOLT', at('WEST'))).toEqual([9, 0, 9, 0]);
  });

  it('keeps an order for one location from every other one', async () => {
    await stockUp(knex, { BOLT: { EAST: 9, SHOP: 2 } });
    await commit(knex, 'o1', [['BOLT', 2]], { at: at('SHOP') });
    expect(await stock.reassign({ key: 'k1', orderId: 'o1', lines: [line(2)], refusedLocationId: at('SHOP') })).toEqual(
      [{ lineId: 'o1.l1', locationId: null, quantity: 2 }],
    );
    expect(await position(knex, 'BOLT', at('SHOP'))).toEqual([2, 0, 0, 2]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 0, 0, 9]);
  });

  it('takes no stock that is held for a cart', async () => {
    await stockUp(knex, { BOLT: { EAST: 2, WEST: 2 } });
    await commit(knex, 'o1', [['BOLT', 2]]);
    await hold(knex, 'r1', [['BOLT', 2]]);
    expect(await stock.reassign({ key: 'k1', orderId: 'o1', lines: [line(2)], refusedLocationId: at('EAST') })).toEqual(
      [{ lineId: 'o1.l1', locationId: null, quantity: 2 }],
    );
  });

  it('answers nothing for lines that never had stock', async () => {
    await stockUp(knex, { BOLT: { EAST: 2 } });
    expect(await stock.reassign({ key: 'k1', orderId: 'o7', lines: [line(2)], refusedLocationId: at('EAST') })).toEqual(
      [],
    );
  });
});

describe('assignWork', () => {
  it('may be repeated', async () => {
    const lines = [{ lineRef: 'fln_1', orderLineId: 'o1.l1' }];
    await stock.assignWork('ful_1', lines);
    await stock.assignWork('ful_1', lines);
    expect(await query(knex, 'select * from inventory.work_line')).toEqual([
      { fulfillment_order_id: 'ful_1', line_ref: 'fln_1', order_line_id: 'o1.l1' },
    ]);
  });
});

describe('returnToStock', () => {
  it('books the units in the warehouse once per key and shows them at once', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    const receipt = {
      key: 'ret_1',
      locationId: at('EAST'),
      lines: [
        { sku: 'BOLT', quantity: 2 },
        { sku: 'BOLT', quantity: 1 },
      ],
    };
    await stock.returnToStock(receipt, signal);
    await stock.returnToStock(receipt, signal);
    expect((await source.changes(0, { limit: 10, waitSeconds: 0 }, signal)).head).toBe(3);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([13, 0, 0, 13]);
    expect(await differences(knex)).toEqual([]);
  });

  it('refuses a location that does not exist, and what the warehouse refuses', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    const lines = [{ sku: 'BOLT', quantity: 2 }];
    await expect(stock.returnToStock({ key: 'a', locationId: 'loc_x', lines }, signal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(
      stock.returnToStock({ key: 'b', locationId: at('EAST'), lines: [{ sku: 'NOPE', quantity: 1 }] }, signal),
    ).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
  });
});
