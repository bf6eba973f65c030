import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Tail } from '../../events/tail.ts';
import { composeTiny, type LiveGraph, TINY_SCHEMAS } from '../../test/helpers/live-graph.ts';
import { callerOf } from '../../test/helpers/subgraph.ts';
import { createWatching, ORDER, settle, take, type Watching } from '../../test/helpers/watching.ts';
import { readRequest } from './request-document.ts';

let graph: LiveGraph;
let hub: Watching['hub'];
let hubOf: Watching['hubOf'];
let watch: Watching['watch'];

beforeEach(async () => {
  ({ graph, hub, hubOf, watch } = await createWatching());
});
afterEach(() => graph.close());

describe('sharing', () => {
  it('executes an event once for 2,000 subscribers of one order', async () => {
    graph.place({ id: 'o1' });
    const queues = await Promise.all(Array.from({ length: 2_000 }, () => watch(ORDER, { id: 'o1' })));
    expect(hub.counts).toEqual({ subscribers: 2_000, groups: 1 });
    await Promise.all(queues.map((queue) => take(queue, 1)));
    const before = graph.asked.order;
    graph.advance('o1', 'ACCEPTED');
    const messages = await Promise.all(queues.map((queue) => take(queue, 1)));
    expect(graph.asked.order - before).toBe(1);
    expect(new Set(messages.map((message) => JSON.stringify(message))).size).toBe(1);
    await Promise.all(queues.map((queue) => queue.return()));
    await settle();
    expect(hub.counts).toEqual({ subscribers: 0, groups: 0 });
  });

  it('reads the present state twice for any number of subscribers that come at once', async () => {
    graph.place({ id: 'o1' });
    const queues = await Promise.all(Array.from({ length: 100 }, () => watch(ORDER, { id: 'o1' })));
    await Promise.all(queues.map((queue) => take(queue, 1)));
    expect(graph.asked.order).toBe(4); // each reads status and version, then the message
  });

  it('executes the missed events once for all who come back at once', async () => {
    graph.place({ id: 'o1' });
    const after = await graph.log.head();
    for (const status of ['ACCEPTED', 'ALLOCATED', 'SHIPPED']) graph.advance('o1', status);
    const queues = await Promise.all(Array.from({ length: 300 }, () => watch(ORDER, { id: 'o1', after })));
    const asked = graph.asked.order;
    await Promise.all(queues.map((queue) => take(queue, 3)));
    expect(graph.asked.order - asked).toBeLessThanOrEqual(3);
  });

  it('shares between those who begin at different places, and keeps other uses of the variable', async () => {
    graph.place({ id: 'o1' });
    const after = await graph.log.head();
    graph.advance('o1', 'ACCEPTED');
    await watch(ORDER, { id: 'o1', after });
    await watch(ORDER, { id: 'o1' });
    expect(hub.counts.groups).toBe(1);
    const query =
      'subscription ($id: ID!, $after: String) { orderStatusChanged(orderId: $id, after: $after) { order { tags(after: $after) } } }';
    expect(await take(await watch(query, { id: 'o1', after }), 1)).toEqual([{ order: { tags: [after] } }]);
  });

  it('serves documents with aliases and fragments at the root', async () => {
    graph.place({ id: 'o1' });
    const query = `subscription ($id: ID!) { ...Root }
      fragment Root on Subscription { change: orderStatusChanged(orderId: $id) { place: sequence state: status ...Rest } }
      fragment Rest on OrderStatusChange { __typename sequence: occurredAt id: order { id: number } }`;
    const [message] = await take(await watch(query, { id: 'o1' }), 1);
    expect(message).toEqual({
      place: await graph.log.head(),
      state: 'VALIDATED',
      __typename: 'OrderStatusChange',
      sequence: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      id: { id: 'no-o1' },
    });
  });
});

