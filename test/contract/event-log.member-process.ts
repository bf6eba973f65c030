import { openEventBackbone } from '../../events/backbone.ts';
import { once } from '../../events/once.ts';
import { openDatabase } from '../../platform/db/database.ts';
import { createLogger } from '../../platform/logger.ts';

// A process that relays and consumes until it is killed. Usage: event-log.member-process.ts <databaseUrl> <redisUrl or "">
const [databaseUrl = '', redisUrl = ''] = process.argv.slice(2);
const knex = openDatabase(databaseUrl, { poolMax: 6, applicationName: 'test-member' });
const backbone = await openEventBackbone({
  knex,
  databaseUrl,
  redisUrl: redisUrl === '' ? null : redisUrl,
  otherProcesses: true,
  sessionName: 'test-events',
  logger: createLogger({ level: 'silent', component: 'test' }),
});
backbone.startRelay();
void backbone.log.consume({
  group: 'effects',
  types: ['order-status-changed.v1'],
  handler: (event) =>
    knex.transaction(async (trx) => {
      if (!(await once(trx, 'effects', event))) return;
      await trx.raw('insert into public.effect (subject, version, pid) values (?, ?, ?)', [
        event.subject,
        event.version,
        process.pid,
      ]);
    }),
  onDead: async (event, error) => {
    throw new Error(`${event.id} was given up`, { cause: error });
  },
  signal: new AbortController().signal,
});
process.stdout.write(`${JSON.stringify(backbone.describe())}\n`);
