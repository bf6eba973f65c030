import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { freeUnits } from './free-units.ts';
import type { StockChange } from './port.ts';
import { applyChanges } from './projection.ts';
import { at, bundleUp, commit, differences, emptyStock, hold, position, stockUp } from './sample-stock.ts';
import { createStock, type Stock, type StockMove } from './stock.ts';

let database: TestDatabase;
let knex: Knex;
let stock: Stock;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
  stock = createStock({ knex, source: null as never });
});
afterAll(() => database.drop());
beforeEach(() => emptyStock(knex));
afterEach(async () => {
  expect(await differences(knex)).toEqual([]);
});

let decisions = 0;
type Move = readonly [line: string, sku: string, quantity: number, from: string | null, to: string | null];
const move = (orderId: string, moves: readonly Move[], more: Partial<StockMove> = {}) =>
  stock.move({
    key: `decision-${++decisions}`,
    orderId,
    moves: moves.map(([line, sku, quantity, from, to]) => ({ lineId: `${orderId}.${line}`, sku, quantity, from, to })),
    ...more,
  });
const own = async (orderId: string) =>
  (await stock.sourcesOf(orderId, [])).own.map((one) => [one.lineId.split('.')[1], one.locationId, one.quantity]);
const waiting = async (orderId: string) =>
  (await stock.sourcesOf(orderId, [])).waiting.map((one) => [one.lineId.split('.')[1], one.quantity]);

describe('where an order may be served from', () => {
  it('is what is committed to it, and what is free at nodes that ship', async () => {
    await stockUp(knex, { BOLT: { EAST: 3, WEST: 5, SHOP: 9 }, NUT: { WEST: 1 } });
    await commit(knex, 'o1', [['BOLT', 4], ['NUT', 2]], { backorder: true }); // biome-ignore format: one order
    const sources = await stock.sourcesOf('o1', ['BOLT', 'NUT']);
    expect(sources.nodes.map((node) => node.code)).toEqual(['EAST', 'WEST', 'PARTNER']);
    expect(sources.own).toEqual([
      { lineId: 'o1.l1', sku: 'BOLT', locationId: at('WEST'), quantity: 4 },
      { lineId: 'o1.l2', sku: 'NUT', locationId: at('WEST'), quantity: 1 },
    ]);
    expect(sources.free.map(({ raisedAt: _, ...one }) => one)).toEqual(
      [
        { sku: 'BOLT', locationId: at('EAST'), quantity: 3 },
        { sku: 'BOLT', locationId: at('WEST'), quantity: 1 },
      ].sort((a, b) => (a.locationId < b.locationId ? -1 : 1)),
    );
    expect(sources.waiting).toEqual([{ lineId: 'o1.l2', sku: 'NUT', locationId: null, quantity: 1 }]);
    // Work may be moved by hand to any location, by what that one has.
    expect(await freeUnits(knex, 'o1', at('SHOP'), ['BOLT', 'NUT'])).toEqual({
      code: 'SHOP',
      free: new Map([['BOLT', 9]]),
    });
    expect(await freeUnits(knex, 'o1', 'loc_nowhere', ['BOLT'])).toBeNull();
  });

  it('counts bundles as they are sold', async () => {
    await bundleUp(knex, { KIT: { BOLT: 2, NUT: 4 } });
    await stockUp(knex, { BOLT: { EAST: 10, WEST: 4 }, NUT: { EAST: 15, WEST: 100 } });
    await commit(knex, 'o1', [['KIT', 2]]);
    const sources = await stock.sourcesOf('o1', ['KIT']);
    expect(sources.own).toEqual([{ lineId: 'o1.l1', sku: 'KIT', locationId: at('EAST'), quantity: 2 }]);
    expect(new Map(sources.free.map((one) => [one.locationId, one.quantity]))).toEqual(
      new Map([[at('EAST'), 1], [at('WEST'), 2]]), // biome-ignore format: a table
    );
  });

  it('says when stock there last grew: by a receipt or a count, not by goods that leave', async () => {
    const book = async (sequence: number, onHand: number, minute: number, kind: StockChange['kind']) => {
      const measuredAt = new Date(`2026-11-27T10:${minute}:00Z`);
      const booking = {
        sequence,
        siteCode: 'EAST',
        sku: 'BOLT',
        kind,
        onHand,
        measuredAt,
        reference: 'D',
        lineRef: null,
        issued: 0,
      };
      await knex.transaction((trx) => applyChanges(trx, [booking])); // biome-ignore format: one thought
      const [free] = (await stock.sourcesOf('o1', ['BOLT'])).free;
      return free?.raisedAt?.getUTCMinutes();
    };
    await stockUp(knex, { BOLT: { EAST: 0 } });
    expect(await book(1001, 5, 11, 'RECEIPT')).toBe(11);
    expect(await book(1002, 3, 12, 'SALE')).toBe(11);
    expect(await book(1003, 4, 13, 'ADJUSTMENT')).toBe(13);
    expect(await book(1004, 2, 14, 'ADJUSTMENT')).toBe(13);
    expect(await book(1001, 5, 11, 'RECEIPT')).toBe(13);
    const [back, gone] = [{ minute: 15, onHand: 6 }, { minute: 16, onHand: 2 }]; // biome-ignore format: a table
    const both = [back, gone].map(({ minute, onHand }, index) => ({ sequence: 1005 + index, siteCode: 'EAST', sku: 'BOLT', kind: 'ADJUSTMENT' as const, onHand, measuredAt: new Date(`2026-11-27T10:${minute}:00Z`), reference: 'D', lineRef: null, issued: 0 })); // biome-ignore format: one thought
    await knex.transaction((trx) => applyChanges(trx, both));
    expect((await stock.sourcesOf('o1', ['BOLT'])).free[0]?.raisedAt?.getUTCMinutes()).toBe(15);
  });

  it('is the one location of a pickup that waits', async () => {
    await stockUp(knex, { BOLT: { EAST: 5, SHOP: 1 } });
    await commit(knex, 'o1', [['BOLT', 3]], { backorder: true, at: at('SHOP') });
    await stockUp(knex, { NUT: { SHOP: 1 } });
    const { waiting: queue, free } = await stock.sourcesOf('o1', ['BOLT', 'NUT']);
    expect(queue).toEqual([{ lineId: 'o1.l1', sku: 'BOLT', locationId: at('SHOP'), quantity: 2 }]);
    expect(free.map((one) => [one.sku, one.locationId])).toContainEqual(['NUT', at('SHOP')]);
  });
});

