import { ContractServers } from '../../gateway/contract-servers.ts';
import { createDataSources } from '../../gateway/data-sources/service-map.ts';
import { SharedReads } from '../../gateway/data-sources/shared-reads.ts';
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
import { LOCAL, type StartGateway } from './start-gateway.ts';

const noSubscriptions: SubscriptionTransport = {
  tickets: { handle: async () => false },
  handleHttp: () => false,
  refuseHttp: () => false,
  handleUpgrade: (_, socket) => void socket.destroy(),
  counts: () => ({ subscribers: 0, groups: 0 }),
  stop: async () => undefined,
};

/** All of ours but the look-up of keys in a database: routes, guards, cost, rates, metrics, signatures. */
export const ours =
  (compilePlans: boolean): StartGateway =>
  async (supergraph) => {
    const logger = createLogger({ level: 'info', component: 'gateway' });
    const metrics = new GatewayMetrics({ ofProcess: true });
    const place = { kind: 'http', urls: {}, secret: 'a secret of at least 32 characters' } as const;
    const sharedReads = new SharedReads();
    const sources = createDataSources(place, {
      deadlineMillis: 10_000,
      sharedReads,
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
      sharedReads,
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
        caller: callerOf(String(credentials.authorization), traceId),
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
