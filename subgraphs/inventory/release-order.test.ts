import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { at, commit, differences, emptyStock, position, stockUp } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(() => emptyStock(knex));

function release(orderId: string, lines: [line: string, quantity: number][], location: string | null = null) {
  return query<{ line_id: string; location_id: string; quantity: number }>(
    knex,
    'select * from inventory.release_order(?, ?::text[], ?::int[], ?)',
    [orderId, lines.map(([line]) => `${orderId}.${line}`), lines.map(([, quantity]) => quantity), location],
  );
}

describe('release_order', () => {
  it('gives back what was taken last first, and no more than was taken', async () => {
    await stockUp(knex, { BOLT: { EAST: 3, WEST: 2 } });
    await commit(knex, 'o1', [['BOLT', 5]]);
    expect(await release('o1', [['l1', 3]])).toEqual(
      [
        { line_id: 'o1.l1', location_id: at('EAST'), quantity: 1 },
        { line_id: 'o1.l1', location_id: at('WEST'), quantity: 2 },
      ].sort((a, b) => (a.location_id < b.location_id ? -1 : 1)),
    );
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([3, 0, 2, 1]);
    expect(await release('o1', [['l1', 9]])).toEqual([{ line_id: 'o1.l1', location_id: at('EAST'), quantity: 2 }]);
    expect(await release('o1', [['l1', 1]])).toEqual([]);
    expect(await query(knex, 'select state from inventory.reservation')).toEqual([{ state: 'RELEASED' }]);
    expect(await position(knex, 'BOLT', at('WEST'))).toEqual([2, 0, 0, 2]);
    expect(await differences(knex)).toEqual([]);
  });

  it('touches only the named lines of the named order', async () => {
    await stockUp(knex, { BOLT: { EAST: 9 } });
    await commit(knex, 'o1', [
      ['BOLT', 2],
      ['BOLT', 3],
    ]);
    await commit(knex, 'o2', [['BOLT', 1]]);
    await release('o1', [['l2', 3]]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 0, 3, 6]);
    expect(await query(knex, 'select state from inventory.reservation order by order_id')).toEqual([
      { state: 'COMMITTED' },
      { state: 'COMMITTED' },
    ]);
    expect(await release('o2', [['l9', 1]])).toEqual([]);
  });

  it('adds to the reservation of an order that is sourced again', async () => {
    await stockUp(knex, { BOLT: { EAST: 5, WEST: 5 } });
    await commit(knex, 'o1', [['BOLT', 5]]);
    expect(await release('o1', [['l1', 5]], at('EAST'))).toHaveLength(1);
    expect(await commit(knex, 'o1', [['BOLT', 5]], { at: at('WEST') })).toEqual([
      ['ALLOCATED', 'l1', at('WEST'), 5, 5],
    ]);
    expect(await query(knex, 'select order_id, state from inventory.reservation')).toEqual([
      { order_id: 'o1', state: 'COMMITTED' },
    ]);
    expect(await differences(knex)).toEqual([]);
  });
});
