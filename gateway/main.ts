import { randomBytes } from 'node:crypto';
import type { Knex } from '../platform/db/database.ts';
import type { Logger } from '../platform/logger.ts';
import { memoryRateLimiter } from '../platform/rate-limit/adapters/memory.ts';
import type { RateLimiter } from '../platform/rate-limit/port.ts';
import type { ContractDefinition } from '../registry/contracts.ts';
import { type RegistryFiles, workingTree } from '../registry/files.ts';
import { readTrustedDocuments } from '../registry/trusted-documents.ts';
import { createAuthenticate } from './access/authenticate.ts';
import type { Authenticate, Grant } from './access/grant.ts';
import { KeySet } from './access/tokens/key-set.ts';
import { loadKeys } from './access/tokens/load-keys.ts';
import { createVerifyToken, type TokenRules } from './access/tokens/verify-token.ts';
import { AnswerCache, type AnswerCacheOptions } from './caching/answer-cache.ts';
import { ContractServers } from './contract-servers.ts';
import { createDataSources, type SubgraphPlace } from './data-sources/service-map.ts';
import { SharedReads } from './data-sources/shared-reads.ts';
import { type ClientAddress, clientAddress } from './guards/client-address.ts';
import { limitAttempts } from './guards/credential-attempts.ts';
import { type Limits, readLimits } from './guards/limits.ts';
import { PublishedDocuments } from './guards/published-documents.ts';
import { RequestGuard } from './guards/request-guard.ts';
import { routeContract } from './http/contract-route.ts';
import { Explorer } from './http/explorer.ts';
import { GraphQLEndpoint } from './http/graphql.ts';
import type { HealthOptions } from './http/health.ts';
import { HttpServer } from './http/server.ts';
import type { KnownDocument } from './load-snapshot.ts';
import { GatewayMetrics } from './metrics.ts';
import { publicationReader, unpublishedSince } from './publication/publication.ts';
import { watchPublication } from './publication/watch.ts';
import { FederationRuntime, type GatewayRuntime } from './runtime.ts';
import type { SubscriptionTransport } from './subscription-transport.ts';
import { UsageRecorder } from './usage/recorder.ts';
import { writeUsage } from './usage/store.ts';

/** Documents that are planned before they are sent: some milliseconds each, in which nothing else is done. */
const MAX_KNOWN = 300;

/** What the gateway hands to whoever serves its subscriptions. */
export interface SubscriptionParts {
  readonly runtime: GatewayRuntime;
  readonly authenticate: Authenticate;
  readonly addressOf: ClientAddress;
  readonly guard: RequestGuard;
  readonly route: (url: string, grant: Grant) => ReturnType<typeof routeContract>;
  readonly newTraceId: () => string;
  readonly logger: Logger;
}

export interface GatewayOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Folder whose `schema/` is what is published. Watched: what is published next is served as soon as it is there. */
  readonly registryRoot: string;
  /** Instead of the published contracts. */
  readonly contracts?: readonly ContractDefinition[] | undefined;
  readonly subgraphs: SubgraphPlace;
  /** Holds the API keys: the schema `integration` of the operational store. */
  readonly knex: Knex;
  /** Default: config/limits.yaml. */
  readonly limits?: Limits;
  /** Default: in this process. */
  readonly rateLimiter?: RateLimiter;
  /** Addresses and networks whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Refuses the keys of the local default. */
  readonly production: boolean;
  /** Which bearer tokens are taken. Null or left out: none. */
  readonly tokens?: (TokenRules & { readonly keyPlaces: readonly string[] }) | null;
  readonly createSubscriptions: (parts: SubscriptionParts) => SubscriptionTransport;
  readonly health: HealthOptions;
  readonly logger: Logger;
  /** Longest wait for one answer of a subgraph, in milliseconds. */
  readonly subgraphTimeoutMillis: number;
  /** Longest time for a query as a whole, in milliseconds. */
  readonly requestTimeoutMillis: number;
  /** Time that requests in flight get to finish when the gateway stops, in milliseconds. */
  readonly shutdownGraceMillis: number;
  /** Where answers of subgraphs are kept. Left out: nowhere. */
  readonly caching?: Pick<AnswerCacheOptions, 'cache' | 'changes' | 'staleBounds'> | undefined;
  /** Default true. False leaves all plans to the executor of @apollo/gateway. */
  readonly compilePlans?: boolean;
  /** Further numbers for Prometheus at /metrics, as text. */
  readonly moreMetrics?: () => Promise<string>;
  /** Also measure the process: memory, CPU, event loop. Default true. */
  readonly measureProcess?: boolean;
}

export interface Gateway {
  /** Base URL, e.g. http://127.0.0.1:4000 */
  readonly url: string;
  readonly runtime: GatewayRuntime;
  /** Takes no new requests, lets those in flight finish, closes everything the gateway opened. */
  stop(): Promise<void>;
}

