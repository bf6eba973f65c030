import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiKey, type NewApiKey } from '../../gateway/access/api-keys.ts';
import { seedDevelopmentAccess } from '../../gateway/access/development-access.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../gateway/main.ts';
import type { SubscriptionTransport } from '../../gateway/subscription-transport.ts';
import { createLogger } from '../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { shopContracts } from './shop-graph.ts';

export interface RunningGateway {
  readonly gateway: Gateway;
  readonly database: TestDatabase;
  /** Everything that was logged, one line of JSON each. */
  readonly log: string[];
  /** Replaces the supergraph file, as a deployment does. */
  deploy(supergraphSdl: string): void;
  createKey(key: NewApiKey): Promise<string>;
  stop(): Promise<void>;
}

/** For tests that are not about subscriptions. */
export const noSubscriptions: SubscriptionTransport = {
  tickets: { handle: async () => false },
  handleHttp: () => false,
  refuseHttp: () => false,
  handleUpgrade: (_, socket) => void socket.destroy(),
  counts: () => ({ subscribers: 0, groups: 0 }),
  stop: async () => undefined,
};

/** A gateway on a free port, with the development keys. */
export async function runGateway(
  supergraphSdl: string,
  options: Pick<GatewayOptions, 'subgraphs'> & Partial<GatewayOptions>,
): Promise<RunningGateway> {
  const database = await createTestDatabase(['integration']);
  await seedDevelopmentAccess(database.knex);
  const folder = mkdtempSync(join(tmpdir(), 'commerce-gateway-'));
  mkdirSync(join(folder, 'schema'));
  const supergraphFile = join(folder, 'schema', 'supergraph.graphql');
  const deploy = (text: string) => {
    const draft = join(folder, randomBytes(4).toString('hex'));
    writeFileSync(draft, text);
    renameSync(draft, supergraphFile);
  };
  deploy(supergraphSdl);
  const log: string[] = [];
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    registryRoot: folder,
    contracts: shopContracts,
    knex: database.knex,
    production: false,
    createSubscriptions: () => noSubscriptions,
    health: { facts: { database: 'embedded', eventLog: 'postgres' }, check: async () => undefined },
    logger: createLogger({
      level: 'debug',
      component: 'gateway',
      destination: { write: (line) => void log.push(line) },
    }),
    subgraphTimeoutMillis: 2_000,
    requestTimeoutMillis: 5_000,
    shutdownGraceMillis: 2_000,
    measureProcess: false,
    ...options,
  });
  return {
    gateway,
    database,
    log,
    deploy,
    createKey: (key) => createApiKey(database.knex, key),
    async stop() {
      await gateway.stop();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** `extensions.cost` of the body, which is left out of it: few tests are about it. */
  // biome-ignore lint/suspicious/noExplicitAny: like the body
  readonly cost: any;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look inside whatever came
  readonly body: any;
}

/** Sends a query as a client does. */
export async function ask(
  url: string,
  query: string,
  options: { key?: string; variables?: object; headers?: Record<string, string>; operationName?: string } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(options.key === undefined ? {} : { 'x-api-key': options.key }),
      ...options.headers,
    },
    body: JSON.stringify({ query, variables: options.variables, operationName: options.operationName }),
  });
  return { status: response.status, headers: response.headers, ...withoutCost(await response.json()) };
}

// biome-ignore lint/suspicious/noExplicitAny: the tests look inside whatever came
export function withoutCost(answer: any): { body: any; cost: any } {
  const { extensions: { cost = undefined, ...others } = {}, ...body } = answer;
  return { cost, body: Object.keys(others).length > 0 ? { ...body, extensions: others } : body };
}
