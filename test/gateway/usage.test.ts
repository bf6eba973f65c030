import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { FederationRuntime } from '../../gateway/runtime.ts';
import { type CountedUse, UsageRecorder } from '../../gateway/usage/recorder.ts';
import { readRecordedUsage, writeUsage } from '../../gateway/usage/store.ts';
import { createLogger } from '../../platform/logger.ts';
import { documentHash } from '../../registry/trusted-documents.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { callerOf } from '../helpers/subgraph.ts';
import { ask, type RunningGateway, runGateway } from './running-gateway.ts';
import { catalogue, compose, shopContracts, stock } from './shop-graph.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const graph = [catalogue(), stock()];
const QUERY = 'query Shelf($x: ID!) { product(id: $x) { ...f } } fragment f on Product { id other: onHand }';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['integration']);
});
afterAll(() => database.drop());

let written: CountedUse[];
let isDown: boolean;
let dropped: number;
let recorder: UsageRecorder;
let use: (text: string, clientId?: string) => void;
beforeEach(() => {
  written = [];
  isDown = false;
  dropped = 0;
  recorder = new UsageRecorder({
    write: async (uses) => {
      if (isDown) throw new Error('down');
      written.push(...uses);
    },
    onDropped: (count) => {
      dropped += count;
    },
    logger,
    clock: { now: () => new Date('2026-11-27T10:00:00Z') },
  });
  const runtime = new FederationRuntime(compose(graph), {
    contracts: shopContracts,
    dataSource: () => ({ process: async () => ({ data: {} }) }),
    recordUse: recorder.record,
    logger,
  });
  const contract = runtime.snapshotFor('storefront');
  use = (text, clientId = 'shop') => {
    if (!contract) throw new Error('no contract');
    const plan = contract.planOperation(parse(text));
    const { signal } = new AbortController();
    void contract.executeWith(plan, { caller: callerOf({ clientId }), signal, text, variables: { x: 'p1' } });
  };
});

it('counts each document of a client, with the fields it selects', async () => {
  use(QUERY);
  use(QUERY);
  use(QUERY, 'other');
  await recorder.flush();
  expect(written.map(({ clientId, count }) => [clientId, count])).toEqual([
    ['shop', 2],
    ['other', 1],
  ]);
  expect(written[0]).toMatchObject({
    contract: 'storefront',
    version: '2026-11',
    document: {
      sha256: documentHash(QUERY),
      operation: 'Shelf',
      coordinates: ['Product.id', 'Product.onHand', 'Query.product'],
    },
  });
});

it('keeps what could not be written, and adds to it', async () => {
  isDown = true;
  use(QUERY);
  await recorder.flush();
  use(QUERY);
  isDown = false;
  await recorder.flush();
  expect(written.map(({ count }) => count)).toEqual([2]);
});

it('is bounded: what is too much of different things is left out, and counted', async () => {
  for (let count = 0; count < 5_010; count++) use('{ products { id } }', `client-${count}`);
  await recorder.flush();
  expect(written).toHaveLength(5_000);
  expect(dropped).toBe(10);
});

it('adds up over writes of several gateways, in the form that the registry reads', async () => {
  const document = { sha256: documentHash(QUERY), operation: 'Shelf', coordinates: ['Product.id', 'Query.product'] };
  const one = { contract: 'storefront', version: '2026-11', clientId: 'shop', clientVersion: '1.2', document };
  const at = (text: string) => new Date(`2026-11-${text}:00:00.000Z`);
  expect(await readRecordedUsage(database.knex, 60)).toBeNull();
  await writeUsage(database.knex, [{ ...one, count: 2, lastSeen: at('26T08') }], at('26T08'));
  await writeUsage(database.knex, [{ ...one, count: 3, lastSeen: at('26T09') }], at('26T09'));
  await writeUsage(database.knex, [{ ...one, count: 4, lastSeen: at('27T09') }], at('27T09'));
  await writeUsage(database.knex, [], at('27T10'));
  const key = { contract: 'storefront', version: '2026-11', client: 'shop', clientVersion: '1.2' };
  const total = { ...key, count: 9, lastSeen: '2026-11-27T09:00:00.000Z' };
  expect(await readRecordedUsage(database.knex, 60)).toEqual({
    recordedFrom: '2026-11-26T08:00:00.000Z',
    recordedUntil: '2026-11-27T10:00:00.000Z',
    fields: [
      { coordinate: 'Product.id', ...total },
      { coordinate: 'Query.product', ...total },
    ],
    operations: [{ sha256: document.sha256, operation: 'Shelf', ...total }],
  });
});

it('is recorded by a running gateway, for the version that was spoken', async () => {
  const running: RunningGateway = await runGateway(compose(graph), {
    subgraphs: { kind: 'inProcess', subgraphs: graph.map(({ subgraph }) => subgraph) },
  });
  const { url } = running.gateway;
  const headers = { 'apollographql-client-version': '4.5.6' };
  await ask(`${url}/graphql`, '{ products { title } }', { key: 'dev-storefront', headers });
  await ask(`${url}/graphql`, '{ nothing }', { key: 'dev-storefront', headers });
  await running.gateway.stop();
  const usage = await readRecordedUsage(running.database.knex, 60);
  expect(
    usage?.operations.map(({ client, clientVersion, contract, version, count }) => [
      client,
      clientVersion,
      contract,
      version,
      count,
    ]),
  ).toEqual([['dev-storefront', '4.5.6', 'storefront', '2026-11', 1]]);
  expect(usage?.fields.map(({ coordinate }) => coordinate)).toEqual(['Product.title', 'Query.products']);
  await running.database.drop();
});
