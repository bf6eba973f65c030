import type { SystemName } from '../platform/config.ts';
import { workerIdentity } from '../platform/lease/worker-lease.ts';
import type { Databases } from './databases.ts';
import { openBackbone, openDomainsOf, openPool } from './parts.ts';
import { BEHIND, runThread } from './thread.ts';
import type { ThreadData } from './threads.ts';
import { startWorker } from './worker.ts';

export interface WorkerThreadData extends ThreadData {
  readonly systemUrls: Readonly<Record<SystemName, string | null>>;
  readonly databases: Pick<Databases, 'url' | 'dbosUrl' | 'kind'>;
  /** What an operator calls the worker. */
  readonly name: string;
}

// Relay, feeds, workflows and housekeeping of `npm start`, behind those that answer clients.
await runThread<WorkerThreadData>('worker', BEHIND.clients, async (base, { systemUrls, databases, name }) => {
  const { config, logger, shutdown } = base;
  const identity = workerIdentity(name);
  const knex = openPool(base, databases, identity.sessionName);
  const backbone = await openBackbone(base, databases, knex, true, identity.sessionName);
  const domains = await openDomainsOf(base, knex, systemUrls, `worker@${identity.host}`);
  const worker = await startWorker({
    knex,
    domains,
    backbone,
    databaseUrl: databases.url,
    dbosUrl: databases.dbosUrl,
    name,
    identity,
    idempotencyRetentionDays: config.idempotencyRetentionDays,
    deskJobsPerSecond: config.deskJobsPerSecond,
    reconciliationMinutes: config.reconciliationMinutes,
    feedStallSeconds: config.feedStallSeconds,
    pickupDays: config.pickupDays,
    untracked: config.untracked,
    host: config.host,
    webhookPort: config.webhookPort,
    logger,
  });
  shutdown.add('worker', () => worker.stop());
});
