import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { at, commit, differences, emptyStock, type Line, position, stockUp } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(() => emptyStock(knex));

const movements = () =>
  query<{ kind: string }>(
    knex,
    'select kind, on_hand_delta, reserved_delta, committed_delta, reference from inventory.movement order by id',
  );

describe('commit_order', () => {
  it('takes everything from one node when one node has everything, though a preferred node has more of one SKU', async () => {
    await stockUp(knex, { BOLT: { EAST: 100, WEST: 5 }, NUT: { WEST: 5 } });
    expect(
      await commit(knex, 'o1', [
        ['BOLT', 2],
        ['NUT', 3],
      ]),
    ).toEqual([
      ['ALLOCATED', 'l1', at('WEST'), 2, 105],
      ['ALLOCATED', 'l2', at('WEST'), 3, 5],
    ]);
    expect(await position(knex, 'BOLT', at('WEST'))).toEqual([5, 0, 2, 3]);
    expect(await differences(knex)).toEqual([]);
  });

  it('prefers warehouses over the partner, and by code among equals', async () => {
    await stockUp(knex, { BOLT: { PARTNER: 10, WEST: 10, EAST: 10 } });
    expect(await commit(knex, 'o1', [['BOLT', 1]])).toEqual([['ALLOCATED', 'l1', at('EAST'), 1, 30]]);
  });

  it('splits over the fewest nodes when no node has everything', async () => {
    await stockUp(knex, {
      A: { EAST: 1, WEST: 1 },
      B: { EAST: 1, WEST: 1 },
      C: { EAST: 1 },
      D: { WEST: 1, PARTNER: 1 },
      E: { PARTNER: 1 },
    });
    const rows = await commit(
      knex,
      'o1',
      ['A', 'B', 'C', 'D', 'E'].map((sku): Line => [sku, 1]),
    );
    expect(rows.map(([, line, node]) => [line, node])).toEqual([
      ['l1', at('EAST')],
      ['l2', at('EAST')],
      ['l3', at('EAST')],
      ['l4', at('PARTNER')],
      ['l5', at('PARTNER')],
    ]);
  });

  it('splits one line over nodes when it must', async () => {
    await stockUp(knex, { BOLT: { EAST: 3, WEST: 4, PARTNER: 5 } });
    expect(await commit(knex, 'o1', [['BOLT', 11]])).toEqual([
      ['ALLOCATED', 'l1', at('PARTNER'), 5, 12],
      ['ALLOCATED', 'l1', at('WEST'), 4, 12],
      ['ALLOCATED', 'l1', at('EAST'), 2, 12],
    ]);
    expect(await differences(knex)).toEqual([]);
  });

  it('adds up the same SKU on two lines, and reports both when the sum is short', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    expect(
      await commit(knex, 'o1', [
        ['BOLT', 6],
        ['BOLT', 5],
      ]),
    ).toEqual([
      ['SHORT', 'l1', null, 6, 10],
      ['SHORT', 'l2', null, 5, 10],
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
    expect(
      await commit(knex, 'o2', [
        ['BOLT', 6],
        ['BOLT', 4],
      ]),
    ).toEqual([
      ['ALLOCATED', 'l1', at('EAST'), 6, 10],
      ['ALLOCATED', 'l2', at('EAST'), 4, 10],
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 10, 0]);
  });

  it('lays two lines of one SKU over two nodes without gap or overlap', async () => {
    await stockUp(knex, { BOLT: { EAST: 7, WEST: 3 } });
    expect(
      await commit(knex, 'o1', [
        ['BOLT', 5],
        ['BOLT', 5],
      ]),
    ).toEqual([
      ['ALLOCATED', 'l1', at('EAST'), 5, 10],
      ['ALLOCATED', 'l2', at('EAST'), 2, 10],
      ['ALLOCATED', 'l2', at('WEST'), 3, 10],
    ]);
    expect(await differences(knex)).toEqual([]);
  });

  it('changes nothing when one line is short or unknown', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 }, NUT: { EAST: 1 } });
    expect(
      await commit(knex, 'o1', [
        ['BOLT', 1],
        ['NUT', 2],
        ['NOPE', 1],
      ]),
    ).toEqual([
      ['SHORT', 'l2', null, 2, 1],
      ['UNKNOWN_SKU', 'l3', null, 1, 0],
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
    expect(await query(knex, 'select * from inventory.reservation')).toEqual([]);
    expect((await movements()).map((row) => (row as { kind: string }).kind)).toEqual(['SNAPSHOT', 'SNAPSHOT']);
  });

  it('withholds the channel safety stock from the total, not from each node', async () => {
    await stockUp(knex, { BOLT: { EAST: 3, WEST: 3 } });
    expect(await commit(knex, 'o1', [['BOLT', 5]], { safetyStock: 2 })).toEqual([['SHORT', 'l1', null, 5, 4]]);
    expect((await commit(knex, 'o2', [['BOLT', 4]], { safetyStock: 2 })).map(([kind]) => kind)).toEqual([
      'ALLOCATED',
      'ALLOCATED',
    ]);
  });

  it('withholds the safety stock of a position from everyone', async () => {
    await stockUp(knex, { BOLT: { EAST: 3 } });
    await query(knex, 'select inventory.set_safety_stock(?, ?, 2)', ['BOLT', at('EAST')]);
    expect(await commit(knex, 'o1', [['BOLT', 2]])).toEqual([['SHORT', 'l1', null, 2, 1]]);
    expect(await differences(knex)).toEqual([]);
  });

  it('serves from the named location only, also when it does not ship', async () => {
    await stockUp(knex, { BOLT: { EAST: 100, SHOP: 2 } });
    expect(await commit(knex, 'o1', [['BOLT', 3]], { at: at('SHOP') })).toEqual([['SHORT', 'l1', null, 3, 2]]);
    expect(await commit(knex, 'o2', [['BOLT', 2]], { at: at('SHOP') })).toEqual([
      ['ALLOCATED', 'l1', at('SHOP'), 2, 2],
    ]);
    expect(await commit(knex, 'o3', [['BOLT', 100]])).toEqual([['ALLOCATED', 'l1', at('EAST'), 100, 100]]);
    expect(await commit(knex, 'o4', [['BOLT', 1]], { at: 'loc_nowhere' })).toEqual([['SHORT', 'l1', null, 1, 0]]);
  });

  it('backorders what is missing when it may', async () => {
    await stockUp(knex, { BOLT: { EAST: 3 } });
    expect(
      await commit(
        knex,
        'o1',
        [
          ['BOLT', 2],
          ['BOLT', 5],
        ],
        { backorder: true },
      ),
    ).toEqual([
      ['ALLOCATED', 'l1', at('EAST'), 2, 3],
      ['ALLOCATED', 'l2', at('EAST'), 1, 3],
      ['BACKORDERED', 'l2', null, 4, 3],
    ]);
    expect(await commit(knex, 'o2', [['BOLT', 9]], { backorder: true, at: at('SHOP') })).toEqual([
      ['BACKORDERED', 'l1', at('SHOP'), 9, 0],
    ]);
    expect(await commit(knex, 'o3', [['NOPE', 1]], { backorder: true })).toEqual([['UNKNOWN_SKU', 'l1', null, 1, 0]]);
    expect(await differences(knex)).toEqual([]);
  });

  it('never promises more than is there when the warehouse lost goods', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    await commit(knex, 'o1', [['BOLT', 8]]);
    await query(knex, 'select * from inventory.apply_source(?::jsonb)', [
      JSON.stringify([
        {
          sequence: 2,
          positionId: 'p',
          locationId: at('EAST'),
          sku: 'BOLT',
          kind: 'ADJUSTMENT',
          onHand: 5,
          measuredAt: new Date(),
          issued: 0,
        },
      ]),
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 8, 0]);
    expect(await commit(knex, 'o2', [['BOLT', 1]])).toEqual([['SHORT', 'l1', null, 1, 0]]);
    expect(await differences(knex)).toEqual([]);
  });

  it('refuses quantities and lists that make no sense', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    await expect(commit(knex, 'o1', [['BOLT', 0]])).rejects.toThrow(/between 1 and 1000000/);
    await expect(commit(knex, 'o1', [['BOLT', -1]])).rejects.toThrow(/between 1 and 1000000/);
    await expect(commit(knex, 'o1', [])).rejects.toThrow(/1 to 2000/);
  });

  it('takes an order of 593 lines', async () => {
    const skus = Array.from({ length: 593 }, (_, index) => `S${index}`);
    await stockUp(
      knex,
      Object.fromEntries(skus.map((sku, index) => [sku, index % 7 === 0 ? { WEST: 5 } : { EAST: 5, WEST: 1 }])),
    );
    const rows = await commit(
      knex,
      'o1',
      skus.map((sku): Line => [sku, 3]),
    );
    expect(rows).toHaveLength(593);
    expect(new Set(rows.map(([kind]) => kind))).toEqual(new Set(['ALLOCATED']));
    expect(await differences(knex)).toEqual([]);
  });
});
