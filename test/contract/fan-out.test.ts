import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { inProcessFanOut } from '../../events/adapters/in-process-fan-out.ts';
import { postgresFanOut } from '../../events/adapters/postgres-fan-out.ts';
import { openPostgresSession } from '../../events/adapters/postgres-session.ts';
import { redisFanOut } from '../../events/adapters/redis-fan-out.ts';
import type { FanOut } from '../../events/port.ts';
import { createLogger } from '../../platform/logger.ts';
import { connectRedis, redisReady } from '../../platform/redis/connect.ts';
import { createEmptyDatabase, type TestDatabase } from '../helpers/database.ts';
import { until } from '../helpers/processes.ts';
import { fanOutContract } from './fan-out.contract.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const redisUrl = process.env.REDIS_URL;
const tested = ['in-process', 'postgres', ...(redisUrl ? ['redis'] : [])];

let database: TestDatabase | null = null;
afterAll(async () => database?.drop());

/** Two that hear each other: waits until a wake-up gets through, both ways. */
async function connected(here: FanOut, there: FanOut): Promise<void> {
  for (const [from, to] of [
    [here, there],
    [there, here],
  ] as const) {
    let heard = false;
    const end = to.subscribe(() => {
      heard = true;
    });
    await until(async () => {
      from.publish(['are you there?']);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return heard;
    });
    end();
  }
}

async function postgresFanOuts() {
  database ??= await createEmptyDatabase();
  const sessions = [1, 2].map(() =>
    openPostgresSession(database?.url ?? '', { applicationName: 'test-fan-out', logger }),
  );
  const [here, there] = sessions.map((session) => postgresFanOut(session)) as [FanOut, FanOut];
  await connected(here, there);
  return {
    here,
    there,
    async stop() {
      for (const session of sessions) await session.close();
    },
  };
}

async function redisFanOuts(url: string) {
  const prefix = `test-${randomBytes(4).toString('hex')}`;
  const clients = [1, 2].map(() => connectRedis(url, { connectionName: 'test-fan-out', logger }));
  for (const client of clients) {
    if (!(await redisReady(client, 5_000))) throw new Error('REDIS_URL is set, but no Redis answers there');
  }
  const [here, there] = clients.map((redis) => redisFanOut({ redis, prefix })) as [FanOut, FanOut];
  await connected(here, there);
  return {
    here,
    there,
    async stop() {
      await Promise.all([here.close(), there.close()]);
      for (const client of clients) client.disconnect();
    },
  };
}

fanOutContract('in-process', async () => ({ here: inProcessFanOut(), there: null, stop: async () => undefined }));
fanOutContract('postgres', postgresFanOuts);
if (redisUrl) fanOutContract('redis', () => redisFanOuts(redisUrl));

describe('fan-out adapters', () => {
  afterAll(() => void process.stderr.write(`fan-out adapters tested: ${tested.join(', ')}\n`));

  it('are all tested where a Redis is promised', () => {
    // CI sets both: a Redis that is missing there must not pass as a suite that was left out.
    if (process.env.CI) expect(tested).toContain('redis');
  });

  it('come back when the server ended the connection', async () => {
    const fanOuts = await postgresFanOuts();
    try {
      await database?.knex.raw(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test-fan-out' and datname = current_database()`,
      );
      await connected(fanOuts.here, fanOuts.there);
    } finally {
      await fanOuts.stop();
    }
  });

  if (redisUrl) {
    it('come back when Redis ended the connection', async () => {
      const fanOuts = await redisFanOuts(redisUrl);
      const admin = connectRedis(redisUrl, { connectionName: 'test-admin', logger });
      try {
        await redisReady(admin, 5_000);
        const clients = String(await admin.call('client', 'list')).split('\n');
        for (const line of clients.filter((client) => / name=test-fan-out/.test(client))) {
          await admin.call('client', 'kill', 'id', String(/^id=(\d+)/.exec(line)?.[1]));
        }
        await connected(fanOuts.here, fanOuts.there);
        expect(fanOuts.here.describe()).toBe('redis sharded publish/subscribe');
      } finally {
        admin.disconnect();
        await fanOuts.stop();
      }
    });
  }
});
