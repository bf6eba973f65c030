import { parseArgs } from 'node:util';
import { CommerceError } from '../platform/errors.ts';
import { workerIdentity } from '../platform/lease/worker-lease.ts';
import { openBackbone, openDomainsOf, openStorage } from './parts.ts';
import { runProcess } from './process.ts';
import { startSettlementWork } from './settlement-work.ts';
import { startWorker } from './worker.ts';

const ROLES = ['all', 'orders', 'settlement'] as const;

// `npm run start:worker -- [name] [--role all|orders|settlement]`: feeds, relay and workflows, and settlement's batch work.
// Any number share the work; the name is for people. In a role of its own, settlement cannot slow the orders down.
await runProcess('worker', async (base) => {
  const { name, role } = commandLine();
  const identity = workerIdentity(name);
  const { databases, knex } = await openStorage(base, identity.sessionName);
  const backbone = role === 'settlement' ? null : await openBackbone(base, databases, knex, true, identity.sessionName);
  if (backbone) {
    const domains = await openDomainsOf(base, knex, base.config.systemUrls, `${name}@${identity.host}`);
    const worker = await startWorker({
      knex,
      domains,
      backbone,
      databaseUrl: databases.url,
      dbosUrl: databases.dbosUrl,
      name,
      identity,
      idempotencyRetentionDays: base.config.idempotencyRetentionDays,
      deskJobsPerSecond: base.config.deskJobsPerSecond,
      reconciliationMinutes: base.config.reconciliationMinutes,
      feedStallSeconds: base.config.feedStallSeconds,
      pickupDays: base.config.pickupDays,
      untracked: base.config.untracked,
      host: base.config.host,
      webhookPort: base.config.webhookPort,
      logger: base.logger,
    });
    base.shutdown.add('worker', () => worker.stop());
  }
  if (role !== 'orders') {
    const work = startSettlementWork(base, databases, base.config.systemUrls);
    base.shutdown.add('settlement', () => work.stop());
  }
  base.logger.info({ worker: identity.id, role }, 'worker runs');
});

function commandLine(): { name: string; role: (typeof ROLES)[number] } {
  const { values, positionals } = parseArgs({
    options: { role: { type: 'string', default: 'all' } },
    allowPositionals: true,
  });
  const role = ROLES.find((one) => one === values.role);
  if (!role) throw new CommerceError('CONFIGURATION_INVALID', `--role is one of ${ROLES.join(', ')}.`);
  return { name: positionals[0] ?? 'worker', role };
}
