import type { Knex } from 'knex';
import { type EventBackbone, openEventBackbone } from '../events/backbone.ts';
import { type Config, loadConfig, type SystemName } from '../platform/config.ts';
import { openDatabase } from '../platform/db/database.ts';
import { isCommerceError } from '../platform/errors.ts';
import { keptSecret } from '../platform/kept-secret.ts';
import { createLogger, type Logger } from '../platform/logger.ts';
import { type Databases, migrateAll, openDatabases } from './databases.ts';
import { type Domains, openDomains } from './domains.ts';
import { createShutdown, type Shutdown } from './shutdown.ts';
import { createSystemClients } from './system-clients.ts';

/** What every process of the platform starts with. */
export interface ProcessBase {
  readonly config: Config;
  readonly secret: string;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

/** Runs a process entry: configuration, log, orderly end, and one readable message when the start fails. */
export async function runProcess(component: string, start: (base: ProcessBase) => Promise<void>): Promise<void> {
  // The JavaScript gateway libraries would report home otherwise.
  process.env.APOLLO_TELEMETRY_DISABLED = 'true';
  let shutdown: Shutdown | undefined;
  try {
    const config = loadConfig();
    const logger = createLogger({ level: config.logLevel, component });
    shutdown = createShutdown(logger, config.shutdownGraceMillis);
    shutdown.onSignals();
    const secret = config.subgraphSecret ?? keptSecret(config.dataDir, 'subgraph-secret');
    await start({ config, secret, logger, shutdown });
  } catch (error) {
    process.stderr.write(
      `${isCommerceError(error) ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    );
    await shutdown?.stop();
    process.exit(1);
  }
}

/** Storage of one process: databases migrated, a pool on the operational store. */
export async function openStorage({
  config,
  logger,
  shutdown,
}: ProcessBase): Promise<{ databases: Databases; knex: Knex }> {
  const databases = await openDatabases(config);
  shutdown.add('database server', databases.stop);
  void databases.ended.then(() => {
    if (shutdown.stopping) return undefined;
    logger.fatal('the built-in PostgreSQL ended; this process cannot go on');
    return shutdown.stop().then(() => process.exit(1));
  });
  await migrateAll(databases.url);
  const knex = openDatabase(databases.url, {
    poolMax: config.database.poolMax,
    applicationName: 'commerce',
    statementTimeoutMillis: config.database.statementTimeoutMillis,
  });
  shutdown.add('database pool', () => knex.destroy());
  return { databases, knex };
}

/** Opens the event backbone of one process. */
export async function openBackbone(
  base: ProcessBase,
  databases: Databases,
  knex: Knex,
  otherProcesses: boolean,
): Promise<EventBackbone> {
  const backbone = await openEventBackbone({
    knex,
    databaseUrl: databases.url,
    redisUrl: base.config.redisUrl,
    otherProcesses,
    logger: base.logger.child({ component: 'events' }),
  });
  base.shutdown.add('event backbone', () => backbone.close());
  return backbone;
}

/** Opens the domains over the systems of record at the given URLs. */
export function openDomainsOf(
  base: ProcessBase,
  knex: Knex,
  urls: Readonly<Record<SystemName, string | null>>,
  process: string,
): Domains {
  const clients = createSystemClients(base.config, base.secret, urls);
  base.shutdown.add('system clients', () => clients.close());
  return openDomains({ knex, clients, logger: base.logger, process });
}
