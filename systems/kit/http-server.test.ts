import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createLogger } from '../../platform/logger.ts';
import { createCallCounts } from './call-counts.ts';
import { controlRoutes } from './control-routes.ts';
import { createFaultBook } from './fault-rules.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';
import { Refusal } from './refusal.ts';
import { route } from './route.ts';

let server: HttpServer;
let log: string[];
let handled: number;
/** Resolves when somebody waits at `/wait`. */
let someoneWaits: Promise<void>;

beforeEach(async () => {
  log = [];
  handled = 0;
  let waits = () => {};
  someoneWaits = new Promise((resolve) => {
    waits = resolve;
  });
  const faults = createFaultBook();
  const calls = createCallCounts();
  const routes = [
    route({
      method: 'POST',
      path: '/boxes/:boxNo/things',
      query: z.object({ times: z.coerce.number().int().default(1) }),
      body: z.strictObject({ name: z.string().max(5) }),
      async handle({ params, query, body }) {
        handled += 1;
        return { status: 201, body: { boxNo: params.boxNo, times: query.times, name: body.name } };
      },
    }),
    route({
      method: 'GET',
      path: '/list',
      feedList: 'entries',
      async handle() {
        handled += 1;
        return { body: { entries: [1, 2, 3] } };
      },
    }),
    route({
      method: 'GET',
      path: '/refused',
      handle: async () => Promise.reject(new Refusal(409, 'FULL', 'no room', { left: 0 })),
    }),
    route({ method: 'GET', path: '/broken', handle: async () => Promise.reject(new Error('secret of the house')) }),
    route({
      method: 'GET',
      path: '/wait',
      handle: ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ body: { entries: [] } }), { once: true });
          waits();
        }),
    }),
  ];
  server = await startHttpServer({
    system: 'test',
    host: '127.0.0.1',
    port: 0,
    token: 'right',
    faults,
    calls,
    routes: [...controlRoutes({ faults, calls, effects: async () => ({ things: handled }) }), ...routes],
    logger: createLogger({ level: 'warn', component: 'test', destination: { write: (line) => log.push(line) } }),
  });
});
afterEach(() => server.stop());

async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; text: string; json: unknown }> {
  const response = await fetch(server.url + path, { headers: { authorization: 'Bearer right' }, ...init });
  const text = await response.text();
  let json: unknown = null;
  try {
    json = JSON.parse(text);
  } catch {
    // some faults are meant not to be JSON
  }
  return { status: response.status, text, json };
}
const post = (path: string, body: unknown) => ask(path, { method: 'POST', body: JSON.stringify(body) });
const setFaults = (rules: unknown) => post('/_faults', rules);

it('parses path, query and body, and counts the call', async () => {
  expect(await post('/boxes/a%2Fb/things?times=3', { name: 'ball' })).toMatchObject({
    status: 201,
    json: { boxNo: 'a/b', times: 3, name: 'ball' },
  });
  expect((await ask('/_stats')).json).toEqual({ calls: { 'POST /boxes/:boxNo/things': 1 }, effects: { things: 1 } });
});

it.each([{}, { authorization: 'Bearer wrong' }, { authorization: 'Bearer right ' + 'x' }])(
  'refuses %p as credential',
  async (headers) => {
    const response = await fetch(`${server.url}/list`, { headers: headers as Record<string, string> });
    expect([response.status, handled]).toEqual([401, 0]);
  },
);

it('tells its health to anybody', async () => {
  expect((await fetch(`${server.url}/_health`)).status).toBe(200);
});

it('names the place of a wrong value, not the value', async () => {
  const { status, json, text } = await post('/boxes/1/things', { name: 'Beatrice' });
  expect([status, json]).toMatchObject([
    422,
    { error: { code: 'INVALID', message: expect.stringContaining('name:') } },
  ]);
  expect(text).not.toContain('Beatrice');
  expect(handled).toBe(0);
});

it.each([
  ['GET', '/nothing', undefined, 404, 'NO_SUCH_ROUTE'],
  ['DELETE', '/list', undefined, 404, 'NO_SUCH_ROUTE'],
  ['GET', '/boxes/%E0%A4%A/things', undefined, 404, 'NO_SUCH_ROUTE'],
  ['POST', '/boxes/%E0%A4%A/things', '{}', 400, 'MALFORMED_PATH'],
  ['POST', '/boxes/1/things', '{"name"', 400, 'NOT_JSON'],
  ['POST', '/boxes/1/things', '{"name":"a\\u0000"}', 400, 'NOT_TEXT'],
  ['GET', '/list?x=%00', undefined, 400, 'NOT_TEXT'],
  ['POST', '/boxes/1/things', 'x'.repeat(5_000_000), 413, 'TOO_LARGE'],
  ['GET', '/refused', undefined, 409, 'FULL'],
])('answers %s %s with its refusal', async (method, path, body, status, code) => {
  expect(await ask(path, { method, ...(body === undefined ? {} : { body }) })).toMatchObject({
    status,
    json: { error: { code } },
  });
});

