import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { inProcessFanOut } from '../../events/adapters/in-process-fan-out.ts';
import { memoryEventLog } from '../../events/adapters/memory-event-log.ts';
import { postgresEventLog } from '../../events/adapters/postgres-event-log.ts';
import { postgresFanOut } from '../../events/adapters/postgres-fan-out.ts';
import { openPostgresSession } from '../../events/adapters/postgres-session.ts';
import { redisEventLog } from '../../events/adapters/redis-event-log.ts';
import { redisFanOut } from '../../events/adapters/redis-fan-out.ts';
import { type NewEvent, writeEvents } from '../../events/outbox.ts';
import type { EventLog, FanOut } from '../../events/port.ts';
import { type LogMirror, moveOutbox } from '../../events/relay.ts';
import { LOG_GREW } from '../../events/wake-topics.ts';
import type { Knex } from '../../platform/db/database.ts';
import { query } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import { connectRedis, redisReady } from '../../platform/redis/connect.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { eventLogContract } from './event-log.contract.ts';
import { redisLossTests } from './event-log.redis-loss.ts';
import type { LogMember, LogUnderTest } from './event-log.under-test.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const redisUrl = process.env.REDIS_URL;
/** Readers are to be woken: what only a look of their own would find is not found in time. */
const NEVER = 60_000;
const tested = ['memory', 'postgres', ...(redisUrl ? ['redis'] : [])];

let database: TestDatabase | null = null;
afterAll(async () => database?.drop());

/** One database for all tests, as good as new for each. */
async function emptyDatabase(): Promise<TestDatabase> {
  database ??= await createTestDatabase(['integration']);
  await database.knex.raw(`
    truncate integration.outbox, integration.event_log, integration.event_consumer, integration.consumed_event;
    update integration.event_log_state set epoch = null, head = 0, floor = 0`);
  return database;
}

eventLogContract('memory', async () => {
  const fanOut = inProcessFanOut();
  const log = memoryEventLog({ fanOut, pollMillis: NEVER });
  const member: LogMember = { log, fanOut, stop: async () => undefined };
  return {
    ...member,
    publish: async (events) => log.append(events),
    forget: async (count) => log.prune(count),
    join: async () => member,
  };
});

eventLogContract('postgres', async () => {
  const database = await emptyDatabase();
  const open = async () => {
    const session = openPostgresSession(database.url, { applicationName: 'test-events', logger });
    await session.ready();
    const fanOut = postgresFanOut(session);
    const log = postgresEventLog({ knex: database.knex, session, fanOut, logger, pollMillis: NEVER });
    return { log, fanOut, stop: session.close };
  };
  return underTest(database.knex, await open(), open);
});

if (redisUrl) {
  eventLogContract('redis', async () => {
    const database = await emptyDatabase();
    const prefix = `test-${randomBytes(4).toString('hex')}`;
    const open = async () => {
      const session = openPostgresSession(database.url, { applicationName: 'test-events', logger });
      await session.ready();
      const redis = connectRedis(redisUrl, { connectionName: 'test-events', logger });
      if (!(await redisReady(redis, 5_000))) throw new Error('REDIS_URL is set, but no Redis answers there');
      const fanOut = redisFanOut({ redis, prefix });
      const store = postgresEventLog({ knex: database.knex, session, fanOut, logger });
      const log = redisEventLog({ log: store, redis, prefix, fanOut, logger, pollMillis: NEVER });
      const stop = async () => {
        await fanOut.close();
        for (const key of await redis.keys(`{${prefix}*`)) await redis.del(key);
        redis.disconnect();
        await session.close();
      };
      return { log, fanOut, mirror: log, stop };
    };
    return underTest(database.knex, await open(), open);
  });
  redisLossTests(redisUrl);
}

/** A log in a test database, filled through outbox and relay as in production. */
function underTest(
  knex: Knex,
  first: { log: EventLog; fanOut: FanOut; mirror?: LogMirror; stop(): Promise<void> },
  open: () => Promise<LogMember>,
): LogUnderTest {
  return {
    log: first.log,
    fanOut: first.fanOut,
    join: open,
    async publish(events: readonly NewEvent[]) {
      await knex.transaction((trx) => writeEvents(trx, events));
      await moveOutbox(knex, 1_000);
      await first.mirror?.catchUp();
      first.fanOut.publish([LOG_GREW]);
    },
    async forget(count) {
      const [row] = await query<{ removed: number }>(
        knex,
        `select integration.prune_event_log(now() + interval '1 day', ?) as removed`,
        [count],
      );
      if (row?.removed !== count) throw new Error(`forgot ${row?.removed} events instead of ${count}`);
      await first.mirror?.catchUp();
    },
    stop: first.stop,
  };
}

describe('event log adapters', () => {
  afterAll(() => void process.stderr.write(`event log adapters tested: ${tested.join(', ')}\n`));

  it('are all tested where a Redis is promised', () => {
    // CI sets both: a Redis that is missing there must not pass as a suite that was left out.
    if (process.env.CI) expect(tested).toContain('redis');
  });
});
