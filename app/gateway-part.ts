import type { Knex } from 'knex';
import type { EventBackbone } from '../events/backbone.ts';
import { createTail } from '../events/tail.ts';
import { seedDevelopmentAccess } from '../gateway/access/development-access.ts';
import type { SubgraphPlace } from '../gateway/data-sources/service-map.ts';
import type { Limits } from '../gateway/guards/limits.ts';
import { type Gateway, startGateway } from '../gateway/main.ts';
import { createSubscriptions } from '../gateway/subscriptions/index.ts';
import { openDatabase } from '../platform/db/database.ts';
import { liveWorkers } from '../platform/lease/worker-lease.ts';
import { projectRoot } from '../platform/paths.ts';
import { channelMetrics, feedMetrics, stalledFeeds } from '../subgraphs/operations/index.ts';
import { openAnswerCache } from './answer-cache.ts';
import type { Databases } from './databases.ts';
import type { ProcessBase } from './process.ts';
import { openRateLimiter } from './rate-limiter.ts';

/** Starts the gateway with subscriptions over the event log. */
export async function startGatewayPart(
  base: ProcessBase,
  parts: { knex: Knex; databases: Databases; backbone: EventBackbone; subgraphs: SubgraphPlace; limits: Limits },
): Promise<Gateway> {
  const { config, shutdown } = base;
  const logger = base.logger.child({ component: 'gateway' });
  const production = config.nodeEnv === 'production';
  if (!production) await seedDevelopmentAccess(parts.knex);

  const tail = await createTail(parts.backbone.log, parts.backbone.fanOut, {
    onError: (error) => logger.warn({ err: error }, 'the event log could not be read'),
  });
  shutdown.add('event tail', () => tail.close());
  const rateLimiter = openRateLimiter(base);
  // A connection of its own: a process that is busy is ready all the same.
  const healthKnex = openDatabase(parts.databases.url, {
    poolMax: 1,
    applicationName: 'commerce-health',
    statementTimeoutMillis: config.database.statementTimeoutMillis,
  });
  shutdown.add('health connection', () => healthKnex.destroy());
  const domainMetrics = [feedMetrics(healthKnex), channelMetrics(healthKnex)];
  const { eventLog, fanOut } = parts.backbone.describe();
  const caching = openAnswerCache(base, tail);
  const gateway = await startGateway({
    host: config.host,
    port: config.port,
    registryRoot: config.registryDir ?? projectRoot,
    limits: parts.limits,
    rateLimiter,
    trustedProxies: config.trustedProxies,
    subgraphs: parts.subgraphs,
    knex: parts.knex,
    production,
    tokens: config.tokens,
    createSubscriptions: (deps) => createSubscriptions({ ...deps, log: parts.backbone.log, tail }),
    health: {
      facts: {
        database: parts.databases.kind,
        eventLog,
        fanOut,
        rateLimits: rateLimiter.describe(),
        cache: caching?.cache.describe() ?? 'off',
        subgraphs: parts.subgraphs.kind === 'http' ? 'over HTTP' : 'in this process',
      },
      check: async () => {
        const [stalled, workers] = await Promise.all([stalledFeeds(healthKnex), liveWorkers(healthKnex)]);
        if (workers === 0) return { workers: 'none runs', feeds: 'nobody reads them' };
        return { workers: 'run', feeds: stalled.length === 0 ? 'moving' : `stalled: ${stalled.join(', ')}` };
      },
    },
    moreMetrics: async () => (await Promise.all(domainMetrics.map((metrics) => metrics()))).join('\n'),
    logger,
    caching: caching ?? undefined,
    compilePlans: config.compilePlans,
    subgraphTimeoutMillis: config.subgraphTimeoutMillis,
    requestTimeoutMillis: config.requestTimeoutMillis,
    shutdownGraceMillis: config.shutdownGraceMillis,
  });
  shutdown.add('gateway', () => gateway.stop());
  return gateway;
}
