import { afterEach, describe, expect, it } from '@jest/globals';
import { publishedFeeds, publishedInventory, publishedPrice, startWalmart, type WalmartWorld } from '../../test/helpers/walmart.ts'; // biome-ignore format: one line
import { walmartAccess } from './access.ts';
import { createWalmartClient } from './client.ts';
import { buy } from './simulator/account.ts';
import { readFeed } from './simulator/listings.ts';
import { feedAccepted, feedStatus, inventoriesPage, itemInventory, nodesAnswer, priceAnswer } from './wire.ts';

const { signal } = new AbortController();
let world: WalmartWorld;
afterEach(() => world.stop());

async function fetched(client = world.client): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of client.changedOrders(new Date(0), signal))
    ids.push(...page.map((order) => (order as { purchaseOrderId: string }).purchaseOrderId));
  return ids.sort();
}
const sell = (...ids: string[]) => {
  for (const id of ids) buy(world.account, id, [{ sku: 'A', quantity: 1, price: 10 }]);
};
const day = 86_400_000;

describe("Walmart's orders", () => {
  it('are read over all pages, also those that are older than what it tells by itself', async () => {
    world = await startWalmart();
    sell('1', '2', '3', '4');
    buy(world.account, 'old', [{ sku: 'A', quantity: 1, price: 10 }], Date.now() - 100 * day);
    expect(await fetched()).toEqual(['1', '2', '3', '4', 'old']);
    expect(world.walmart.answers['200 GET /v3/orders']).toBe(3);
  });

  it('are none where it answers that it knows none, and come without lists where there is one', async () => {
    world = await startWalmart();
    expect(await fetched()).toEqual([]);
    expect(world.walmart.answers).toMatchObject({ '404 GET /v3/orders': 1 });
    world.walmart.loose = true;
    sell('only');
    expect(await fetched()).toEqual(['only']);
    expect((await world.client.order('only', signal)).orderLines.orderLine).toHaveLength(1);
  });

  it('are not asked for faster than it allows: it says how many calls are left, and none is refused', async () => {
    world = await startWalmart({ rate: { requests: 3, windowMillis: 300 } });
    sell('1', '2', '3', '4', '5', '6', '7', '8', '9');
    expect(await fetched()).toHaveLength(9);
    expect(Object.keys(world.walmart.answers).filter((route) => route.startsWith('429'))).toEqual([]);
  });

  it('come in the end from one that others have asked too much', async () => {
    world = await startWalmart({ rate: { requests: 2, windowMillis: 300 } });
    sell('1');
    await Promise.all([fetch(`${world.walmart.url}/v3/token`), fetch(`${world.walmart.url}/v3/token`)]);
    expect(await fetched()).toEqual(['1']);
    expect(world.walmart.answers['429 POST /v3/token']).toBe(1);
  });
});

describe("Walmart's tokens", () => {
  it('are asked for once for all, and again when one ended before its time', async () => {
    world = await startWalmart();
    sell('1');
    await Promise.all([fetched(), fetched(), fetched()]);
    expect(world.walmart.answers['200 POST /v3/token']).toBe(1);
    world.walmart.expireTokens();
    expect(await fetched()).toEqual(['1']);
    expect(world.walmart.answers).toMatchObject({ '200 POST /v3/token': 2, '401 GET /v3/orders': 1 });
  });

  it('serve on while it gives no new ones, until they end', async () => {
    world = await startWalmart();
    sell('1');
    let now = Date.now();
    const credentials = { clientId: 'test-client', clientSecret: 'test-secret' };
    const client = createWalmartClient({ baseUrl: world.walmart.url, ...credentials, timeoutMillis: 1_000, now: () => now }); // biome-ignore format: one thought
    await fetched(client);
    world.walmart.tokensAreDown(true);
    now += 800_000;
    expect(await fetched(client)).toEqual(['1']);
    now += 95_000;
    await expect(fetched(client)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    world.walmart.tokensAreDown(false);
    const access = walmartAccess({ call: async () => ({ access_token: 'new', token_type: 'Bearer', expires_in: 900 }) as never }, credentials); // biome-ignore format: one thought
    expect(await access.token()).toBe('new');
    await client.close();
  });

  it('are not given for a wrong secret, which is not told to anybody', async () => {
    world = await startWalmart();
    const client = createWalmartClient({ baseUrl: world.walmart.url, clientId: 'test-client', clientSecret: 'wrong-secret', timeoutMillis: 1_000 }); // biome-ignore format: one thought
    const refusal = await fetched(client).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'SYSTEM_REJECTED', details: { status: 401, systemCode: 'UNAUTHORIZED_GMP_GATEWAY_API' } }); // biome-ignore format: one thought
    expect(JSON.stringify(refusal)).not.toMatch(/wrong-secret/);
    await client.close();
  });
});

