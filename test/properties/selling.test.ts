import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { budget, hold, isLong, patience } from './budget.ts';
import { type Change, rewrite } from './planted-bugs.ts';
import { runSelling } from './selling.ts';
import { sellingPlan } from './selling-model.ts';

const SEED = 20_261_127;

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

/** Faults that take many plans to be seen: only the long form looks for them. */
const SHY: [string, Change][] = [
  ['goods in place of lost ones are taken from what is kept from the channel', ['inventory.reassign_order', 'least(was.free, now.kept)', '0']],
  ['pieces that left alone are given back', ['inventory.release_order', '- coalesce(loose.quantity, 0)', '']],
  ['those who wait already are not counted', ['inventory.own_terms', 'rule.backorder_units - waiting.units', 'rule.backorder_units']],
]; // biome-ignore format: a table

describe('it is seen that', () => {
  it.each<[string, Change]>([
    ['a bundle is sold as often as its most plentiful component is there', ['inventory.offers', 'min(base.free / part.quantity)', 'max(base.free / part.quantity)']],
    ['a bundle gives one piece of each component back', ['inventory.release_order', 'given.units * coalesce(line.per_bundle, 1)', 'given.units']],
    ['an order may exceed the cap of its channel', ['inventory.sellable', 'own + least(allowed.cap,', 'own + least(2000000000,']],
    ['any number of units may wait', ['inventory.plan_sale', 'units.sellable + units.backorder_units::bigint', 'units.sellable + 1000000::bigint']],
    ['who waits takes what is kept from his channel', ['inventory.move_order', 'now.free < least(before.free, now.kept)', 'false']],
    ['who waits is kept what his channel may not have', ['inventory.claimed_units', 'greatest(0, may.free - may.kept)', 'may.free']],
    ...(isLong ? SHY : []),
])('%s', async (_, bug) => {
    const own = await createTestDatabase(['integration', 'inventory']);
    try {
      await rewrite(bug)(own.knex);
      const property = fc.asyncProperty(sellingPlan, (plan) => runSelling(own.knex, plan));
      const details = await fc.check(property, { seed: SEED, numRuns: 60, endOnFailure: true });
      expect(details.failed).toBe(true);
    } finally {
      await own.drop();
    }
  }, 120_000); // biome-ignore format: a table
});
