import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { exchange } from './exchange.ts';
import { createRetryBudget, retryPauseMillis } from './retry-budget.ts';
import { createStatisticsRecorder } from './statistics.ts';

it('sends the token and the trace of the work', async () => {
  let headers: IncomingHttpHeaders = {};
  const server = createServer((request, response) => {
    headers = request.headers;
    response.end('{}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const traceId = '0123456789abcdef0123456789abcdef';
  const { signal } = new AbortController();
  await exchange(pool, 'TEST', { method: 'POST', path: '/', body: { a: 1 }, token: 't', traceId, signal });
  expect(headers).toMatchObject({
    authorization: 'Bearer t',
    'content-type': 'application/json',
    traceparent: expect.stringMatching(`^00-${traceId}-[0-9a-f]{16}-01$`),
  });
  await pool.close();
  server.close();
});

it('earns a retry with ten successes', () => {
  const budget = createRetryBudget();
  expect(Array.from({ length: 11 }, () => budget.take())).toEqual([...Array(10).fill(true), false]);
  for (let success = 0; success < 11; success += 1) budget.earn();
  expect([budget.take(), budget.take()]).toEqual([true, false]);
});

it('pauses longer each time, up to a second', () => {
  expect([1, 2, 3, 10].map((attempt) => retryPauseMillis(attempt, () => 1))).toEqual([50, 100, 200, 1_000]);
  expect(retryPauseMillis(3, () => 0)).toBe(0);
});

it('takes the 95th of a hundred as p95, and forgets what is more than 512 exchanges old', () => {
  const recorder = createStatisticsRecorder('TEST');
  for (let millis = 1; millis <= 100; millis += 1) recorder.answered(millis);
  expect(recorder.read('CLOSED').p95LatencyMillis).toBe(95);
  for (let exchanges = 0; exchanges < 512; exchanges += 1) recorder.failed('SYSTEM_TIMEOUT', 7);
  expect(recorder.read('OPEN')).toMatchObject({ p95LatencyMillis: 7, exchanges: 612, failures: 512, circuit: 'OPEN' });
});
