import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startWebhooks } from '../../../app/webhooks.ts';
import { query } from '../../../platform/db/query.ts';
import { createLogger } from '../../../platform/logger.ts';
import { startLoopReference } from '../../../systems/loop/simulator/start.ts';
import { arrival } from '../../../test/helpers/arrival.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { openReturnWorld, type ReturnWorld } from '../../../test/helpers/returns.ts';
import { strandedParcels } from '../../fulfillment/index.ts';
import { loopReturns } from '../adapters/loop.ts';
import { loadReturnPlatforms } from '../adapters/return-platforms.ts';
import { loadReturnPolicy } from '../returns/policy.ts';
import { openReturnPlatforms, type ReturnPlatforms } from './open.ts';
import { PLATFORM_RETURNS } from './take.ts';

const SECRET = 'test-secret';
const loop = startLoopReference(SECRET);
let database: TestDatabase;
let world: ReturnWorld;
let platforms: ReturnPlatforms;
let door: Awaited<ReturnType<typeof startWebhooks>>;
let told: { key: string; operation: string; message: string; orderId?: string | null }[];
let settled: string[];
const { words } = loadReturnPlatforms();

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  world = await openReturnWorld(database.knex);
  platforms = openReturnPlatforms(
    {
      knex: database.knex,
      policy: loadReturnPolicy(),
      parcels: strandedParcels,
      report: async (_, failure) => void told.push(failure),
      settle: async (_, keys) => void settled.push(...keys),
    },
    [{ account: 'loop', platform: loopReturns(SECRET, words.loop), channels: ['WEB'] }],
  );
  const logger = createLogger({ level: 'silent', component: 'test' });
  door = await startWebhooks({ takers: platforms.takers, host: '127.0.0.1', port: 0, logger });
});
afterAll(async () => {
  await door.stop();
  await database.drop();
});
beforeEach(() => {
  told = [];
  settled = [];
});
afterEach(async () => {
  await query(database.knex, 'update orders.platform_return set due_at = null', []);
});

type Sent = ReturnType<typeof loop.webhook>;
const send = async ({ headers, body }: Sent) =>
  (await fetch(`${door.url}/webhooks/returns/loop`, { method: 'POST', headers, body })).status;
const hear = async (id: string) => {
  expect(await send(loop.webhook(id))).toBe(200);
  await platforms.step();
};
const numberOf = async (orderId: string) =>
  (await query<{ number: string }>(database.knex, 'select number from orders.customer_order where id = ?', [orderId]))[0]?.number ?? ''; // biome-ignore format: one thought
const returnsOf = (orderId: string) =>
  query<{ state: string; units: number; reason: string; carrier: string | null; tracking: string | null }>(
    database.knex,
    `select r.state, sum(l.quantity)::int as units, min(l.reason) as reason, r.carrier, r.tracking_number as tracking
     from orders.return r join orders.return_line l on l.return_id = r.id where r.order_id = ? group by r.id order by r.requested_at`,
    [orderId],
  );
/** A delivered order of lanterns, and a return of some of them that a buyer asked for. */
async function asked(units = 1, how: Partial<Parameters<typeof loop.ask>[1][number]> = {}, state = 'open') {
  const order = await world.delivered(3);
  const items = Array.from({ length: units }, () => ({ sku: 'LANTERN', ...how }));
  return { order, id: loop.ask(`#${await numberOf(order.id)}`, items, state) };
}
const PERMITTED = { state: 'AUTHORIZED', units: 1, reason: 'OTHER', carrier: null, tracking: null };

