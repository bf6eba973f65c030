import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inProcessFanOut } from '../../events/adapters/in-process-fan-out.ts';
import { memoryEventLog } from '../../events/adapters/memory-event-log.ts';
import { createTail, type Tail } from '../../events/tail.ts';
import { createSubscriptions } from '../../gateway/subscriptions/index.ts';
import { memoryRateLimiter } from '../../platform/rate-limit/adapters/memory.ts';
import type { RateLimiter } from '../../platform/rate-limit/port.ts';
import { limitsWith } from '../helpers/limits.ts';
import type { LiveServer } from '../helpers/live-server.ts';
import { ask, type RunningGateway, runGateway } from './running-gateway.ts';
import { compose, tinySubgraph } from './shop-graph.ts';
import { transports } from './transports.ts';

let goOn: () => void = () => undefined;
let held = new Promise<void>((resolve) => {
  goOn = resolve;
});
let begun = 0;
const slow = tinySubgraph(
  'slow',
  `type Query { read: String @tag(name: "selling") }
   type Mutation { write: String @tag(name: "selling") }`,
  {
    Query: {
      read: async () => {
        begun++;
        await held;
        return 'read';
      },
    },
    Mutation: { write: () => 'written' },
  },
);

const limiter = memoryRateLimiter();
let pointsOut = 0;
const rateLimiter: RateLimiter = {
  ...limiter,
  take: (key, points, bucket) => {
    pointsOut += points;
    return limiter.take(key, points, bucket);
  },
  give: (key, points, bucket) => {
    pointsOut -= points;
    return limiter.give(key, points, bucket);
  },
};

let running: RunningGateway;
let url: string;
let tail: Tail;
beforeAll(async () => {
  const fanOut = inProcessFanOut();
  const log = memoryEventLog({ fanOut });
  tail = await createTail(log, fanOut, { pollMillis: 20 });
  running = await runGateway(compose([slow]), {
    subgraphs: { kind: 'inProcess', subgraphs: [slow.subgraph] },
    // One is executed, two may wait, and nobody for longer than 80 ms.
    rateLimiter,
    createSubscriptions: (parts) => createSubscriptions({ ...parts, log, tail }),
    limits: { ...limitsWith({}), executions: { queries: 1, mutations: 1, patienceMillis: 40 } },
  });
  url = `${running.gateway.url}/graphql`;
});
afterAll(async () => {
  await running.stop();
  await tail.close();
});

const read = () =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront' },
    body: JSON.stringify({ query: '{ read }' }),
  });

/** Keeps the only place for queries taken while `what` is done. */
async function whileBusy<T>(what: () => Promise<T>): Promise<T> {
  const before = begun;
  const first = read();
  while (begun === before) await sleep(5);
  try {
    return await what();
  } finally {
    goOn();
    expect(await (await first).json()).toMatchObject({ data: { read: 'read' } });
    held = new Promise((resolve) => {
      goOn = resolve;
    });
  }
}

describe('a gateway at its limit', () => {
  it('refuses queries early, with the status and the time to wait, and gives their points back', async () => {
    await whileBusy(async () => {
      const before = pointsOut;
      const answers = await Promise.all(Array.from({ length: 6 }, read));
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(503));
      expect(answers.map(({ headers }) => headers.get('retry-after'))).toEqual(Array(6).fill('1'));
      expect(await answers[0]?.json()).toEqual({
        errors: [
          {
            message: 'Too many requests are waiting. Repeat it after the time given.',
            extensions: { code: 'OVERLOADED', retryable: true, retryAfterSeconds: 1, traceId: expect.any(String) },
          },
        ],
      });
      expect(begun).toBe(1);
      expect(pointsOut).toBe(before);
    });
  });

  it('refuses before it reads what would find no room at all', async () => {
    await whileBusy(async () => {
      // Bodies that never come: seven of them take all the room that is left.
      const unfinished: ClientRequest[] = [];
      const refused = await Promise.race(
        [1, 2, 3, 4, 5, 6, 7, 8].map(
          () =>
            new Promise<IncomingMessage>((resolve) => {
              const headers = { 'content-type': 'application/json', 'x-api-key': 'dev-storefront' };
              const request = httpRequest(url, { method: 'POST', headers }, resolve);
              request.on('error', () => undefined).write('{"query":');
              unfinished.push(request);
            }),
        ),
      );
      expect(refused.statusCode).toBe(503);
      expect(refused.headers['retry-after']).toBe('1');
      for (const request of unfinished) request.destroy();
    });
    // There is room again as soon as it is noticed that they are gone.
    while ((await ask(url, 'mutation { write }', { key: 'dev-storefront' })).status !== 200) await sleep(5);
  });

  it('lets mutations pass, and answers health checks and scrapes', async () => {
    await whileBusy(async () => {
      const flood = [read(), read()];
      expect((await ask(url, 'mutation { write }', { key: 'dev-storefront' })).body).toMatchObject({ data: { write: 'written' } }); // biome-ignore format: one thought
      expect((await fetch(`${running.gateway.url}/health/ready`)).status).toBe(200);
      const metrics = await (await fetch(`${running.gateway.url}/metrics`)).text();
      expect(metrics).toContain('gateway_executions{kind="query",state="executing"} 1');
      expect(metrics).toMatch(/gateway_overloaded_total\{kind="query"\} \d+/);
      await Promise.all(flood);
    });
  });

  it('says the same over every transport', async () => {
    const server = { url, socketUrl: url.replace('http', 'ws') } as LiveServer;
    await whileBusy(async () => {
      for (const [name, send] of Object.entries(transports)) {
        const { error, status } = await send(server, { query: '{ read }' });
        expect([name, error?.code]).toEqual([name, 'OVERLOADED']);
        if (name === 'JSON' || name === 'multipart') expect(status).toBe(503);
      }
    });
  });
});
