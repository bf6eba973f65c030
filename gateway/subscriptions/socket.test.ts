import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { limitsWith } from '../../test/helpers/limits.ts';
import { composeTiny, TINY_SCHEMAS } from '../../test/helpers/live-graph.ts';
import { type LiveServer, startLiveServer } from '../../test/helpers/live-server.ts';
import { ORDER, SHIPMENT } from '../../test/helpers/watching.ts';

const TRACE_ID = expect.stringMatching(/^[0-9a-f]{32}$/);
let server: LiveServer;
const opened: WebSocket[] = [];
beforeEach(async () => {
  server = await startLiveServer({ recheckMillis: 100, limits: { perConnection: 3 } });
  server.graph.place({ id: 'o1' });
});
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.terminate();
  await server.stop();
  await server.graph.close();
});

interface Message {
  type: string;
  id?: string;
  payload?: unknown;
}

/** A client that speaks the protocol by hand, so that it can also break it. */
class RawClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #messages: Message[] = [];
  #wake: () => void = () => {};

  constructor(path = '', protocol: string | string[] = 'graphql-transport-ws', headers: Record<string, string> = {}) {
    this.socket = new WebSocket(server.socketUrl + path, protocol, { headers });
    opened.push(this.socket);
    this.closed = new Promise((resolve) =>
      this.socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
    );
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => {
      this.#messages.push(JSON.parse(String(data)) as Message);
      this.#wake();
    });
  }

  async open(): Promise<this> {
    await new Promise((resolve) => this.socket.once('open', resolve));
    return this;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async next(): Promise<Message> {
    while (this.#messages.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift() as Message;
  }

  async init(key = 'dev-storefront'): Promise<this> {
    await this.open();
    this.send({ type: 'connection_init', payload: { 'x-api-key': key } });
    expect(await this.next()).toEqual({ type: 'connection_ack' });
    return this;
  }

  subscribe(id: string, query: string, variables: Record<string, unknown> = { id: 'o1' }): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }
}

