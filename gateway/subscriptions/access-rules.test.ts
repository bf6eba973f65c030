import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { callerOf } from '../../test/helpers/subgraph.ts';
import { createWatching, EXCEPTIONS, type Watching } from '../../test/helpers/watching.ts';
import type { MessageQueue } from './message-queue.ts';

const ADDRESS =
  'subscription ($id: ID!) { orderStatusChanged(orderId: $id) { status order { number where: address } } }';

let watching: Watching;
beforeEach(async () => {
  watching = await createWatching();
});
afterEach(() => watching.graph.close());

const next = async (queue: MessageQueue) => (await queue.next()).value?.result;

it('leaves out of every message what the subscriber may not read, the first one included', async () => {
  const { graph, watch } = watching;
  graph.place({ id: 'o1' });
  const denied = await watch(ADDRESS, { id: 'o1' }, { caller: callerOf({ scopes: [] }) });
  const allowed = await watch(ADDRESS, { id: 'o1' }, { caller: callerOf({ scopes: ['customer-data:read'] }) });
  graph.advance('o1', 'ACCEPTED');
  const order = { number: 'no-o1', where: null };
  const path = ['orderStatusChanged', 'order', 'where'];
  for (const status of ['VALIDATED', 'ACCEPTED']) {
    expect(await next(denied)).toMatchObject({
      data: { orderStatusChanged: { status, order } },
      errors: [{ path, extensions: { code: 'FORBIDDEN' } }],
    });
  }
  expect(await next(allowed)).toEqual({
    data: { orderStatusChanged: { status: 'VALIDATED', order: { number: 'no-o1', where: '1 High Street' } } },
  });
});

it('refuses at once a subscription that would deliver nothing', async () => {
  const operationsOfAChannel = callerOf({ contract: 'operations' });
  await expect(watching.watch(EXCEPTIONS, {}, { caller: operationsOfAChannel })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
  expect(watching.hub.counts).toEqual({ subscribers: 0, groups: 0 });
});
