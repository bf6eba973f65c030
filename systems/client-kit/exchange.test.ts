import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { z } from 'zod';
import { exchange } from './exchange.ts';
import { feedPage, pageOf } from './feed-page.ts';
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
  await exchange(pool, 'TEST', {
    method: 'POST',
    path: '/',
    body: { a: 1 },
    authorization: 'Bearer t',
    headers: { 'x-own': '1' },
    refusalIn: null,
    errorIn: null,
    pauseIn: null,
    onPause: () => undefined,
    onHeaders: null,
    traceId,
    signal,
  });
  expect(headers).toMatchObject({
    authorization: 'Bearer t',
    'x-own': '1',
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

it('reads the page of a feed entry by entry: in order, each once, and what cannot be read beside it', () => {
  const schema = feedPage('rows', z.object({ no: z.int(), at: z.iso.datetime() }), 'no', { head: z.int() });
  const at = '2026-11-27T09:00:00Z';
  const page = schema.parse({
    rows: [
      { no: 9, at: 'soon' },
      { no: 8, at },
      { no: 7, at },
      { no: 8, at },
    ],
    head: 9,
  });
  expect(page).toMatchObject({ rows: [{ no: 8 }, { no: 7 }, { no: 8 }], head: 9 });
  expect(pageOf(6, page.rows.map((row) => ({ ...row, position: row.no })), page.unreadable)).toEqual({
    entries: [{ no: 7, at, position: 7 }, { no: 8, at, position: 8 }],
    unreadable: [{ position: 9, entry: { no: 9, at: 'soon' }, problem: 'shape of at' }],
    next: 9,
  }); // biome-ignore format: a table
  expect(pageOf(6, [], [])).toEqual({ entries: [], unreadable: [], next: 6 });
  // What has no number cannot be passed over.
  expect(schema.safeParse({ rows: [{ at }], head: 9 }).success).toBe(false);
});