describe('a move', () => {
  beforeEach(async () => {
    await stockUp(knex, { BOLT: { EAST: 3, WEST: 5, PARTNER: 1 }, NUT: { WEST: 4 } });
    await commit(knex, 'o1', [['BOLT', 4], ['NUT', 4]]); // biome-ignore format: one order
  });

  it('takes units from a node to another', async () => {
    expect(await move('o1', [['l1', 'BOLT', 3, at('WEST'), at('EAST')]])).toBe(true);
    expect(new Set(await own('o1'))).toEqual(
      new Set([['l1', at('EAST'), 3], ['l1', at('WEST'), 1], ['l2', at('WEST'), 4]]), // biome-ignore format: a table
    );
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([3, 0, 3, 0]);
    expect(await position(knex, 'BOLT', at('WEST'))).toEqual([5, 0, 1, 4]);
  });

  it('is made once', async () => {
    const once = { key: 'once' };
    expect(await move('o1', [['l1', 'BOLT', 2, at('WEST'), at('EAST')]], once)).toBe(true);
    expect(await move('o1', [['l1', 'BOLT', 2, at('WEST'), at('EAST')]], once)).toBe(true);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([3, 0, 2, 1]);
  });

  it.each<[string, Move[]]>([
    ['more than the target has', [['l2', 'NUT', 1, at('WEST'), null], ['l1', 'BOLT', 4, at('WEST'), at('EAST')]]],
    ['more than is committed there', [['l2', 'NUT', 1, at('WEST'), null], ['l1', 'BOLT', 1, at('EAST'), at('PARTNER')]]],
    ['more than waits', [['l2', 'NUT', 1, null, at('WEST')]]],
    ['to a node that does not have it', [['l2', 'NUT', 1, at('WEST'), at('EAST')]]],
  ])('of %s changes nothing, also when it is asked again', async (_, moves) => {
    const before = await own('o1');
    const key = `refused-${++decisions}`;
    expect(await move('o1', moves, { key })).toBe(false);
    expect(await move('o1', moves, { key })).toBe(false);
    expect(await own('o1')).toEqual(before);
    expect(await waiting('o1')).toEqual([]);
  }); // biome-ignore format: a table

  it('puts units into the queue and takes them out, without binding the order to the node', async () => {
    await move('o1', [['l1', 'BOLT', 4, at('WEST'), null], ['l2', 'NUT', 4, at('WEST'), null]]); // biome-ignore format: one order
    expect(await own('o1')).toEqual([]);
    expect(await waiting('o1')).toEqual([['l1', 4], ['l2', 4]]); // biome-ignore format: a table
    expect(await move('o1', [['l1', 'BOLT', 3, null, at('EAST')]])).toBe(true);
    expect(await waiting('o1')).toEqual([['l1', 1], ['l2', 4]]); // biome-ignore format: a table
    const [bound] = await query(knex, "select location_id from inventory.reservation where order_id = 'o1'");
    expect(bound).toEqual({ location_id: null });
  });

  it('moves whole bundles', async () => {
    await bundleUp(knex, { KIT: { BOLT: 1, SCREW: 2 } });
    await stockUp(knex, { SCREW: { EAST: 9, WEST: 9 } });
    await commit(knex, 'o2', [['KIT', 1]]);
    const [[, from] = []] = (await own('o2')) as [string, string, number][];
    const to = from === at('EAST') ? at('WEST') : at('EAST');
    expect(await move('o2', [['l1', 'KIT', 1, from ?? null, to]])).toBe(true);
    expect(await own('o2')).toEqual([['l1', to, 1]]);
    expect(await position(knex, 'SCREW', to)).toEqual([9, 0, 2, 7]);
  });

  it('tells of units that have a node now, in its transaction and once', async () => {
    await move('o1', [['l1', 'BOLT', 4, at('WEST'), null]]);
    const announce = { explanation: 'Stock arrived.', channelCode: 'WEB', traceId: '0'.repeat(32) };
    for (let times = 0; times < 2; times++)
      await move('o1', [['l1', 'BOLT', 2, null, at('WEST')]], { key: 'served', announce });
    await move('o1', [['l1', 'BOLT', 99, null, at('WEST')]], { announce });
    const events = await query(
      knex,
      `select subject, data from integration.outbox where type = 'backorder-allocated.v1'`,
    );
    expect(events).toEqual([
      {
        subject: 'served',
        data: {
          decisionId: 'served',
          orderId: 'o1',
          lines: [{ lineId: 'o1.l1', sku: 'BOLT', locationId: at('WEST'), quantity: 2 }],
          explanation: 'Stock arrived.',
        },
      },
    ]);
  });
});