describe('reload of the supergraph', () => {
  it('keeps streams open and executes the next event with the new one', async () => {
    graph.place({ id: 'o1' });
    const queue = await watch(ORDER, { id: 'o1' });
    await take(queue, 1);
    for (let round = 0; round < 3; round++) {
      const order = TINY_SCHEMAS.order.replace('number: String!', `number: String! extra${round}: String`);
      expect(graph.runtime.reload(composeTiny({ ...TINY_SCHEMAS, order }))).toMatchObject({ kind: 'loaded' });
      graph.advance('o1', 'ACCEPTED');
      expect(await take(queue, 1)).toMatchObject([{ status: 'ACCEPTED', order: { number: 'no-o1' } }]);
    }
    expect(hub.counts).toEqual({ subscribers: 1, groups: 1 });
  });

  it('misses nothing while reloading', async () => {
    graph.place({ id: 'o1' });
    const queue = await watch(ORDER, { id: 'o1' });
    const sdl = [
      composeTiny(),
      composeTiny({
        ...TINY_SCHEMAS,
        order: TINY_SCHEMAS.order.replace('number: String!', 'number: String! extra: String'),
      }),
    ];
    for (let index = 0; index < 40; index++) {
      graph.advance('o1', 'ACCEPTED');
      if (index % 10 === 0) graph.runtime.reload(sdl[(index / 10 + 1) % 2] as string);
      await new Promise(setImmediate);
    }
    const sequences = (await take(queue, 41)).map((message) => message.sequence as string);
    expect(new Set(sequences.slice(1)).size).toBe(40);
    expect(sequences).toEqual([...sequences].sort());
  });

  it('ends only the streams that ask for what is gone, and says so', async () => {
    graph.place({ id: 'o1' });
    const numbers = await watch(ORDER, { id: 'o1' });
    const statuses = await watch('subscription { orderStatusChanged(orderId: "o1") { status } }');
    await take(numbers, 1);
    await take(statuses, 1);
    graph.runtime.reload(composeTiny({ ...TINY_SCHEMAS, order: TINY_SCHEMAS.order.replace('number: String!', '') }));
    await expect(numbers.next()).rejects.toMatchObject({ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
    graph.advance('o1', 'ACCEPTED');
    expect(await take(statuses, 1)).toEqual([{ status: 'ACCEPTED' }]);
    expect(hub.counts).toEqual({ subscribers: 1, groups: 1 });
  });
});

it('tells every subscriber when the history was replaced under it', async () => {
  let lose: ((error: Error) => void) | undefined;
  const tail: Tail = {
    ...graph.tail,
    attach(_topics, _listener, onLost) {
      lose = onLost;
      return () => undefined;
    },
  };
  graph.place({ id: 'o1' });
  const queue = await watch(ORDER, { id: 'o1' }, { hub: hubOf({}, tail) });
  lose?.(new Error('replaced'));
  expect(await queue.ended).toMatchObject({ kind: 'failed', errors: [{ extensions: { code: 'REPLAY_EXPIRED' } }] });
});

describe('limits', () => {
  it('disconnects a reader that does not read, with the code that says so; the others go on', async () => {
    const small = hubOf({ queueMessages: 5 });
    graph.place({ id: 'o1' });
    const slow = await watch(ORDER, { id: 'o1' }, { hub: small });
    const fast = await watch(ORDER, { id: 'o1' }, { hub: small });
    await take(fast, 1);
    for (let index = 0; index < 10; index++) {
      graph.advance('o1', 'ACCEPTED');
      await take(fast, 1);
    }
    await expect(slow.next()).rejects.toMatchObject({ extensions: { code: 'SLOW_SUBSCRIBER', retryable: true } });
    expect(await slow.next()).toEqual({ done: true, value: undefined });
    expect(small.counts.subscribers).toBe(1);
  });

  it('lets a reader of a long history read at its own pace, but not for ever', async () => {
    const small = hubOf({ queueMessages: 4, patienceMillis: 100 });
    graph.place({ id: 'o1' });
    const after = await graph.log.head();
    for (let index = 0; index < 50; index++) graph.advance('o1', 'ACCEPTED');
    const patient = await watch(ORDER, { id: 'o1', after }, { hub: small });
    for (let index = 0; index < 50; index++) {
      await take(patient, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const stuck = await watch(ORDER, { id: 'o1', after }, { hub: small });
    await expect(stuck.ended).resolves.toMatchObject({
      kind: 'failed',
      errors: [{ extensions: { code: 'SLOW_SUBSCRIBER' } }],
    });
  });

  it('reads from the history what came while it could not be held', async () => {
    const small = hubOf({ queueMessages: 4, patienceMillis: 5_000 });
    graph.place({ id: 'o1' });
    const after = await graph.log.head();
    for (let index = 0; index < 6; index++) graph.advance('o1', 'ACCEPTED');
    const queue = await watch(ORDER, { id: 'o1', after }, { hub: small });
    for (let index = 0; index < 30; index++) graph.advance('o1', 'ALLOCATED'); // far more than four, before the reader takes one
    await settle();
    const sequences = (await take(queue, 36)).map((message) => message.sequence as string);
    expect(new Set(sequences).size).toBe(36);
    expect(sequences).toEqual([...sequences].sort());
    await settle();
    graph.advance('o1', 'SHIPPED');
    expect(await take(queue, 1)).toMatchObject([{ status: 'SHIPPED' }]);
  });

  it('caps the subscriptions of one client, and counts those that ended', async () => {
    const small = hubOf({ perClient: 2 });
    graph.place({ id: 'o1' });
    const first = await watch(ORDER, { id: 'o1' }, { hub: small });
    await watch(ORDER, { id: 'o1' }, { hub: small });
    await expect(watch(ORDER, { id: 'o1' }, { hub: small })).rejects.toMatchObject({ code: 'OVERLOADED' });
    await watch(ORDER, { id: 'o1' }, { hub: small, caller: callerOf({ clientId: 'another' }) });
    await first.return();
    await watch(ORDER, { id: 'o1' }, { hub: small });
    await expect(
      watch(ORDER, { id: 'missing' }, { hub: small, caller: callerOf({ clientId: 'third' }) }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (let index = 0; index < 2; index++)
      await watch(ORDER, { id: 'o1' }, { hub: small, caller: callerOf({ clientId: 'third' }) });
  });
});

it('reads a document once for all who send it, and each operation of it by its name', () => {
  const query = 'subscription A { a } subscription B { b }';
  const read = (operationName: string, variables: object) => readRequest({ query, operationName, variables });
  const first = read('A', { n: 1 });
  expect(read('A', { n: 2 })).toEqual({ ...first, variables: { n: 2 } });
  expect(read('A', { n: 2 }).document).toBe(first.document);
  expect(read('B', {}).operationName).toBe('B');
  expect(() => readRequest({ query })).toThrow('The document must hold one operation');
});
