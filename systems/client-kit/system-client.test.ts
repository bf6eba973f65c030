import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { CommerceError } from '../../platform/errors.ts';
import { createLogger } from '../../platform/logger.ts';
import { createCallCounts } from '../kit/call-counts.ts';
import { createFaultBook, type FaultBook } from '../kit/fault-rules.ts';
import { type HttpServer, startHttpServer } from '../kit/http-server.ts';
import { Refusal } from '../kit/refusal.ts';
import { route } from '../kit/route.ts';
import { rejectionCode } from './failure.ts';
import { behindCircuits, type Circuit } from './statistics.ts';
import { createSystemClient, type SystemCall, type SystemClient, type SystemClientOptions } from './system-client.ts';

let server: HttpServer;
let faults: FaultBook;
let calls: ReturnType<typeof createCallCounts>;
let inside: number;
let most: number;
const clients: SystemClient[] = [];

beforeEach(async () => {
  faults = createFaultBook();
  calls = createCallCounts();
  inside = most = 0;
  const things = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await pause(20);
    inside -= 1;
    return { body: { count: 1 } };
  };
  server = await startHttpServer({
    system: 'test',
    host: '127.0.0.1',
    port: 0,
    token: 'right',
    faults,
    calls,
    routes: [
      route({
        method: 'GET',
        path: '/base/things',
        query: z.object({ wait: z.coerce.number().default(0) }),
        handle: things,
      }),
      route({ method: 'POST', path: '/base/things', handle: things }),
      route({
        method: 'GET',
        path: '/base/refused',
        handle: async () =>
          Promise.reject(new Refusal(409, 'NO_ROOM', 'the password is hunter2', { left: 3, note: 'call Ms Smith', fields: ['shipTo.postalCode', 'items.0.units', 'Ms Smith', 'smith@example.org', '+44 20 7946 0123'] })), // biome-ignore format: one thought
      }),
    ],
    logger: createLogger({ level: 'silent', component: 'test' }),
  });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.stop();
});

function connect(options: Partial<SystemClientOptions> = {}): SystemClient {
  const client = createSystemClient('TEST', {
    baseUrl: `${server.url}/base/`,
    token: 'right',
    timeoutMillis: 2_000,
    ...options,
  });
  clients.push(client);
  return client;
}

const answer = z.object({ count: z.number() });
const read = { method: 'GET', path: '/things', answer, repeatable: true } as const satisfies SystemCall<typeof answer>;
const unkeyedWrite = { ...read, method: 'POST', repeatable: false } as const;
const failure = (code: string, details = {}) => ({
  code,
  details: expect.objectContaining({ system: 'TEST', ...details }),
});

