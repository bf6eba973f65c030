import { expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { callerOf } from '../../test/helpers/subgraph.ts';
import type { RequestContext } from '../graphql/subgraph.ts';
import { createLogger } from '../logger.ts';
import { signRequest } from './signature.ts';
import { startSubgraphServer } from './subgraph-server.ts';

const SECRET = 'a secret of at least 32 characters';

/** A subgraph whose reads are answered when the test says so. */
async function server() {
  const waiting: (() => void)[] = [];
  const schema = buildSchema('type Query { stock: Int } type Mutation { order: Int }');
  Object.assign(schema.getQueryType()?.getFields().stock ?? {}, {
    resolve: () => new Promise((resolve) => void waiting.push(() => resolve(7))),
  });
  Object.assign(schema.getMutationType()?.getFields().order ?? {}, { resolve: () => 1 });
  const context = (caller: RequestContext['caller'], signal: AbortSignal) => ({ caller, signal });
  const running = await startSubgraphServer({
    subgraph: { name: 'stock', schema, context },
    secret: SECRET,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ level: 'silent', component: 'test' }),
    ready: async () => undefined,
  });
  const ask = async (query: string) => {
    const body = JSON.stringify({ query });
    const signed = signRequest(SECRET, { method: 'POST', path: '/graphql', body, caller: callerOf() });
    const headers = { 'content-type': 'application/json', ...signed };
    const response = await fetch(running.url, { method: 'POST', headers, body });
    return (await response.json()) as { data?: object; errors?: { extensions: object }[] };
  };
  return { running, waiting, ask };
}

it('has places for orders that a crowd of readers cannot take, and lets the readers in one after the other', async () => {
  const { running, waiting, ask } = await server();
  const begun = async (count: number) => {
    while (waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  let answered = 0;
  const reads = Array.from({ length: 300 }, () => ask('{ stock }'));
  try {
    await begun(8);
    expect(await ask('mutation { order }')).toEqual({ data: { order: 1 } });
  } finally {
    for (; answered < 300; answered++) {
      await begun(answered + 1);
      expect(waiting.length - answered).toBeLessThanOrEqual(256);
      waiting[answered]?.();
    }
    for (const read of reads) expect(await read).toEqual({ data: { stock: 7 } });
    await running.stop();
  }
});
