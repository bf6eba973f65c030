import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { limitsWith } from '../../test/helpers/limits.ts';
import { type LiveServer, startLiveServer } from '../../test/helpers/live-server.ts';
import { ORDER } from '../../test/helpers/watching.ts';
import { HttpStream } from './http-stream.ts';
import { streamFormats } from './stream-format.ts';

let server: LiveServer;
beforeEach(async () => {
  server = await startLiveServer();
  server.graph.place({ id: 'o1' });
});
afterEach(async () => {
  await server.stop();
  await server.graph.close();
});

const SSE = 'text/event-stream';
const MULTIPART = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json;q=0.9';

function post(body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront', ...headers },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

/** Reads a stream until its text holds something. */
async function readUntil(response: Response, found: (text: string) => boolean): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!found(text)) {
    const next = await reader?.read();
    if (!next || next.done) break;
    text += decoder.decode(next.value, { stream: true });
  }
  await reader?.cancel();
  return text;
}

const subscription = { query: ORDER, variables: { id: 'o1' } };

describe('what is accepted', () => {
  it.each([
    ['application/json'],
    ['*/*'],
    ['text/event-stream;q=0, application/json'],
    ['multipart/mixed;deferSpec=20220824'],
  ])('refuses a subscription that accepts %s with 406, saying what to use', async (accept) => {
    const response = await post(subscription, { accept });
    expect(response.status).toBe(406);
    expect(await response.json()).toMatchObject({
      errors: [{ message: expect.stringContaining('text/event-stream') }],
    });
    expect(server.subscriptions.counts().subscribers).toBe(0);
  });

  it('leaves queries to the ordinary door, also those that mention subscriptions or accept everything', async () => {
    const query = '{ order(id: "o1") { number } } # no subscription';
    for (const accept of ['application/json', `application/json, ${SSE}`, MULTIPART]) {
      const response = await post({ query }, { accept });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ data: { order: { number: 'no-o1' } } });
    }
  });

  it('wants a credential', async () => {
    expect((await post(subscription, { accept: SSE, 'x-api-key': 'nobody' })).status).toBe(401);
    const inUrl = await fetch(`${server.url}?query=${encodeURIComponent('{ __typename }')}&x-api-key=dev-storefront`, {
      headers: { accept: SSE },
    });
    expect(inUrl.status).toBe(401);
  });
});