describe('what comes back', () => {
  it('is the parsed answer', async () => {
    expect(await connect().call(read)).toEqual({ count: 1 });
  });

  it('is the refusal with its code and numbers, and the fields it names, and never its text', async () => {
    const error = await connect()
      .call({ ...read, path: '/refused' })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'SYSTEM_REJECTED',
      message: 'TEST refused the request (status 409, NO_ROOM, at shipTo.postalCode, items.0.units, left 3)',
      details: { system: 'TEST', status: 409, systemCode: 'NO_ROOM', left: 3, fields: 'shipTo.postalCode, items.0.units' }, // biome-ignore format: a table
    });
    expect(rejectionCode(error)).toBe('NO_ROOM');
    expect(JSON.stringify(error) + String(error)).not.toMatch(/hunter2|smith|7946/i);
    expect(calls.all()).toEqual({ 'GET /base/refused': 1 });
  });

  it.each([
    ['HTML', { kind: 'garbage', value: 'html' }, 'not-json'],
    ['a truncated answer', { kind: 'garbage', value: 'truncated' }, 'not-json'],
    ['another shape', { kind: 'garbage', value: 'wrong-types' }, expect.stringMatching(/^shape of /)],
    ['more than it may send', { kind: 'garbage', value: 2_000_000 }, 'too-large'],
    ['an error under status 200', { kind: 'error-body', value: 'no' }, 'error-body'],
  ] as const)('is SYSTEM_BAD_RESPONSE for %s', async (_, rule, reason) => {
    faults.set([rule]);
    await expect(connect({ maxResponseBytes: 1_000_000, attempts: 1 }).call(read)).rejects.toMatchObject(
      failure('SYSTEM_BAD_RESPONSE', { reason }),
    );
  });

  it('is SYSTEM_BAD_RESPONSE for an error under status 200 also where nothing else is read of the answer', async () => {
    faults.set([{ kind: 'error-body', value: 'no' }]);
    await expect(connect({ attempts: 1 }).call({ ...read, answer: z.unknown() })).rejects.toMatchObject(
      failure('SYSTEM_BAD_RESPONSE', { reason: 'error-body', systemCode: 'FAULT' }),
    );
  });

  it('is SYSTEM_UNAVAILABLE for a server error, a cut and a closed door', async () => {
    const client = connect({ attempts: 1 });
    faults.set([{ kind: 'status', value: 502 }]);
    await expect(client.call(read)).rejects.toMatchObject(failure('SYSTEM_UNAVAILABLE', { status: 502 }));
    faults.set([{ kind: 'reset' }]);
    await expect(client.call(read)).rejects.toMatchObject(failure('SYSTEM_UNAVAILABLE', { reason: 'connection' }));
    const nobody = connect({ baseUrl: 'http://127.0.0.1:9', attempts: 1 });
    await expect(nobody.call(read)).rejects.toMatchObject(failure('SYSTEM_UNAVAILABLE', { reason: 'connection' }));
  });

  it.each(['hang', 'late-success'] as const)(
    'is SYSTEM_TIMEOUT within the budget for %s, and is not repeated',
    async (kind) => {
      faults.set([{ kind }]);
      const started = Date.now();
      await expect(connect({ timeoutMillis: 200 }).call(read)).rejects.toMatchObject(
        failure('SYSTEM_TIMEOUT', { timeoutMillis: 200 }),
      );
      expect(Date.now() - started).toBeLessThan(600);
      expect(calls.all()).toEqual({ 'GET /base/things': 1 });
    },
  );

  it('is REQUEST_ABORTED when the caller gives up, before or meanwhile', async () => {
    faults.set([{ kind: 'hang' }]);
    const client = connect();
    await expect(client.call({ ...read, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'REQUEST_ABORTED',
    });
    expect(calls.all()).toEqual({});
    await expect(client.call({ ...read, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      code: 'REQUEST_ABORTED',
    });
    expect(client.statistics()).toMatchObject({ failures: 0 });
  });

  it('is SYSTEM_REJECTED when the token is wrong', async () => {
    await expect(connect({ token: 'wrong' }).call(read)).rejects.toMatchObject(
      failure('SYSTEM_REJECTED', { status: 401 }),
    );
  });
});

describe('repeating', () => {
  it('hides two failures of a repeatable call', async () => {
    const client = connect();
    faults.set([
      { kind: 'status', times: 1 },
      { kind: 'reset', times: 1 },
    ]);
    expect(await client.call(read)).toEqual({ count: 1 });
    expect(client.statistics()).toMatchObject({ exchanges: 3, failures: 2, retries: 2 });
  });

  it('leaves a write without a key alone', async () => {
    faults.set([{ kind: 'status', times: 1 }]);
    await expect(connect().call(unkeyedWrite)).rejects.toMatchObject(failure('SYSTEM_UNAVAILABLE'));
    expect(calls.all()).toEqual({ 'POST /base/things': 1 });
  });

  it('has a budget: a system that is down does not get three times the load', async () => {
    faults.set([{ kind: 'status' }]);
    const client = connect({ breaker: { size: 1_000, minimumCalls: 1_000 } });
    for (let call = 0; call < 30; call += 1) await client.call(read).catch(() => null);
    expect(calls.all()).toEqual({ 'GET /base/things': 40 }); // 30 and the ten in hand
  });

  it('waits as long as it is asked to after a 429, for all calls, and does not count it as illness', async () => {
    const client = connect({ timeoutMillis: 5_000 });
    faults.set([{ kind: 'status', value: 429, times: 1 }]);
    const started = Date.now();
    const first = client.call(unkeyedWrite); // refused unhandled: may be repeated
    await pause(50);
    const second = client.call(read);
    expect([await first, await second]).toEqual([{ count: 1 }, { count: 1 }]);
    expect(Date.now() - started).toBeGreaterThanOrEqual(1_000);
    expect(calls.all()).toEqual({ 'POST /base/things': 2, 'GET /base/things': 1 });
    expect(client.statistics()).toMatchObject({ failures: 0 });
  });

  it('fails at once when it was asked to wait for longer than the call may take', async () => {
    const client = connect({ timeoutMillis: 300 });
    faults.set([{ kind: 'status', value: 429, times: 1 }]);
    await expect(client.call(read)).rejects.toMatchObject(failure('SYSTEM_UNAVAILABLE', { status: 429 }));
    await expect(client.call(read)).rejects.toMatchObject(failure('SYSTEM_UNAVAILABLE', { reason: 'rate-limited' }));
    expect(calls.all()).toEqual({ 'GET /base/things': 1 });
  });
});

