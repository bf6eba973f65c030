import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type LiveServer, startLiveServer } from '../helpers/live-server.ts';
import { transports } from './transports.ts';

let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer({ patience: { headers: 1_000, request: 2_000, check: 50 } });
  server.graph.place({ id: 'o1' });
});
afterAll(async () => {
  await server.stop();
  await server.graph.close();
});

/** Sends its bytes one by one, until it is stopped or has no more. @returns what it was answered, when it was cut off */
async function drip(socket: Socket, bytes: string): Promise<string> {
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  for (const byte of bytes) {
    if (socket.destroyed || answer !== '') break;
    socket.write(byte);
    await sleep(20);
  }
  await closed;
  return answer;
}

it.each([
  ['headers', `POST /graphql HTTP/1.1\r\nhost: x\r\nx-slow: ${'x'.repeat(10_000)}`],
  [
    'a body',
    `POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: dev-storefront\r\ncontent-type: application/json\r\ncontent-length: 10000\r\n\r\n${'x'.repeat(9_000)}`,
  ],
])('fifty clients that send %s drop by drop are cut off, and keep nobody else waiting', async (what, bytes) => {
  const split = what === 'a body' ? bytes.indexOf('\r\n\r\n') + 4 : 0;
  const slow = Array.from({ length: 50 }, async () => {
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(bytes.slice(0, split));
    return drip(socket, bytes.slice(split));
  });
  for (const [, send] of Object.entries(transports)) {
    const { text } = await send(server, { query: '{ order(id: "o1") { number } }' });
    expect(text).toContain('"number":"no-o1"');
  }
  for (const answer of await Promise.all(slow)) expect(answer).toMatch(/^HTTP\/1.1 408 /);
});

it('headers of 10 kB are read, and headers of 17 kB refused', async () => {
  const ask = (size: number) =>
    fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront', 'x-large': 'x'.repeat(size) },
      body: '{"query":"{ __typename }"}',
    });
  expect((await ask(10_000)).status).toBe(200);
  expect((await ask(17_000)).status).toBe(431);
});
