import { setTimeout as sleep } from 'node:timers/promises';
import { ApolloServer } from '@apollo/server';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createContext, type GatewayContext } from '../../gateway/context.ts';
import { createDataSources } from '../../gateway/data-sources/service-map.ts';
import { FederationRuntime } from '../../gateway/runtime.ts';
import { createLogger } from '../../platform/logger.ts';
import { callerOf } from '../helpers/subgraph.ts';
import { ask, type RunningGateway, runGateway } from './running-gateway.ts';
import { catalogue, compose, shopContracts, stock, type TinySubgraph } from './shop-graph.ts';

const first = [catalogue(), stock()];
/** The same with one more field. */
const second = [catalogue('fresh: String @tag(name: "selling")'), stock()];
/** Without the other subgraph, and so without its fields. */
const smaller = [catalogue()];
const inProcess = (graph: readonly TinySubgraph[]) =>
  ({ kind: 'inProcess', subgraphs: graph.map(({ subgraph }) => subgraph) }) as const;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('did not come true within 10 s');
    await sleep(25);
  }
}

describe('a new supergraph in the file', () => {
  let running: RunningGateway;
  let url: string;
  beforeAll(async () => {
    running = await runGateway(compose(first), { subgraphs: inProcess(second) });
    url = `${running.gateway.url}/graphql`;
  });
  afterAll(() => running.stop());

  it('is served without a failed request, by every contract at once', async () => {
    const failures: unknown[] = [];
    let answered = 0;
    let stopped = false;
    const keys = ['dev-storefront', 'dev-warehouse', 'dev-operations'];
    const clients = keys.map(async (key) => {
      while (!stopped) {
        const { status, body } = await ask(url, '{ products { id title onHand } }', { key });
        answered += 1;
        if (status !== 200 || body.errors || body.data.products[1].onHand !== 5) failures.push({ status, body });
      }
    });
    for (const graph of [second, first, second]) {
      const before = running.gateway.runtime.supergraphId;
      const answeredBefore = answered;
      running.deploy(compose(graph));
      await until(() => running.gateway.runtime.supergraphId !== before);
      await until(() => answered > answeredBefore + 10);
    }
    stopped = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect((await ask(url, '{ fresh }', { key: 'dev-storefront' })).body).toEqual({ data: { fresh: null } });
    expect((await ask(url, '{ fresh }', { key: 'dev-operations' })).body).toEqual({ data: { fresh: null } });
    expect((await ask(url, '{ fresh }', { key: 'dev-warehouse' })).status).toBe(400);
  });

  it.each([
    ['is no GraphQL', 'not a schema {'],
    ['is no supergraph', 'type Query { a: Int }'],
    ['does not hang together', compose(first).replace('onHand: Int @join', 'onHand: Gone @join')],
  ])('is refused when it %s: the former one keeps serving, and the log says why', async (_, broken) => {
    const before = running.gateway.runtime.supergraphId;
    running.log.length = 0;
    running.deploy(broken);
    await until(() => running.log.some((line) => line.includes('supergraph rejected')));
    expect(running.gateway.runtime.supergraphId).toBe(before);
    expect((await ask(url, '{ products { onHand } }', { key: 'dev-storefront' })).status).toBe(200);
    const ready = await fetch(`${running.gateway.url}/health/ready`);
    expect(await ready.json()).toMatchObject({ status: 'ready', uses: { supergraph: before.slice(0, 12) } });
  });

  it('is not there while the file is empty or gone', async () => {
    running.log.length = 0;
    running.deploy('\n');
    await sleep(700);
    expect(running.log.filter((line) => line.includes('supergraph'))).toEqual([]);
  });

  it('shows in the metrics', async () => {
    const text = await (await fetch(`${running.gateway.url}/metrics`)).text();
    expect(text).toContain(`gateway_supergraph{id="${running.gateway.runtime.supergraphId.slice(0, 12)}"} 1`);
    expect(text).toContain('gateway_supergraph_reloads_total{outcome="loaded"} 3');
    expect(text).toContain('gateway_supergraph_reloads_total{outcome="rejected"} 3');
    expect(text).toContain('# TYPE batcher_waiting gauge');
  });
});

describe('a runtime', () => {
  const logger = createLogger({ level: 'silent', component: 'test' });
  const dataSources = createDataSources(inProcess(first), { deadlineMillis: 1_000, logger });
  const start = () =>
    new FederationRuntime(compose(first), { contracts: shopContracts, dataSource: dataSources.create, logger });

  it('executes a request on the supergraph that validated it, even when another came in between', async () => {
    const runtime = start();
    let swap = () => {};
    const server = new ApolloServer<GatewayContext>({
      gateway: runtime.gatewayFor('storefront/2026-11'),
      logger,
      plugins: [{ requestDidStart: async () => ({ didResolveOperation: async () => swap() }) }],
    });
    await server.start();
    const query = async () => {
      const contextValue = createContext(callerOf(), new AbortController().signal);
      const { body } = await server.executeOperation({ query: '{ products { id onHand } }' }, { contextValue });
      return JSON.parse(JSON.stringify(body.kind === 'single' ? body.singleResult : null));
    };
    swap = () => void runtime.reload(compose(smaller));
    expect(await query()).toMatchObject({ data: { products: [{ onHand: 7 }, { onHand: 5 }] } });
    swap = () => {};
    expect(await query()).toMatchObject({ errors: [{ message: 'Cannot query field "onHand" on type "Product".' }] });
    await server.stop();
  });

  it('tells its listeners once all contracts answer from the new supergraph', () => {
    const runtime = start();
    const seen: unknown[] = [];
    const stop = runtime.onSwap(() => {
      seen.push(shopContracts.map(({ path }) => runtime.snapshotFor(path)?.supergraphId === runtime.supergraphId));
    });
    expect(runtime.reload(compose(second))).toMatchObject({ kind: 'loaded', supergraphId: runtime.supergraphId });
    expect(runtime.reload(compose(second))).toMatchObject({ kind: 'unchanged' });
    expect(seen).toEqual([[true, true, true]]);
    stop();
    runtime.reload(compose(first));
    expect(seen).toHaveLength(1);
  });

  it('lets who holds a contract finish on it', async () => {
    const runtime = start();
    const before = runtime.snapshotFor('storefront');
    runtime.reload(compose(smaller));
    expect(runtime.snapshotFor('storefront/2026-11')?.schema.getType('Product')).toBeDefined();
    expect(runtime.snapshotFor('storefront')).not.toBe(before);
    expect(before?.schema.toConfig().types.some((type) => String(type) === 'Product')).toBe(true);
  });

  it('refuses to start with a supergraph that it cannot serve', () => {
    const options = { contracts: shopContracts, dataSource: dataSources.create, logger };
    expect(() => new FederationRuntime('type Query { a: Int }', options)).toThrow(/supergraph/);
    const untagged = compose([catalogue()]).replace(/@tag\(name: "[^"]*"\)/g, '');
    const onlyTagged = { ...options, contracts: shopContracts.filter(({ filter }) => filter.include !== null) };
    expect(() => new FederationRuntime(untagged, onlyTagged)).toThrow(/nothing to query/);
  });
});
