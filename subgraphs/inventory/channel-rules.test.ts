import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { at, bundleUp, commit, differences, emptyStock, hold, type Line, position, stockUp } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(() => emptyStock(knex));
afterEach(async () => {
  expect(await differences(knex)).toEqual([]);
});

interface Rule {
  channel?: string;
  sku?: string;
  location?: string;
  withheld?: number;
  cap?: number;
  backorder?: 'NONE' | 'UNITS' | 'INCOMING';
  units?: number;
  release?: string;
  preorder?: number;
}

const rule = (said: Rule) =>
  query(
    knex,
    `insert into inventory.channel_rule (channel_code, sku, location_id, withheld, cap, backorder, backorder_units, release_at, preorder_units)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      said.channel ?? null,
      said.sku ?? null,
      said.location ?? null,
      said.withheld ?? null,
      said.cap ?? null,
      said.backorder ?? null,
      said.units ?? null,
      said.release ?? null,
      said.preorder ?? null,
    ],
  );
const buy = async (order: string, lines: Line[], channel: string, backorder = false) =>
  (await commit(knex, order, lines, { channel, backorder, safetyStock: 1 })).map(([kind, , , units, can]) => [
    kind,
    units,
    can,
  ]);

describe('an order under the rules of its channel', () => {
  it("leaves what is withheld from the channel, in place of the channel's own safety stock", async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    await rule({ channel: 'WEB', withheld: 4 });
    await rule({ channel: 'POS', withheld: 0 });
    expect(await buy('o1', [['BOLT', 10]], 'WEB')).toEqual([['SHORT', 10, 6]]);
    expect(await buy('o2', [['BOLT', 10]], 'AMAZON')).toEqual([['SHORT', 10, 9]]);
    expect(await buy('o3', [['BOLT', 10]], 'POS')).toEqual([['ALLOCATED', 10, 10]]);
  });

  it('sells at most the cap with one order, and holds no more', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    await rule({ channel: 'WEB', cap: 4 });
    expect(await buy('o1', [['BOLT', 3], ['BOLT', 2]], 'WEB', true)).toEqual([
      ['SHORT', 3, 4],
      ['SHORT', 2, 4],
    ]); // biome-ignore format: one thought
    expect(await hold(knex, 'r1', [['BOLT', 5]])).toEqual([['SHORT', 1, 5, 4]]);
    expect(await hold(knex, 'r1', [['BOLT', 4]])).toEqual([['HELD', 1, 4, 4]]);
    await rule({ channel: 'WEB', sku: 'BOLT', cap: 2 });
    // A hold was granted and is kept, whatever the rules say later.
    expect(await commit(knex, 'o2', [['BOLT', 4]], { reservation: 'r1', channel: 'WEB' })).toEqual([
      ['ALLOCATED', 'l1', at('EAST'), 4, 6],
    ]);
    expect(await buy('o3', [['BOLT', 4]], 'WEB')).toEqual([['SHORT', 4, 2]]);
  });

  it('takes from each location only what is not withheld there', async () => {
    await stockUp(knex, { BOLT: { EAST: 5, WEST: 5 } });
    await rule({ channel: 'WEB', location: at('EAST'), withheld: 4 });
    await rule({ channel: 'WEB', location: at('WEST'), cap: 2 });
    await rule({ channel: 'WEB', withheld: 0 });
    expect(await buy('o1', [['BOLT', 4]], 'WEB')).toEqual([['SHORT', 4, 3]]);
    expect((await buy('o2', [['BOLT', 3]], 'WEB')).map(([kind, units]) => [kind, units])).toEqual([
      ['ALLOCATED', 2],
      ['ALLOCATED', 1],
    ]);
  });

  it('waits for no more units than the limit, those of others counted', async () => {
    await stockUp(knex, { BOLT: { EAST: 1 } });
    await rule({ backorder: 'UNITS', units: 5 });
    expect(await buy('o1', [['BOLT', 3]], 'WEB', true)).toEqual([['BACKORDERED', 3, 0]]);
    expect(await buy('o2', [['BOLT', 3]], 'POS', true)).toEqual([['SHORT', 3, 2]]);
    expect(await buy('o3', [['BOLT', 2]], 'POS', true)).toEqual([['BACKORDERED', 2, 0]]);
    await query(knex, "select inventory.cancel_backorder('o1', array['o1.l1'], array[1])");
    expect(await buy('o4', [['BOLT', 2]], 'POS', true)).toEqual([['SHORT', 2, 1]]);
    expect(await buy('o5', [['BOLT', 1]], 'POS', true)).toEqual([['BACKORDERED', 1, 0]]);
  });

  it('waits for nothing where backorders are not taken', async () => {
    await stockUp(knex, { BOLT: { EAST: 3 } });
    await rule({ sku: 'BOLT', backorder: 'NONE' });
    expect(await buy('o1', [['BOLT', 3]], 'WEB', true)).toEqual([['SHORT', 3, 2]]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([3, 0, 0, 3]);
  });

  it('shares the last places in the queue among buyers who come at once', async () => {
    await stockUp(knex, { BOLT: { EAST: 0, SHOP: 0 } });
    await rule({ backorder: 'UNITS', units: 7 });
    // At two locations: their positions are different locks, the limit is one.
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        commit(knex, `c${index}`, [['BOLT', 1]], {
          backorder: true,
          channel: 'WEB',
          at: at(index % 2 ? 'EAST' : 'SHOP'),
        }),
      ),
    );
    expect(outcomes.filter(([row]) => row?.[0] === 'BACKORDERED')).toHaveLength(7);
    expect(outcomes.filter(([row]) => row?.[0] === 'SHORT')).toHaveLength(13);
  });

  it('takes preorders only until the release, from nobody’s stock', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    await rule({ sku: 'BOLT', release: '2999-01-01', preorder: 4 });
    expect(await buy('o1', [['BOLT', 1]], 'WEB')).toEqual([['SHORT', 1, 0]]);
    expect(await buy('o2', [['BOLT', 3]], 'WEB', true)).toEqual([['BACKORDERED', 3, 0]]);
    expect(await buy('o3', [['BOLT', 2]], 'WEB', true)).toEqual([['SHORT', 2, 1]]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
    await query(knex, "update inventory.channel_rule set release_at = '2001-01-01'");
    expect(await buy('o4', [['BOLT', 2]], 'WEB')).toEqual([['ALLOCATED', 2, 6]]);
  });
});

it('releases a bundle when the last of its components is', async () => {
  await stockUp(knex, { BOLT: { EAST: 10 }, NUT: { EAST: 10 } });
  await bundleUp(knex, { KIT: { BOLT: 1, NUT: 1 } });
  await rule({ sku: 'NUT', release: '2999-01-01T00:00:00Z' });
  await rule({ sku: 'BOLT', release: '2998-01-01T00:00:00Z' });
  expect(await query(knex, "select sellable, release_at from inventory.availability('WEB', 0, array['KIT'], null, now())")).toEqual([
    { sellable: 0, release_at: new Date('2999-01-01T00:00:00Z') },
  ]); // biome-ignore format: one thought
  await query(knex, 'delete from inventory.channel_rule');
  expect(await query(knex, "select sellable, release_at from inventory.availability('WEB', 0, array['KIT'], null, now())")).toEqual([
    { sellable: 10, release_at: null },
  ]); // biome-ignore format: one thought
});

describe('the database', () => {
  it('refuses to promise more than is on hand, whoever asks', async () => {
    await stockUp(knex, { BOLT: { EAST: 3 } });
    await expect(query(knex, 'update inventory.position set committed = 4')).rejects.toMatchObject({ code: '23514' });
    const begin = (onHand: number, reserved: number, committed: number) =>
      query(knex, `insert into inventory.position (sku, location_id, id, as_of, received_at, on_hand, reserved, committed) values ('NEW', ?, 'stk_new', now(), now(), ?, ?, ?)`, [at('EAST'), onHand, reserved, committed]); // biome-ignore format: one thought
    await expect(begin(1, 0, 5)).rejects.toMatchObject({ code: '23514', message: expect.stringContaining('nothing promised') }); // biome-ignore format: one thought
    await expect(begin(1, 1, 1)).rejects.toMatchObject({ code: '23514' });
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([3, 0, 0, 3]);
  });

  it('counts more overdue holds than a 32-bit integer can', async () => {
    await stockUp(knex, { BOLT: { EAST: 3 } });
    await query(knex, 'update inventory.position set reserved = 3000000000');
    expect(await query(knex, "select available from inventory.stock_at(array['BOLT'], null, now())")).toEqual([
      { available: 3 },
    ]);
    await query(knex, 'update inventory.position set reserved = 0');
  });
});
