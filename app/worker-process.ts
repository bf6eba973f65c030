import { hostname } from 'node:os';
import { openBackbone, openDomainsOf, openStorage } from './parts.ts';
import { runProcess } from './process.ts';
import { startWorker } from './worker.ts';

// `npm run start:worker [name]`: feeds, relay and workflows. The name keeps unfinished work with this worker over restarts.
await runProcess('worker', async (base) => {
  const { databases, knex } = await openStorage(base);
  const backbone = await openBackbone(base, databases, knex, true);
  const executorId = process.argv[2] ?? 'worker';
  const domains = await openDomainsOf(base, knex, base.config.systemUrls, `${executorId}@${hostname()}`);
  const worker = await startWorker({
    knex,
    domains,
    backbone,
    dbosUrl: databases.dbosUrl,
    executorId,
    logger: base.logger,
  });
  base.shutdown.add('worker', () => worker.stop());
  base.logger.info({ executorId }, 'worker runs');
});