describe('server-sent events', () => {
  it('opens at once, writes ids to resume from, and says which contract serves', async () => {
    const response = await post(subscription, { accept: SSE });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(response.headers.get('x-contract')).toMatch(/^storefront\//);
    const reading = readUntil(response, (text) => text.includes('ACCEPTED'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.graph.advance('o1', 'ACCEPTED');
    const text = await reading;
    expect(text).toMatch(
      /^retry: \d+\n\nid: [0-9a-f]+-0{16}\nevent: next\ndata: \{"data":.*"VALIDATED".*\n\nid: [0-9a-f]+-0{15}1\nevent: next\ndata: .*"ACCEPTED".*\n\n$/,
    );
  });

  it('continues from Last-Event-ID, on a GET with the query in the URL', async () => {
    const after = await server.graph.log.head();
    server.graph.advance('o1', 'ACCEPTED');
    const url = `${server.url}?${new URLSearchParams({ query: ORDER, variables: JSON.stringify({ id: 'o1' }) })}`;
    const response = await fetch(url, {
      headers: { accept: SSE, 'x-api-key': 'dev-storefront', 'last-event-id': after },
    });
    const text = await readUntil(response, (read) => read.includes('data:'));
    expect(text).toContain('"snapshot":false');
    expect(text).toContain('"ACCEPTED"');
  });

  it('reports refusals through the stream, and completes it', async () => {
    const cases: [unknown, string][] = [
      [{ query: 'subscription {' }, 'GRAPHQL_PARSE_FAILED'],
      [{ query: 'subscription { nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
      [{ query: 'subscription A { a } query B { b }' }, 'OPERATION_RESOLUTION_FAILURE'],
      [{ query: ORDER, variables: { id: 'missing' } }, 'NOT_FOUND'],
      [{ query: ORDER, variables: [] }, 'BAD_REQUEST'],
    ];
    for (const [body, code] of cases) {
      const text = await (await post(body, { accept: SSE })).text();
      expect(text).toContain(`"code":"${code}"`);
      expect(text).toMatch(/event: complete\ndata:\n\n$/);
    }
  });

  it('answers queries and mutations too, but no mutation by GET', async () => {
    const query = await (await post({ query: '{ order(id: "o1") { number } }' }, { accept: SSE })).text();
    expect(query).toContain('event: next\ndata: {"data":{"order":{"number":"no-o1"}},"extensions":{"cost":');
    const mutation = { query: 'mutation { orderTouch(id: "o1") { id } }' };
    expect(await (await post(mutation, { accept: SSE })).text()).toContain('{"data":{"orderTouch":{"id":"o1"}},');
    const before = server.graph.asked.order;
    const byGet = await fetch(`${server.url}?${new URLSearchParams(mutation)}`, {
      headers: { accept: SSE, 'x-api-key': 'dev-storefront' },
    });
    expect(byGet.status).toBeGreaterThanOrEqual(400);
    expect(server.graph.asked.order).toBe(before);
  });

  it('ends without "complete" when the server stops, so that the client comes back', async () => {
    const response = await post(subscription, { accept: SSE });
    const reading = response.text();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.stop();
    expect(await reading).not.toContain('event: complete');
  });

  it('forgets a client that leaves', async () => {
    const leave = new AbortController();
    const response = await post(subscription, { accept: SSE }, leave.signal);
    expect(response.ok).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.subscriptions.counts()).toEqual({ subscribers: 1, groups: 1 });
    leave.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.subscriptions.counts()).toEqual({ subscribers: 0, groups: 0 });
  });
});

describe('multipart', () => {
  it('ends each part with the boundary', async () => {
    const response = await post(subscription, { accept: MULTIPART });
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";subscriptionSpec=1.0');
    const text = await readUntil(response, (read) => read.includes('VALIDATED'));
    expect(text).toMatch(
      /^\r\n--graphql\r\ncontent-type: application\/json\r\n\r\n\{"payload":\{"data":.*\}\}\r\n--graphql$/,
    );
  });

  it('closes the last part after a refusal', async () => {
    const text = await (await post({ ...subscription, variables: { id: 'missing' } }, { accept: MULTIPART })).text();
    expect(text).toContain('{"payload":{"errors":[{"message":"There is no such order."');
    expect(text).toMatch(/\r\n--graphql--\r\n$/);
  });
});

it('cuts off a reader that does not read', async () => {
  await server.stop();
  server = await startLiveServer({
    graph: server.graph,
    limits: { queueMessages: 20 },
    guards: { limits: limitsWith({ variableBytes: 1_000_000, bodyBytes: 1_000_000 }) },
  });
  const query =
    'subscription ($id: ID!, $big: String) { orderStatusChanged(orderId: $id) { order { tags(after: $big) } } }';
  const body = JSON.stringify({ query, variables: { id: 'o1', big: 'x'.repeat(200_000) } });
  const headers = { 'content-type': 'application/json', accept: SSE, 'x-api-key': 'dev-storefront' };
  const response = await new Promise<IncomingMessage>((resolve) => {
    httpRequest(server.url, { method: 'POST', headers }, resolve).end(body);
  });
  response.pause();
  for (let round = 0; round < 200 && server.subscriptions.counts().subscribers === 1; round++) {
    server.graph.advance('o1', 'ACCEPTED');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(server.subscriptions.counts().subscribers).toBe(0);
  let text = '';
  for await (const chunk of response) text += String(chunk);
  expect(text).toMatch(/"code":"SLOW_SUBSCRIBER".*\n\nevent: complete\ndata:\n\n$/);
});

it('sends no heartbeat behind the last word to a reader that has not taken it yet', async () => {
  const failures: unknown[] = [];
  let refused = () => {};
  const ended = new Promise<void>((resolve) => {
    refused = resolve;
  });
  const http = createServer((request, response) => {
    response.on('error', (error) => failures.push(error));
    const stream = new HttpStream(request, response, { ...streamFormats.sse('t'), heartbeatMillis: 5 });
    response.write('x'.repeat(50_000_000));
    void stream.refuse([]);
    refused();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const client = httpRequest({ port, host: '127.0.0.1' }, (response) => response.pause());
  client.on('error', () => undefined);
  client.end();
  await ended;
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.destroy();
  await new Promise((resolve) => http.close(resolve));
  expect(failures).toEqual([]);
});