/**
 * Starts the gateway. Whoever composes the process listens for signals and calls `stop`.
 * @throws Error when the supergraph cannot be served, or the port is taken
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { logger, knex, production, registryRoot } = options;
  const files = workingTree(registryRoot);
  const limits = options.limits ?? readLimits();
  const metrics = new GatewayMetrics({ ofProcess: options.measureProcess ?? true });
  const sharedReads = new SharedReads();
  const dataSources = createDataSources(options.subgraphs, {
    deadlineMillis: options.subgraphTimeoutMillis,
    // Half of the places: what else is asked for finds the others, whatever a subgraph does.
    concurrency: Math.max(1, Math.floor(limits.executions.queries / 2)),
    sharedReads,
    logger,
    observe: (...observed) => metrics.observeSubgraph(...observed),
  });
  const usage = new UsageRecorder({
    write: (uses, until) => writeUsage(knex, uses, until),
    onDropped: (count) => metrics.observeUsageDropped(count),
    logger,
  });
  usage.start();
  const published = publicationReader(files, options.contracts);
  const behind = options.contracts ? null : unpublishedSince(files);
  if (behind !== null)
    logger.warn(
      { serving: `publication ${behind}` },
      'schema/contracts.yaml has changes that are not published: not served',
    );
  const { supergraphSdl, contracts, former } = published();
  const runtime = new FederationRuntime(supergraphSdl, {
    contracts,
    former,
    dataSource: dataSources.create,
    answerCache:
      options.caching && new AnswerCache({ ...options.caching, observe: (...seen) => metrics.observeCache(...seen) }),
    recordUse: usage.record,
    compilePlans: options.compilePlans ?? true,
    observeExecution: (...observed) => metrics.observeExecution(...observed),
    knownDocuments: () => knownDocuments(files, logger),
    sharedReads,
    logger,
  });
  const servers = new ContractServers(runtime, logger);
  await servers.start();
  metrics.serves(runtime.supergraphId);
  runtime.onSwap(() => metrics.serves(runtime.supergraphId));

  const rateLimiter = options.rateLimiter ?? memoryRateLimiter();
  const addressOf = clientAddress(options.trustedProxies ?? []);
  const authenticate = limitAttempts({
    authenticate: createAuthenticate({ knex, production, verifyToken: tokenVerifier(options) }),
    rateLimiter,
    bucket: limits.credentials,
    logger,
  });
  const publishedDocuments = () => ({ contracts: published().contracts, documents: readTrustedDocuments(files) });
  const documents = new PublishedDocuments(publishedDocuments, logger);
  const guard = new RequestGuard({
    limits,
    documents,
    rateLimiter,
    logger,
    observe: (refused) => metrics.observeRefusal(refused),
    executions: metrics.executions,
  });
  const subscriptions = options.createSubscriptions({
    runtime,
    authenticate,
    addressOf,
    guard,
    route: (url, grant) => routeContract(runtime, new URL(url, 'http://gateway').pathname, grant),
    newTraceId: () => randomBytes(16).toString('hex'),
    logger,
  });
  metrics.watchSubscriptions(() => subscriptions.counts());
  const { requestTimeoutMillis } = options;
  const server = new HttpServer({
    endpoint: new GraphQLEndpoint({
      runtime,
      servers,
      authenticate,
      addressOf,
      guard,
      subscriptions,
      requestTimeoutMillis,
    }),
    explorer: new Explorer({ production }),
    subscriptions,
    runtime,
    health: options.health,
    metrics,
    moreMetrics: options.moreMetrics,
    logger,
  });
  const unwatch = watchPublication({ root: registryRoot, files, logger }, () => {
    metrics.observeReload(runtime.reload(published).kind, runtime.isCurrent);
    documents.reload(publishedDocuments);
  });
  const port = await server.listen(options.port, options.host);
  logger.info({ port, supergraph: runtime.supergraphId, contracts: runtime.contractPaths }, 'gateway listens');

  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    runtime,
    async stop() {
      unwatch();
      await server.stop(options.shutdownGraceMillis);
      await servers.stop();
      await usage.stop();
      await dataSources.close();
    },
  };
}

/** Documents that cannot be read delay nothing: they are planned when a client sends them. */
function knownDocuments(files: RegistryFiles, logger: Logger): readonly KnownDocument[] {
  try {
    return readTrustedDocuments(files).slice(0, MAX_KNOWN);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not an error';
    logger.warn({ reason }, 'registered documents cannot be read: none is planned before it is sent');
    return [];
  }
}

function tokenVerifier({ tokens, logger }: GatewayOptions) {
  if (!tokens) return null;
  return createVerifyToken(tokens, new KeySet({ load: () => loadKeys(tokens.keyPlaces), logger }));
}