/** Who is asked for a SKU, one after the other. */
async function queueOf(sku: string): Promise<string[]> {
  const queue: string[] = [];
  for (let next = await stock.nextWaiting(sku, null); next; next = await stock.nextWaiting(sku, next))
    queue.push(next.orderId);
  return queue;
}

it('serves who has waited longest first, whichever bundle they wait with', async () => {
  await bundleUp(knex, { KIT: { BOLT: 1, NUT: 1 } });
  await stockUp(knex, { BOLT: { EAST: 0 }, NUT: { EAST: 0 } });
  await commit(knex, 'o3', [['BOLT', 1]], { backorder: true });
  await commit(knex, 'o1', [['KIT', 1]], { backorder: true });
  await commit(knex, 'o2', [['BOLT', 1], ['NUT', 1]], { backorder: true }); // biome-ignore format: one order
  expect(await queueOf('BOLT')).toEqual([]);
  await stockUp(knex, { BOLT: { EAST: 5 } }, new Date(Date.now() + 1_000));
  expect(await queueOf('BOLT')).toEqual(['o3', 'o2']);
  await stockUp(knex, { NUT: { EAST: 5 } }, new Date(Date.now() + 1_000));
  expect(await queueOf('BOLT')).toEqual(['o3', 'o1', 'o2']);
  expect(await queueOf('NUT')).toEqual(['o1', 'o2']);
});

