import { afterEach, describe, expect, it } from '@jest/globals';
import { publishedOrders, publishedSchema, startAmazonOrders } from '../../test/helpers/amazon.ts';
import { createPace } from '../client-kit/pace.ts';
import { buy, change } from './simulator/orders.ts';

type World = Awaited<ReturnType<typeof startAmazonOrders>>;
const { signal } = new AbortController();
const LIST = 'GET /orders/2026-01-01/orders';
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
let world: World;
afterEach(() => world.stop());

async function fetched(client = world.client): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of client.changedOrders(minutesAgo(600), signal))
    ids.push(...page.map((order) => (order as { orderId: string }).orderId));
  return ids.sort();
}
const sell = (...ids: string[]) => {
  for (const id of ids) buy(world.orders, id, [{ sku: 'A', quantity: 1, price: '10.00' }], minutesAgo(10));
};

describe("Amazon's orders", () => {
  it('are what the published model says they are', async () => {
    world = await startAmazonOrders();
    sell('1');
    const isOrder = publishedSchema(publishedOrders, 'Order');
    for await (const page of world.client.changedOrders(minutesAgo(600), signal))
      for (const order of page) expect([isOrder(order), isOrder.errors]).toEqual([true, null]);
  });

  it('are read over all pages, also while they change, without those that Amazon sends', async () => {
    world = await startAmazonOrders();
    sell('1', '2', '3', '4', '5', 'afn');
    const [first, amazons] = ['1', 'afn'].map((id) => world.orders.get(id));
    if (amazons) amazons.order.fulfillment.fulfilledBy = 'AMAZON';
    const ids: string[] = [];
    for await (const page of world.client.changedOrders(minutesAgo(600), signal)) {
      ids.push(...page.map((order) => (order as { orderId: string }).orderId));
      if (first && ids.length === 2) change(first, ({ programs }) => void programs.push('PRIME'), minutesAgo(5));
    }
    expect([...new Set(ids)].sort()).toEqual(['1', '2', '3', '4', '5']);
    expect(ids.filter((id) => id === '1')).toHaveLength(2);
    expect(world.server.answers[`200 ${LIST}`]).toBe(3);
  });

  it('are asked for no faster than is published, with a sign of life meanwhile; none of the calls is refused', async () => {
    const rate = { perSecond: 0.0056, burst: 2 };
    let now = Date.now();
    const pauses: number[] = [];
    const pause = async (millis: number) => {
      pauses.push(millis);
      now += millis;
    };
    world = await startAmazonOrders({ rates: { searchOrders: rate }, served: { searchOrders: rate }, now: () => now, pause }); // biome-ignore format: one thought
    sell('1', '2', '3', '4', '5', '6', '7');
    const pages: number[] = [];
    for await (const page of world.client.changedOrders(minutesAgo(600), signal)) pages.push(page.length);
    expect(pages).toEqual([2, 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1]);
    expect(Math.max(...pauses)).toBe(30_000);
    expect(world.server.answers).toEqual({ [`200 ${LIST}`]: 4 });
  });

  it('come in the end where others have used up the rate, which the answers tell', async () => {
    world = await startAmazonOrders({ served: { searchOrders: { perSecond: 20, burst: 1 } }, pause: async () => undefined }); // biome-ignore format: one thought
    sell('1', '2', '3');
    expect(await fetched()).toEqual(['1', '2', '3']);
  });

  it('are not waited for by what is told: each operation has a rate of its own', async () => {
    world = await startAmazonOrders({ rates: { searchOrders: { perSecond: 0.0056, burst: 1 } } });
    sell('1', '2', '3');
    const reader = new AbortController();
    const pages = world.client.changedOrders(minutesAgo(600), reader.signal)[Symbol.asyncIterator]();
    await pages.next();
    const next = pages.next().catch(() => 'given up');
    await expect(Promise.race([world.client.order('2', signal), next])).resolves.toMatchObject({ orderId: '2' });
    reader.abort();
    await next;
  });
});

describe("Amazon's tokens", () => {
  it('are asked for once for all, and again when one ended before its time', async () => {
    world = await startAmazonOrders();
    sell('1');
    await Promise.all([fetched(), fetched(), fetched()]);
    expect(world.server.calls['/auth/o']).toBe(1);
    world.server.expireTokens();
    expect(await fetched()).toEqual(['1']);
    expect(world.server.calls['/auth/o']).toBe(2);
  });

  it('are not given for a wrong refresh token, which is not told to anybody', async () => {
    world = await startAmazonOrders({ refreshToken: 'wrong-token' });
    const refusal = await fetched().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'SYSTEM_REJECTED', details: { status: 400, systemCode: 'INVALID_GRANT' } });
    expect(JSON.stringify(refusal)).not.toMatch(/wrong-token|not-secret/);
  });

  it('are lacking while the login is down, and nothing else is asked', async () => {
    world = await startAmazonOrders({ pause: async () => undefined });
    world.server.loginIsDown(true);
    await expect(world.client.order('1', signal)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    expect(world.server.answers).toEqual({});
  });
});

describe('the pace of an operation', () => {
  it('is so many at once, then so many in a second, as Amazon says last', async () => {
    world = await startAmazonOrders();
    let now = 0;
    const pace = createPace({ perSecond: 0.5, burst: 2 }, () => now);
    const call = () => {
      const wait = pace.waitMillis();
      now += wait;
      pace.count();
      return wait;
    };
    expect([call(), call(), call(), call()]).toEqual([0, 0, 2_000, 2_000]);
    pace.allow(10);
    expect(call()).toBe(100);
    pace.allow(Number.NaN);
    now += 60_000;
    expect([call(), call(), call()]).toEqual([0, 0, 100]);
    now += 60_000;
    pace.empty();
    expect(call()).toBe(100);
  });
});
