import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { ContractServers } from '../../gateway/contract-servers.ts';
import { createDataSources } from '../../gateway/data-sources/service-map.ts';
import { readLimits } from '../../gateway/guards/limits.ts';
import { noRegisteredDocuments } from '../../gateway/guards/registered-documents.ts';
import { RequestGuard } from '../../gateway/guards/request-guard.ts';
import { Explorer } from '../../gateway/http/explorer.ts';
import { GraphQLEndpoint } from '../../gateway/http/graphql.ts';
import { HttpServer } from '../../gateway/http/server.ts';
import { GatewayMetrics } from '../../gateway/metrics.ts';
import { FederationRuntime } from '../../gateway/runtime.ts';
import type { SubscriptionTransport } from '../../gateway/subscription-transport.ts';
import type { Caller } from '../../platform/caller.ts';
import { createLogger } from '../../platform/logger.ts';
import { memoryRateLimiter } from '../../platform/rate-limit/adapters/memory.ts';

/** Starts a gateway on a free port. @returns the port */
export type StartGateway = (supergraph: string) => Promise<number>;

const LOCAL = '127.0.0.1';

async function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, LOCAL, resolve));
  return (server.address() as AddressInfo).port;
}

const noSubscriptions: SubscriptionTransport = {
  tickets: { handle: async () => false },
  handleHttp: () => false,
  refuseHttp: () => false,
  handleUpgrade: (_, socket) => void socket.destroy(),
  stop: async () => undefined,
};

/** All of ours but the look-up of keys in a database: routes, guards, cost, rates, metrics, signatures. */
const ours =
  (compilePlans: boolean): StartGateway =>
  async (supergraph) => {
    const logger = createLogger({ level: 'info', component: 'gateway' });
    const metrics = new GatewayMetrics({ ofProcess: true });
    const place = { kind: 'http', urls: {}, secret: 'a secret of at least 32 characters' } as const;
    const sources = createDataSources(place, {
      deadlineMillis: 10_000,
      logger,
      observe: (...observed) => metrics.observeSubgraph(...observed),
    });
    const all = {
      name: 'all',
      version: '2026-11',
      path: 'all/2026-11',
      filter: { include: null, exclude: [] },
      documents: 'open',
    } as const;
    const runtime = new FederationRuntime(supergraph, {
      contracts: [all],
      dataSource: sources.create,
      compilePlans,
      observeExecution: (...observed) => metrics.observeExecution(...observed),
      logger,
    });
    const servers = new ContractServers(runtime, logger);
    await servers.start();
    const limits = readLimits();
    const own = limits.of('all');
    // The query of this benchmark is dearer than ours allow.
    const roomy = { request: { ...own.request, cost: 1e9 }, rate: { capacity: 1e12, refillPerSecond: 1e12 } };
    const guard = new RequestGuard({
      limits: { ...limits, of: () => roomy },
      documents: noRegisteredDocuments,
      rateLimiter: memoryRateLimiter(),
      logger,
    });
    const endpoint = new GraphQLEndpoint({
      runtime,
      servers,
      authenticate: async (credentials, traceId) => ({
        contracts: ['all'],
        caller: callerOf(String(credentials['x-api-key']), traceId),
      }),
      addressOf: () => LOCAL,
      guard,
      subscriptions: noSubscriptions,
      requestTimeoutMillis: 30_000,
    });
    const server = new HttpServer({
      endpoint,
      explorer: new Explorer({ production: true }),
      subscriptions: noSubscriptions,
      runtime,
      health: { facts: {} as never, check: async () => undefined },
      metrics,
      logger,
    });
    return server.listen(0, LOCAL);
  };

function callerOf(clientId: string, traceId: string): Caller {
  return { contract: 'all', clientId, channel: null, customerId: null, scopes: [], traceId };
}

const apollo: StartGateway = async (supergraphSdl) => {
  const server = new ApolloServer({ gateway: new ApolloGateway({ supergraphSdl }), nodeEnv: 'production' });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: LOCAL } });
  return Number(new URL(url).port);
};

/** In the folder of this file after `npm install` there; null where they are not. */
async function peer(name: string): Promise<Record<string, never> | null> {
  const at = new URL(`../../../bench/gateway/node_modules/@graphql-hive/${name}/dist/index.js`, import.meta.url);
  return import(at.href).catch(() => null);
}

const hive =
  (withRustPlanner: boolean): StartGateway =>
  async (supergraph) => {
    const runtime = (await peer('gateway-runtime')) as {
      createGatewayRuntime(options: object): RequestListener;
    } | null;
    const router = withRustPlanner ? ((await peer('router-runtime')) as { unifiedGraphHandler: unknown } | null) : null;
    if (!runtime || (withRustPlanner && !router)) throw new Error('run `npm install` in bench/gateway first');
    const handler = router ? { unifiedGraphHandler: router.unifiedGraphHandler } : {};
    return listen(runtime.createGatewayRuntime({ supergraph, logging: false, maskedErrors: false, ...handler }));
  };

/** The answer, ready: what the HTTP server, the kernel and the clients take by themselves. */
const floor: StartGateway = async () => {
  let ready = '{}';
  return listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'PUT') ready = Buffer.concat(chunks).toString();
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(ready) })
        .end(ready);
    });
  });
};

export const GATEWAYS: Readonly<Record<string, StartGateway>> = {
  floor,
  ours: ours(true),
  'ours-uncompiled': ours(false),
  apollo,
  hive: hive(false),
  'hive-rust': hive(true),
};
