import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../../gateway/main.ts';
import { createLogger } from '../../platform/logger.ts';
import { workingTree } from '../../registry/files.ts';
import { readHistory } from '../../registry/history.ts';
import { publicationFiles } from '../../registry/publication.ts';
import { writeFiles } from '../../registry/write-files.ts';
import { ask, noSubscriptions, type RunningGateway, runGateway } from './running-gateway.ts';
import { catalogue, compose, stock } from './shop-graph.ts';

const CONTRACTS = `version: 2026-11
contracts:
  storefront: { description: Shops., include: [selling], exclude: [internal] }
  operations: { description: Everything., include: all, exclude: [] }
`;
const MARKETPLACE = '  marketplace: { description: Others., include: [selling], exclude: [internal, price] }\n';
const VERSIONS = `versions:
  2019-01: { published: 2019-01-15, sunset: 2020-06-01, migration: "Ask for onHand instead of inStock." }
  2026-05: { published: 2026-05-01, sunset: 2099-01-01, migration: Nothing to do. }
  2026-11: { published: 2026-11-01, sunset: null, migration: The newest. }
`;
const NEXT = '  2026-12: { published: 2026-12-01, sunset: null, migration: No. }\n';
const MAY = `type Query { products: [Product!]! product(id: ID!): Product }
type Product { id: ID! title: String! onHand: Int kind: Kind }
enum Kind { GOODS SERVICE }`;

const graph = [catalogue(), stock()];
const more = [catalogue('fresh: String @tag(name: "selling")'), stock()];
const subgraphs = { kind: 'inProcess', subgraphs: more.map(({ subgraph }) => subgraph) } as const;
const root = mkdtempSync(join(tmpdir(), 'commerce-registry-'));

/** Writes files of the registry, as an editor or a deployment does. */
const write = (files: Readonly<Record<string, string>>) =>
  writeFiles(
    Object.entries(files).map(([path, content]) => ({ path: `schema/${path}`, content })),
    root,
  );
/** Publishes, as `commerce schema publish` does once its check has passed. */
const publish = (contracts: string, supergraph: string) => {
  const sources = { supergraph, contracts, states: '{}', events: '{ }' };
  const history = readHistory(workingTree(root));
  writeFiles(publicationFiles(history, { sources, changes: [], message: 'A test.', at: new Date() }), root);
};
const keptContracts = () => `history/${readHistory(workingTree(root)).at(-1)?.sources.contracts}.gz`;

let running: RunningGateway;
/** Another process on the same registry. */
let second: Gateway;
beforeAll(async () => {
  write({
    'api/storefront/2019-01.graphql': 'type Query { products: [Product!]! } type Product { id: ID! }',
    'api/storefront/2026-05.graphql': MAY,
    'versions.yaml': VERSIONS,
    'contracts.yaml': CONTRACTS,
    'supergraph.graphql': compose(graph),
  });
  running = await runGateway('', { subgraphs, registryRoot: root, contracts: undefined });
  second = await startGateway({
    host: '127.0.0.1',
    port: 0,
    registryRoot: root,
    subgraphs,
    knex: running.database.knex,
    production: false,
    createSubscriptions: () => noSubscriptions,
    health: { facts: { database: 'embedded', eventLog: 'postgres' }, check: async () => undefined },
    logger: createLogger({ level: 'silent', component: 'second' }),
    subgraphTimeoutMillis: 2_000,
    requestTimeoutMillis: 5_000,
    shutdownGraceMillis: 2_000,
    measureProcess: false,
  });
});
afterAll(async () => {
  await second.stop();
  await running.stop();
  rmSync(root, { recursive: true, force: true });
});

const query = (path: string, text: string, key = 'dev-storefront') =>
  ask(`${running.gateway.url}/graphql${path}`, text, { key });
const until = async (condition: () => boolean | Promise<boolean>) => {
  for (const deadline = Date.now() + 15_000; !(await condition()); await sleep(25)) {
    if (Date.now() > deadline) throw new Error('did not come true within 15 s');
  }
};

