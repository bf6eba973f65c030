import { hostname } from 'node:os';
import { readLimits } from '../gateway/guards/limits.ts';
import { sleep } from '../platform/clock.ts';
import type { SystemName } from '../platform/config.ts';
import type { Databases } from './databases.ts';
import type { Domains } from './domains.ts';
import { startGatewayPart } from './gateway-part.ts';
import { openBackbone, openDomainsOf, openStorage } from './parts.ts';
import { type ProcessBase, runProcess } from './process.ts';
import { startSettlementWork } from './settlement-work.ts';
import type { SystemsThreadData, SystemUrls } from './systems-thread.ts';
import { ended, keepThread, startThread } from './threads.ts';
import type { WorkerThreadData } from './worker-thread.ts';

/** Longest wait for the catalogue before the graph opens without it, in milliseconds: an ERP may be down. */
const CATALOGUE_MILLIS = 30_000;
/** The same for stock, which the worker's thread reads: a warehouse system may be down. */
const STOCK_MILLIS = 30_000;
/** Longest wait for the warehouse's sites, where the sourcing rules name one that is not known. */
const SITES_MILLIS = 5_000;
const STOCK_POLL_MILLIS = 100;

// `npm start`: everything in one process. Systems of record that have a URL are used, the others are brought up as
// reference systems; the platform reaches all of them over HTTP. This thread answers clients and nothing else: the worker,
// settlement's batch work and the reference systems have threads of their own, which step back behind it.
await runProcess('commerce', async (base) => {
  const limits = readLimits(base.config.limitsFile ?? undefined); // before anything is started: a wrong file stops all
  const { databases, knex } = await openStorage(base, undefined, base.config.port);
  const urls = await startMissingSystems(base, databases);
  const backbone = await openBackbone(base, databases, knex, true);
  const domains = await openDomainsOf(base, knex, urls, `commerce@${hostname()}`, { awaitsStock: true });
  const { product, inventory, operations, sourcing, subgraphs } = domains;
  await domains.order.verify();
  await sourcing.verify(AbortSignal.timeout(SITES_MILLIS)); // the worker would end in its thread, again and again
  await product.serving.configure(); // a file that names other systems than those in use stops all
  await loadCatalogue(base, product.feed);
  operations.health.start();
  base.shutdown.add('health reports', () => operations.health.stop());
  const { url, dbosUrl, kind } = databases;
  const worker = keepThread<WorkerThreadData>(base, 'worker-thread', {
    config: base.config,
    secret: base.secret,
    systemUrls: urls,
    databases: { url, dbosUrl, kind },
    name: 'commerce',
  });
  base.shutdown.add('worker', () => worker.stop());
  const settlement = startSettlementWork(base, databases, urls);
  base.shutdown.add('settlement', () => settlement.stop());
  await awaitStock(base, inventory.isStockKnown);
  const gateway = await startGatewayPart(base, {
    knex,
    databases,
    backbone,
    limits,
    subgraphs: { kind: 'inProcess', subgraphs: Object.values(subgraphs) },
  });
  greet(base, gateway.url, urls);
});

/** Reads what the ERP has, so that the first query is answered from a full catalogue. A known one is read in no time. */
async function loadCatalogue({ logger }: ProcessBase, feed: Domains['product']['feed']): Promise<void> {
  const startedAt = performance.now();
  try {
    await feed.catchUp(AbortSignal.timeout(CATALOGUE_MILLIS));
    logger.info({ millis: Math.round(performance.now() - startedAt) }, 'catalogue read');
  } catch (error) {
    logger.warn({ err: error }, 'the catalogue could not be read yet; the feed goes on trying');
  }
}

/** Lets nobody order what has no stock only because it was not read yet. Stock of an earlier start is known. */
async function awaitStock({ logger }: ProcessBase, isKnown: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + STOCK_MILLIS;
  while (!(await isKnown())) {
    if (performance.now() > until) {
      logger.warn('stock could not be read yet; the worker goes on trying');
      return;
    }
    await sleep(STOCK_POLL_MILLIS);
  }
}

/** Starts a reference system, in a thread, for each system of record that has no URL. @returns where all of them are */
async function startMissingSystems(base: ProcessBase, databases: Databases): Promise<Record<SystemName, string>> {
  const { config, secret, logger, shutdown } = base;
  const configured = config.systemUrls;
  const missing = (Object.keys(configured) as SystemName[]).filter((name) => configured[name] === null);
  if (missing.length === 0) return configured as Record<SystemName, string>;
  const databaseUrls: Partial<Record<SystemName, string>> = {};
  for (const name of missing) databaseUrls[name] = await databases.systemUrl(name);
  const data = { config, secret, databaseUrls, carrierUrl: configured.carrier };
  const thread = startThread<SystemsThreadData>('systems-thread', data);
  const stopping = new AbortController();
  const end = ended(thread, stopping.signal, config.shutdownGraceMillis);
  shutdown.add('reference systems', async () => {
    stopping.abort();
    await end;
  });
  const started = await Promise.race([
    new Promise<SystemUrls>((resolve) => thread.once('message', resolve)),
    end.then((failure) => {
      throw failure ?? new Error('the reference systems ended before they listened');
    }),
  ]);
  void end.then(async (failure) => {
    if (stopping.signal.aborted) return;
    logger.fatal({ err: failure }, 'the reference systems ended; this process cannot go on');
    await shutdown.stop();
    process.exit(1);
  });
  return { ...configured, ...started } as Record<SystemName, string>;
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