it('lets preorders wait for their day, whatever is on the shelf, and announces the day', async () => {
  await stockUp(knex, { BOLT: { EAST: 50 }, NUT: { EAST: 50 } });
  await bundleUp(knex, { KIT: { BOLT: 1, NUT: 1 } });
  await query(
    knex,
    "insert into inventory.channel_rule (sku, release_at, preorder_units) values ('BOLT', now() + interval '1 day', 10)",
  );
  await commit(knex, 'o1', [['BOLT', 4]], { backorder: true, channel: 'WEB' });
  await commit(knex, 'o2', [['KIT', 1]], { backorder: true, channel: 'WEB' });
  const queue = async () => [await waiting('o1'), await waiting('o2')];
  expect(await queue()).toEqual([[], []]);
  const announce = async () => {
    await query(knex, 'delete from inventory.unannounced');
    await query(knex, "select inventory.announce_released(now() - interval '1 hour')");
    return (await query<{ sku: string }>(knex, 'select distinct sku from inventory.unannounced order by sku')).map(
      (row) => row.sku,
    );
  };
  expect(await announce()).toEqual([]);
  await query(knex, "update inventory.channel_rule set release_at = now() - interval '1 minute'");
  expect(await queue()).toEqual([[['l1', 4]], [['l1', 1]]]);
  expect(await announce()).toEqual(['BOLT', 'NUT']);
});

describe('goods that come while orders wait for them', () => {
  const buy = (order: string, sku: string, units: number, options = {}) => commit(knex, order, [[sku, units]], options);
  const receive = (sku: string, onHand: number, locationId = at('EAST')) =>
    query(knex, 'select * from inventory.apply_source(?::jsonb)', [
      JSON.stringify([{ kind: 'RECEIPT', sequence: 50, positionId: 'p', locationId, sku, onHand, measuredAt: new Date() }]), // biome-ignore format: one row
    ]);
  const sellable = async (sku: string, locationId: string | null = null) =>
    (await query<{ sellable: number }>(
      knex,
      "select sellable from inventory.availability('WEB', 0, array[?], ?, clock_timestamp())",
      [sku, locationId],
    ).then(([row]) => row?.sellable)); // biome-ignore format: one value

  it('are theirs, and not a newcomer’s: to be seen, held and ordered is what is left', async () => {
    await stockUp(knex, { BOLT: { EAST: 0 } });
    await buy('o1', 'BOLT', 4, { backorder: true });
    await buy('o2', 'BOLT', 3, { backorder: true });
    await receive('BOLT', 9);
    expect(await sellable('BOLT')).toBe(2);
    expect(await buy('n1', 'BOLT', 3)).toEqual([['SHORT', 'l1', null, 3, 2]]);
    expect(await hold(knex, 'h1', [['BOLT', 3]])).toEqual([['SHORT', 1, 3, 2]]);
    expect(await buy('n2', 'BOLT', 2)).toEqual([['ALLOCATED', 'l1', at('EAST'), 2, 2]]);
    expect(await move('o1', [['l1', 'BOLT', 4, null, at('EAST')]])).toBe(true);
    expect(await sellable('BOLT')).toBe(0);
    expect(await move('o2', [['l1', 'BOLT', 3, null, at('EAST')]])).toBe(true);
    expect(await waiting('o2')).toEqual([]);
  });

  it('belong to preorders from the instant of the release', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    await query(
      knex,
      "insert into inventory.channel_rule (sku, release_at, preorder_units) values ('BOLT', now() + interval '1 day', 10)",
    );
    await buy('o1', 'BOLT', 4, { backorder: true, channel: 'WEB' });
    await query(knex, "update inventory.channel_rule set release_at = now() - interval '1 second'");
    expect(await sellable('BOLT')).toBe(1);
    expect(await buy('n1', 'BOLT', 2, { channel: 'WEB' })).toEqual([['SHORT', 'l1', null, 2, 1]]);
  });

  it('are kept where they can serve who waits: at the one place of a pickup, and of components no more than make bundles', async () => {
    await bundleUp(knex, { KIT: { BOLT: 2, NUT: 1 } });
    await stockUp(knex, { BOLT: { EAST: 0, WEST: 0, SHOP: 0 }, NUT: { EAST: 1 } });
    await buy('o1', 'BOLT', 6, { backorder: true, at: at('SHOP') });
    await receive('BOLT', 8);
    expect([await sellable('BOLT'), await sellable('BOLT', at('SHOP'))]).toEqual([8, 0]);
    await buy('o2', 'KIT', 4, { backorder: true });
    expect(await waiting('o2')).toEqual([['l1', 3]]);
    expect(await sellable('BOLT')).toBe(6);
    await receive('NUT', 2);
    expect([await sellable('BOLT'), await sellable('NUT')]).toEqual([4, 0]);
    expect(await buy('n1', 'NUT', 1)).toEqual([['SHORT', 'l1', null, 1, 0]]);
  });

  it('stay anybody’s when an order was put into the queue beside them', async () => {
    await stockUp(knex, { BOLT: { EAST: 4 } });
    await buy('o1', 'BOLT', 4);
    await move('o1', [['l1', 'BOLT', 4, at('EAST'), null]]);
    expect(await waiting('o1')).toEqual([['l1', 4]]);
    expect(await sellable('BOLT')).toBe(4);
  });
});

