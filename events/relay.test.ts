import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '../platform/db/query.ts';
import { createLogger } from '../platform/logger.ts';
import { orderEvent } from '../test/contract/event-log.events.ts';
import { createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { until } from '../test/helpers/processes.ts';
import { inProcessFanOut } from './adapters/in-process-fan-out.ts';
import { type NewEvent, wakeRelayAfterCommit, writeEvents } from './outbox.ts';
import { type LogMirror, moveOutbox, type Relay, type RelayOptions, startRelay } from './relay.ts';

const logger = createLogger({ level: 'silent', component: 'test' });

describe('relay', () => {
  let database: TestDatabase;
  const relays: Relay[] = [];

  beforeAll(async () => {
    database = await createTestDatabase(['integration']);
  });
  afterAll(() => database.drop());
  beforeEach(() =>
    database.knex.raw(`
      truncate integration.outbox, integration.event_log;
      update integration.event_log_state set head = 0, floor = 0`),
  );
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop();
  });

  const write = (events: readonly NewEvent[]) => database.knex.transaction((trx) => writeEvents(trx, events));
  const logged = async () => {
    const rows = await query<{ sequence: string; subject: string; version: number }>(
      database.knex,
      'select sequence, subject, version from integration.event_log order by sequence',
    );
    return rows.map((row) => `${row.sequence}: ${row.subject}#${row.version}`);
  };
  const start = (options: Partial<RelayOptions> = {}) => {
    const relay = startRelay({ knex: database.knex, fanOut: inProcessFanOut(), logger, ...options });
    relays.push(relay);
    return relay;
  };

  it('moves the oldest events first and numbers them without a gap', async () => {
    await write([orderEvent('ord_1', 1), orderEvent('ord_2', 1), orderEvent('ord_1', 2)]);
    expect(await moveOutbox(database.knex, 2)).toBe(2);
    expect(await moveOutbox(database.knex, 2)).toBe(1);
    expect(await moveOutbox(database.knex, 2)).toBe(0);
    expect(await logged()).toEqual(['1: ord_1#1', '2: ord_2#1', '3: ord_1#2']);
  });

  it('loses nothing and doubles nothing when it dies in the middle of a move', async () => {
    await write([orderEvent('ord_1', 1), orderEvent('ord_1', 2)]);
    const dying = await database.knex.transaction();
    expect(await moveOutbox(dying, 10)).toBe(2);
    // Meanwhile a second one stands by, and readers see nothing of what may still be undone.
    expect(await moveOutbox(database.knex, 10)).toBe(-1);
    expect(await logged()).toEqual([]);
    await dying.rollback();
    expect(await moveOutbox(database.knex, 10)).toBe(2);
    expect(await logged()).toEqual(['1: ord_1#1', '2: ord_1#2']);
  });

  it('gives a transaction that commits late a later place, so that no reader has passed it', async () => {
    const late = await database.knex.transaction();
    await writeEvents(late, [orderEvent('ord_late', 1)]);
    await write([orderEvent('ord_early', 1)]);
    expect(await moveOutbox(database.knex, 10)).toBe(1);
    await late.commit();
    expect(await moveOutbox(database.knex, 10)).toBe(1);
    expect(await logged()).toEqual(['1: ord_early#1', '2: ord_late#1']);
  });

  it('moves at once what was committed on the same handle, and says so to the readers', async () => {
    const fanOut = inProcessFanOut();
    wakeRelayAfterCommit(database.knex, fanOut);
    const grew: number[] = [];
    fanOut.subscribe((topics) => topics.includes('log-grew') && grew.push(1));
    const relay = start({ fanOut, pollMillis: 60_000 });
    await until(() => relay.state() === 'leading');
    await write([orderEvent('ord_1', 1)]);
    await until(() => grew.length === 1, 2_000);
    expect(await logged()).toEqual(['1: ord_1#1']);
  });

  it('finds what nobody woke it for', async () => {
    wakeRelayAfterCommit(database.knex, inProcessFanOut());
    start({ pollMillis: 20 });
    await write([orderEvent('ord_1', 1)]);
    await until(async () => (await logged()).length === 1);
  });

  it('stands by while another one moves', async () => {
    const other = await database.knex.transaction();
    await moveOutbox(other, 1);
    const relay = start();
    await until(() => relay.state() === 'standby');
    await other.commit();
    await until(() => relay.state() === 'leading');
  });

  it('goes on after the database was away', async () => {
    await database.knex.raw('alter table integration.outbox rename to elsewhere');
    const relay = start({ pollMillis: 20 });
    await until(() => relay.state() === 'failing');
    await database.knex.raw('alter table integration.elsewhere rename to outbox');
    await write([orderEvent('ord_1', 1)]);
    await until(async () => (await logged()).length === 1);
    expect(relay.state()).toBe('leading');
  });

  it('tells the mirror before the readers, and goes on without it', async () => {
    const fanOut = inProcessFanOut();
    wakeRelayAfterCommit(database.knex, fanOut);
    const calls: string[] = [];
    fanOut.subscribe((topics) => topics.includes('log-grew') && calls.push('readers'));
    let broken = false;
    const mirror: LogMirror = {
      async catchUp() {
        calls.push('mirror');
        if (broken) throw new Error('redis is away');
      },
    };
    const relay = start({ fanOut, mirror, pollMillis: 60_000 });
    await until(() => relay.state() === 'leading');
    expect(calls).toEqual(['mirror']); // it may have lost what it had
    calls.length = 0;
    await write([orderEvent('ord_1', 1)]);
    await until(() => calls.length === 2);
    broken = true;
    await write([orderEvent('ord_1', 2)]);
    await until(() => calls.length === 4);
    expect(calls).toEqual(['mirror', 'readers', 'mirror', 'readers']);
    expect(relay.state()).toBe('leading');
  });
});
