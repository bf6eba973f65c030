import { readLimits } from '../gateway/guards/limits.ts';
import type { SystemName } from '../platform/config.ts';
import { workerIdentity } from '../platform/lease/worker-lease.ts';
import type { Databases } from './databases.ts';
import type { Domains } from './domains.ts';
import { startGatewayPart } from './gateway-part.ts';
import { openBackbone, openDomainsOf, openStorage } from './parts.ts';
import { type ProcessBase, runProcess } from './process.ts';
import { startReferenceSystem } from './reference-systems.ts';
import { startSettlementWork } from './settlement-work.ts';
import { systemToken } from './system-token.ts';
import { startWorker } from './worker.ts';

/** Longest wait for the catalogue before the graph opens without it, in milliseconds: an ERP may be down. */
const CATALOGUE_MILLIS = 30_000;

// `npm start`: everything in one process. Systems of record that have a URL are used, the others are brought up as
// reference systems; the platform reaches all of them over HTTP.
await runProcess('commerce', async (base) => {
  const identity = workerIdentity('commerce');
  const limits = readLimits(base.config.limitsFile ?? undefined); // before anything is started: a wrong file stops all
  const { databases, knex } = await openStorage(base, identity.sessionName, base.config.port);
  const urls = await startMissingSystems(base, databases);
  const backbone = await openBackbone(
    base,
    databases,
    knex,
    base.config.database.url !== null || base.config.redisUrl !== null,
    identity.sessionName,
  );
  const domains = await openDomainsOf(base, knex, urls, `commerce@${identity.host}`);
  await loadCatalogue(base, domains);
  const worker = await startWorker({
    knex,
    domains,
    backbone,
    databaseUrl: databases.url,
    dbosUrl: databases.dbosUrl,
    name: 'commerce',
    identity,
    idempotencyRetentionDays: base.config.idempotencyRetentionDays,
    deskJobsPerSecond: base.config.deskJobsPerSecond,
    reconciliationMinutes: base.config.reconciliationMinutes,
    pickupDays: base.config.pickupDays,
    logger: base.logger,
  });
  base.shutdown.add('worker', () => worker.stop());
  const settlement = startSettlementWork(base, databases, urls);
  base.shutdown.add('settlement', () => settlement.stop());
  const gateway = await startGatewayPart(base, {
    knex,
    databases,
    backbone,
    limits,
    subgraphs: { kind: 'inProcess', subgraphs: Object.values(domains.subgraphs) },
  });
  greet(base, gateway.url, urls);
});

/** Reads what the ERP has, so that the first query is answered from a full catalogue. A known one is read in no time. */
async function loadCatalogue({ logger }: ProcessBase, domains: Domains): Promise<void> {
  const startedAt = performance.now();
  try {
    await domains.product.feed.catchUp(AbortSignal.timeout(CATALOGUE_MILLIS));
    logger.info({ millis: Math.round(performance.now() - startedAt) }, 'catalogue read');
  } catch (error) {
    logger.warn({ err: error }, 'the catalogue could not be read yet; the feed goes on trying');
  }
}

/** Starts a reference system for each system of record that has no URL. The carrier first: the WMS hands it parcels. */
async function startMissingSystems(base: ProcessBase, databases: Databases): Promise<Record<SystemName, string>> {
  const { config, secret, logger, shutdown } = base;
  const urls: Record<string, string> = {};
  const start = async (name: SystemName) => {
    const configured = config.systemUrls[name];
    if (configured !== null) {
      urls[name] = configured;
      return;
    }
    const system = await startReferenceSystem(name, {
      databaseUrl: await databases.systemUrl(name),
      token: systemToken(config, secret, name),
      host: '127.0.0.1',
      port: 0,
      paceMillis: config.demoPaceMillis,
      logger: logger.child({ component: `${name}-system` }),
      carrier: urls.carrier === undefined ? null : { url: urls.carrier, token: systemToken(config, secret, 'carrier') },
    });
    shutdown.add(`${name} system`, () => system.stop());
    urls[name] = system.url;
  };
  await start('carrier');
  await Promise.all([start('erp'), start('oms'), start('wms'), start('channel')]);
  return urls as Record<SystemName, string>;
}

function greet({ config }: ProcessBase, url: string, urls: Readonly<Record<SystemName, string>>): void {
  if (config.logLevel === 'silent') return;
  const lines = [
    '',
    `  The commerce graph is up at ${url}  (open it in a browser)`,
    '',
    ...(config.nodeEnv === 'production'
      ? []
      : [
          '  Local default: sample data and well-known API keys were seeded (dev-storefront, dev-finance, …; see README).',
        ]),
    ...Object.entries(urls).map(
      ([name, at]) =>
        `  ${name.padEnd(8)} ${at}${config.systemUrls[name as SystemName] === null ? '  (reference system)' : ''}`,
    ),
    `  state    ${config.dataDir}`,
    '',
    '  Ctrl-C stops everything; the next start finds all of it.',
    '',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}