describe('a message to Walmart', () => {
  it('that was not answered is not sent again by itself', async () => {
    world = await startWalmart();
    sell('1');
    world.walmart.loseAnswers(1);
    await expect(world.client.acknowledge('1', signal)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    expect(world.walmart.answers['200 POST /v3/orders/{id}/acknowledge']).toBeUndefined();
    expect(world.account.orders.get('1')?.lines[0]?.statuses).toEqual([{ status: 'Acknowledged', units: 1 }]);
  });

  it('that is not what the published model says is refused, and its text is not told', async () => {
    world = await startWalmart();
    sell('1');
    const line = { lineNumber: '1', orderLineStatuses: { orderLineStatus: [{ status: 'Cancelled' as const, cancellationReason: 'I DO NOT LIKE ADA', statusQuantity: { unitOfMeasurement: 'EACH' as const, amount: '1' } }] } }; // biome-ignore format: one message
    const refusal = await world.client.cancel('1', [line], signal).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'SYSTEM_REJECTED', details: { systemCode: 'INVALID_REQUEST_CONTENT' } });
    expect(String(refusal)).not.toMatch(/ADA/);
  });
});

describe("Walmart's published examples of items", () => {
  const answerOf = (model: typeof publishedInventory, method: string, path: string) =>
    model.paths[path]?.[method]?.responses[200].content['application/json'].example;

  it('are read', async () => {
    world = await startWalmart();
    expect(itemInventory.parse(answerOf(publishedInventory, 'put', '/v3/inventory'))).toEqual({ sku: '97964_KFTest', quantity: { unit: 'EACH', amount: 10 } }); // biome-ignore format: one thought
    expect(nodesAnswer.parse(answerOf(publishedInventory, 'put', '/v3/inventories/{sku}')).nodes).toHaveLength(2);
    const page = inventoriesPage.parse(answerOf(publishedInventory, 'get', '/v3/inventories'));
    expect(page.elements?.inventories.map(({ nodes }) => nodes.map(({ inputQty }) => inputQty?.amount))).toEqual([[93, 436], [5]]); // biome-ignore format: one thought
    expect(page.meta?.nextCursor).toMatch(/^[\w=]+$/);
    expect(feedAccepted.parse(answerOf(publishedInventory, 'post', '/v3/feeds')).feedId).toContain('@');
    const feed = feedStatus.parse(answerOf(publishedFeeds, 'get', '/v3/feeds/{feedId}'));
    expect(feed.itemDetails?.itemIngestionStatus).toMatchObject([{ ingestionStatus: 'SUCCESS' }]);
    expect(priceAnswer.parse(answerOf(publishedPrice, 'put', '/v3/price')).ItemPriceResponse.sku).toBe('97964_KFTest');
  });

  it('of feeds are what the reference server takes', () => {
    const feeds = (model: typeof publishedInventory) =>
      (model.paths['/v3/feeds']?.post?.requestBody as unknown as undefined | { content: Record<string, { examples: Record<string, { value: unknown }> }> })?.content['multipart/form-data']?.examples; // biome-ignore format: one thought
    const stock = feeds(publishedInventory);
    expect(readFeed('inventory', stock?.json1?.value, ['10'])).toEqual([
      { sku: 'test1', units: [{ node: '10', units: 10 }] },
      { sku: '894728', units: [{ node: '10', units: 20 }] },
    ]);
    expect(readFeed('MP_INVENTORY', stock?.MultiNode_Bulk_Inventory_Update_Request?.value, [])).toHaveLength(3);
    expect(readFeed('price', feeds(publishedPrice)?.json1?.value, [])).toHaveLength(2);
    expect(readFeed('inventory', stock?.MultiNode_Bulk_Inventory_Update_Request?.value, [])).toBeNull();
  });
});
