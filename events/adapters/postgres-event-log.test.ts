import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query, type SqlValue } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { channelTopic, orderTopic, subjectTopic, typeTopic } from '../topics.ts';
import { inProcessFanOut } from './in-process-fan-out.ts';
import { type PostgresEventLog, postgresEventLog } from './postgres-event-log.ts';
import { openPostgresSession, type PostgresSession } from './postgres-session.ts';

const logger = createLogger({ level: 'silent', component: 'test' });

describe('reading a long log by topics', () => {
  let database: TestDatabase;
  let session: PostgresSession;
  let log: PostgresEventLog;

  /** 30,000 stock and order events; at the end one of a type, of a channel, of an order and of an item that are rare. */
  beforeAll(async () => {
    database = await createTestDatabase(['integration']);
    await database.knex.raw(`
      insert into integration.event_log
        (sequence, id, type, source, subject, version, channel_code, occurred_at, trace_id, data, recorded_at)
      select n, gen_random_uuid(),
        case when n = 30000 then 'invoice-posted.v1' when n % 2 = 0 then 'order-status-changed.v1' else 'inventory-changed.v1' end,
        '/test', case when n % 2 = 0 then 'ord_' || n / 100 else 'sku_' || n % 50 end, 1,
        case when n = 30000 then 'RARE' when n % 2 = 0 then 'WEB' end,
        now(), 'trace', case when n % 2 = 0 then jsonb_build_object('orderId', 'ord_' || n / 100) else '{}' end, now()
      from generate_series(1, 30000) as n;
      update integration.event_log_state set head = 30000;
      analyze integration.event_log`);
    session = openPostgresSession(database.url, { applicationName: 'test-long-log', logger });
    log = postgresEventLog({ knex: database.knex, session, fanOut: inProcessFanOut(), logger });
  });
  afterAll(async () => {
    await session.close();
    await database.drop();
  });

  it.each([
    ['a rare type', typeTopic('invoice-posted.v1'), 1],
    ['a frequent type', typeTopic('inventory-changed.v1'), 10],
    ['a rare channel', channelTopic('RARE'), 1],
    ['a frequent channel', channelTopic('WEB'), 10],
    ['an order', orderTopic('ord_300'), 1],
    ['an item', subjectTopic('inventory-changed.v1', 'sku_49'), 10],
  ])('looks at no other events than those of %s', async (_, topic, count) => {
    const asked: { sql: string; bindings: SqlValue[] }[] = [];
    const note = (statement: { sql: string; bindings: SqlValue[] }) => asked.push(statement);
    const { format } = await log.sequences();
    database.knex.on('query', note);
    expect(await log.readByTopics([topic], format(0n), 10)).toHaveLength(count);
    database.knex.off('query', note);
    expect(asked).toHaveLength(1);

    const { sql, bindings } = asked[0] as (typeof asked)[0];
    const plan = await query<{ 'QUERY PLAN': string }>(
      database.knex,
      `explain (analyze, costs off, timing off) ${sql.replaceAll(/\$\d+/g, '?')}`,
      bindings,
    );
    const scans = plan.map((row) => row['QUERY PLAN']).filter((line) => /Scan .* on event_log\b/.test(line));
    expect(scans.length).toBeGreaterThan(1);
    for (const line of scans) {
      expect(line).toContain('using event_log_');
      // Rows of one run, or none at all: the walk ends with the limit.
      const rows = /actual rows=([\d.]+) loops=(\d+)/.exec(line);
      expect(Number(rows?.[1] ?? 0)).toBeLessThanOrEqual(count);
    }
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).not.toContain('Rows Removed by Filter');
  });
});