describe('the circuit', () => {
  const quick = { attempts: 1, breaker: { size: 4, minimumCalls: 4 }, halfOpenAfterMillis: 100 };
  /** The pause of an open circuit is drawn at random, up to five times its first length. */
  const longestPauseMillis = (halfOpenAfterMillis: number) => halfOpenAfterMillis * 5 + 20;

  it('opens within twenty calls, refuses without calling, and closes after the system healed', async () => {
    const changes: Circuit[] = [];
    const client = connect({
      attempts: 1,
      halfOpenAfterMillis: 150,
      onCircuitChange: (circuit) => changes.push(circuit),
    });
    faults.set([{ kind: 'status' }]);
    for (let call = 0; call < 30; call += 1) await client.call(read).catch(() => null);
    expect(calls.all()['GET /base/things']).toBeLessThanOrEqual(20);
    // A pause may be short, or nearly over on a slow machine: the call behind it is the probe, and the next pause longer.
    const isTelling = ({ details }: CommerceError) => details.reason === 'circuit-open' && Number(details.retryAfterMillis) >= 20; // biome-ignore format: one thought
    let refusal = await client.call(read).catch((error) => error);
    for (let look = 0; look < 500 && !isTelling(refusal); look += 1) {
      await pause(2);
      refusal = await client.call(read).catch((error) => error);
    }
    expect(isTelling(refusal)).toBe(true);
    expect(refusal).toMatchObject(failure('SYSTEM_UNAVAILABLE', { reason: 'circuit-open' }));
    // It says when the circuit lets a call through, and that is true.
    expect(refusal.details.retryAfterMillis).toBeLessThanOrEqual(longestPauseMillis(150));
    expect(client.statistics()).toMatchObject({
      circuit: 'OPEN',
      circuitClosedAt: null,
      lastFailureCode: 'SYSTEM_UNAVAILABLE',
      lastSuccessAt: null,
    });
    faults.clear();
    await pause(refusal.details.retryAfterMillis + 1);
    expect(await client.call(read)).toEqual({ count: 1 });
    expect(client.statistics()).toMatchObject({ circuit: 'CLOSED', circuitClosedAt: expect.any(Date), lastSuccessAt: expect.any(Date) }); // biome-ignore format: one thought
    expect([changes[0], ...changes.slice(-2)]).toEqual(['OPEN', 'HALF_OPEN', 'CLOSED']);
  });

  it('is the worst of several that a system stands behind, whichever it is, and its closing the newest', () => {
    const of = (circuit: Circuit, closedAt: number | null) => ({ ...connect(quick).statistics(), circuit, circuitClosedAt: closedAt === null ? null : new Date(closedAt) }); // biome-ignore format: one thought
    expect(behindCircuits(of('CLOSED', 5), of('OPEN', null))).toMatchObject({ circuit: 'OPEN', circuitClosedAt: new Date(5) }); // biome-ignore format: one thought
    expect(behindCircuits(of('HALF_OPEN', 5), of('CLOSED', 7))).toMatchObject({ circuit: 'HALF_OPEN', circuitClosedAt: new Date(7) }); // biome-ignore format: one thought
    expect(behindCircuits(of('CLOSED', null), of('CLOSED', null))).toMatchObject({ circuit: 'CLOSED', circuitClosedAt: null }); // biome-ignore format: one thought
  });

  it('stays closed for refusals: they are answers', async () => {
    const client = connect(quick);
    for (let call = 0; call < 10; call += 1) await client.call({ ...read, path: '/refused' }).catch(() => null);
    expect(client.statistics()).toMatchObject({ circuit: 'CLOSED', failures: 0, exchanges: 10 });
  });

  it('opens for garbage and for silence too', async () => {
    for (const kind of ['garbage', 'hang'] as const) {
      faults.set([{ kind }]);
      const client = connect({ ...quick, timeoutMillis: 60 });
      for (let call = 0; call < 4; call += 1) await client.call(read).catch(() => null);
      expect([kind, client.statistics().circuit]).toEqual([kind, 'OPEN']);
    }
  });

  it('is closed again by a feed, which does not wait while it is open', async () => {
    const client = connect(quick);
    faults.set([{ kind: 'status', times: 4 }]);
    for (let call = 0; call < 4; call += 1) await client.call(read).catch(() => null);
    await pause(longestPauseMillis(quick.halfOpenAfterMillis));
    const started = Date.now();
    await client.poll({ path: '/things', answer }, 20);
    expect(client.statistics().circuit).toBe('CLOSED');
    expect(Date.now() - started).toBeLessThan(2_000);
  });
});

