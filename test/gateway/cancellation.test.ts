import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { RequestContext } from '../../platform/graphql/subgraph.ts';
import { ask, type RunningGateway, runGateway } from './running-gateway.ts';
import { compose, tinySubgraph } from './shop-graph.ts';

const seen: string[] = [];
const work = async (name: string, millis: number, { signal }: RequestContext) => {
  seen.push(`${name} began`);
  signal.addEventListener('abort', () => seen.push(`${name} was told to stop`));
  await sleep(millis);
  seen.push(`${name} ended`);
  return name;
};
const slow = tinySubgraph(
  'slow',
  `type Query { read(millis: Int!): String @tag(name: "selling") }
   type Mutation { write(millis: Int!): String @tag(name: "selling") }`,
  {
    Query: {
      read: (_: unknown, { millis }: { millis: number }, context: RequestContext) => work('read', millis, context),
    },
    Mutation: {
      write: (_: unknown, { millis }: { millis: number }, context: RequestContext) => work('write', millis, context),
    },
  },
);

let running: RunningGateway;
let url: string;
beforeAll(async () => {
  running = await runGateway(compose([slow]), {
    subgraphs: { kind: 'inProcess', subgraphs: [slow.subgraph] },
    subgraphTimeoutMillis: 1_000,
    requestTimeoutMillis: 400,
  });
  url = `${running.gateway.url}/graphql`;
});
afterAll(() => running.stop());
beforeEach(() => {
  seen.length = 0;
});

async function hangUp(query: string): Promise<void> {
  const controller = new AbortController();
  const request = fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront' },
    body: JSON.stringify({ query }),
    signal: controller.signal,
  });
  request.catch(() => undefined);
  while (seen.length === 0) await sleep(5);
  controller.abort();
  await expect(request).rejects.toThrow();
}

it('a client that hangs up stops the query it no longer waits for', async () => {
  await hangUp('{ read(millis: 200) }');
  await sleep(300);
  expect(seen).toEqual(['read began', 'read was told to stop', 'read ended']);
});

it('a client that hangs up does not stop its mutation halfway', async () => {
  await hangUp('mutation { write(millis: 100) }');
  await sleep(200);
  expect(seen).toEqual(['write began', 'write ended']);
});

it('a query ends after the time that the gateway gives it as a whole', async () => {
  const { body } = await ask(url, '{ read(millis: 800) }', { key: 'dev-storefront' });
  expect(body).toEqual({
    data: { read: null },
    errors: [
      {
        message: 'The answer took too long.',
        path: ['read'],
        extensions: { code: 'SUBGRAPH_TIMEOUT', retryable: true, traceId: expect.any(String) },
      },
    ],
  });
  await sleep(500);
});

it('a subgraph that takes longer than its deadline is not waited for, not even for a mutation', async () => {
  const { body } = await ask(url, 'mutation { write(millis: 1200) }', { key: 'dev-storefront' });
  expect(body.errors).toEqual([
    expect.objectContaining({
      path: ['write'],
      extensions: { code: 'SUBGRAPH_TIMEOUT', retryable: true, traceId: expect.any(String) },
    }),
  ]);
  await sleep(300);
});