describe('a return that a buyer asks for elsewhere', () => {
  it('is requested and permitted here, once, however often it is told', async () => {
    const { order, id } = await asked(2, { reason: 'Item was too big' });
    await Promise.all([hear(id), hear(id), hear(id)]);
    await hear(id);
    expect(await returnsOf(order.id)).toEqual([{ ...PERMITTED, units: 2, reason: 'SIZE_TOO_LARGE' }]);
    expect(told).toEqual([]);
  });

  it('is not permitted while somebody there looks at it', async () => {
    const { order, id } = await asked(1, {}, 'review');
    await hear(id);
    expect(await returnsOf(order.id)).toMatchObject([{ state: 'REQUESTED' }]);
    loop.change(id, { state: 'open' });
    await hear(id);
    expect(await returnsOf(order.id)).toEqual([PERMITTED]);
  });

  it('waits for its delivery where the webhook is quicker than the carrier', async () => {
    const { id: orderId, lineIds } = await world.accepted(1);
    const id = loop.ask(`#${await numberOf(orderId)}`, [{ sku: 'LANTERN' }]);
    await hear(id);
    expect([await returnsOf(orderId), told]).toEqual([[], []]);
    const units = lineIds.map((lineId) => ({ lineId, quantity: 1 }));
    await world.book.ship(orderId, units, world.effect());
    await world.book.countShipment(orderId, arrival(units), world.effect());
    await query(database.knex, 'update orders.platform_return set due_at = now() where external_id = ?', [id]);
    await platforms.step();
    expect(await returnsOf(orderId)).toEqual([PERMITTED]);
  });

  it('that is waited for in vain is told of', async () => {
    const { id: orderId } = await world.accepted(1);
    const id = loop.ask(`#${await numberOf(orderId)}`, [{ sku: 'LANTERN' }]);
    expect(await send(loop.webhook(id))).toBe(200);
    await query(database.knex, "update orders.platform_return set heard_at = now() - interval '15 days' where external_id = ?", [id]); // biome-ignore format: one thought
    await platforms.step();
    expect(told).toMatchObject([{ operation: 'request-return', orderId, message: expect.stringMatching(/QUANTITY_EXCEEDS_DELIVERED/) }]); // biome-ignore format: one thought
  });

  it('gets its label, and is on its way when the platform says so', async () => {
    const { order, id } = await asked();
    loop.change(id, { labels: [{ status: 'new', carrier: 'USPS', tracking_number: 940010 }] });
    await hear(id);
    expect(await returnsOf(order.id)).toMatchObject([{ state: 'LABEL_ISSUED', carrier: 'USPS', tracking: '940010' }]);
    loop.change(id, { labels: [{ status: 'in_transit', carrier: 'USPS', tracking_number: 940010 }] });
    await hear(id);
    await hear(id);
    expect(await returnsOf(order.id)).toMatchObject([{ state: 'IN_TRANSIT' }]);
  });

  it('is cancelled with it, and stays so when what was said before comes late', async () => {
    const { order, id } = await asked();
    const early = loop.webhook(id, 'return.created');
    await hear(id);
    loop.change(id, { state: 'cancelled' });
    await hear(id);
    expect(await send(early)).toBe(200);
    await platforms.step();
    expect(await returnsOf(order.id)).toMatchObject([{ state: 'CANCELLED' }]);
    expect(told).toEqual([]);
  });

  it('that was given up before anybody here knew of it is not begun by what was said before', async () => {
    const { order, id } = await asked();
    const early = loop.webhook(id, 'return.created');
    loop.change(id, { state: 'cancelled' });
    await hear(id);
    expect(await send(early)).toBe(200);
    await platforms.step();
    expect(await returnsOf(order.id)).toEqual([]);
  });

  it.each([
    ['is given up when it is on its way', 'late-withdrawal', { state: 'expired' }],
    ['is closed before its goods are here', 'ended-return', { state: 'closed' }],
    ['has other units', 'changed-return', { line_items: [] as unknown[] }],
  ])('that %s there is told of', async (_, operation, change) => {
    const { order, id } = await asked();
    loop.change(id, { labels: [{ status: 'in_transit', carrier: 'USPS', tracking_number: '1' }] });
    await hear(id);
    const items = [1, 2].map((number) => ({ line_item_id: number, sku: 'LANTERN' }));
    loop.change(id, operation === 'changed-return' ? { line_items: items } : change);
    await hear(id);
    expect(told).toMatchObject([{ operation, key: `platform-return:loop:${id}`, orderId: order.id }]);
    expect(await returnsOf(order.id)).toMatchObject([{ state: 'IN_TRANSIT', units: 1 }]);
  });

  it('for which other goods or credit are promised is told of, and goes on', async () => {
    for (const outcome of ['exchange', 'gift']) {
      const { order, id } = await asked(1, { outcome });
      await hear(id);
      expect(told.splice(0)).toMatchObject([{ operation: 'exchange-return', key: `platform-exchange:loop:${id}` }]);
      expect(await returnsOf(order.id)).toEqual([PERMITTED]);
      loop.change(id, { state: 'cancelled' });
      await hear(id);
      expect(settled).not.toContain(`platform-exchange:loop:${id}`);
      expect(await returnsOf(order.id)).toMatchObject([{ state: 'CANCELLED' }]);
    }
  });

  it('with a state that nobody knows is kept, and taken when the word has a meaning', async () => {
    const { order, id } = await asked(1, {}, 'melted');
    await hear(id);
    expect(told).toMatchObject([{ operation: 'read-return', message: expect.stringMatching(/state: "melted"/) }]);
    const again = platforms.takeAgain[PLATFORM_RETURNS];
    expect(await again(`loop:${id}`)).toMatchObject({ kind: 'failed', message: expect.stringMatching(/"melted"/) });
    Object.assign(words.loop.states, { melted: 'PERMITTED' });
    expect(await again(`loop:${id}`)).toEqual({ kind: 'handled' });
    expect(await returnsOf(order.id)).toEqual([PERMITTED]);
    expect(settled).toContain(`platform-return:loop:${id}`);
    expect(await again('loop:9')).toEqual({ kind: 'gone' });
  });

  it('of an order or article that is not ours is told of', async () => {
    const { order } = await asked();
    await hear(loop.ask('#nobody', [{ sku: 'LANTERN' }]));
    await hear(loop.ask(`#${await numberOf(order.id)}`, [{ sku: 'NOBODY' }]));
    expect(told.map(({ operation, orderId }) => [operation, orderId])).toEqual([['match-return', null], ['match-return', order.id]]); // biome-ignore format: one thought
    expect(await returnsOf(order.id)).toEqual([]);
  });
});

describe('a webhook', () => {
  it('that is forged, unsigned or about something else changes nothing', async () => {
    const { order, id } = await asked();
    const { headers, body } = loop.webhook(id);
    expect(await send({ headers, body: body.replace('LANTERN', 'CANDLE') })).toBe(401);
    expect(await send({ headers: { 'content-type': 'application/json' }, body })).toBe(401);
    expect((await fetch(`${door.url}/webhooks/carriers/loop`, { method: 'POST', headers, body })).status).toBe(404);
    await platforms.step();
    expect(await returnsOf(order.id)).toEqual([]);
  });

  it('leaves nothing personal behind', async () => {
    const { id } = await asked();
    await hear(id);
    const [kept] = await query<{ text: string }>(database.knex, 'select record::text as text from orders.platform_return where external_id = ?', [id]); // biome-ignore format: one thought
    expect(kept?.text).toContain('LANTERN');
    expect(kept?.text).not.toMatch(/ada@|High Street|Buyer/);
  });
});
