import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import type { StockChange } from './port.ts';
import { applyChanges, applyLevels } from './projection.ts';
import { at, commit, differences, emptyStock, hold, letExpire, position, stockUp } from './sample-stock.ts';

/** News of the warehouse in the middle of orders: two connections, in an order that the test decides. */
let database: TestDatabase;
let knex: Knex;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyStock(knex);
  await stockUp(knex, { BOLT: { EAST: 10 } });
});
afterEach(async () => {
  expect(await differences(knex)).toEqual([]);
});

const level = (onHand: number, sequence: number) => ({
  siteCode: 'EAST',
  sku: 'BOLT',
  onHand,
  sequence,
  measuredAt: new Date(),
  incoming: null,
});
const left = (sequence: number, onHand: number, order: string, issued: number): StockChange => ({
  sequence,
  siteCode: 'EAST',
  sku: 'BOLT',
  kind: 'SALE',
  onHand,
  measuredAt: new Date(),
  reference: 'f',
  lineRef: `${order}.l1`,
  issued,
});
const snapshot = (db: Knex, onHand: number, sequence: number) =>
  db.transaction((trx) => applyLevels(trx, [level(onHand, sequence)]));
const told = (...changes: StockChange[]) => knex.transaction((trx) => applyChanges(trx, changes));
const bolts = () => position(knex, 'BOLT', at('EAST'));

/** Resolves when somebody waits for a lock of this database. */
async function somebodyWaits(): Promise<void> {
  for (let looks = 0; looks < 400; looks += 1) {
    const waiting = await query(
      knex,
      "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    if (waiting.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('nobody waits');
}

describe('a snapshot in the middle of reservations', () => {
  it('waits for an order that is being taken, and loses none of it', async () => {
    const trx = await knex.transaction();
    await commit(trx, 'o1', [['BOLT', 4]]);
    const applied = snapshot(knex, 9, 2);
    await somebodyWaits();
    await trx.commit();
    await applied;
    expect(await bolts()).toEqual([9, 0, 4, 5]);
  });

  it('is waited for by an order, which sees what it left', async () => {
    const trx = await knex.transaction();
    await applyLevels(trx, [level(3, 2)]);
    const order = commit(knex, 'o1', [['BOLT', 4]]);
    const cart = hold(knex, 'r1', [['BOLT', 3]]);
    await somebodyWaits();
    await trx.commit();
    expect(await order).toEqual([['SHORT', 'l1', null, 4, expect.any(Number)]]);
    expect((await cart).map(([kind]) => kind)).toEqual(['HELD']);
    expect(await bolts()).toEqual([3, 3, 0, 0]);
  });

  it('keeps holds, also those that end meanwhile, and commitments', async () => {
    await hold(knex, 'r1', [['BOLT', 2]]);
    await hold(knex, 'r2', [['BOLT', 3]]);
    await commit(knex, 'o1', [['BOLT', 1]]);
    await letExpire(knex, 'r2');
    await snapshot(knex, 8, 2);
    expect(await bolts()).toEqual([8, 5, 1, 5]);
    expect((await commit(knex, 'o2', [['BOLT', 2]], { reservation: 'r1' }))[0]?.[0]).toBe('ALLOCATED');
    expect(await bolts()).toEqual([8, 0, 3, 5]);
  });

  it('taken before goods left does not bring them back, whenever it arrives', async () => {
    await commit(knex, 'o1', [['BOLT', 4]]);
    await told(left(2, 6, 'o1', 4));
    await snapshot(knex, 10, 1);
    expect(await bolts()).toEqual([6, 0, 0, 6]);
  });

  it('taken after goods left counts them once, though the ledger tells of them later', async () => {
    await commit(knex, 'o1', [['BOLT', 4]]);
    await snapshot(knex, 6, 2);
    expect(await bolts()).toEqual([6, 0, 4, 2]);
    await told(left(2, 6, 'o1', 4));
    expect(await bolts()).toEqual([6, 0, 0, 6]);
  });

  it('shows a loss as a shortage, sells nothing of it, and recovers', async () => {
    await commit(knex, 'o1', [['BOLT', 8]]);
    await snapshot(knex, 5, 2);
    expect(await query(knex, 'select missing from inventory.shortages(null)')).toEqual([{ missing: 3 }]);
    expect(await commit(knex, 'o2', [['BOLT', 1]])).toEqual([['SHORT', 'l1', null, 1, 0]]);
    await snapshot(knex, 12, 3);
    expect(await query(knex, 'select missing from inventory.shortages(null)')).toEqual([]);
    expect(await bolts()).toEqual([12, 0, 8, 4]);
  });
});

describe('bookings', () => {
  it('ten times over in one page move stock once', async () => {
    await commit(knex, 'o1', [['BOLT', 4]]);
    await told(...Array.from({ length: 10 }, () => left(2, 7, 'o1', 3)));
    expect(await bolts()).toEqual([7, 0, 1, 6]);
  });

  it('in any order end at the newest balance', async () => {
    await commit(knex, 'o1', [['BOLT', 4]]);
    await told(left(4, 6, 'o1', 1), left(2, 8, 'o1', 2), left(3, 7, 'o1', 1));
    expect(await bolts()).toEqual([6, 0, 0, 6]);
  });
});
