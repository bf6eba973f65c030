import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/logger.ts';
import { amazonStock } from '../../subgraphs/inventory/adapters/amazon.ts';
import { referenceStock } from '../../subgraphs/inventory/adapters/channel.ts';
import { memoryChannelStock } from '../../subgraphs/inventory/adapters/memory-channel-stock.ts';
import { walmartStock } from '../../subgraphs/inventory/adapters/walmart.ts';
import { amazonChannel } from '../../subgraphs/order/adapters/amazon.ts';
import { loadAmazonWords } from '../../subgraphs/order/adapters/amazon-words.ts';
import { referenceChannel } from '../../subgraphs/order/adapters/channel.ts';
import { memoryChannel } from '../../subgraphs/order/adapters/memory-channel.ts';
import { walmartChannel } from '../../subgraphs/order/adapters/walmart.ts';
import { loadWalmartWords } from '../../subgraphs/order/adapters/walmart-words.ts';
import type { ChannelNotice } from '../../subgraphs/order/port.ts';
import { amazonPrices } from '../../subgraphs/product/adapters/amazon.ts';
import { referencePrices } from '../../subgraphs/product/adapters/channel.ts';
import { walmartPrices } from '../../subgraphs/product/adapters/walmart.ts';
import { AMAZON_PROFILE } from '../../systems/amazon/profile.ts';
import * as amazonListings from '../../systems/amazon/simulator/listings.ts';
import * as sold from '../../systems/amazon/simulator/orders.ts';
import { type ChannelClient, createChannelClient } from '../../systems/channel/client.ts';
import { CHANNEL_PROFILE } from '../../systems/channel/profile.ts';
import { startChannelSystem } from '../../systems/channel/simulator/start.ts';
import type { RunningSystem } from '../../systems/kit/start-system.ts';
import { WALMART_PROFILE } from '../../systems/walmart/profile.ts';
import { buy } from '../../systems/walmart/simulator/account.ts';
import { list } from '../../systems/walmart/simulator/listings.ts';
import { startAmazonOrders } from '../helpers/amazon.ts';
import { createEmptyDatabase, type TestDatabase } from '../helpers/database.ts';
import { startWalmart } from '../helpers/walmart.ts';
import { channelPricesContract } from './channel-prices.contract.ts';
import { channelStockContract } from './channel-stock.contract.ts';
import { channelSystemContract } from './channel-system.contract.ts';

let database: TestDatabase;
let system: RunningSystem;
let client: ChannelClient;

// One marketplace for all: each order of the suites is its own.
beforeAll(async () => {
  database = await createEmptyDatabase();
  system = await startChannelSystem({
    databaseUrl: database.url,
    paceMillis: 0,
    logger: createLogger({ level: 'silent', component: 'test' }),
  });
  client = createChannelClient({ baseUrl: system.url, token: system.token, timeoutMillis: 5_000 });
});
afterAll(async () => {
  await client.close();
  await system.stop();
  await database.drop();
});

channelSystemContract('memory', CHANNEL_PROFILE, async () => {
  const channel = memoryChannel();
  return {
    channel,
    async recordOf(channelOrderId) {
      const taken = channel.taken.filter((notice) => (notice.channelOrderId ?? notice.orderNumber) === channelOrderId);
      const units = (kinds: readonly string[]) =>
        taken.filter(({ kind }) => kinds.includes(kind)).flatMap(({ lines }) => lines).reduce((sum, { quantity }) => sum + quantity, 0); // biome-ignore format: one thought
      return {
        acknowledged: taken.some(({ kind }) => kind === 'ACKNOWLEDGEMENT'),
        answers: taken.flatMap((notice) => (notice.kind === 'CANCELLATION_ANSWER' ? [notice.channelRequestId] : [])),
        lines: [
          {
            line: 'their-line-1',
            shipped: units(['SHIPMENT']),
            cancelled: units(['CANCELLATION', 'CANCELLATION_ANSWER']),
          },
        ],
      };
    },
    stop: async () => undefined,
  };
});

