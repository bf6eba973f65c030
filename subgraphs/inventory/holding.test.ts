import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { onceKeyOf } from '../../platform/idempotency/once-key.ts';
import { batchMetrics } from '../../platform/micro-batch/batch-metrics.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { createHolding, type Holding } from './holding.ts';
import { type HoldRequest, holdStock } from './holds.ts';
import { at, bundleUp, stockUp } from './sample-stock.ts';

let database: TestDatabase;
let holding: Holding;
let keys = 0;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  holding = createHolding(database.knex);
});
afterAll(() => database.drop());

const request = (sku: string, more: Partial<HoldRequest> = {}): HoldRequest => ({
  lines: [{ sku, quantity: 1 }],
  locationId: null,
  safetyStock: 0,
  ttlSeconds: 600,
  channelCode: 'WEB',
  customerId: null,
  ...more,
});

async function hold(what: HoldRequest, key = `key-${++keys}`) {
  const outcome = await holding.hold(onceKeyOf({ caller: { clientId: 'web' }, operation: 'reservationHold', key, input: what }), what); // biome-ignore format: one thought
  if (outcome.kind !== 'done') return outcome.kind;
  return outcome.result.reservationId ?? outcome.result.refusals.map((refusal) => refusal.code).join();
}

const held = async (sku: string) => {
  const [row] = await query<{ units: number; reserved: number; batches: number }>(
    database.knex,
    `select coalesce(sum(quantity), 0)::int as units,
            (select sum(reserved)::int from inventory.position where sku = ?) as reserved,
            (select count(*)::int from (select 1 from inventory.reservation_line where sku = ? group by xmin::text having count(*) > 1) shared) as batches
     from inventory.reservation_line where sku = ? and state = 'HELD'`,
    [sku, sku, sku],
  );
  return row;
};