it('finds the day of preorders at a cost that grows with the goods they are for, not with all positions times all who wait', async () => {
  const others = Array.from({ length: 200 }, (_, n) => `S${n}`);
  await stockUp(knex, Object.fromEntries(['BOLT', ...others].map((sku) => [sku, { EAST: 0 }])));
  await query(
    knex,
    `insert into inventory.channel_rule (sku, release_at, preorder_units)
     values ('BOLT', now() - interval '1 minute', 10), ('S0', now() + interval '1 day', 10)`,
  );
  for (const sku of ['BOLT', 'S0', 'S1']) await commit(knex, `o-${sku}`, [[sku, 1]], { backorder: true });
  await query(knex, 'delete from inventory.unannounced');
  const { calls, told } = await knex.transaction(async (trx) => {
    await query(trx, "set local track_functions = 'all'");
    await query(trx, "select inventory.announce_released(now() - interval '1 hour')");
    const [counted] = await query<{ calls: number }>(
      trx,
      `select coalesce(sum(calls), 0)::int as calls from pg_stat_xact_user_functions where schemaname = 'inventory' and funcname <> 'announce_released'`,
    );
    return { calls: counted?.calls, told: await query(trx, 'select sku from inventory.unannounced') };
  });
  expect(calls).toBe(0);
  expect(told).toEqual([{ sku: 'BOLT' }]);
});

it('never takes more than there is, however many move at once', async () => {
  await stockUp(knex, { BOLT: { EAST: 10, WEST: 40 } });
  const orders = Array.from({ length: 20 }, (_, index) => `o${index}`);
  for (const order of orders) await commit(knex, order, [['BOLT', 1]]);
  const from = await Promise.all(orders.map(async (order) => (await own(order))[0]?.[1] as string));
  const moved = await Promise.all(
    orders.map(async (order, index) =>
      from[index] === at('EAST') ? true : move(order, [['l1', 'BOLT', 1, at('WEST'), at('EAST')]]),
    ),
  );
  expect(moved.filter(Boolean)).toHaveLength(10);
  expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 10, 0]);
  expect(await position(knex, 'BOLT', at('WEST'))).toEqual([40, 0, 10, 30]);
});

