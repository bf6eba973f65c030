import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { announceChanges } from './announce.ts';
import { countStatements } from './count-statements.ts';
import { expireHolds } from './holds.ts';
import { at, bundleUp, commit, emptyStock, hold, letExpire, stockUp } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase(['inventory', 'integration']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyStock(knex);
  await query(knex, 'truncate integration.outbox');
});

const announce = () => knex.transaction(announceChanges);
const events = () =>
  query<{ subject: string; version: number; data: { available: number } }>(
    knex,
    "select subject, version, data from integration.outbox where type = 'inventory-changed.v1' order by subject, version",
  );

describe('announceChanges', () => {
  it('tells what is left after an order, over all nodes that ship', async () => {
    await stockUp(knex, { BOLT: { EAST: 5, WEST: 3, SHOP: 100 } });
    await commit(knex, 'o1', [['BOLT', 2]]);
    expect(await announce()).toBe(false);
    expect(await events()).toEqual([
      {
        subject: 'BOLT',
        version: 1,
        data: { sku: 'BOLT', locationId: at('EAST'), available: 6, onHand: 8, asOf: expect.any(String) },
      },
    ]);
    await announce();
    expect(await events()).toHaveLength(1);
  });

  it('makes one event of many changes of a SKU, and names no location when several changed', async () => {
    await stockUp(knex, { BOLT: { EAST: 5, WEST: 3 }, NUT: { EAST: 1 } });
    await commit(knex, 'o1', [
      ['BOLT', 7],
      ['NUT', 1],
    ]);
    await commit(knex, 'o2', [['BOLT', 1]]);
    await announce();
    expect((await events()).map(({ subject, data }) => [subject, data])).toEqual([
      ['BOLT', expect.objectContaining({ locationId: null, available: 0 })],
      ['NUT', expect.objectContaining({ locationId: at('EAST'), available: 0 })],
    ]);
  });

  it('tells of holds, of their end, and of nothing that was rolled back', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await hold(knex, 'r1', [['BOLT', 2]]);
    await announce();
    await letExpire(knex, 'r1');
    await expireHolds(knex, 10);
    await announce();
    await knex
      .transaction(async (trx) => {
        await commit(trx, 'o1', [['BOLT', 1]]);
        throw new Error('the order could not be stored');
      })
      .catch(() => undefined);
    await announce();
    expect((await events()).map(({ version, data }) => [version, data.available])).toEqual([
      [1, 3],
      [2, 5],
    ]);
  });

  it('tells what is left of bundles, per node that ships, when a component changes', async () => {
    await stockUp(knex, { BOLT: { EAST: 7, WEST: 2, SHOP: 100 }, NUT: { EAST: 9, WEST: 100, SHOP: 100 } });
    await bundleUp(knex, { KIT: { BOLT: 2, NUT: 4 } });
    await commit(knex, 'o1', [['NUT', 1]]);
    await announce();
    // Two kits in the east, whose nuts end first; one in the west.
    expect((await events()).map(({ subject, data }) => [subject, data])).toEqual([
      ['KIT', expect.objectContaining({ available: 3, onHand: 3, locationId: expect.any(String) })],
      ['NUT', expect.objectContaining({ available: 108, onHand: 109 })],
    ]);
  });

  it('tells of a bundle that is made of other things now, is held back, or is none any more', async () => {
    await stockUp(knex, { BOLT: { EAST: 7 }, NUT: { EAST: 9 } });
    const set = (components: string[], quantities: number[]) =>
      query(knex, "select inventory.set_bundle('KIT', ?::text[], ?::int[]) as changed", [components, quantities]);
    expect(await set(['BOLT', 'NUT'], [2, 4])).toEqual([{ changed: true }]);
    expect(await set(['NUT', 'BOLT'], [4, 2])).toEqual([{ changed: false }]);
    await announce();
    await set(['BOLT'], [2]);
    await announce();
    await set([''], [1]);
    await announce();
    expect(await commit(knex, 'o1', [['KIT', 1]])).toEqual([['SHORT', 'l1', null, 1, 0]]);
    await set([], []);
    await announce();
    expect(await commit(knex, 'o1', [['KIT', 1]])).toEqual([['UNKNOWN_SKU', 'l1', null, 1, 0]]);
    expect((await events()).map(({ subject, version, data }) => [subject, version, data.available])).toEqual([
      ['KIT', 1, 2],
      ['KIT', 2, 3],
      ['KIT', 3, 0],
      ['KIT', 4, 0],
    ]);
  });

  it('counts the events of a SKU without a gap, however many tell at once, and the last has the last figure', async () => {
    await stockUp(knex, { BOLT: { EAST: 1_000 } });
    await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        await commit(knex, `o${n}`, [['BOLT', 1]]);
        await announce();
      }),
    );
    await announce();
    const told = await events();
    expect(told.map((event) => event.version)).toEqual(told.map((_, index) => index + 1));
    expect(told.at(-1)?.data.available).toBe(970);
  });

  it('costs a fixed number of statements', async () => {
    const skus = Array.from({ length: 120 }, (_, n) => `S${n}`);
    await stockUp(knex, Object.fromEntries(skus.map((sku) => [sku, { EAST: 9 }])));
    await commit(knex, 'o1', [['S1', 1]]);
    const one = await countStatements(knex, announce);
    await commit(
      knex,
      'o2',
      skus.map((sku) => [sku, 1]),
    );
    const many = await countStatements(knex, announce);
    expect([one, many]).toEqual([5, 5]); // begin, versions, figures, outbox, commit
    expect(await events()).toHaveLength(121);
  });
});
