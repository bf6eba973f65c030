import type { Authenticate } from '../../gateway/access/grant.ts';
import { ContractServers } from '../../gateway/contract-servers.ts';
import { clientAddress } from '../../gateway/guards/client-address.ts';
import { limitAttempts } from '../../gateway/guards/credential-attempts.ts';
import { type Limits, readLimits } from '../../gateway/guards/limits.ts';
import { noRegisteredDocuments, type RegisteredDocuments } from '../../gateway/guards/registered-documents.ts';
import { RequestGuard } from '../../gateway/guards/request-guard.ts';
import { Explorer } from '../../gateway/http/explorer.ts';
import { GraphQLEndpoint } from '../../gateway/http/graphql.ts';
import { HttpServer, type Patience } from '../../gateway/http/server.ts';
import { GatewayMetrics } from '../../gateway/metrics.ts';
import {
  createSubscriptions,
  type Subscriptions,
  type SubscriptionsOptions,
} from '../../gateway/subscriptions/index.ts';
import { CommerceError } from '../../platform/errors.ts';
import { createLogger, type Logger } from '../../platform/logger.ts';
import { memoryRateLimiter } from '../../platform/rate-limit/adapters/memory.ts';
import { createLiveGraph, type LiveGraph } from './live-graph.ts';
import { callerOf } from './subgraph.ts';
import { marketplace, operations } from './watching.ts';

/** The gateway's own HTTP server on the tiny graph: what real clients talk to in tests. */
export interface LiveServer {
  readonly graph: LiveGraph;
  readonly subscriptions: Subscriptions;
  /** Keys that are accepted. Take one out to revoke it. */
  readonly keys: Set<string>;
  readonly port: number;
  /** `http://127.0.0.1:<port>/graphql` */
  readonly url: string;
  readonly socketUrl: string;
  stop(): Promise<void>;
}

const silent = createLogger({ level: 'silent', component: 'test' });
const callers = {
  'dev-storefront': callerOf(),
  'dev-marketplace': marketplace,
  'dev-operations': operations,
};

/** @param port an earlier server's, to be found again by its clients; any free one when left out */
export async function startLiveServer({
  guards = {},
  trustedProxies = [],
  log: logger = silent,
  ...options
}: Partial<Pick<SubscriptionsOptions, 'limits' | 'recheckMillis' | 'clock' | 'tail' | 'authenticate'>> & {
  graph?: LiveGraph;
  port?: number;
  guards?: { limits?: Limits; documents?: RegisteredDocuments };
  trustedProxies?: readonly string[];
  patience?: Patience;
  log?: Logger;
} = {}): Promise<LiveServer> {
  const graph = options.graph ?? (await createLiveGraph());
  const keys = new Set(Object.keys(callers));
  const rateLimiter = memoryRateLimiter();
  const limits = guards.limits ?? readLimits();
  const guard = new RequestGuard({ limits, documents: guards.documents ?? noRegisteredDocuments, rateLimiter, logger });
  const addressOf = clientAddress(trustedProxies);
  const byKey: Authenticate = async (credentials, traceId) => {
    const key = credentials['x-api-key'] as keyof typeof callers;
    if (!keys.has(key)) throw new CommerceError('UNAUTHENTICATED', 'The API key is unknown or was revoked.');
    return { contracts: [callers[key].contract], caller: { ...callers[key], traceId } };
  };
  const authenticate = limitAttempts({
    authenticate: options.authenticate ?? byKey,
    rateLimiter,
    bucket: limits.credentials,
    logger,
  });
  const { runtime, log, tail } = graph;
  const common = { runtime, authenticate, addressOf, guard };
  const subscriptions = createSubscriptions({ log, tail, logger, ...options, ...common });
  const servers = new ContractServers(runtime, logger);
  const server = new HttpServer({
    endpoint: new GraphQLEndpoint({ ...common, servers, subscriptions, requestTimeoutMillis: 5_000 }),
    explorer: new Explorer({ production: true }),
    subscriptions,
    runtime,
    health: { facts: { database: 'embedded', eventLog: 'memory' }, check: async () => undefined },
    metrics: new GatewayMetrics({ ofProcess: false }),
    logger,
    ...(options.patience ? { patience: options.patience } : {}),
  });
  const port = await server.listen(options.port ?? 0, '127.0.0.1');
  return {
    graph,
    subscriptions,
    keys,
    port,
    url: `http://127.0.0.1:${port}/graphql`,
    socketUrl: `ws://127.0.0.1:${port}/graphql`,
    async stop() {
      await server.stop(2_000);
      await servers.stop();
    },
  };
}
