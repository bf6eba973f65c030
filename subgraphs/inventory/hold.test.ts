import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { reservationsById } from './read.ts';
import {
  at,
  type CommitOptions,
  commit,
  differences,
  emptyStock,
  hold,
  type Line,
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
beforeEach(() => emptyStock(knex));

describe('hold', () => {
  it('keeps all lines or none, and says how many could be kept', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 }, NUT: { EAST: 5 } });
    expect(
      await hold(knex, 'r1', [
        ['BOLT', 3],
        ['NUT', 6],
        ['NOPE', 1],
      ]),
    ).toEqual([
      ['SHORT', 2, 6, 5],
      ['UNKNOWN_SKU', 3, 1, 0],
    ]);
    expect(await stateOf(knex, 'r1')).toBeUndefined();
    expect(
      await hold(knex, 'r2', [
        ['BOLT', 3],
        ['NUT', 5],
      ]),
    ).toEqual([
      ['HELD', 1, 3, 5],
      ['HELD', 2, 5, 5],
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 3, 0, 2]);
    expect(await commit(knex, 'o1', [['BOLT', 3]])).toEqual([['SHORT', 'l1', null, 3, 2]]);
    expect(await differences(knex)).toEqual([]);
  });

  it('is over the instant its time is, without anyone sweeping', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await hold(knex, 'r1', [['BOLT', 5]], { ttl: 1 });
    expect(await commit(knex, 'o1', [['BOLT', 1]])).toEqual([['SHORT', 'l1', null, 1, 0]]);
    await new Promise((resolve) => setTimeout(resolve, 1_010));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 5, 0, 5]);
    expect(await commit(knex, 'o2', [['BOLT', 5]])).toEqual([['ALLOCATED', 'l1', at('EAST'), 5, 5]]);
    expect(await query(knex, 'select inventory.expire_holds(10) as count')).toEqual([{ count: 1 }]);
    expect(await stateOf(knex, 'r1')).toBe('EXPIRED');
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 5, 0]);
    expect(await query(knex, 'select inventory.expire_holds(10) as count')).toEqual([{ count: 0 }]);
    expect(await differences(knex)).toEqual([]);
  });

  it('lasts 1 to 3600 seconds', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await expect(hold(knex, 'r1', [['BOLT', 1]], { ttl: 0 })).rejects.toThrow(/1 to 3600/);
    await expect(hold(knex, 'r1', [['BOLT', 1]], { ttl: 3601 })).rejects.toThrow(/1 to 3600/);
  });

  it('can be extended while it lives, never beyond the limit, never shortened', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await hold(knex, 'r1', [['BOLT', 5]], { ttl: 60 });
    const extend = async (id: string, ttl: number, max: number) =>
      (await query<{ kind: string }>(knex, 'select inventory.extend_hold(?, ?, ?) as kind', [id, ttl, max]))[0]?.kind;
    const ends = async () =>
      (
        await query<{ s: number }>(
          knex,
          "select round(extract(epoch from expires_at - created_at))::int as s from inventory.reservation where id = 'r1'",
        )
      )[0]?.s;
    expect(await extend('r1', 600, 7200)).toBe('EXTENDED');
    expect(await ends()).toBe(600);
    expect(await extend('r1', 1, 7200)).toBe('EXTENDED');
    expect(await ends()).toBe(600);
    expect(await extend('r1', 3600, 1000)).toBe('LIMIT_REACHED');
    expect(await extend('r2', 60, 7200)).toBe('NOT_FOUND');
    await letExpire(knex, 'r1');
    expect(await extend('r1', 60, 7200)).toBe('NOT_HELD');
  });
});