describe('places', () => {
  it('lets as many calls in as it has places, the others wait', async () => {
    const client = connect({ concurrency: 3 });
    await Promise.all(Array.from({ length: 12 }, () => client.call(read)));
    expect(most).toBe(3);
  });

  it('refuses at once when the queue is full, without calling', async () => {
    const client = connect({ concurrency: 1, queue: 1 });
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => client.call(read)));
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refused).toEqual([
      expect.objectContaining(failure('SYSTEM_UNAVAILABLE', { reason: 'too-many-calls' })),
      expect.objectContaining(failure('SYSTEM_UNAVAILABLE', { reason: 'too-many-calls' })),
    ]);
    expect(calls.all()).toEqual({ 'GET /base/things': 2 });
  });

  it('gives up waiting for a place when the time is over', async () => {
    faults.set([{ kind: 'latency', value: 1_000, times: 1 }]);
    const client = connect({ concurrency: 1, timeoutMillis: 150 });
    const started = Date.now();
    const outcomes = await Promise.allSettled([client.call(read), client.call(read)]);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
      'SYSTEM_TIMEOUT',
      'SYSTEM_TIMEOUT',
    ]);
    expect(Date.now() - started).toBeLessThan(600);
  });

  it('are not taken by feeds that wait', async () => {
    faults.set([{ kind: 'latency', value: 500, times: 4 }]);
    const client = connect({ concurrency: 1 });
    const feeds = Array.from({ length: 4 }, () => client.poll({ path: '/things', answer }, 1));
    await pause(100);
    const started = Date.now();
    await client.call(read);
    expect(Date.now() - started).toBeLessThan(350);
    await Promise.all(feeds);
  });
});

it('measures calls, not waiting', async () => {
  const client = connect();
  expect(client.statistics()).toMatchObject({ p95LatencyMillis: null, exchanges: 0 });
  faults.set([{ kind: 'latency', value: 300, times: 1 }]);
  await client.poll({ path: '/things', answer }, 1);
  expect(client.statistics()).toMatchObject({ p95LatencyMillis: null, exchanges: 1 });
  await client.call(read);
  expect(client.statistics().p95LatencyMillis).toBeGreaterThanOrEqual(15);
  expect(client.statistics().p95LatencyMillis).toBeLessThan(290);
});
