import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { openDatabase } from '../../../platform/db/database.ts';
import { query } from '../../../platform/db/query.ts';
import { onceKeyOf } from '../../../platform/idempotency/once-key.ts';
import { LEAST_RETENTION_DAYS, pruneIdempotencyKeys } from '../../../platform/idempotency/prune.ts';
import { stockCatalogue } from '../../../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { callerOf } from '../../../test/helpers/subgraph.ts';
import { budget, hold as holdsTrue, patience } from '../../../test/properties/budget.ts';
import { createHolding, type Holding } from '../../inventory/holding.ts';
import { expireHolds, extendHold } from '../../inventory/holds.ts';
import { stockUp } from '../../inventory/sample-stock.ts';
import { type Capture, createCapture } from './capture.ts';

const STOCK = 12;
const TTL_SECONDS = 600;
const CLOCKS = ['clock_timestamp', 'now', 'statement_timestamp', 'transaction_timestamp'];

let database: TestDatabase;
/** Sees the clock that jumps. */
let knex: Knex;
let capture: Capture;
let holding: Holding;
let count = 0;

/** A process whose database has a clock that can be put forward and back: what SQL asks for the time is found before the server's own. */
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  await database.knex.raw(`
    create schema jumping;
    create table jumping.clock (off_by interval not null);
    insert into jumping.clock values ('0');
    ${CLOCKS.map((name) => `create function jumping.${name}() returns timestamptz language sql volatile as $$ select pg_catalog.${name}() + off_by from jumping.clock $$;`).join('\n')}`);
  const url = new URL(database.url);
  url.searchParams.set('options', '-c search_path=jumping,pg_catalog,public');
  knex = openDatabase(url.href, { poolMax: 6, applicationName: 'test-jumping' });
  capture = createCapture({ knex });
  holding = createHolding(knex);
});
afterEach(() => {
  jest.useRealTimers();
});
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

const jump = (seconds: number) => query(knex, 'update jumping.clock set off_by = make_interval(secs => ?)', [seconds]);

/** Only what the process thinks the time is: timers, and what is measured, go on. */
function processThinks(seconds: number): void {
  jest.useRealTimers();
  const now = Date.now() + seconds * 1_000;
  jest.useFakeTimers({ now, advanceTimers: true, doNotFake: ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] }); // biome-ignore format: one thought
}

async function newSku(): Promise<string> {
  const sku = `SKU-${++count}`;
  await stockCatalogue(database.knex, [{ sku, title: sku, prices: { WEB: { GBP: 100 } } }]);
  await stockUp(database.knex, { [sku]: { EAST: STOCK } });
  return sku;
}

