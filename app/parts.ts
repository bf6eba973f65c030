import type { Knex } from 'knex';
import { type EventBackbone, openEventBackbone } from '../events/backbone.ts';
import type { SystemName } from '../platform/config.ts';
import { openDatabase } from '../platform/db/database.ts';
import { patiently } from '../platform/db/patiently.ts';
import { loadAvailabilityRules, saveAvailabilityRules } from '../subgraphs/inventory/index.ts';
import { loadDegradationRules, saveDegradationRules } from '../subgraphs/operations/index.ts';
import { awaitDatabase } from './await-database.ts';
import { type Databases, migrateAll, openDatabases } from './databases.ts';
import { type Domains, openDomains } from './domains.ts';
import { readKnownCodes } from './known-codes.ts';
import type { ProcessBase } from './process.ts';
import { openRoutedSystems } from './routed-systems.ts';
import { createSystemClients } from './system-clients.ts';

/** Storage of one process: databases migrated, a pool on the operational store whose connections bear `sessionName`. */
export async function openStorage(
  base: ProcessBase,
  sessionName = 'commerce',
  /** Where health is told while the database is awaited; null for a process that serves nothing. */
  port: number | null = null,
): Promise<{ databases: Databases; knex: Knex }> {
  const { config, logger, shutdown } = base;
  if (config.database.url !== null) await awaitDatabase(base, config.database.url, port);
  const databases = await openDatabases(config);
  shutdown.add('database server', databases.stop);
  void databases.ended.then(() => {
    if (shutdown.stopping) return undefined;
    logger.fatal('the built-in PostgreSQL ended; this process cannot go on');
    return shutdown.stop().then(() => process.exit(1));
  });
  await migrateAll(databases.url);
  return { databases, knex: openPool(base, databases, sessionName) };
}

/** A pool on the operational store. */
export function openPool(
  { config, shutdown }: ProcessBase,
  { url }: Pick<Databases, 'url'>,
  applicationName: string,
): Knex {
  const knex = openDatabase(url, {
    poolMax: config.database.poolMax,
    applicationName,
    statementTimeoutMillis: config.database.statementTimeoutMillis,
  });
  shutdown.add('database pool', () => knex.destroy());
  return knex;
}

/** Opens the event backbone of one process. */
export async function openBackbone(
  base: ProcessBase,
  databases: Pick<Databases, 'url'>,
  knex: Knex,
  otherProcesses: boolean,
  sessionName = 'commerce-events',
): Promise<EventBackbone> {
  const backbone = await openEventBackbone({
    knex,
    databaseUrl: databases.url,
    redisUrl: base.config.redisUrl,
    otherProcesses,
    sessionName,
    logger: base.logger.child({ component: 'events' }),
  });
  base.shutdown.add('event backbone', () => backbone.close());
  return backbone;
}

/** Opens the domains over the systems of record at the given URLs, under the rules of `config/`. */
export async function openDomainsOf(
  base: ProcessBase,
  knex: Knex,
  urls: Readonly<Record<SystemName, string | null>>,
  process: string,
  options: { readonly awaitsStock?: boolean } = {},
): Promise<Domains> {
  const patience = { logger: base.logger, waitMillis: base.config.database.waitMillis };
  await patiently(patience, () => saveAvailabilityRules(knex, loadAvailabilityRules()));
  await patiently(patience, () => saveDegradationRules(knex, loadDegradationRules()));
  const clients = createSystemClients(base.config, base.secret, urls);
  base.shutdown.add('system clients', () => clients.close());
  const routed = openRoutedSystems({
    file: base.config.systemsFile,
    timeoutMillis: base.config.systemTimeoutMillis,
    logger: base.logger.child({ component: 'systems' }),
  });
  base.shutdown.add('systems of config/systems.yaml', () => routed.close());
  const knownCodes = await patiently(patience, () => readKnownCodes(knex));
  const { paymentsFile } = base.config;
  const domains = openDomains({
    ...{ knex, clients, routed, knownCodes, paymentsFile, logger: base.logger, process },
    ...options,
  });
  // Orders and holds whose client hung up are still being settled when the server has closed.
  base.shutdown.add('order capture', () => domains.order.capture.close());
  base.shutdown.add('stock holding', () => domains.inventory.holding.close());
  return domains;
}
