import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { budget, hold, patience } from './budget.ts';
import { runSelling } from './selling.ts';
import { isSeen, QUICKLY_SEEN } from './selling-bugs.ts';
import { sellingPlan } from './selling-model.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
});
afterAll(() => database.drop());

it(
  'bundles, caps and limits of backorders are after every action what plain arithmetic says',
  async () => {
    const property = fc.asyncProperty(sellingPlan, (plan) => runSelling(database.knex, plan));
    expect(await hold(property, budget(5, 0.2))).toBeGreaterThan(0);
  },
  patience(0.2),
);

describe('it is seen that', () => {
  it.each(QUICKLY_SEEN)('%s', async (_, bug) => expect(await isSeen(bug)).toBe(true));
});