describe('what is kept from the channel of an order', () => {
  const rule = (channel: string | null, sku: string | null, locationId: string | null, withheld: number | null, cap: number | null = null) =>
    query(knex, 'insert into inventory.channel_rule (channel_code, sku, location_id, withheld, cap) values (?, ?, ?, ?, ?)', [channel, sku, locationId, withheld, cap]); // biome-ignore format: one thought
  const buy = (order: string, sku: string, units: number, channel: string, more = {}) =>
    commit(knex, order, [[sku, units]], { channel, backorder: true, ...more });
  const sellable = async (sku: string, channel: string) =>
    (await query<{ sellable: number }>(knex, 'select sellable from inventory.availability(?, 0, array[?], null, clock_timestamp())', [channel, sku]).then(([row]) => row?.sellable)); // biome-ignore format: one value
  const may = async (orderId: string, sku: string) => {
    const { free, most } = await stock.sourcesOf(orderId, [sku]);
    return [free.map((one) => one.quantity), most.map((one) => one.quantity)];
  };
  /** Counted later than anything before. */
  let counted = 1;
  const count = (sku: string, onHand: number, site: 'EAST' | 'WEST' | 'SHOP' = 'EAST') =>
    query(knex, 'select * from inventory.apply_source(?::jsonb)', [
      JSON.stringify([{ kind: 'ADJUSTMENT', sequence: ++counted, positionId: 'p', locationId: at(site), sku, onHand, measuredAt: new Date() }]), // biome-ignore format: one row
    ]);

  it('is not for it when it waits, nor kept for it, until there is more', async () => {
    await stockUp(knex, { BOLT: { EAST: 20 } });
    await rule('B2B', 'BOLT', null, 30);
    await buy('o1', 'BOLT', 15, 'B2B');
    expect(await waiting('o1')).toEqual([['l1', 15]]);
    expect(await may('o1', 'BOLT')).toEqual([[20], [0]]);
    expect(await queueOf('BOLT')).toEqual([]);
    expect(await move('o1', [['l1', 'BOLT', 1, null, at('EAST')]])).toBe(false);
    // To whom they belong they are shown.
    expect([await sellable('BOLT', 'WEB'), await sellable('BOLT', 'B2B')]).toEqual([20, 0]);
    await count('BOLT', 40);
    expect(await queueOf('BOLT')).toEqual(['o1']);
    expect(await may('o1', 'BOLT')).toEqual([[40], [10]]);
    expect([await sellable('BOLT', 'WEB'), await sellable('BOLT', 'B2B')]).toEqual([30, 0]);
    expect(await move('o1', [['l1', 'BOLT', 11, null, at('EAST')]])).toBe(false);
    expect(await move('o1', [['l1', 'BOLT', 10, null, at('EAST')]])).toBe(true);
    expect(await queueOf('BOLT')).toEqual([]);
    await count('BOLT', 45);
    expect(await move('o1', [['l1', 'BOLT', 5, null, at('EAST')]])).toBe(true);
    expect([await waiting('o1'), await sellable('BOLT', 'WEB')]).toEqual([[], 30]);
  });

  it('is its own safety stock where no rule says otherwise, and is passed on to who may have it', async () => {
    await query(knex, `insert into integration.channel (code, kind, name, price_list, currency_code, safety_stock) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'AMAZON', 'GBP', 2) on conflict do nothing`); // biome-ignore format: one row
    await stockUp(knex, { BOLT: { EAST: 1, WEST: 1 } });
    await buy('o1', 'BOLT', 2, 'AMAZON', { safetyStock: 2 });
    await buy('o2', 'BOLT', 3, 'WEB');
    expect([await waiting('o1'), await waiting('o2')]).toEqual([[['l1', 2]], [['l1', 1]]]);
    await count('BOLT', 3);
    expect(await queueOf('BOLT')).toEqual(['o2']);
    expect(await move('o1', [['l1', 'BOLT', 1, null, at('EAST')]])).toBe(false);
    expect(await move('o2', [['l1', 'BOLT', 1, null, at('EAST')]])).toBe(true);
    await count('BOLT', 5);
    expect(await queueOf('BOLT')).toEqual(['o1']);
    expect(await move('o1', [['l1', 'BOLT', 1, null, at('EAST')]])).toBe(true);
    expect(await waiting('o1')).toEqual([['l1', 1]]);
  });

  it('stays in bundles and in their components', async () => {
    await bundleUp(knex, { KIT: { BOLT: 2, NUT: 1 } });
    await stockUp(knex, { BOLT: { EAST: 5 }, NUT: { EAST: 9 } });
    await rule('B2B', 'BOLT', null, 4);
    await buy('o1', 'KIT', 2, 'B2B');
    expect(await may('o1', 'KIT')).toEqual([[2], [0]]);
    expect(await move('o1', [['l1', 'KIT', 1, null, at('EAST')]])).toBe(false);
    expect(await sellable('BOLT', 'WEB')).toBe(5);
    await count('BOLT', 9);
    await rule('B2B', 'KIT', null, 1);
    expect(await may('o1', 'KIT')).toEqual([[4], [1]]);
    expect(await move('o1', [['l1', 'KIT', 2, null, at('EAST')]])).toBe(false);
    expect(await move('o1', [['l1', 'KIT', 1, null, at('EAST')]])).toBe(true);
  });

  it('stays at its location, and so does the cap of one order there', async () => {
    await stockUp(knex, { BOLT: { EAST: 5, WEST: 6 }, NUT: { EAST: 9 } });
    await rule('WEB', 'BOLT', at('EAST'), 5);
    await rule('WEB', 'NUT', at('EAST'), null, 4);
    await buy('o1', 'BOLT', 8, 'WEB');
    await buy('o2', 'NUT', 6, 'WEB');
    expect([await own('o1'), await own('o2')]).toEqual([[['l1', at('WEST'), 6]], [['l1', at('EAST'), 4]]]); // biome-ignore format: a table
    expect([await may('o1', 'BOLT'), await may('o2', 'NUT')]).toEqual([
      [[], [0]],
      [[], [4]],
    ]);
    expect(await move('o1', [['l1', 'BOLT', 1, null, at('EAST')]])).toBe(false);
    expect(await move('o1', [['l1', 'BOLT', 1, at('WEST'), at('EAST')]])).toBe(false);
    expect(await move('o2', [['l1', 'NUT', 1, null, at('EAST')]])).toBe(false);
    expect(await freeUnits(knex, 'o1', at('EAST'), ['BOLT'])).toEqual({ code: 'EAST', free: new Map([['BOLT', 0]]) });
  });

  it('is not touched by units that only change places, and not given in place of goods that are gone', async () => {
    const again = (order: string, key: string, units: number, site: 'EAST' | 'WEST') =>
      stock.reassign({ key, orderId: order, lines: [{ lineId: `${order}.l1`, quantity: units }], refusedLocationId: at(site) }); // biome-ignore format: one call
    await stockUp(knex, { BOLT: { EAST: 4, WEST: 4 } });
    await rule('B2B', 'BOLT', null, 4);
    await buy('o1', 'BOLT', 4, 'B2B');
    expect(await own('o1')).toEqual([['l1', at('EAST'), 4]]);
    expect(await move('o1', [['l1', 'BOLT', 4, at('EAST'), at('WEST')]])).toBe(true);
    expect(await again('o1', 'k1', 4, 'WEST')).toEqual([{ lineId: 'o1.l1', locationId: at('EAST'), quantity: 4 }]);
    // The shelf was empty: what is left elsewhere is not for this channel.
    await count('BOLT', 1);
    expect(await again('o1', 'k2', 4, 'EAST')).toEqual([
      { lineId: 'o1.l1', locationId: at('WEST'), quantity: 1 },
      { lineId: 'o1.l1', locationId: null, quantity: 3 },
    ]);
    expect(await waiting('o1')).toEqual([['l1', 3]]);
    expect(await sellable('BOLT', 'WEB')).toBe(4);
    const [queued] = await query(knex, 'select channel_code from inventory.backorder');
    expect(queued).toEqual({ channel_code: 'B2B' });
  });

  it('of a location outside delivery stays when work is moved there by hand', async () => {
    await stockUp(knex, { BOLT: { EAST: 5, SHOP: 4 } });
    await rule('B2B', 'BOLT', null, 3);
    await buy('o1', 'BOLT', 2, 'B2B');
    await buy('o2', 'BOLT', 1, 'WEB');
    expect((await freeUnits(knex, 'o1', at('SHOP'), ['BOLT']))?.free).toEqual(new Map([['BOLT', 1]]));
    expect((await freeUnits(knex, 'o2', at('SHOP'), ['BOLT']))?.free).toEqual(new Map([['BOLT', 4]]));
    expect(await move('o1', [['l1', 'BOLT', 1, at('EAST'), at('SHOP')]])).toBe(true);
    expect(await move('o1', [['l1', 'BOLT', 1, at('EAST'), at('SHOP')]])).toBe(false);
  });
});