describe('an earlier version', () => {
  it('is served from the same graph, as it was published', async () => {
    const { status, body, headers } = await query('/storefront/2026-05', '{ products { id onHand } }');
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        data: {
          products: [
            { id: 'p1', onHand: 7 },
            { id: 'p2', onHand: 5 },
          ],
        },
      },
    });
    expect(headers.get('x-contract')).toBe('storefront/2026-05');
    expect((await query('/storefront/2026-05', '{ products { fragile } }')).body.errors[0].message).toBe(
      'Cannot query field "fragile" on type "Product".',
    );
    const types = await query('/storefront/2026-05', '{ __schema { types { name } } }');
    expect(JSON.stringify(types.body)).not.toContain('Entry');
    expect((await query('/storefront/2026-11', '{ products { fragile } }')).body.data).toBeDefined();
  });

  it('says that it is one, until when, and what comes after it', async () => {
    const { headers } = await query('/storefront/2026-05', '{ __typename }');
    expect(headers.get('deprecation')).toBe(`@${Date.parse('2026-11-01') / 1_000}`);
    expect(headers.get('sunset')).toBe('Thu, 01 Jan 2099 00:00:00 GMT');
    expect(headers.get('link')).toBe(
      '</graphql/storefront>; rel="latest-version", </graphql/storefront/2026-11>; rel="successor-version"',
    );
    const newest = await query('/storefront', '{ __typename }');
    expect(newest.headers.get('x-contract')).toBe('storefront/2026-11');
    expect(['deprecation', 'sunset', 'link'].map((name) => newest.headers.get(name))).toEqual([null, null, null]);
  });

  it('does not show an enum value that came after it', async () => {
    const { data, errors } = (await query('/storefront/2026-05', '{ product(id: "p2") { id kind } }')).body;
    expect(data).toEqual({ product: { id: 'p2', kind: null } });
    expect(JSON.stringify(errors)).not.toContain('SECRET_KIND');
  });

  it('answers 410 with what to do when its time is over', async () => {
    const { status, body, headers } = await query('/storefront/2019-01', '{ products { id } }');
    expect(status).toBe(410);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(headers.get('sunset')).toBe('Mon, 01 Jun 2020 00:00:00 GMT');
    expect(body).toMatchObject({
      title: 'This version is no longer served',
      status: 410,
      detail: 'Ask for onHand instead of inStock.',
      errors: [{ extensions: { code: 'VERSION_EXPIRED', retryable: false } }],
    });
  });

  it.each([
    ['a version that never was', '/storefront/2026-06', 'dev-storefront'],
    ['a version of a contract that was not there then', '/operations/2026-05', 'dev-operations'],
    ['an expired version of somebody else', '/storefront/2019-01', 'dev-operations'],
    ['a version of somebody else', '/storefront/2026-05', 'dev-operations'],
  ])('is not there: %s', async (_, path, key) => {
    const { status, body } = await query(path, '{ __typename }', key);
    expect({ status, code: body.errors[0].extensions.code }).toEqual({ status: 404, code: 'NOT_FOUND' });
  });
});

