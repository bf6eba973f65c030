import fc from 'fast-check';
import { createTestDatabase } from '../helpers/database.ts';
import { type Change, rewrite } from './planted-bugs.ts';
import { runSelling } from './selling.ts';
import { sellingPlan } from './selling-model.ts';

export type SellingBug = readonly [name: string, Change];

const SEED = 20_261_127;
/** Within how many plans a bug must be seen. */
const RUNS = 60;

/** Faults that somebody could make; each is seen within a handful of plans. */
export const QUICKLY_SEEN: readonly SellingBug[] = [
  ['a bundle is sold as often as its most plentiful component is there', ['inventory.offers', 'min(base.free / part.quantity)', 'max(base.free / part.quantity)']],
  ['a bundle gives one piece of each component back', ['inventory.release_order', 'given.units * coalesce(line.per_bundle, 1)', 'given.units']],
  ['an order may exceed the cap of its channel', ['inventory.sellable', 'own + least(allowed.cap,', 'own + least(2000000000,']],
  ['any number of units may wait', ['inventory.plan_sale', 'units.sellable + units.backorder_units::bigint', 'units.sellable + 1000000::bigint']],
]; // biome-ignore format: a table

/** Seen after some dozens of plans: `npm run test:planted`. */
export const SEEN_LATE: readonly SellingBug[] = [
  ['who waits takes what is kept from his channel', ['inventory.move_order', 'now.free < least(before.free, now.kept)', 'false']],
  ['who waits is kept what his channel may not have', ['inventory.claimed_units', 'greatest(0, may.free - may.kept)', 'may.free']],
]; // biome-ignore format: a table

/** Faults that take many plans to be seen: only the long form looks for them. */
export const SHY: readonly SellingBug[] = [
  ['goods in place of lost ones are taken from what is kept from the channel', ['inventory.reassign_order', 'least(was.free, now.kept)', '0']],
  ['pieces that left alone are given back', ['inventory.release_order', '- coalesce(loose.quantity, 0)', '']],
  ['those who wait already are not counted', ['inventory.own_terms', 'rule.backorder_units - waiting.units', 'rule.backorder_units']],
]; // biome-ignore format: a table

/** Whether the property of selling turns red over a database with the bug. The same plans for every bug. */
export async function isSeen(bug: Change): Promise<boolean> {
  const database = await createTestDatabase(['integration', 'inventory']);
  try {
    await rewrite(bug)(database.knex);
    const property = fc.asyncProperty(sellingPlan, (plan) => runSelling(database.knex, plan));
    return (await fc.check(property, { seed: SEED, numRuns: RUNS, endOnFailure: true })).failed;
  } finally {
    await database.drop();
  }
}
