import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { reservationsById } from './read.ts';
import {
  at,
  bundleUp,
  commit,
  differences,
  emptyStock,
  hold,
  letExpire,
  position,
  stateOf,
  stockUp,
} from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyStock(knex);
  await bundleUp(knex, { KIT: { BOLT: 2, NUT: 4 }, PAIR: { BOLT: 2 } });
});
afterEach(async () => {
  expect(await differences(knex)).toEqual([]);
});

const release = (orderId: string, line: string, quantity: number, location: string | null = null) =>
  query<{ location_id: string; quantity: number }>(
    knex,
    'select location_id, quantity from inventory.release_order(?, array[?], array[?::int], ?)',
    [orderId, `${orderId}.${line}`, quantity, location],
  );

describe('a bundle', () => {
  it('is sold as often as one node has all its components', async () => {
    // 5 × 2 bolts and 3 × 4 nuts in the east, 2 kits in the west; the bolts of the partner are of no use.
    await stockUp(knex, { BOLT: { EAST: 10, WEST: 4, PARTNER: 100 }, NUT: { EAST: 15, WEST: 100 } });
    expect(await commit(knex, 'o1', [['KIT', 6]])).toEqual([['SHORT', 'l1', null, 6, 5]]);
    expect(await commit(knex, 'o2', [['KIT', 5]])).toEqual([
      ['ALLOCATED', 'l1', at('EAST'), 3, 5],
      ['ALLOCATED', 'l1', at('WEST'), 2, 5],
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 6, 4]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([15, 0, 12, 3]);
    expect(await position(knex, 'BOLT', at('WEST'))).toEqual([4, 0, 4, 0]);
    expect(await position(knex, 'NUT', at('WEST'))).toEqual([100, 0, 8, 92]);
  });

  it('shares its components with other lines of the order, all or nothing', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 }, NUT: { EAST: 100 } });
    expect(
      await commit(knex, 'o1', [
        ['BOLT', 3],
        ['KIT', 2],
        ['PAIR', 2],
      ]),
    ).toEqual([['SHORT', 'l1', null, 3, 2]]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
    expect(await query(knex, 'select 1 from inventory.reservation')).toEqual([]);
    expect(
      (
        await commit(knex, 'o2', [
          ['BOLT', 2],
          ['KIT', 2],
          ['PAIR', 2],
        ])
      ).map(([kind, line, , quantity]) => [kind, line, quantity]),
    ).toEqual([
      ['ALLOCATED', 'l1', 2],
      ['ALLOCATED', 'l2', 2],
      ['ALLOCATED', 'l3', 2],
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 10, 0]);
  });

  it('keeps what is withheld of a component', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 }, NUT: { EAST: 100 } });
    expect(await commit(knex, 'o1', [['KIT', 5]], { safetyStock: 3 })).toEqual([['SHORT', 'l1', null, 5, 3]]);
    await query(knex, "insert into inventory.channel_rule (sku, withheld) values ('KIT', 1), ('BOLT', 0)");
    expect(await commit(knex, 'o2', [['KIT', 5]], { safetyStock: 3 })).toEqual([['SHORT', 'l1', null, 5, 4]]);
  });

  it('is held, extended by nobody, and committed as one', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 }, NUT: { EAST: 100 } });
    expect(await hold(knex, 'r1', [['KIT', 2], ['BOLT', 1]])).toEqual([
      ['HELD', 1, 2, 5],
      ['HELD', 2, 1, 6],
    ]); // biome-ignore format: one thought
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 5, 0, 5]);
    expect((await reservationsById(knex, ['r1'])).get('r1')?.lines).toEqual([
      { sku: 'BOLT', quantity: 1 },
      { sku: 'KIT', quantity: 2 },
    ]);
    expect(await commit(knex, 'o1', [['KIT', 3], ['BOLT', 1]], { reservation: 'r1' })).toEqual([
      ['RESERVATION_MISMATCH', null, null, null, null],
    ]); // biome-ignore format: one thought
    expect(
      (await commit(knex, 'o1', [['KIT', 2], ['BOLT', 1]], { reservation: 'r1', safetyStock: 50 })).map(([kind]) => kind),
    ).toEqual(['ALLOCATED', 'ALLOCATED']); // biome-ignore format: one thought
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 5, 5]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([100, 0, 8, 92]);
    expect(await stateOf(knex, 'r1')).toBe('COMMITTED');
  });

  it('is held by nobody when one component is short', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 }, NUT: { EAST: 7 } });
    expect(await hold(knex, 'r1', [['BOLT', 1], ['KIT', 2], ['NOPE', 1]])).toEqual([
      ['SHORT', 2, 2, 1],
      ['UNKNOWN_SKU', 3, 1, 0],
    ]); // biome-ignore format: one thought
    expect(await stateOf(knex, 'r1')).toBeUndefined();
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
  });

  it('frees all its components when its hold is over or given back', async () => {
    await stockUp(knex, { BOLT: { EAST: 4 }, NUT: { EAST: 8 } });
    await hold(knex, 'r1', [['KIT', 2]]);
    expect(await commit(knex, 'o1', [['NUT', 1]])).toEqual([['SHORT', 'l1', null, 1, 0]]);
    await letExpire(knex, 'r1');
    await hold(knex, 'r2', [['KIT', 2]]);
    await query(knex, "select inventory.end_holds(array['r2'], 'RELEASED')");
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([4, 0, 0, 4]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([8, 0, 0, 8]);
  });

  it('is given back in whole bundles, last taken first', async () => {
    await stockUp(knex, { BOLT: { EAST: 6, WEST: 4 }, NUT: { EAST: 12, WEST: 8 } });
    await commit(knex, 'o1', [['KIT', 5]]);
    expect(await release('o1', 'l1', 3)).toEqual(
      [
        { location_id: at('WEST'), quantity: 2 },
        { location_id: at('EAST'), quantity: 1 },
      ].sort((a, b) => (a.location_id < b.location_id ? -1 : 1)),
    );
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([6, 0, 4, 2]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([12, 0, 8, 4]);
    expect(await release('o1', 'l1', 9)).toEqual([{ location_id: at('EAST'), quantity: 2 }]);
    expect(await query(knex, 'select state from inventory.reservation')).toEqual([{ state: 'RELEASED' }]);
  });

  it('is given back only as far as all its components are there', async () => {
    await stockUp(knex, { BOLT: { EAST: 6 }, NUT: { EAST: 12 } });
    await commit(knex, 'o1', [['KIT', 3]]);
    // The bolts of two kits have left, their nuts not yet.
    await query(knex, 'select * from inventory.apply_source(?::jsonb)', [
      JSON.stringify([
        { sequence: 2, positionId: 'p', locationId: at('EAST'), sku: 'BOLT', kind: 'SALE', onHand: 2, measuredAt: new Date(), reference: 'f', lineRef: 'o1.l1', issued: 4 },
      ]),
    ]); // biome-ignore format: one thought
    expect(await release('o1', 'l1', 3)).toEqual([{ location_id: at('EAST'), quantity: 1 }]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([2, 0, 0, 2]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([12, 0, 8, 4]);
  });

  it('moves to another node whole, and waits when none has all of it', async () => {
    await stockUp(knex, { BOLT: { EAST: 6, WEST: 2 }, NUT: { EAST: 12, WEST: 100 } });
    await commit(knex, 'o1', [['KIT', 3]]);
    const reassign = () =>
      query(knex, "select * from inventory.reassign_order('k', 'o1', array['o1.l1'], array[3], ?)", [at('EAST')]);
    const rows = await reassign();
    expect(rows).toEqual([
      { line_id: 'o1.l1', location_id: at('WEST'), quantity: 1 },
      { line_id: 'o1.l1', location_id: null, quantity: 2 },
    ]);
    expect(await reassign()).toEqual(rows);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([12, 0, 0, 12]);
    expect(await position(knex, 'NUT', at('WEST'))).toEqual([100, 0, 4, 96]);
    expect(await query(knex, 'select sku, quantity from inventory.backorder')).toEqual([{ sku: 'KIT', quantity: 2 }]);
  });

  it('of which a part left gives the rest back, and keeps what left until the warehouse books it', async () => {
    await stockUp(knex, { BOLT: { EAST: 6, WEST: 2 }, NUT: { EAST: 12, WEST: 8 } });
    await commit(knex, 'o1', [['KIT', 3]]);
    const reassign = (key: string, units: number, loose: object[]) =>
      query(
        knex,
        `select * from inventory.reassign_order('${key}', 'o1', array['o1.l1'], array[?::int], ?, ?::jsonb)`,
        [units, at('EAST'), JSON.stringify(loose)],
      );
    // Two bolts left, and nothing else will: no whole bundle of the three.
    await reassign('k', 3, [{ lineId: 'o1.l1', sku: 'BOLT', quantity: 2 }]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([6, 0, 2, 4]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([12, 0, 0, 12]);
    await query(knex, 'select * from inventory.apply_source(?::jsonb)', [
      JSON.stringify([
        { sequence: 2, positionId: 'p', locationId: at('EAST'), sku: 'BOLT', kind: 'SALE', onHand: 4, measuredAt: new Date(), reference: 'f', lineRef: 'o1.l1', issued: 2 },
      ]),
    ]); // biome-ignore format: one thought
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([4, 0, 0, 4]);
  });

  it('of which a part left gives the rest back when the warehouse booked it before', async () => {
    await stockUp(knex, { BOLT: { EAST: 6, WEST: 2 }, NUT: { EAST: 12, WEST: 8 } });
    await commit(knex, 'o1', [['KIT', 3]]);
    await query(knex, 'select * from inventory.apply_source(?::jsonb)', [
      JSON.stringify([
        { sequence: 2, positionId: 'p', locationId: at('EAST'), sku: 'BOLT', kind: 'SALE', onHand: 4, measuredAt: new Date(), reference: 'f', lineRef: 'o1.l1', issued: 2 },
      ]),
    ]); // biome-ignore format: one thought
    await query(knex, "select * from inventory.reassign_order('k', 'o1', array['o1.l1'], array[3], ?, ?::jsonb)", [
      at('EAST'),
      JSON.stringify([{ lineId: 'o1.l1', sku: 'BOLT', quantity: 2 }]),
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([4, 0, 0, 4]);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([12, 0, 0, 12]);
    expect(await position(knex, 'NUT', at('WEST'))).toEqual([8, 0, 4, 4]);
  });

  it('committed again after its recipe changed is what it was made of then', async () => {
    await stockUp(knex, { BOLT: { EAST: 6, WEST: 2 }, NUT: { EAST: 12, WEST: 8 } });
    await commit(knex, 'o1', [['KIT', 1]]);
    await query(knex, "delete from inventory.bundle_component where bundle_sku = 'KIT' and component_sku = 'NUT'");
    for (const [key, refused] of [['k1', 'EAST'], ['k2', 'WEST']] as const) {
      await query(knex, `select * from inventory.reassign_order('${key}', 'o1', array['o1.l1'], array[1], ?)`, [at(refused)]);
    } // biome-ignore format: one thought
    expect(await query(knex, "select sku from inventory.components_of_lines(array['o1.l1'], ?)", [at('EAST')])).toEqual(
      [{ sku: 'BOLT' }],
    );
  });

  it('keeps for an order what it was made of when it was sold', async () => {
    await stockUp(knex, { BOLT: { EAST: 6 }, NUT: { EAST: 12 } });
    await commit(knex, 'o1', [['KIT', 2]]);
    await query(knex, "update inventory.bundle_component set quantity = 1 where bundle_sku = 'KIT'");
    expect(
      await query(knex, "select * from inventory.components_of_lines(array['o1.l1'], ?) order by sku", [at('EAST')]),
    ).toEqual([
      { order_line_id: 'o1.l1', sku: 'BOLT', per_unit: 2 },
      { order_line_id: 'o1.l1', sku: 'NUT', per_unit: 4 },
    ]);
    await release('o1', 'l1', 1);
    expect(await position(knex, 'NUT', at('EAST'))).toEqual([12, 0, 4, 8]);
  });

  it('never sells a component twice to buyers of bundles and of the component', async () => {
    await stockUp(knex, { BOLT: { EAST: 41 }, NUT: { EAST: 1000 } });
    // As many at once as the pool has connections: who had to wait for one gave up on a busy machine.
    const buyer = async (first: number) => {
      for (let one = first; one < 40; one += 10)
        await commit(knex, `c${one}`, one % 2 ? [['KIT', 1]] : [['BOLT', 1], ['PAIR', 1]]); // biome-ignore format: one thought
    };
    await Promise.all(Array.from({ length: 10 }, (_, first) => buyer(first)));
    const [bolt] = await query<{ committed: number }>(
      knex,
      "select committed from inventory.position where sku = 'BOLT'",
    );
    expect(bolt?.committed).toBeGreaterThanOrEqual(39);
    expect(bolt?.committed).toBeLessThanOrEqual(41);
    const [sold] = await query<{ units: number }>(
      knex,
      "select sum(quantity)::int as units from inventory.reservation_line where sku = 'BOLT' and state = 'COMMITTED'",
    );
    expect(sold?.units).toBe(bolt?.committed);
  });
});