async function place(sku: string, quantity: number, reservationId: string | null, key = `place-${++count}`) {
  const address = { line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' };
  const input = { idempotencyKey: key, currencyCode: 'GBP', lines: [{ sku, quantity }], delivery: { method: 'SHIPPING' as const, address } }; // biome-ignore format: one thought
  const outcome = await capture.place(callerOf(), { ...input, ...(reservationId ? { reservationId } : {}) });
  if (outcome.kind !== 'done') throw new Error(outcome.kind);
  return { ...outcome.result, key, replayed: outcome.replayed };
}

async function hold(sku: string, quantity: number): Promise<string | null> {
  const request = { lines: [{ sku, quantity }], locationId: null, safetyStock: 0, ttlSeconds: TTL_SECONDS, channelCode: 'WEB', customerId: null }; // biome-ignore format: one thought
  const key = onceKeyOf({ caller: { clientId: 'web' }, operation: 'reservationHold', key: `hold-${++count}`, input: request }); // biome-ignore format: one thought
  const outcome = await holding.hold(key, request);
  return outcome.kind === 'done' ? outcome.result.reservationId : null;
}

async function stockOf(sku: string) {
  const [row] = await query<{ committed: number; available: number; held: number }>(
    knex,
    `select position.committed, stock.available, stock.held::int from inventory.position
     join inventory.stock_at(array[?::text], null, clock_timestamp()) stock using (sku, location_id)`,
    [sku],
  );
  return row;
}

const HOUR = 3_600;
const JUMPS = [0, 3 * HOUR, -10 * 60, -3 * HOUR];
const quantity = fc.integer({ min: 1, max: 5 });
const act = fc.oneof(
  fc.record({ do: fc.constant('hold' as const), quantity }),
  fc.record({ do: fc.constant('place' as const), quantity }),
  fc.record({ do: fc.constant('placeHeld' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('extend' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('sweep' as const) }),
  fc.record({ do: fc.constant('jump' as const), seconds: fc.constantFrom(...JUMPS) }),
  fc.record({ do: fc.constant('misjudge' as const), seconds: fc.constantFrom(...JUMPS) }),
);
type Act = typeof act extends fc.Arbitrary<infer One> ? One : never;

/** @throws Error of the first expectation that does not hold */
async function live(acts: readonly Act[]): Promise<void> {
  await jump(0);
  const sku = await newSku();
  const holds: { id: string; quantity: number }[] = [];
  const orders: { id: string; key: string; quantity: number; reservationId: string | null }[] = [];
  const buy = async (units: number, reservationId: string | null) => {
    const placed = await place(sku, units, reservationId);
    if (placed.orderId) orders.push({ id: placed.orderId, key: placed.key, quantity: units, reservationId });
  };
  for (const one of acts) {
    if (one.do === 'hold') {
      const id = await hold(sku, one.quantity);
      if (id) holds.push({ id, quantity: one.quantity });
    } else if (one.do === 'place') await buy(one.quantity, null);
    else if (one.do === 'sweep') await expireHolds(knex, 100);
    else if (one.do === 'jump') await jump(one.seconds);
    else if (one.do === 'misjudge') processThinks(one.seconds);
    else {
      const kept = holds[one.which % Math.max(1, holds.length)];
      if (kept && one.do === 'placeHeld') await buy(kept.quantity, kept.id);
      if (kept && one.do === 'extend') await knex.transaction((trx) => extendHold(trx, kept.id, TTL_SECONDS));
    }
    const sold = orders.reduce((sum, order) => sum + order.quantity, 0);
    const stock = await stockOf(sku);
    // No unit is sold twice, none is promised without an order, and what nobody keeps at this instant can be bought.
    expect(stock?.committed).toBe(sold);
    expect(sold).toBeLessThanOrEqual(STOCK);
    expect(stock?.available).toBe(Math.max(0, STOCK - sold - (stock?.held ?? 0)));
  }
  // Whatever the clocks said meanwhile: answers are kept, no order came twice, and holds end.
  await pruneIdempotencyKeys(knex, LEAST_RETENTION_DAYS);
  for (const { id, key, quantity: units, reservationId } of orders)
    expect(await place(sku, units, reservationId, key)).toMatchObject({ orderId: id, replayed: true });
  await jump(4 * HOUR);
  await expireHolds(knex, 100);
  const sold = orders.reduce((sum, order) => sum + order.quantity, 0);
  expect(await stockOf(sku)).toEqual({ committed: sold, held: 0, available: STOCK - sold });
  expect(await query(knex, 'select * from inventory.ledger_difference')).toEqual([]);
}

it(
  'sells what is there once and keeps its answers, though the clocks of database and process jump forwards and back',
  async () => {
    await holdsTrue(fc.asyncProperty(fc.array(act, { minLength: 8, maxLength: 20 }), live), budget(3, 0.1));
  },
  patience(0.1),
);

it('ends a hold by the clock of the database, whatever the process thinks', async () => {
  await jump(0);
  const sku = await newSku();
  await hold(sku, 5);
  for (const seconds of JUMPS) {
    processThinks(seconds);
    expect(await stockOf(sku)).toMatchObject({ held: 5, available: STOCK - 5 });
  }
  await jump(TTL_SECONDS + 1);
  for (const seconds of JUMPS) {
    processThinks(seconds);
    expect(await stockOf(sku)).toMatchObject({ held: 0, available: STOCK });
  }
});
