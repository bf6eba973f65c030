import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { change, query } from '../platform/db/query.ts';
import { orderEvent } from '../test/contract/event-log.events.ts';
import { createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { once } from './once.ts';
import { writeEvents } from './outbox.ts';
import { moveOutbox } from './relay.ts';
import { pruneEventLog } from './retention.ts';

describe('retention', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(['integration']);
  });
  afterAll(() => database.drop());

  /** Ten events, the one with sequence n recorded 10 - n days ago: the last one today. */
  beforeEach(async () => {
    await database.knex.raw(`
      truncate integration.outbox, integration.event_log, integration.event_consumer, integration.consumed_event;
      update integration.event_log_state set head = 0, floor = 0`);
    const events = Array.from({ length: 10 }, (_, index) => orderEvent('ord_1', index + 1));
    await database.knex.transaction((trx) => writeEvents(trx, events));
    await moveOutbox(database.knex, 100);
    await database.knex.raw(
      `update integration.event_log set recorded_at = now() - make_interval(days => (10 - sequence)::int)`,
    );
  });

  const kept = async () => {
    const rows = await query<{ sequence: string }>(
      database.knex,
      'select sequence from integration.event_log order by sequence',
    );
    return rows.map((row) => Number(row.sequence));
  };
  const floor = async () =>
    Number((await query<{ floor: string }>(database.knex, 'select floor from integration.event_log_state'))[0]?.floor);

  it('keeps the days asked for and moves the floor with them', async () => {
    expect(await pruneEventLog(database.knex, 3.5)).toBe(6);
    expect(await kept()).toEqual([7, 8, 9, 10]);
    expect(await floor()).toBe(6);
    expect(await pruneEventLog(database.knex, 3.5)).toBe(0);
    expect(await floor()).toBe(6);
  });

  it('removes nothing that a group has not settled', async () => {
    await change(
      database.knex,
      `insert into integration.event_consumer (name, position) values ('fast', 10), ('slow', 2)`,
    );
    expect(await pruneEventLog(database.knex, 3.5)).toBe(2);
    expect(await kept()).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    await change(database.knex, `delete from integration.event_consumer where name = 'slow'`);
    expect(await pruneEventLog(database.knex, 3.5)).toBe(4);
  });

  it('removes nothing of what is new, whatever the groups have settled', async () => {
    await change(database.knex, `insert into integration.event_consumer (name, position) values ('fast', 10)`);
    expect(await pruneEventLog(database.knex, 100)).toBe(0);
    expect(await floor()).toBe(0);
  });

  it('refuses to keep nothing', async () => {
    await expect(pruneEventLog(database.knex, 0)).rejects.toThrow('days to keep must be above 0, not 0');
    expect(await kept()).toHaveLength(10);
  });

  it('forgets what a group handled when the event is gone from the log and cannot be replayed, not before', async () => {
    await change(database.knex, `insert into integration.event_consumer (name, position) values ('readers', 2)`);
    await database.knex.transaction(async (trx) => {
      for (const sequence of [1, 2, 3]) {
        const event = {
          source: '/commerce/order',
          id: `id-${sequence}`,
          sequence: `abcd1234-000000000000000${sequence}`,
        };
        expect(await once(trx, 'readers', event)).toBe(true);
      }
    });
    await pruneEventLog(database.knex, 100);
    const remembered = () =>
      query<{ event_id: string }>(database.knex, 'select event_id from integration.consumed_event order by 1');
    expect(await remembered()).toHaveLength(3); // a process that lost its leadership may still be at it
    await change(database.knex, `update integration.consumed_event set consumed_at = now() - interval '25 hours'`);
    await pruneEventLog(database.knex, 100);
    expect(await remembered()).toHaveLength(3); // the group is past two of them, but they can still be replayed
    await change(database.knex, 'update integration.event_log_state set floor = 3');
    await pruneEventLog(database.knex, 100);
    expect(await remembered()).toEqual([{ event_id: 'id-3' }]); // the group is not there yet
  });
});