channelSystemContract('the reference channel over HTTP', CHANNEL_PROFILE, async () => ({
  channel: referenceChannel(client),
  async recordOf(saleNo) {
    const sale = await client.sale({ marketplace: 'AMAZON', saleNo });
    return {
      acknowledged: sale?.confirmedAt != null,
      answers: sale?.voidRequests.map(({ requestRef }) => requestRef) ?? [],
      lines: (sale?.items ?? []).map(({ itemRef, shipped, cancelled }) => ({ line: itemRef, shipped, cancelled })),
    };
  },
  stop: async () => undefined,
}));

channelSystemContract('Walmart over HTTP', WALMART_PROFILE, async () => {
  const { account, client, stop } = await startWalmart();
  return {
    channel: walmartChannel(client, loadWalmartWords()),
    sell(id) {
      const order = buy(account, id, [{ sku: '71053', quantity: 5, price: 20 }]);
      order.lines.splice(0, 1, ...order.lines.map((line) => ({ ...line, lineNumber: 'their-line-1' })));
    },
    async recordOf(id) {
      const lines = account.orders.get(id)?.lines ?? [];
      const units = (line: (typeof lines)[number], wanted: string) =>
        line.statuses.reduce((sum, { status, units: ones }) => (status === wanted ? sum + ones : sum), 0);
      return {
        acknowledged: lines.every((line) => units(line, 'Created') === 0),
        answers: [],
        lines: lines.map((line) => ({ line: line.lineNumber, shipped: units(line, 'Shipped'), cancelled: units(line, 'Cancelled') })), // biome-ignore format: one thought
      };
    },
    stop,
  };
});

channelSystemContract('Amazon over HTTP', AMAZON_PROFILE, async () => {
  const { orders, client, stop } = await startAmazonOrders();
  return {
    channel: amazonChannel(client, loadAmazonWords()),
    sell: (id) => void sold.buy(orders, id, [{ id: 'their-line-1', sku: '71053', quantity: 5, price: '20.00' }]),
    async recordOf(id) {
      const { orderItems } = (orders.get(id) as sold.StoredOrder).order;
      const units = ({ orderItemId: line, quantityOrdered, fulfillment }: sold.ItemJson) => ({
        line,
        shipped: fulfillment.quantityFulfilled,
        cancelled: quantityOrdered - fulfillment.quantityFulfilled - fulfillment.quantityUnfulfilled,
      });
      // An order that is paid counts as accepted there.
      return { acknowledged: true, answers: [], lines: orderItems.map(units) };
    },
    stop,
  };
});

channelStockContract('memory', WALMART_PROFILE, async () => {
  const channel = memoryChannelStock();
  return {
    channel,
    list: () => {},
    refuse: (item) => void channel.refusals.set(item, 'BLOCKED'),
    stop: async () => undefined,
  };
});

channelStockContract('the reference channel over HTTP', CHANNEL_PROFILE, async () => ({
  channel: referenceStock(client, 'STOCKED'),
  list: () => {},
  async refuse(item) {
    const answer = await fetch(`${system.url}/marketplaces/STOCKED/listings/${item}/blocking`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reasonCode: 'BLOCKED' }),
    });
    expect(answer.status).toBe(200);
  },
  stop: async () => undefined,
}));

channelStockContract('Walmart over HTTP, one node', WALMART_PROFILE, async () => {
  const { listings, client: account, stop } = await startWalmart();
  return {
    channel: walmartStock(account, []),
    list: (items) => list(listings, items),
    refuse: (item) => void listings.items.delete(item),
    stop,
  };
});

channelStockContract('Walmart over HTTP, by node', WALMART_PROFILE, async () => {
  const { listings, client: account, stop } = await startWalmart();
  return {
    channel: walmartStock(account, ['10001', '10002']),
    nodes: ['10001', '10002'],
    list: (items) => list(listings, items),
    refuse: (item) => void listings.items.delete(item),
    stop,
  };
});

channelStockContract('Amazon over HTTP', AMAZON_PROFILE, async () => {
  const { listings, items, stop } = await startAmazonOrders();
  return {
    channel: amazonStock(items),
    list: (skus) => amazonListings.list(listings, skus),
    refuse: (sku) => void listings.items.delete(sku),
    stop,
  };
});