describe('holding', () => {
  it('keeps exactly what is there for many carts at once, and refuses the others under the lock', async () => {
    await stockUp(database.knex, { HOT: { EAST: 60, WEST: 40 } });
    const answers = await Promise.all(Array.from({ length: 130 }, () => hold(request('HOT'))));
    expect(answers.filter((answer) => answer.startsWith('rsv_'))).toHaveLength(100);
    expect(answers.filter((answer) => answer === 'OUT_OF_STOCK')).toHaveLength(30);
    const books = await held('HOT');
    expect(books).toMatchObject({ units: 100, reserved: 100 });
    expect(books?.batches).toBeGreaterThan(0);
    expect(await query(database.knex, 'select * from inventory.ledger_difference')).toEqual([]);
  });

  it('refuses many at once, each with what it is told alone, and keeps the answers', async () => {
    const { knex } = database;
    await stockUp(knex, { NONE: { EAST: 0 }, FEW: { EAST: 3, WEST: 2 }, CAPPED: { EAST: 90 } });
    await query(knex, `insert into inventory.channel_rule (sku, cap) values ('CAPPED', 4)`);
    const lines = (...pairs: [string, number][]) => pairs.map(([sku, quantity]) => ({ sku, quantity }));
    const asked = [
      request('', { lines: lines(['NONE', 1]) }),
      request('', { lines: lines(['FEW', 5]), safetyStock: 1 }),
      request('', { lines: lines(['FEW', 3], ['NONE', 2], ['FEW', 3]) }),
      request('', { lines: lines(['CAPPED', 5]) }),
    ];
    const alone = await Promise.all(
      asked.map(async (what) => {
        const trx = await knex.transaction();
        const answer = await holdStock(trx, what);
        await trx.rollback();
        return answer;
      }),
    );
    expect(alone.map(({ refusals }) => refusals.map((refusal) => refusal.availableQuantity))).toEqual([
      [0],
      [4],
      [5, 0, 5],
      [4],
    ]);
    const triedAlone = async () => (await batchMetrics.getSingleMetricAsString('batcher_alone_total')).match(/holds"} (\d+)/)?.[1]; // biome-ignore format: one thought
    const before = await triedAlone();
    const keyOf = (n: number, what: HoldRequest) => onceKeyOf({ caller: { clientId: 'web' }, operation: 'reservationHold', key: `refused-${n}`, input: what }); // biome-ignore format: one thought
    const holdAll = () => Promise.all(asked.map((what, n) => holding.hold(keyOf(n, what), what)));
    expect(await holdAll()).toEqual(alone.map((result) => ({ kind: 'done', result, replayed: false })));
    expect(await triedAlone()).toBe(before);
    await stockUp(knex, { NONE: { EAST: 9 } });
    expect(await holdAll()).toEqual(alone.map((result) => ({ kind: 'done', result, replayed: true })));
  });

  it('keeps bundles whole for many carts at once, and refuses the others, all in batches', async () => {
    const { knex } = database;
    await stockUp(knex, { BOLT: { EAST: 60, WEST: 41 }, NUT: { EAST: 90, WEST: 900 } });
    await bundleUp(knex, { KIT: { BOLT: 2, NUT: 3 } });
    const triedAlone = async () => (await batchMetrics.getSingleMetricAsString('batcher_alone_total')).match(/holds"} (\d+)/)?.[1]; // biome-ignore format: one thought
    const before = await triedAlone();
    const lines = [{ sku: 'BOLT', quantity: 1 }, { sku: 'KIT', quantity: 1 }]; // biome-ignore format: one line
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => hold(request('KIT', n % 2 ? { lines } : {}))),
    );
    const [bundles, both] = [0, 1].map((way) => answers.filter((answer, n) => n % 2 === way && answer.startsWith('rsv_')).length) as [number, number]; // biome-ignore format: one thought
    const refused = answers.filter((answer) => !answer.startsWith('rsv_'));
    expect(refused.every((answer) => /^OUT_OF_STOCK(,OUT_OF_STOCK)?$/.test(answer))).toBe(true);
    expect(await held('BOLT')).toMatchObject({ units: 2 * bundles + 3 * both, reserved: 2 * bundles + 3 * both });
    expect(await held('NUT')).toMatchObject({ units: 3 * (bundles + both) });
    expect(101 - 2 * bundles - 3 * both).toBeLessThan(3);
    expect(await triedAlone()).toBe(before);
    expect(
      await query(knex, `select distinct bundle_sku, sku, quantity, component_no, per_bundle from inventory.reservation_line where bundle_sku is not null order by sku`),
    ).toEqual([
      { bundle_sku: 'KIT', sku: 'BOLT', quantity: 2, component_no: 1, per_bundle: 2 },
      { bundle_sku: 'KIT', sku: 'NUT', quantity: 3, component_no: 2, per_bundle: 3 },
    ]); // biome-ignore format: a table
    expect(await query(knex, 'select * from inventory.ledger_difference')).toEqual([]);
  });

  it('refuses a location that nobody knows, and keeps no answer', async () => {
    const nowhere = request('BOLT', { locationId: 'loc_nowhere' });
    await expect(hold(nowhere)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      details: { field: 'input.locationId' },
    });
  });

  it('keeps no more of a component than its cap for one cart, in bundles and by itself', async () => {
    const { knex } = database;
    await stockUp(knex, { RIVET: { EAST: 90 } });
    await bundleUp(knex, { RIVETS: { RIVET: 2 } });
    await query(knex, `insert into inventory.channel_rule (sku, cap) values ('RIVET', 5)`);
    const cart = (sets: number, single: number) => request('', { lines: [{ sku: 'RIVETS', quantity: sets }, { sku: 'RIVET', quantity: single }] }); // biome-ignore format: one thought
    const alone = { locationId: at('EAST') };
    for (const how of [{}, alone]) expect(await hold({ ...cart(2, 2), ...how })).toBe('OUT_OF_STOCK,OUT_OF_STOCK');
    expect(await held('RIVET')).toMatchObject({ units: 0, reserved: 0 });
    expect(await hold(cart(2, 1))).toMatch(/^rsv_/);
    expect(await held('RIVET')).toMatchObject({ units: 5, reserved: 5 });
  });

  it('sweeps holds that are over, more than a 32-bit integer counts of one position', async () => {
    await stockUp(database.knex, { BULK: { EAST: 100_000_000 } });
    const lines = Array.from({ length: 100 }, () => ({ sku: 'BULK', quantity: 1_000_000 }));
    for (let n = 0; n < 23; n++) {
      expect(await hold(request('BULK', { lines }))).toMatch(/^rsv_/);
      await database.knex.raw(`update inventory.reservation set expires_at = now() where state = 'HELD'`);
      await database.knex.raw(
        `update inventory.reservation_line set expires_at = now() where state = 'HELD' and sku = 'BULK'`,
      );
    }
    expect(await query(database.knex, `select reserved from inventory.position where sku = 'BULK'`)).toEqual([
      { reserved: '2300000000' },
    ]);
    await query(database.knex, 'select inventory.expire_holds(500)');
    expect(await query(database.knex, `select reserved from inventory.position where sku = 'BULK'`)).toEqual([
      { reserved: '0' },
    ]);
    expect(await query(database.knex, 'select * from inventory.ledger_difference')).toEqual([]);
  });

  it('plans on a reading that is too old, and finds out under the locks', async () => {
    await stockUp(database.knex, { LAST: { EAST: 1 } });
    const meddler = await database.knex.transaction();
    await query(
      meddler,
      `select * from inventory.hold('rsv_meddler', array['LAST'], array[1], null, 0, 600, 'WEB', null)`,
    );
    const answers = [hold(request('LAST')), hold(request('LAST'))];
    for (let waiting = 0; waiting === 0; ) {
      const [row] = await query<{ count: number }>(
        database.knex,
        `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      waiting = row?.count ?? 0;
    }
    await meddler.commit();
    expect(await Promise.all(answers)).toEqual(['OUT_OF_STOCK', 'OUT_OF_STOCK']);
    expect(await held('LAST')).toMatchObject({ units: 1, reserved: 1 });
  });

  it('holds once per key, and refuses the key with another input', async () => {
    await stockUp(database.knex, { ONCE: { EAST: 50 } });
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => hold(request('ONCE'), 'the key')));
    expect(new Set([first, ...others]).size).toBe(1);
    expect(await hold(request('ONCE'), 'the key')).toBe(first);
    expect(await hold(request('ONCE', { ttlSeconds: 60 }), 'the key')).toBe('conflict');
    expect(await held('ONCE')).toMatchObject({ units: 1, reserved: 1 });
  });

  it('gives units back to the next batch from the instant a hold is over', async () => {
    await stockUp(database.knex, { SOON: { EAST: 2 } });
    const first = await hold(request('SOON', { lines: [{ sku: 'SOON', quantity: 2 }] }));
    expect(await hold(request('SOON'))).toBe('OUT_OF_STOCK');
    await query(database.knex, 'update inventory.reservation_line set expires_at = now() where reservation_id = ?', [first]); // biome-ignore format: one thought
    expect(await hold(request('SOON'))).toMatch(/^rsv_/);
  });

  it('leaves what is withheld to other channels', async () => {
    await stockUp(database.knex, { KEPT: { EAST: 3, WEST: 2 } });
    const answers = await Promise.all(Array.from({ length: 5 }, () => hold(request('KEPT', { safetyStock: 2 }))));
    expect(answers.filter((answer) => answer === 'OUT_OF_STOCK')).toHaveLength(2);
    expect(await held('KEPT')).toMatchObject({ units: 3 });
  });
});
