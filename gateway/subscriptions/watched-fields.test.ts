import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LiveGraph } from '../../test/helpers/live-graph.ts';
import { callerOf } from '../../test/helpers/subgraph.ts';
import {
  createWatching,
  EXCEPTIONS,
  marketplace,
  ORDER,
  ORDERS,
  operations,
  SHIPMENT,
  STOCK,
  settle,
  take,
  type Watching,
} from '../../test/helpers/watching.ts';
import type { LiveMessage } from './live-message.ts';

let graph: LiveGraph;
let hub: Watching['hub'];
let watch: Watching['watch'];

beforeEach(async () => {
  ({ graph, hub, watch } = await createWatching());
});
afterEach(() => graph.close());

describe('what is watched', () => {
  it('starts an order with its present state, then tells every change', async () => {
    graph.place({ id: 'o1' });
    const queue = await watch(ORDER, { id: 'o1' });
    const [snapshot] = await take(queue, 1);
    expect(snapshot).toEqual({
      sequence: await graph.log.head(),
      snapshot: true,
      previousStatus: null,
      status: 'VALIDATED',
      order: { number: 'no-o1', status: 'VALIDATED' },
    });
    graph.advance('o1', 'ACCEPTED');
    graph.advance('o1', 'ALLOCATED');
    const changes = await take(queue, 2);
    expect(changes).toMatchObject([
      { snapshot: false, previousStatus: 'VALIDATED', status: 'ACCEPTED' },
      { snapshot: false, previousStatus: 'ACCEPTED', status: 'ALLOCATED', order: { status: 'ALLOCATED' } },
    ]);
    expect(changes[1]?.sequence).toBe(await graph.log.head());
  });

  it('starts shipments with one message each, or one without a shipment', async () => {
    graph.place({ id: 'o1' });
    const none = await watch(SHIPMENT, { id: 'o1' });
    expect(await take(none, 1)).toMatchObject([{ snapshot: true, status: null, shipment: null }]);
    graph.advanceShipment('o1', 's1', 'LABEL_CREATED');
    graph.advanceShipment('o1', 's2', 'IN_TRANSIT');
    expect(await take(none, 2)).toMatchObject([
      { snapshot: false, previousStatus: null, status: 'LABEL_CREATED', shipment: { id: 's1' } },
      { snapshot: false, previousStatus: null, status: 'IN_TRANSIT', shipment: { id: 's2' } },
    ]);
    const both = await watch(SHIPMENT, { id: 'o1' });
    expect(await take(both, 2)).toMatchObject([
      { snapshot: true, status: 'LABEL_CREATED', shipment: { id: 's1' } },
      { snapshot: true, status: 'IN_TRANSIT', shipment: { id: 's2' } },
    ]);
    graph.advance('o1', 'SHIPPED');
    graph.advanceShipment('o1', 's1', 'DELIVERED');
    expect(await take(both, 1)).toMatchObject([
      { previousStatus: 'LABEL_CREATED', status: 'DELIVERED', shipment: { id: 's1' } },
    ]);
  });

  it('lets a client resume only from the last message of the present state', async () => {
    graph.place({
      id: 'o1',
      shipments: [
        { id: 's1', status: 'IN_TRANSIT', revision: 1 },
        { id: 's2', status: 'DELIVERED', revision: 4 },
      ],
    });
    const queue = await watch(SHIPMENT, { id: 'o1' });
    const messages = [await queue.next(), await queue.next()].map((next) => (next.value as LiveMessage).resumeFrom);
    expect(messages).toEqual([null, await graph.log.head()]);
  });

  it('starts stock with one message per SKU, without duplicates, null for an unknown one', async () => {
    graph.titles.set('71053', 'White metal lantern');
    const queue = await watch(STOCK, { skus: ['71053', 'NOPE', '71053'] });
    expect(await take(queue, 2)).toMatchObject([
      { snapshot: true, sku: '71053', variant: { title: 'White metal lantern' } },
      { snapshot: true, sku: 'NOPE', variant: null },
    ]);
    graph.restock('OTHER');
    graph.restock('71053');
    expect(await take(queue, 1)).toMatchObject([{ snapshot: false, sku: '71053' }]);
  });

  it('watches stock while the catalogue is down', async () => {
    graph.down.add('product');
    const queue = await watch('subscription { inventoryChanged(skus: ["71053"]) { sku snapshot } }');
    expect(await take(queue, 1)).toEqual([{ sku: '71053', snapshot: true }]);
  });

  it.each([[[]], [Array.from({ length: 101 }, (_, index) => `sku-${index}`)]])(
    'refuses %# SKUs outside 1 to 100',
    async (skus) => {
      await expect(watch(STOCK, { skus })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      expect(hub.counts).toEqual({ subscribers: 0, groups: 0 });
    },
  );

  it('tells a channel of its own orders only, and the back office of all', async () => {
    const own = await watch(ORDERS, {}, { caller: marketplace });
    const all = await watch(ORDERS, {}, { caller: operations });
    graph.place({ id: 'web' });
    graph.place({ id: 'amazon', channelCode: 'AMAZON' });
    graph.advance('web', 'ACCEPTED');
    graph.advance('amazon', 'ACCEPTED');
    graph.advance('amazon', 'ALLOCATED');
    expect(await take(own, 2)).toMatchObject([
      { snapshot: false, previousStatus: 'VALIDATED', status: 'ACCEPTED', order: { id: 'amazon' } },
      { previousStatus: 'ACCEPTED', status: 'ALLOCATED', order: { id: 'amazon' } },
    ]);
    expect((await take(all, 3)).map((message) => (message.order as { id: string }).id)).toEqual([
      'web',
      'amazon',
      'amazon',
    ]);
    expect(own.size).toBe(0);
  });

  it('tells a signed-in customer of their own orders only', async () => {
    const queue = await watch(ORDERS, {}, { caller: { ...marketplace, customerId: 'c1' } });
    for (const customerId of ['c2', null, 'c1']) {
      graph.place({ id: `of-${customerId}`, channelCode: 'AMAZON', customerId });
      graph.advance(`of-${customerId}`, 'ACCEPTED');
    }
    expect(await take(queue, 1)).toMatchObject([{ order: { id: 'of-c1' } }]);
    await settle();
    expect(queue.size).toBe(0);
  });

  it('tells operations of new exceptions', async () => {
    const queue = await watch(EXCEPTIONS, {}, { caller: operations });
    graph.raise('x1');
    expect(await take(queue, 1)).toMatchObject([{ snapshot: false, exception: { id: 'x1', cause: 'cause of x1' } }]);
  });

  it('delivers a change whose entity cannot be read with an error, and goes on', async () => {
    graph.place({ id: 'o1' });
    const queue = await watch(ORDER, { id: 'o1' });
    await take(queue, 1);
    graph.down.add('order');
    graph.advance('o1', 'ACCEPTED');
    const next = (await queue.next()).value as LiveMessage;
    expect(next.result.data).toMatchObject({ orderStatusChanged: { status: 'ACCEPTED', order: null } });
    expect(next.result.errors).toMatchObject([
      { path: ['orderStatusChanged', 'order', 'number'] },
      { path: ['orderStatusChanged', 'order', 'status'] },
    ]);
    graph.down.delete('order');
    graph.advance('o1', 'ALLOCATED');
    expect(await take(queue, 1)).toMatchObject([{ status: 'ALLOCATED', order: { status: 'ALLOCATED' } }]);
  });
});

describe('rights', () => {
  it('answers for another channel, another customer and no order at all alike', async () => {
    graph.place({ id: 'foreign', channelCode: 'AMAZON' });
    graph.place({ id: 'other-customer', customerId: 'c2' });
    const caller = callerOf({ customerId: 'c1' });
    const refusals = await Promise.all(
      ['foreign', 'other-customer', 'missing'].flatMap((id) =>
        [ORDER, SHIPMENT].flatMap((query) =>
          [undefined, 'head'].map(async (after) => {
            const variables = { id, ...(after ? { after: await graph.log.head() } : {}) };
            return watch(query, variables, { caller }).catch((error: Error) => ({
              code: (error as { code?: string }).code,
              message: error.message,
            }));
          }),
        ),
      ),
    );
    expect(new Set(refusals.map((refusal) => JSON.stringify(refusal)))).toEqual(
      new Set([JSON.stringify({ code: 'NOT_FOUND', message: 'There is no such order.' })]),
    );
    expect(hub.counts).toEqual({ subscribers: 0, groups: 0 });
  });

  it('refuses fields that the contract hides, without naming them', async () => {
    graph.place({ id: 'o1' });
    const hidden = watch('subscription { orderStatusChanged(orderId: "o1") { order { secrte } } }');
    await expect(hidden).rejects.toMatchObject({
      errors: [
        { message: 'Cannot query field "secrte" on type "Order".', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
      ],
    });
    await expect(watch(EXCEPTIONS)).rejects.toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    await expect(watch(ORDERS)).rejects.toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });

  it('does not share an execution between different rights', async () => {
    graph.place({ id: 'o1', customerId: 'c1' });
    await watch(ORDER, { id: 'o1' });
    await watch(ORDER, { id: 'o1' }, { caller: callerOf({ customerId: 'c1' }) });
    await watch(ORDER, { id: 'o1' }, { caller: callerOf({ scopes: ['more'] }) });
    await watch(ORDER, { id: 'o1' }, { caller: callerOf({ clientId: 'another key of the channel' }) });
    expect(hub.counts).toEqual({ subscribers: 4, groups: 3 });
  });

  it('reports that the order service is down instead of "no such order"', async () => {
    graph.place({ id: 'o1' });
    graph.down.add('order');
    await expect(watch(ORDER, { id: 'o1' })).rejects.not.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('requests', () => {
  it.each([
    ['{ order(id: "o1") { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'subscription { orderStatusChanged(orderId: "o1") { status } shipmentStatusChanged(orderId: "o1") { status } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['subscription { orderStatusChanged(orderId: "o1") @skip(if: true) { status } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription ($id: ID!) { orderStatusChanged(orderId: $id) { status } }', 'BAD_USER_INPUT'],
  ])('refuses %s', async (query, code) => {
    await expect(watch(query)).rejects.toMatchObject({ errors: [{ extensions: { code } }] });
  });
});
