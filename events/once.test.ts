import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { once } from './once.ts';

const event = { source: '/commerce/order', id: 'one', sequence: 'abcd1234-0000000000000001' };

describe('once', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(['integration']);
  });
  afterAll(() => database.drop());

  const handle = (consumer: string, of = event) => database.knex.transaction((trx) => once(trx, consumer, of));

  it('is true the first time, per consumer and per source', async () => {
    expect(await handle('a')).toBe(true);
    expect(await handle('a')).toBe(false);
    expect(await handle('b')).toBe(true);
    expect(await handle('a', { ...event, source: '/commerce/inventory' })).toBe(true);
  });

  it('is true again when the effect was rolled back', async () => {
    const first = await database.knex.transaction();
    expect(await once(first, 'c', event)).toBe(true);
    await first.rollback();
    expect(await handle('c')).toBe(true);
  });

  it('lets a second one wait for the end of the first', async () => {
    const first = await database.knex.transaction();
    expect(await once(first, 'd', event)).toBe(true);
    let answer: boolean | null = null;
    const second = handle('d').then((result) => {
      answer = result;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(answer).toBeNull();
    await first.commit();
    await second;
    expect(answer).toBe(false);
  });
});
