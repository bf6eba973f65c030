import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sleep } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { createThrottle, NO_THROTTLE, restMillis } from './throttle.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['integration']);
});
afterAll(() => database.drop());

it.each([
  // worked, share, load, rest
  [100, 1, 9, 0],
  [100, 0.5, 0, 100],
  [100, 0.5, 1, 100],
  [100, 0.5, 3, 300],
  [100, 0.25, 2, 600],
  [9_000, 0.5, 4, 5_000],
])('rests after %i ms of work at a share of %d under a load of %d: %i ms', (worked, share, load, rest) => {
  expect(restMillis(worked, share, load)).toBe(rest);
});

it('does one piece at a time, also after one that failed', async () => {
  const throttle = createThrottle(database.knex, { share: 0.9, yieldAbove: Number.POSITIVE_INFINITY });
  const seen: string[] = [];
  const piece = (name: string) => async () => {
    seen.push(`${name} begins`);
    await sleep(1);
    seen.push(`${name} ends`);
    if (name === 'b') throw new Error('b');
  };
  const pieces = ['a', 'b', 'c'].map((name) => throttle.work(piece(name)));
  expect((await Promise.allSettled(pieces)).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
  expect(seen).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

it('takes on less at a time while others use the database, and all of it when they do not', async () => {
  const throttle = createThrottle(database.knex, { share: 0.9, yieldAbove: 1 });
  expect(throttle.size(500)).toBe(500);
  // The server tells of transactions after up to a second.
  for (let size = 500; size === 500; size = throttle.size(500)) {
    for (let index = 0; index < 20; index++) await query(database.knex, 'select 1');
    await throttle.work(() => sleep(1));
  }
  expect(throttle.size(500)).toBeGreaterThanOrEqual(50);
  expect(NO_THROTTLE.size(500)).toBe(500);
});
