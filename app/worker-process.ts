import { workerIdentity } from '../platform/lease/worker-lease.ts';
import { openBackbone, openDomainsOf, openStorage } from './parts.ts';
import { runProcess } from './process.ts';
import { startWorker } from './worker.ts';

// `npm run start:worker [name]`: feeds, relay and workflows. Any number share the work; the name is for people.
await runProcess('worker', async (base) => {
  const name = process.argv[2] ?? 'worker';
  const identity = workerIdentity(name);
  const { databases, knex } = await openStorage(base, identity.sessionName);
  const backbone = await openBackbone(base, databases, knex, true, identity.sessionName);
  const domains = await openDomainsOf(base, knex, base.config.systemUrls, `${name}@${identity.host}`);
  const worker = await startWorker({
    knex,
    domains,
    backbone,
    dbosUrl: databases.dbosUrl,
    name,
    identity,
    idempotencyRetentionDays: base.config.idempotencyRetentionDays,
    logger: base.logger,
  });
  base.shutdown.add('worker', () => worker.stop());
  base.logger.info({ worker: identity.id }, 'worker runs');
});
