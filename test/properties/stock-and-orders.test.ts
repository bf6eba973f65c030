import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concurrentPlan, sequentialPlan } from './actions.ts';
import { budget, hold, patience } from './budget.ts';
import { EXAMPLES } from './examples.ts';
import { runConcurrently, runSequentially } from './run.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.stop());

describe('stock and orders', () => {
  it.each(Object.entries(EXAMPLES))('know that %s', (_what, plan) => runSequentially(world, plan));

  it(
    'are after every action what plain arithmetic says',
    async () => {
      const property = fc.asyncProperty(sequentialPlan(40), (plan) => runSequentially(world, plan));
      expect(await hold(property, budget(10, 0.4))).toBeGreaterThan(0);
    },
    patience(0.4),
  );

  it(
    'leave no unit and no order unaccounted for, in whatever order the statements of several clients arrive',
    async () => {
      const property = fc.asyncProperty(concurrentPlan(24), fc.scheduler(), (plan, scheduler) =>
        runConcurrently(world, plan, 5, scheduler),
      );
      expect(await hold(property, budget(6, 0.4))).toBeGreaterThan(0);
    },
    patience(0.4),
  );

  it(
    'leave none unaccounted for when many clients are as fast as they can',
    async () => {
      const property = fc.asyncProperty(concurrentPlan(80), (plan) => runConcurrently(world, plan, 12, null));
      expect(await hold(property, budget(3, 0.2))).toBeGreaterThan(0);
    },
    patience(0.2),
  );
});