channelPricesContract('the reference channel over HTTP', CHANNEL_PROFILE, async () => ({
  channel: referencePrices(client, 'PRICED'),
  currencyCode: 'GBP',
  list: () => {},
  stop: async () => undefined,
}));

channelPricesContract('Walmart over HTTP', WALMART_PROFILE, async () => {
  const { listings, client: account, stop } = await startWalmart();
  return {
    channel: walmartPrices(account),
    currencyCode: 'USD',
    list: (items) => list(listings, items),
    priceOf: (item) => listings.items.get(item)?.price ?? null,
    stop,
  };
});

channelPricesContract('Amazon over HTTP', AMAZON_PROFILE, async () => {
  const { listings, items, stop } = await startAmazonOrders();
  return {
    channel: amazonPrices(items),
    currencyCode: 'GBP',
    list: (skus) => amazonListings.list(listings, skus),
    stop,
  };
});

describe('the reference channel', () => {
  const notice = (orderId: string): ChannelNotice => ({
    noticeId: `${orderId}:acknowledge`,
    channelCode: 'OTHER',
    orderId,
    orderNumber: '1',
    channelOrderId: orderId,
    kind: 'ACKNOWLEDGEMENT',
    lines: [{ lineId: 'l', channelLineId: null, sku: '71053', ordered: 1, quantity: 1 }],
  });
  const { signal } = new AbortController();

  it.each([
    ['down', { kind: 'status', value: 503, times: 1 }],
    ['asking to slow down', { kind: 'status', value: 429, times: 1 }],
    ['hanging up', { kind: 'reset', times: 1 }],
    ['answering with junk after it took the notice', { kind: 'garbage', value: 'truncated', times: 1 }],
  ] as const)('that is %s for a moment has taken the notice once in the end', async (what, fault) => {
    system.setFaults([{ route: '/marketplaces/OTHER', ...fault }]);
    const orderId = `ord ${what}`;
    await referenceChannel(client).tell(notice(orderId), signal, []);
    expect(await client.sale({ marketplace: 'OTHER', saleNo: orderId })).toMatchObject({ state: 'CONFIRMED' });
    const { rows } = await database.knex.raw('select count(*)::int as n from channel.notice where sale_no = ?', [
      orderId,
    ]);
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('that took a notice and never said so recognises it', async () => {
    const hasty = createChannelClient({ baseUrl: system.url, token: system.token, timeoutMillis: 150 });
    system.setFaults([{ route: '/marketplaces/OTHER', kind: 'late-success', times: 1 }]);
    await expect(referenceChannel(hasty).tell(notice('late'), signal, [])).rejects.toMatchObject({
      code: 'SYSTEM_TIMEOUT',
    });
    await referenceChannel(client).tell(notice('late'), signal, []);
    const { rows } = await database.knex.raw("select count(*)::int as n from channel.notice where sale_no = 'late'");
    expect(rows).toEqual([{ n: 1 }]);
    await hasty.close();
  });

  it('knows a buyer who wants the sale back, and how it was answered', async () => {
    await referenceChannel(client).tell(notice('void'), signal, []);
    const asked = await fetch(`${system.url}/marketplaces/OTHER/sales/void/void-requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ requestRef: 'buyer-1' }),
    });
    expect(asked.status).toBe(200);
    expect((await client.sale({ marketplace: 'OTHER', saleNo: 'void' }))?.voidRequests).toEqual([
      { requestRef: 'buyer-1', decision: null },
    ]);
    const answer = { ...notice('void'), noticeId: 'void:answer', kind: 'CANCELLATION_ANSWER', channelRequestId: 'buyer-1', answer: 'GRANTED' } as ChannelNotice; // biome-ignore format: one thought
    await referenceChannel(client).tell(answer, signal, []);
    expect(await client.sale({ marketplace: 'OTHER', saleNo: 'void' })).toMatchObject({
      state: 'CANCELLED',
      voidRequests: [{ requestRef: 'buyer-1', decision: 'GRANTED' }],
    });
    expect(await client.sale({ marketplace: 'OTHER', saleNo: 'nobody' })).toBeNull();
  });
});