it('keeps the reason of its own failure to its log', async () => {
  expect(await ask('/broken')).toMatchObject({
    status: 500,
    json: { error: { code: 'INTERNAL', message: 'internal error' } },
  });
  expect(log.join()).toContain('secret of the house');
});

it('stops at once although a caller is waiting, who still gets an answer', async () => {
  const waiting = ask('/wait');
  await someoneWaits;
  await server.stop(); // cuts, without an answer, whoever is not told to hang up
  expect((await waiting).json).toEqual({ entries: [] });
});

it('says which address it could not listen on', async () => {
  const port = Number(new URL(server.url).port);
  const options = {
    system: 'second',
    host: '127.0.0.1',
    port,
    token: 't',
    routes: [],
    faults: createFaultBook(),
    calls: createCallCounts(),
  };
  await expect(
    startHttpServer({ ...options, logger: createLogger({ level: 'silent', component: 't' }) }),
  ).rejects.toThrow(`second cannot listen on 127.0.0.1:${port}`);
});

it('fails as often as it is told, in the order it is told, on the routes it is told', async () => {
  await setFaults([
    { kind: 'status', value: 500, times: 1, route: '/list' },
    { kind: 'status', value: 429, times: 1, route: '/list' },
    { kind: 'error-body', value: 'closed', times: 1, method: 'GET' },
  ]);
  expect((await post('/boxes/1/things', { name: 'a' })).status).toBe(201);
  const answers = [await ask('/list'), await ask('/list'), await ask('/list'), await ask('/list')];
  expect(answers.map(({ status, json }) => [status, json])).toMatchObject([
    [500, { error: {} }],
    [429, { error: {} }],
    [200, { error: { message: 'closed' } }],
    [200, { entries: [1, 2, 3] }],
  ]);
  expect((await ask('/_stats')).json).toMatchObject({ calls: { 'GET /list': 4 }, effects: { things: 2 } });
});

it('answers garbage of every kind', async () => {
  const answers: string[] = [];
  for (const value of [undefined, 'wrong-types', 1000, 'truncated']) {
    await setFaults({ kind: 'garbage', ...(value === undefined ? {} : { value }) });
    answers.push((await ask('/list')).text);
  }
  expect(answers.map((text) => text.slice(0, 15))).toEqual([
    '<!doctype html>',
    '[{"entries":"no',
    'x'.repeat(15),
    '{"entries',
  ]);
  expect(answers[2]).toHaveLength(1000);
  expect(handled).toBe(1); // only the truncated answer is the handler's
});

it('cuts, hangs and answers late', async () => {
  await setFaults([{ kind: 'reset', times: 1 }]);
  await expect(ask('/list')).rejects.toThrow();
  await setFaults([{ kind: 'hang', times: 1 }]);
  await expect(ask('/list', { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  expect(handled).toBe(0);
  await setFaults([{ kind: 'late-success', times: 1 }]);
  await expect(ask('/list', { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  expect(handled).toBe(1); // the effect happened although nobody heard of it
  await setFaults([{ kind: 'latency', value: 80 }]);
  const started = Date.now();
  expect((await ask('/list')).status).toBe(200);
  expect(Date.now() - started).toBeGreaterThanOrEqual(75);
});

it('duplicates and reorders only feeds', async () => {
  await setFaults([{ kind: 'duplicate', value: 3 }, { kind: 'reorder' }]);
  expect((await ask('/list')).json).toEqual({ entries: [3, 3, 3, 2, 2, 2, 1, 1, 1] });
  expect((await post('/boxes/1/things', { name: 'a' })).status).toBe(201);
});

it('heals when told, shows its rules, and refuses rules it does not know', async () => {
  await setFaults({ kind: 'status', times: 2 });
  await ask('/list');
  expect((await ask('/_faults')).json).toEqual({ rules: [{ kind: 'status', times: 1 }] });
  await ask('/_faults', { method: 'DELETE' });
  expect((await ask('/list')).status).toBe(200);
  expect((await setFaults({ kind: 'explode' })).status).toBe(422);
});
