import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inProcessFanOut } from '../../events/adapters/in-process-fan-out.ts';
import { postgresEventLog } from '../../events/adapters/postgres-event-log.ts';
import { openPostgresSession, type PostgresSession } from '../../events/adapters/postgres-session.ts';
import { type RedisEventLog, redisEventLog } from '../../events/adapters/redis-event-log.ts';
import { writeEvents } from '../../events/outbox.ts';
import { moveOutbox } from '../../events/relay.ts';
import { createTail } from '../../events/tail.ts';
import { createLogger } from '../../platform/logger.ts';
import { connectRedis, type Redis, redisReady } from '../../platform/redis/connect.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { until } from '../helpers/processes.ts';
import { orderEvent } from './event-log.events.ts';

const logger = createLogger({ level: 'silent', component: 'test' });

/** The copy in Redis may be lost, old or out of reach at any time: no reader may notice. */
export function redisLossTests(redisUrl: string): void {
  describe('event log: redis when it fails', () => {
    let database: TestDatabase;
    let session: PostgresSession;
    let redis: Redis;
    let log: RedisEventLog;
    let prefix: string;
    let key: string;
    let version = 0;
    const stops: (() => Promise<void>)[] = [];

    const fanOut = inProcessFanOut();
    const store = () => postgresEventLog({ knex: database.knex, session, fanOut, logger });
    const over = (client: Redis, keepEntries = 1_000) =>
      redisEventLog({ log: store(), redis: client, prefix, fanOut, logger, keepEntries });

    beforeAll(async () => {
      database = await createTestDatabase(['integration']);
      session = openPostgresSession(database.url, { applicationName: 'test-redis-loss', logger });
      await session.ready();
      redis = connectRedis(redisUrl, { connectionName: 'test-redis-loss', logger });
      if (!(await redisReady(redis, 5_000))) throw new Error('REDIS_URL is set, but no Redis answers there');
    });
    beforeEach(async () => {
      prefix = `test-${randomBytes(4).toString('hex')}`;
      log = over(redis);
      key = `{${prefix}:${(await log.head()).split('-')[0]}}:events`;
    });
    afterEach(async () => {
      for (const stop of stops.splice(0)) await stop();
      await redis.del(key);
    });
    afterAll(async () => {
      redis.disconnect();
      await session.close();
      await database.drop();
    });

    /** Brings events into the log, not into the copy. */
    async function write(count: number): Promise<void> {
      const events = Array.from({ length: count }, () => orderEvent('ord_1', ++version));
      await database.knex.transaction((trx) => writeEvents(trx, events));
      await moveOutbox(database.knex, count);
    }
    const versionsAfter = async (after: string, reader: RedisEventLog = log) =>
      (await reader.read({ after, limit: 1_000 })).events.map((event) => event.version);
    const copied = async () => (await redis.xrange(key, '-', '+')).map(([id]) => id);
    const wholeLog = async () => {
      const head = Number((await log.head()).split('-')[1]);
      return Array.from({ length: head }, (_, index) => `${index + 1}-0`);
    };

    async function statementsOf(work: () => Promise<unknown>): Promise<number> {
      let count = 0;
      const onQuery = () => {
        count += 1;
      };
      database.knex.on('query', onQuery);
      await work();
      database.knex.off('query', onQuery);
      return count;
    }

    it('answers without the database while all is well', async () => {
      const start = await log.head();
      await write(3);
      await log.catchUp();
      const first = version - 2;
      expect(await statementsOf(() => versionsAfter(start))).toBe(0);
      expect(await versionsAfter(start)).toEqual([first, first + 1, first + 2]);
    });

    it('reads from the log what the copy does not have, lost or never had', async () => {
      const start = await log.head();
      await write(3);
      expect(await versionsAfter(start)).toEqual([version - 2, version - 1, version]);
      await log.catchUp();
      await redis.del(key);
      expect(await versionsAfter(start)).toEqual([version - 2, version - 1, version]);
    });

    it('goes on without a gap when the copy was lost between two events', async () => {
      const tail = await createTail(log, fanOut, { pollMillis: 10 });
      stops.push(tail.close);
      const heard: number[] = [];
      tail.attach('all', (event) => heard.push(event.version));
      const first = version + 1;
      await write(2);
      await log.catchUp();
      await until(() => heard.length === 2);
      await redis.del(key);
      await write(2);
      await log.catchUp();
      await until(() => heard.length === 4);
      expect(heard).toEqual([first, first + 1, first + 2, first + 3]);
      expect(await copied()).toHaveLength(2);
    });

    it('fills up a copy that went back in time, as a failover leaves it', async () => {
      const start = await log.head();
      await write(4);
      await log.catchUp();
      const all = await redis.xrange(key, '-', '+');
      expect(all.map(([id]) => id)).toEqual(await wholeLog());
      await redis.del(key);
      for (const [id, fields] of all.slice(0, -2)) await redis.xadd(key, id, ...fields);
      await write(1);
      expect(await versionsAfter(start)).toHaveLength(2); // what the copy has is right, only not all
      await log.catchUp();
      expect(await copied()).toEqual(await wholeLog());
      expect(await versionsAfter(start)).toHaveLength(5);
    });

    it('stays without a gap when two processes fill it at once', async () => {
      const other = over(redis);
      for (let round = 0; round < 10; round += 1) {
        await write(30);
        await Promise.all([log.catchUp(), other.catchUp()]);
      }
      expect(await copied()).toEqual(await wholeLog());
    });

    it('holds only the newest part', async () => {
      const small = over(redis, 100);
      const start = await log.head();
      await write(1_000);
      await small.catchUp();
      const ids = await copied();
      expect(ids.length).toBeLessThan(300); // Redis removes whole blocks of entries
      expect(ids.at(-1)).toBe(`${Number((await log.head()).split('-')[1])}-0`);
      expect(await versionsAfter(start, small)).toEqual(Array.from({ length: 1_000 }, (_, n) => version - 999 + n));
    });

    it('does not hold up readers when nobody fills it', async () => {
      const tail = await createTail(log, fanOut, { pollMillis: 10 });
      stops.push(tail.close);
      let heard = 0;
      tail.attach('all', () => {
        heard += 1;
      });
      await write(2);
      await until(() => heard === 2, 2_000);
    });

    it('is left aside while no Redis answers', async () => {
      const nowhere = connectRedis('redis://127.0.0.1:1', { connectionName: 'test-nowhere', logger });
      stops.push(async () => nowhere.disconnect());
      const deaf = over(nowhere);
      const start = await deaf.head();
      await write(2);
      await expect(deaf.catchUp()).rejects.toThrow();
      expect(await versionsAfter(start, deaf)).toEqual([version - 1, version]);
    });
  });
}
