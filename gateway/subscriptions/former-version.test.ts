import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { printSchema } from 'graphql';
import { WebSocket } from 'ws';
import { readContracts } from '../../registry/contracts.ts';
import { createLiveGraph, type LiveGraph } from '../../test/helpers/live-graph.ts';
import { type LiveServer, startLiveServer } from '../../test/helpers/live-server.ts';
import type { FormerContract } from '../publication/publication.ts';

// May had no shipments and did not know the status ACCEPTED. Its day ends when the test says so.
const MIGRATION = 'Ask for orderStatusChanged, which tells of every move; statusOf was taken away. '.repeat(3).trim();
let today = new Date('2027-01-01T12:00:00Z');
let graph: LiveGraph;
let server: LiveServer;

beforeAll(async () => {
  const now = await createLiveGraph();
  const schemaSdl = printSchema(now.runtime.snapshotFor('storefront')?.schema as never)
    .replace(/^ +shipments: .*\n/m, '')
    .replace(/^ +"""[^"]*"""\n +ACCEPTED\n/m, '');
  await now.close();
  const [storefront] = readContracts().filter(({ name }) => name === 'storefront');
  if (!storefront) throw new Error('there must be a storefront');
  const earlier = (version: string, sunset: string): FormerContract => ({
    definition: { ...storefront, version, path: `storefront/${version}` },
    version: { version, published: '2025-01-01', sunset, migration: MIGRATION },
    successor: null,
    schemaSdl,
  });
  graph = await createLiveGraph({
    former: [earlier('2019-01', '2020-06-01'), earlier('2026-05', '2027-06-01')],
    clock: { now: () => today },
  });
  server = await startLiveServer({ graph });
});
afterAll(async () => {
  await server.stop();
  await graph.close();
});

const WATCH = 'subscription { orderStatusChanged(orderId: "o1") { snapshot status order { number } } }';
const YOUNG = 'subscription { orderStatusChanged(orderId: "o1") { order { shipments { id } } } }';
const ACCEPTS = { SSE: 'text/event-stream', multipart: 'multipart/mixed;subscriptionSpec=1.0' };

const post = (path: string, query: string, accept: string, key = 'dev-storefront') =>
  fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, 'x-api-key': key },
    body: JSON.stringify({ query }),
  });

/** What a stream says next: texts until one matches. */
async function reader(response: Response) {
  const chunks = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  return async (expected: RegExp): Promise<string> => {
    while (!expected.test(text)) {
      const { value, done } = await chunks.read();
      if (done) throw new Error(`the stream ended without ${expected}: ${text}`);
      text += decoder.decode(value, { stream: true });
    }
    return text;
  };
}

interface Line {
  readonly next: () => Promise<string>;
  readonly closed: Promise<{ code: number; reason: string }>;
  send(message: unknown): void;
  end(): void;
}