describe('commit_order of a hold', () => {
  it('takes exactly the held units at the held nodes, though all else is sold and safety stock would forbid it', async () => {
    await stockUp(knex, { BOLT: { EAST: 5, WEST: 5 } });
    await hold(knex, 'r1', [
      ['BOLT', 4],
      ['BOLT', 2],
    ]);
    await commit(knex, 'o0', [['BOLT', 4]]);
    expect(
      await commit(
        knex,
        'o1',
        [
          ['BOLT', 1],
          ['BOLT', 5],
        ],
        { reservation: 'r1', safetyStock: 50 },
      ),
    ).toEqual([
      ['ALLOCATED', 'l1', at('EAST'), 1, 6],
      ['ALLOCATED', 'l2', at('EAST'), 4, 6],
      ['ALLOCATED', 'l2', at('WEST'), 1, 6],
    ]);
    expect(await stateOf(knex, 'r1')).toBe('COMMITTED');
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 5, 0]);
    expect(await position(knex, 'BOLT', at('WEST'))).toEqual([5, 0, 5, 0]);
    expect(await differences(knex)).toEqual([]);
  });

  it.each([
    ['not swept yet', async () => undefined],
    ['swept', () => query(knex, 'select inventory.expire_holds(10)')],
    [
      'taken by others meanwhile and given back',
      async () => {
        await commit(knex, 'o0', [['BOLT', 5]]);
        await query(knex, "select inventory.release_order('o0', array['o0.l1'], array[5])");
      },
    ],
  ])('finds the goods of one that is over again while they are there: %s', async (_, meanwhile) => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await hold(knex, 'r1', [['BOLT', 4]]);
    await letExpire(knex, 'r1');
    await meanwhile();
    expect(await commit(knex, 'o1', [['BOLT', 4]], { reservation: 'r1' })).toEqual([
      ['ALLOCATED', 'l1', at('EAST'), 4, 5],
    ]);
    expect(await query(knex, "select state, reacquires from inventory.reservation where order_id = 'o1'")).toEqual([
      { state: 'COMMITTED', reacquires: 'r1' },
    ]);
    // A hold serves one order, whether in time or late.
    expect(await commit(knex, 'o2', [['BOLT', 4]], { reservation: 'r1' })).toEqual([
      ['RESERVATION_MISMATCH', null, null, null, null],
    ]);
    await query(knex, 'select inventory.expire_holds(10)');
    expect(await stateOf(knex, 'r1')).toBe('EXPIRED');
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 4, 1]);
    expect(await differences(knex)).toEqual([]);
  });

  it('refuses one that is over when its goods went to others, and changes nothing', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await hold(knex, 'r1', [['BOLT', 4]]);
    await letExpire(knex, 'r1');
    await commit(knex, 'o1', [['BOLT', 2]]);
    expect(await commit(knex, 'o2', [['BOLT', 4]], { reservation: 'r1' })).toEqual([
      ['RESERVATION_EXPIRED', null, null, null, null],
    ]);
    expect(
      await query(knex, "select 1 from inventory.reservation where order_id = 'o2' or reacquires is not null"),
    ).toEqual([]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 2, 3]);
    expect(await differences(knex)).toEqual([]);
  });

  it('refuses one that was released', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await hold(knex, 'r2', [['BOLT', 1]]);
    await query(knex, "select inventory.end_holds(array['r2'], 'RELEASED')");
    expect(await commit(knex, 'o1', [['BOLT', 1]], { reservation: 'r2' })).toEqual([
      ['RESERVATION_EXPIRED', null, null, null, null],
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 0, 5]);
    expect(await differences(knex)).toEqual([]);
  });

  it('stays over when the clock is set back after others took its goods', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await hold(knex, 'r1', [['BOLT', 5]]);
    await letExpire(knex, 'r1');
    await hold(knex, 'r2', [['BOLT', 5]]);
    // Ten minutes back: to this clock the first hold is not over yet.
    await query(
      knex,
      `with header as (update inventory.reservation set expires_at = clock_timestamp() + interval '10 min' where id = 'r1')
       update inventory.reservation_line set expires_at = clock_timestamp() + interval '10 min' where reservation_id = 'r1'`,
    );
    expect(await commit(knex, 'o1', [['BOLT', 5]], { reservation: 'r1' })).toEqual([
      ['RESERVATION_EXPIRED', null, null, null, null],
    ]);
    expect(await query(knex, "select inventory.extend_hold('r1', 60, 7200) as outcome")).toEqual([
      { outcome: 'NOT_HELD' },
    ]);
    expect((await reservationsById(knex, ['r1'])).get('r1')?.state).toBe('EXPIRED');
    expect(await commit(knex, 'o2', [['BOLT', 5]], { reservation: 'r2' })).toEqual([
      ['ALLOCATED', 'l1', at('EAST'), 5, 5],
    ]);
    expect(await differences(knex)).toEqual([]);
  });

  it.each<[string, Line[], CommitOptions]>([
    ['another quantity', [['BOLT', 3]], { reservation: 'r1' }],
    ['fewer units', [['BOLT', 1]], { reservation: 'r1' }],
    ['another SKU', [['NUT', 2]], { reservation: 'r1' }],
    [
      'one more SKU',
      [
        ['BOLT', 2],
        ['NUT', 1],
      ],
      { reservation: 'r1' },
    ],
    ['another location', [['BOLT', 2]], { reservation: 'r1', at: at('EAST') }],
    ['another channel', [['BOLT', 2]], { reservation: 'r1', channel: 'POS' }],
    ['no such hold', [['BOLT', 2]], { reservation: 'r9' }],
  ])('refuses %s', async (_, lines, options) => {
    await stockUp(knex, { BOLT: { EAST: 9 }, NUT: { EAST: 9 } });
    await hold(knex, 'r1', [['BOLT', 2]]);
    expect(await commit(knex, 'o1', lines, options)).toEqual([['RESERVATION_MISMATCH', null, null, null, null]]);
    expect(await stateOf(knex, 'r1')).toBe('HELD');
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 2, 0, 7]);
  });

  it('serves one order only', async () => {
    await stockUp(knex, { BOLT: { EAST: 9 } });
    await hold(knex, 'r1', [['BOLT', 2]]);
    expect((await commit(knex, 'o1', [['BOLT', 2]], { reservation: 'r1', channel: 'WEB' }))[0]?.[0]).toBe('ALLOCATED');
    expect(await commit(knex, 'o2', [['BOLT', 2]], { reservation: 'r1' })).toEqual([
      ['RESERVATION_MISMATCH', null, null, null, null],
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 0, 2, 7]);
  });

  it('takes other stock when the held goods were lost, and none when there is none', async () => {
    await stockUp(knex, { BOLT: { EAST: 5, WEST: 2 }, NUT: { EAST: 5 } });
    await hold(knex, 'r1', [['BOLT', 4]]);
    await hold(knex, 'r2', [['NUT', 4]]);
    const lose = (sku: string) =>
      query(knex, 'select * from inventory.apply_source(?::jsonb)', [
        JSON.stringify([
          {
            sequence: 9,
            positionId: 'p',
            locationId: at('EAST'),
            sku,
            kind: 'ADJUSTMENT',
            onHand: 3,
            measuredAt: new Date(),
            issued: 0,
          },
        ]),
      ]);
    await lose('BOLT');
    await lose('NUT');
    expect(await commit(knex, 'o1', [['BOLT', 4]], { reservation: 'r1' })).toEqual([
      ['ALLOCATED', 'l1', at('EAST'), 3, 5],
      ['ALLOCATED', 'l1', at('WEST'), 1, 5],
    ]);
    expect(await commit(knex, 'o2', [['NUT', 4]], { reservation: 'r2' })).toEqual([['SHORT', 'l1', null, 4, 3]]);
    expect(await stateOf(knex, 'r2')).toBe('HELD');
    expect(await differences(knex)).toEqual([]);
  });

  it('stays with its node when the node no longer ships', async () => {
    await stockUp(knex, { BOLT: { PARTNER: 5 } });
    await hold(knex, 'r1', [['BOLT', 2]]);
    await query(knex, 'update inventory.location set shippable = false where id = ?', [at('PARTNER')]);
    try {
      expect(await commit(knex, 'o1', [['BOLT', 2]], { reservation: 'r1' })).toEqual([
        ['ALLOCATED', 'l1', at('PARTNER'), 2, 5],
      ]);
    } finally {
      await query(knex, 'update inventory.location set shippable = true where id = ?', [at('PARTNER')]);
    }
  });
});
