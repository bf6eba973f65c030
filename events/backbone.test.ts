import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../platform/logger.ts';
import { orderEvent } from '../test/contract/event-log.events.ts';
import { createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { until } from '../test/helpers/processes.ts';
import { openEventBackbone } from './backbone.ts';
import { writeEvents } from './outbox.ts';

const logger = createLogger({ level: 'silent', component: 'test' });

describe('event backbone', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(['integration']);
  });
  afterAll(() => database.drop());

  const open = (more: { redisUrl?: string | null; otherProcesses?: boolean }) =>
    openEventBackbone({
      knex: database.knex,
      databaseUrl: database.url,
      redisUrl: null,
      otherProcesses: false,
      sessionName: 'test-events',
      logger,
      ...more,
    });

  it('carries an event from the commit to a group within one process', async () => {
    const backbone = await open({});
    const relay = backbone.startRelay();
    const stopping = new AbortController();
    const seen: number[] = [];
    const running = backbone.log.consume({
      group: 'readers',
      types: ['order-status-changed.v1'],
      handler: async (event) => void seen.push(event.version),
      onDead: async () => undefined,
      signal: stopping.signal,
    });
    const write = (version: number) =>
      database.knex.transaction((trx) => writeEvents(trx, [orderEvent('ord_1', version)]));
    await write(1);
    await until(() => seen.length === 1);
    await write(2);
    await until(() => seen.length === 2);
    expect(seen).toEqual([1, 2]);
    stopping.abort();
    await running;
    await relay.stop();
    expect(relay.state()).toBe('stopped');
    expect(backbone.describe()).toEqual({ eventLog: 'postgres', fanOut: 'in-process' });
    await backbone.close();
  });

  it('says which adapters are active', async () => {
    const backbone = await open({ otherProcesses: true });
    expect(backbone.describe()).toEqual({ eventLog: 'postgres', fanOut: 'postgres notify' });
    await backbone.close();
  });

  it('starts and works while Redis is away, and shows its address without the password', async () => {
    const backbone = await open({ otherProcesses: true, redisUrl: 'redis://:hunter2@127.0.0.1:1/2' });
    expect(backbone.describe()).toEqual({
      eventLog: 'redis stream over postgres at 127.0.0.1:1/2',
      fanOut: 'redis publish/subscribe',
    });
    const relay = backbone.startRelay();
    const start = await backbone.log.head();
    await database.knex.transaction((trx) => writeEvents(trx, [orderEvent('ord_2', 1)]));
    await until(async () => (await backbone.log.read({ after: start, limit: 10 })).events.length === 1);
    await relay.stop();
    await backbone.close();
  });

  it('refuses what is no Redis URL before it opens anything', async () => {
    await expect(open({ redisUrl: 'hunter2@cache' })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });
});
