import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { at, commit, emptyStock, hold, position, stockUp } from './sample-stock.ts';
import { rebuildPositions, verifyStockLedger } from './stock-ledger.ts';

let database: TestDatabase;
let knex: Knex;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyStock(knex);
  await stockUp(knex, { BOLT: { EAST: 9 }, NUT: { EAST: 4 } });
  await hold(knex, 'r1', [['BOLT', 2]]);
  await commit(knex, 'o1', [['BOLT', 3]]);
});

describe('the stock ledger', () => {
  it('explains every position', async () => {
    expect(await verifyStockLedger(knex)).toEqual({
      positions: 2,
      movements: 4,
      differences: [],
      shortages: [],
      heldShortages: [],
      feed: { readUpTo: 1, knownUpTo: 1 },
    });
  });

  it('shows what was changed behind its back, and puts it right', async () => {
    await query(knex, "update inventory.position set on_hand = 7, committed = 1 where sku = 'BOLT'");
    const { differences } = await verifyStockLedger(knex);
    const wrong = {
      sku: 'BOLT',
      locationId: at('EAST'),
      quantities: [
        { name: 'on_hand', position: 7n, ledger: 9n, lines: null },
        { name: 'committed', position: 1n, ledger: 3n, lines: 3n },
      ],
    };
    expect(differences).toEqual([wrong]);
    expect(await rebuildPositions(knex)).toEqual({ found: [wrong], left: [] });
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 2, 3, 4]);
    expect((await verifyStockLedger(knex)).differences).toEqual([]);
  });

  it('tells what is not on the shelf of what orders and carts were promised, orders first', async () => {
    const missing = async (onHand: number) => {
      await query(knex, "update inventory.position set on_hand = ? where sku = 'BOLT'", [onHand]);
      const { shortages, heldShortages } = await verifyStockLedger(knex);
      return [shortages, heldShortages].map((found) => found.map((one) => one.missing));
    };
    expect([await missing(5), await missing(4), await missing(1)]).toEqual([[[], []], [[], [1]], [[2], [2]]]); // biome-ignore format: a table
  });

  it('leaves to people what only the reservations dispute', async () => {
    await query(knex, "update inventory.reservation_line set quantity = 1 where order_line_id = 'o1.l1'");
    const { left } = await rebuildPositions(knex);
    expect(left).toMatchObject([{ quantities: [{ name: 'committed', position: 3n, ledger: 3n, lines: 1n }] }]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 2, 3, 4]);
  });

  it('rebuilds every position from nothing', async () => {
    await query(knex, 'update inventory.position set on_hand = 0, reserved = 0, committed = 0');
    expect((await rebuildPositions(knex)).found).toHaveLength(2);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 2, 3, 4]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([4, 0, 0, 4]);
  });
});