describe('close codes', () => {
  it('4406 for another protocol', async () => {
    const client = new RawClient('', 'graphql-ws');
    expect((await client.closed).code).not.toBe(1000);
    const none = new RawClient('', []);
    expect(await none.closed).toMatchObject({ code: 4406 });
  });

  it('4408 without connection_init', async () => {
    expect(await (await new RawClient().open()).closed).toMatchObject({ code: 4408 });
  });

  it('4429 for a second connection_init', async () => {
    const client = await new RawClient().init();
    client.send({ type: 'connection_init' });
    expect(await client.closed).toMatchObject({ code: 4429 });
  });

  it('4401 for a subscription before the connection is acknowledged', async () => {
    const client = await new RawClient().open();
    client.subscribe('1', ORDER);
    expect(await client.closed).toMatchObject({ code: 4401 });
  });

  it.each([[{ 'x-api-key': 'nobody' }], [{}], [undefined], [{ 'x-api-key': 7 }]])(
    '4403 for the credential %j',
    async (payload) => {
      const client = await new RawClient().open();
      client.send({ type: 'connection_init', payload });
      expect(await client.closed).toEqual({ code: 4403, reason: 'Forbidden' });
    },
  );

  it('4403 alike for a contract of others and one that does not exist', async () => {
    for (const path of ['/operations', '/nonsense', '/nonsense/1999-01', '/operations/1999-01']) {
      const client = await new RawClient(path).open();
      client.send({ type: 'connection_init', payload: { 'x-api-key': 'dev-storefront' } });
      expect(await client.closed).toEqual({ code: 4403, reason: 'Forbidden' });
    }
  });

  it('4409 for an id that is in use', async () => {
    const client = await new RawClient().init();
    client.subscribe('1', ORDER);
    client.subscribe('1', ORDER);
    expect(await client.closed).toMatchObject({ code: 4409 });
  });

  it.each([['garbage'], ['{}'], ['{"type":"subscribe","id":"1","payload":{}}'], ['[]'], ['{"type":"nonsense"}']])(
    '4400 for %s',
    async (text) => {
      const client = await new RawClient().init();
      client.send(text);
      expect(await client.closed).toMatchObject({ code: 4400 });
    },
  );

  it('1009 for a message of more than a megabyte', async () => {
    const client = await new RawClient().init();
    client.subscribe('1', ORDER, { id: 'x'.repeat(1_000_001) });
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  it('4403 soon after the key is revoked', async () => {
    const client = await new RawClient().init();
    client.subscribe('1', ORDER);
    expect(await client.next()).toMatchObject({ type: 'next' });
    server.keys.delete('dev-storefront');
    expect(await client.closed).toEqual({ code: 4403, reason: 'Forbidden' });
  });

  it('1012 when the server stops, without "complete" before', async () => {
    const client = await new RawClient().init();
    client.subscribe('1', ORDER);
    expect(await client.next()).toMatchObject({ type: 'next' });
    const messages: unknown[] = [];
    client.socket.on('message', (data) => messages.push(String(data)));
    await server.stop();
    expect(await client.closed).toEqual({ code: 1012, reason: 'Service restart' });
    expect(messages).toEqual([]);
  });
});

describe('operations', () => {
  it('takes the key from connection_init or from the headers of the request that opened it', async () => {
    const client = await new RawClient('/storefront', 'graphql-transport-ws', { 'x-api-key': 'dev-storefront' }).open();
    client.send({ type: 'connection_init' });
    expect(await client.next()).toEqual({ type: 'connection_ack' });
  });

  it('runs subscriptions, queries and mutations side by side, and answers pings', async () => {
    const client = await new RawClient().init();
    client.subscribe('live', ORDER);
    expect(await client.next()).toMatchObject({
      id: 'live',
      type: 'next',
      payload: { data: { orderStatusChanged: { snapshot: true } } },
    });
    client.subscribe('query', '{ order(id: "o1") { number } }', {});
    expect(await client.next()).toMatchObject({
      id: 'query',
      type: 'next',
      payload: { data: { order: { number: 'no-o1' } } },
    });
    expect(await client.next()).toEqual({ id: 'query', type: 'complete' });
    client.subscribe('mutation', 'mutation { orderTouch(id: "o1") { id } }', {});
    expect(await client.next()).toMatchObject({ id: 'mutation', payload: { data: { orderTouch: { id: 'o1' } } } });
    expect(await client.next()).toEqual({ id: 'mutation', type: 'complete' });
    client.send({ type: 'ping', payload: { a: 1 } });
    expect(await client.next()).toEqual({ type: 'pong', payload: { a: 1 } });
    server.graph.advance('o1', 'ACCEPTED');
    expect(await client.next()).toMatchObject({
      id: 'live',
      payload: { data: { orderStatusChanged: { status: 'ACCEPTED' } } },
    });
  });

  it('reports refusals of one operation and keeps the connection', async () => {
    const client = await new RawClient().init();
    const cases: [string, Record<string, unknown>, string][] = [
      ['subscription { nothing }', {}, 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription {', {}, 'GRAPHQL_PARSE_FAILED'],
      ['{ nothing }', {}, 'GRAPHQL_VALIDATION_FAILED'],
      [ORDER, { id: 'missing' }, 'NOT_FOUND'],
      [ORDER, { id: 'o1', after: 'nonsense' }, 'BAD_USER_INPUT'],
      [ORDER, {}, 'BAD_USER_INPUT'],
    ];
    for (const [query, variables, code] of cases) {
      client.subscribe('1', query, variables);
      const extensions = { code, retryable: false, traceId: TRACE_ID };
      expect(await client.next()).toMatchObject({ id: '1', type: 'error', payload: [{ extensions }] });
    }
    expect(server.subscriptions.counts()).toEqual({ subscribers: 0, groups: 0 });
  });

  it('stops at once when the client completes, without waiting for an event', async () => {
    const client = await new RawClient().init();
    client.subscribe('1', ORDER);
    await client.next();
    client.send({ id: '1', type: 'complete' });
    client.send({ type: 'ping' });
    await client.next();
    expect(server.subscriptions.counts()).toEqual({ subscribers: 0, groups: 0 });
    client.subscribe('1', SHIPMENT);
    expect(await client.next()).toMatchObject({
      id: '1',
      payload: { data: { shipmentStatusChanged: { snapshot: true } } },
    });
  });

  it('forgets everything of a client that vanishes', async () => {
    const client = await new RawClient().init();
    client.subscribe('1', ORDER);
    client.subscribe('2', SHIPMENT);
    await client.next();
    await client.next();
    expect(server.subscriptions.counts()).toEqual({ subscribers: 2, groups: 2 });
    client.socket.terminate();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.subscriptions.counts()).toEqual({ subscribers: 0, groups: 0 });
  });

  it('caps the operations of a connection', async () => {
    const client = await new RawClient().init();
    for (const id of ['1', '2', '3']) client.subscribe(id, ORDER);
    for (let index = 0; index < 3; index++) expect(await client.next()).toMatchObject({ type: 'next' });
    client.subscribe('4', ORDER);
    expect(await client.next()).toMatchObject({
      id: '4',
      type: 'error',
      payload: [{ extensions: { code: 'OVERLOADED', retryable: true, traceId: TRACE_ID } }],
    });
    client.send({ id: '1', type: 'complete' });
    client.subscribe('5', ORDER);
    expect(await client.next()).toMatchObject({ id: '5', type: 'next' });
  });

  it('tells of an error when a reload takes away what is watched', async () => {
    const client = await new RawClient().init();
    client.subscribe('1', ORDER);
    await client.next();
    server.graph.runtime.reload(
      composeTiny({ ...TINY_SCHEMAS, order: TINY_SCHEMAS.order.replace('number: String!', '') }),
    );
    expect(await client.next()).toMatchObject({
      id: '1',
      type: 'error',
      payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED', retryable: false, traceId: TRACE_ID } }],
    });
  });
});

it('cuts off a client that does not read, without holding up the others', async () => {
  await server.stop();
  server = await startLiveServer({
    graph: server.graph,
    limits: { queueMessages: 20 },
    guards: { limits: limitsWith({ variableBytes: 1_000_000, bodyBytes: 1_000_000 }) },
  });
  const slow = await new RawClient().init();
  const fast = await new RawClient().init();
  const query = `subscription ($id: ID!, $big: String) { orderStatusChanged(orderId: $id) { status order { tags(after: $big) } } }`;
  const variables = { id: 'o1', big: 'x'.repeat(200_000) };
  slow.subscribe('1', query, variables);
  fast.subscribe('1', query, variables);
  await Promise.all([slow.next(), fast.next()]);
  slow.socket.pause();
  for (let round = 0; round < 120 && server.subscriptions.counts().subscribers === 2; round++) {
    server.graph.advance('o1', 'ACCEPTED');
    await fast.next();
  }
  expect(server.subscriptions.counts().subscribers).toBe(1);
  server.graph.advance('o1', 'ACCEPTED');
  expect(await fast.next()).toMatchObject({ type: 'next' });
  slow.socket.resume();
  expect(await slow.closed).toEqual({ code: 1013, reason: 'SLOW_SUBSCRIBER' });
});