describe('a running gateway', () => {
  const unpublished = async (change: () => void) => {
    const { runtime } = running.gateway;
    const before = runtime.supergraphId;
    write({
      'contracts.yaml': (CONTRACTS + MARKETPLACE).replace('2026-11', '2026-12'),
      'versions.yaml': VERSIONS.replace('sunset: null', 'sunset: 2099-02-01') + NEXT,
      'api/storefront/2026-12.graphql': MAY,
    });
    change();
    await until(() => runtime.supergraphId !== before);
    const newest = await query('/storefront/2026-11', '{ __typename }');
    const never = await query('/storefront/2026-12', '{ __typename }');
    expect([newest.status, newest.headers.get('deprecation'), newest.headers.get('sunset')]).toEqual([200, null, null]);
    expect(never.status).toBe(404);
    expect(never.body.errors[0].message).toBe(
      'The contract storefront has no version 2026-12. It is served at /graphql/storefront/2026-11 (the newest, also at /graphql/storefront), /graphql/storefront/2026-05.',
    );
    expect((await query('/storefront', '{ __typename }')).headers.get('x-contract')).toBe('storefront/2026-11');
    expect(runtime.snapshotFor('operations')?.path).toBe('operations/2026-11');
    write({ 'versions.yaml': VERSIONS, 'contracts.yaml': CONTRACTS });
    rmSync(join(root, 'schema', 'api', 'storefront', '2026-12.graphql'));
  };
  const again = `${compose(graph)}\n# again\n`;

  it('keeps the contracts and the version of its start while none was ever published, whatever is edited', () =>
    unpublished(() => write({ 'supergraph.graphql': again })));

  it('takes supergraph, contracts and versions as they are published, without a failed request, in every process', async () => {
    const failures: unknown[] = [];
    let answered = 0;
    let stopped = false;
    const clients = ['/storefront', '/storefront/2026-05', '/storefront/2026-11'].map(async (path) => {
      while (!stopped) {
        const { status, body } = await query(path, '{ products { id title onHand } }');
        answered += 1;
        if (status !== 200 || body.errors || body.data.products[1].onHand !== 5) failures.push({ path, status, body });
        await sleep(2);
      }
    });
    publish(CONTRACTS + MARKETPLACE, compose(more));
    const found = (gateway: Gateway) => gateway.runtime.snapshotFor('marketplace') !== undefined;
    await until(() => found(running.gateway) && found(second));
    const now = answered;
    await until(() => answered > now + 10);
    stopped = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect((await query('', '{ fresh products { id } }', 'dev-marketplace')).status).toBe(200);
    expect((await query('/storefront', '{ fresh }')).body).toEqual({ data: { fresh: null } });
    expect((await query('/storefront/2026-05', '{ fresh }')).status).toBe(400);
  });

  it('serves the version of the newest publication, not one that was only written down', async () => {
    await unpublished(() => write({ 'supergraph.graphql': `${compose(more)}\n# again\n` }));
    expect(running.gateway.runtime.snapshotFor('marketplace')?.path).toBe('marketplace/2026-11');
  });

  it('serves a new version, and announces the end of the one before, once it is published', async () => {
    write({ 'versions.yaml': `${VERSIONS.replace('sunset: null', 'sunset: 2099-02-01')}${NEXT}` });
    publish((CONTRACTS + MARKETPLACE).replace('2026-11', '2026-12'), compose(more));
    await until(async () => (await query('/storefront/2026-12', '{ __typename }')).status === 200);
    const former = await query('/storefront/2026-11', '{ __typename }');
    expect(former.headers.get('sunset')).toBe('Sun, 01 Feb 2099 00:00:00 GMT');
    write({ 'versions.yaml': VERSIONS });
    publish(CONTRACTS + MARKETPLACE, compose(more));
    await until(() => running.gateway.runtime.snapshotFor('storefront')?.path === 'storefront/2026-11');
  });

  it.each([
    [
      'breaks a version that is still served',
      () => ({ 'supergraph.graphql': compose([catalogue()]) }),
      'promises Product.onHand',
    ],
    ['has lost its contracts', () => ({ [keptContracts()]: 'no archive', 'supergraph.graphql': again }), 'is damaged'],
    [
      'ends a version too early',
      () => ({ 'versions.yaml': VERSIONS.replace('2099-01-01', '2026-06-01') }),
      'promised for 12 months',
    ],
  ])('refuses a publication that %s, says so, and serves the former', async (_, files, reason) => {
    const before = running.gateway.runtime.supergraphId;
    running.log.length = 0;
    write(files());
    await until(() => !running.gateway.runtime.isCurrent);
    expect(running.log.join('')).toContain(reason);
    expect(running.gateway.runtime.supergraphId).toBe(before);
    expect((await query('/storefront/2026-05', '{ products { onHand } }')).status).toBe(200);
    const { url } = running.gateway;
    expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({
      status: 'ready',
      uses: { publication: 'rejected, the former one is served' },
    });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('gateway_publication_rejected 1');

    write({ 'versions.yaml': VERSIONS });
    publish(CONTRACTS + MARKETPLACE, compose(more));
    await until(() => running.gateway.runtime.isCurrent);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('gateway_publication_rejected 0');
  });
});
