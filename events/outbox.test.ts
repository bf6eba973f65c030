import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '../platform/db/query.ts';
import { orderEvent, stockEvent } from '../test/contract/event-log.events.ts';
import { createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { inProcessFanOut } from './adapters/in-process-fan-out.ts';
import { type EventType, eventContracts } from './contracts/index.ts';
import { wakeRelayAfterCommit, writeEvents } from './outbox.ts';

describe('outbox', () => {
  let database: TestDatabase;
  const fanOut = inProcessFanOut();
  let woken: string[] = [];
  fanOut.subscribe((topics) => void woken.push(...topics));

  beforeAll(async () => {
    database = await createTestDatabase(['integration']);
    wakeRelayAfterCommit(database.knex, fanOut);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.knex.raw('truncate integration.outbox');
    woken = [];
  });

  const written = () =>
    query<{ subject: string; version: number; source: string }>(
      database.knex,
      'select subject, version, source from integration.outbox order by position',
    );

  it('keeps the order of the events of one call, and writes them in one statement', async () => {
    const statements: string[] = [];
    const count = ({ sql }: { sql: string }) => statements.push(sql);
    database.knex.on('query', count);
    await database.knex.transaction((trx) =>
      writeEvents(trx, [orderEvent('ord_1', 1), stockEvent('71053', 1), orderEvent('ord_1', 2)]),
    );
    database.knex.off('query', count);
    expect(await written()).toEqual([
      { subject: 'ord_1', version: 1, source: '/commerce/order' },
      { subject: '71053', version: 1, source: '/commerce/inventory' },
      { subject: 'ord_1', version: 2, source: '/commerce/order' },
    ]);
    expect(statements.filter((sql) => sql.includes('integration.outbox'))).toHaveLength(1);
  });

  it('wakes the relay once when the transaction has committed, not before', async () => {
    await database.knex.transaction(async (trx) => {
      await writeEvents(trx, [orderEvent('ord_1', 1)]);
      await writeEvents(trx, [orderEvent('ord_1', 2)]);
      expect(woken).toEqual([]);
    });
    expect(woken).toEqual(['outbox-filled']);
  });

  it('writes nothing and wakes nobody when the transaction is rolled back', async () => {
    const change = database.knex.transaction(async (trx) => {
      await writeEvents(trx, [orderEvent('ord_1', 1)]);
      throw new Error('the change failed');
    });
    await expect(change).rejects.toThrow('the change failed');
    expect(await written()).toEqual([]);
    expect(woken).toEqual([]);
  });

  it('does nothing for no events', async () => {
    await database.knex.transaction((trx) => writeEvents(trx, []));
    expect(woken).toEqual([]);
  });

  it.each([
    ['an unknown field', { data: { ...orderEvent('o', 1).data, email: 'jo@example.com' } }, ' unrecognized_keys'],
    ['a missing field', { data: { orderId: 'ord_1', previousStatus: null, status: 'ACCEPTED' } }, 'customerId'],
    ['a foreign status', { data: { ...orderEvent('o', 1).data, status: 'jo@example.com' } }, 'status invalid_value'],
    ['version 0', { version: 0 }, 'version'],
    ['half a version', { version: 1.5 }, 'version'],
    ['no subject', { subject: '' }, 'subject'],
  ])('refuses %s and names the place, not the value', async (_, wrong, place) => {
    const change = database.knex.transaction((trx) =>
      writeEvents(trx, [orderEvent('ord_1', 1), orderEvent('ord_1', 2, wrong)]),
    );
    await expect(change).rejects.toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
      message: expect.stringContaining(place),
    });
    await expect(change).rejects.not.toMatchObject({ message: expect.stringContaining('jo@example.com') });
    expect(await written()).toEqual([]);
  });

  it('has a contract per type with one sender, at least one reader, and a subject that is in its data', () => {
    for (const [type, contract] of Object.entries(eventContracts)) {
      expect(type).toMatch(/^[a-z]+(-[a-z]+)*\.v[1-9]\d*$/);
      expect(contract.readers.length).toBeGreaterThan(0);
      expect(Object.keys(eventContracts[type as EventType].schema.shape)).toContain(contract.subject);
    }
  });
});
