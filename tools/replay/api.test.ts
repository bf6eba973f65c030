import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Api, createApi, PlatformSilent } from './api.ts';

interface Reply {
  readonly status?: number;
  readonly body?: unknown;
}

let server: Server | undefined;
let asked: { key: unknown; body: unknown }[] = [];

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server?.listening ? server.close(resolve) : resolve(null)));
});

/** A gateway that gives these answers one after the other, the last for ever. `hangUp` closes the connection instead. */
async function gateway(...replies: (Reply | 'hangUp')[]): Promise<Api> {
  return patient(60_000, ...replies);
}

async function patient(patienceMillis: number, ...replies: (Reply | 'hangUp')[]): Promise<Api> {
  asked = [];
  const rest = [...replies];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    asked.push({ key: request.headers['x-api-key'], body: text === '' ? null : JSON.parse(text) });
    const reply = rest.length > 1 ? rest.shift() : rest[0];
    if (reply === 'hangUp' || !reply) return request.socket.destroy();
    response.statusCode = reply.status ?? 200;
    return response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return createApi({ url: `http://127.0.0.1:${port}`, patienceMillis, pauseMillis: 5 });
}

const fine: Reply = { body: { data: { number: 7 } } };
const failing = (extensions: object, message = 'no'): Reply => ({
  body: { data: null, errors: [{ message, extensions }] },
});
const send = (api: Api) => api.send<{ number: number }>('a-key', '{ number }', { a: 1 });

describe('an operation', () => {
  it('is sent with its key and variables and answers with the data', async () => {
    expect(await send(await gateway(fine))).toEqual({ number: 7 });
    expect(asked).toEqual([{ key: 'a-key', body: { query: '{ number }', variables: { a: 1 } } }]);
  });

  it.each<[string, Reply | 'hangUp']>([
    ['a connection that breaks', 'hangUp'],
    ['a proxy without a platform', { status: 502, body: 'bad gateway' }],
    ['too many requests', { status: 429, body: '' }],
    ['an error that is retryable', failing({ code: 'SUBGRAPH_TIMEOUT', retryable: true })],
  ])('is repeated after %s', async (_, reply) => {
    expect(await send(await gateway(reply, reply, fine))).toEqual({ number: 7 });
    expect(asked).toHaveLength(3);
  });

  it('waits as long as the platform asks', async () => {
    const api = await gateway(failing({ code: 'OVERLOADED', retryable: true, retryAfterSeconds: 0.1 }), fine);
    const startedAt = performance.now();
    await send(api);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(95);
  });

  it('is repeated while the caller says that it is not over', async () => {
    const api = await gateway({ body: { data: { number: 0 } } }, fine);
    expect(await api.send<{ number: number }>('k', '{ number }', {}, ({ number }) => number === 0)).toEqual({
      number: 7,
    });
  });

  it('is given up when the patience is over, with the reason', async () => {
    const api = await patient(3_000, { status: 503, body: '' });
    await expect(send(api)).rejects.toThrow(new PlatformSilent('HTTP 503'));
    expect(asked.length).toBeGreaterThan(2);
  });

  it.each([
    [
      'a refusal',
      failing({ code: 'UNAUTHENTICATED', retryable: false }, 'unknown key'),
      'UNAUTHENTICATED',
      'unknown key',
    ],
    ['a page of something else', { status: 404, body: '<html>' }, null, 'HTTP 404: <html>'],
  ])('is not repeated after %s', async (_, reply, code, message) => {
    await expect(send(await gateway(reply, fine))).rejects.toMatchObject({ name: 'ApiRefused', code, message });
    expect(asked).toHaveLength(1);
  });
});

describe('the wait for the gateway', () => {
  it('ends when it is ready', async () => {
    await (await gateway({ status: 503 }, { status: 200 })).ready(1_000);
    expect(asked).toHaveLength(2);
  });

  it('ends with the reason when nobody listens', async () => {
    const api = await gateway(fine);
    await new Promise((resolve) => server?.close(resolve));
    await expect(api.ready(20)).rejects.toThrow(/ECONNREFUSED/);
  });
});
