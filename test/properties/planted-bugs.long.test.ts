import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concurrentPlan, sequentialPlan } from './actions.ts';
import { isLong } from './budget.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { runConcurrently, runSequentially } from './run.ts';
import { createWorld, type World } from './world.ts';

/** The same plans for every bug: the sequential ones find the same at each run. */
const SEED = 20_261_127;
/** Within how many plans a bug must be seen. */
const RUNS = 60;

const PROPERTIES = {
  model: (world: World) => fc.asyncProperty(sequentialPlan(40), (plan) => runSequentially(world, plan)),
  books: (world: World) => fc.asyncProperty(concurrentPlan(60), (plan) => runConcurrently(world, plan, 12, null)),
};

describe('the properties see that', () => {
  it.each(PLANTED_BUGS.filter((bug) => isLong || !bug.shy).map((bug) => [bug.name, bug] as const))(
    '%s',
    async (_name, bug) => {
      const world = await createWorld(bug);
      try {
        const property = PROPERTIES[bug.seenBy](world) as fc.IAsyncProperty<unknown>;
        const details = await fc.check(property, { seed: SEED, numRuns: RUNS, endOnFailure: true });
        expect({ failed: details.failed, error: String(details.errorInstance).split('\n  after')[0] }).toEqual({
          failed: true,
          error: expect.stringMatching(/./),
        });
      } finally {
        await world.stop();
      }
    },
    300_000,
  );
});