/** A WebSocket that has sent its key. */
async function connect(path: string, key = 'dev-storefront'): Promise<Line> {
  const socket = new WebSocket(server.socketUrl + path, 'graphql-transport-ws');
  const received: string[] = [];
  let wake = () => {};
  socket.on('message', (data) => {
    received.push(String(data));
    wake();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  await new Promise((resolve) => socket.once('open', resolve));
  const send = (message: unknown) => socket.send(JSON.stringify(message));
  send({ type: 'connection_init', payload: { 'x-api-key': key } });
  const next = async () => {
    while (received.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return received.shift() as string;
  };
  return { next, closed, send, end: () => socket.terminate() };
}

describe('an earlier version', () => {
  it.each(Object.entries(ACCEPTS))('is watched over %s as it was published', async (_, accept) => {
    graph.place({ id: 'o1' });
    const told = await reader(await post('/storefront/2026-05', WATCH, accept));
    await told(/"snapshot":true,"status":"VALIDATED","order":\{"number":"no-o1"\}/);
    graph.advance('o1', 'ACCEPTED'); // which the version has no word for
    expect(await told(/"errors":\[\{[^\n]*\n/)).not.toContain('ACCEPTED');
    graph.advance('o1', 'IN_FULFILLMENT');
    await told(/"snapshot":false,"status":"IN_FULFILLMENT"/);
    const young = await reader(await post('/storefront/2026-05', YOUNG, accept));
    await young(/Cannot query field \\?"shipments/);
  });

  it('is watched over WebSocket as it was published', async () => {
    graph.place({ id: 'o1' });
    const line = await connect('/storefront/2026-05');
    expect(await line.next()).toBe('{"type":"connection_ack"}');
    line.send({ id: '1', type: 'subscribe', payload: { query: YOUNG } });
    expect(await line.next()).toContain('GRAPHQL_VALIDATION_FAILED');
    line.send({ id: '2', type: 'subscribe', payload: { query: WATCH } });
    expect(await line.next()).toContain('"snapshot":true,"status":"VALIDATED"');
    graph.advance('o1', 'ACCEPTED');
    const unknown = await line.next();
    expect(unknown).toContain('"errors"');
    expect(unknown).not.toContain('ACCEPTED');
    line.end();
  });
});

describe('what is not served', () => {
  it.each(Object.entries(ACCEPTS))(
    'is told over %s by status: 410 with what to do, 404 with what there is',
    async (_, accept) => {
      const gone = await post('/storefront/2019-01', WATCH, accept);
      expect([gone.status, gone.headers.get('content-type')]).toEqual([410, 'application/problem+json; charset=utf-8']);
      expect(await gone.json()).toMatchObject({
        detail: MIGRATION,
        errors: [{ extensions: { code: 'VERSION_EXPIRED', retryable: false, traceId: expect.any(String) } }],
      });
      const unknown = await post('/storefront/2026-06', WATCH, accept);
      expect(unknown.status).toBe(404);
      expect((await unknown.json()).errors[0].message).toBe(
        'The contract storefront has no version 2026-06. It is served at /graphql/storefront/2026-11 (the newest, also at /graphql/storefront), /graphql/storefront/2026-05.',
      );
      const foreign = await post('/storefront/2019-01', WATCH, accept, 'dev-operations');
      expect([foreign.status, (await foreign.json()).errors[0].message]).toEqual([
        404,
        'There is no such contract, or not for this credential.',
      ]);
    },
  );

  it('is told over WebSocket by close code: 4410 with what to do, 4404 with what there is', async () => {
    const gone = await (await connect('/storefront/2019-01')).closed;
    expect(gone.code).toBe(4410);
    expect(gone.reason).toMatch(/^VERSION_EXPIRED 2020-06-01: Ask for orderStatusChanged, .*…$/);
    expect(Buffer.byteLength(gone.reason)).toBeLessThanOrEqual(123);
    const unknown = await (await connect('/storefront/2026-06')).closed;
    expect(unknown).toEqual({ code: 4404, reason: expect.stringContaining('has no version 2026-06. It is served at') });
    for (const path of ['/storefront/2019-01', '/storefront/2026-06', '/nothing/2026-06'])
      expect(await (await connect(path, 'dev-operations')).closed).toEqual({ code: 4403, reason: 'Forbidden' });
  });

  it('ends what is open when its day comes: no message after it, no new operation', async () => {
    graph.place({ id: 'o1' });
    const line = await connect('/storefront/2026-05');
    await line.next();
    line.send({ id: '1', type: 'subscribe', payload: { query: WATCH } });
    expect(await line.next()).toContain('"snapshot":true');
    const told = await reader(await post('/storefront/2026-05', WATCH, ACCEPTS.SSE));
    await told(/"snapshot":true/);
    today = new Date('2027-06-01T00:00:00Z');
    try {
      graph.advance('o1', 'IN_FULFILLMENT');
      const ended = JSON.parse(await line.next());
      expect(ended).toMatchObject({
        id: '1',
        type: 'error',
        payload: [{ extensions: { code: 'VERSION_EXPIRED', retryable: false } }],
      });
      expect(ended.payload[0].message).toContain(MIGRATION);
      expect(await told(/event: complete/)).toContain('VERSION_EXPIRED');
      line.send({ id: '2', type: 'subscribe', payload: { query: '{ __typename }' } });
      expect(await line.next()).toContain('VERSION_EXPIRED');
    } finally {
      today = new Date('2027-01-01T12:00:00Z');
      line.end();
    }
  });
});
