import { expect, it } from '@jest/globals';
import { compareAll } from './compare.ts';
import { Executors } from './executors.ts';

// The long form, with seeds nobody has seen: npm run test:differential -- --runs 20000 --seed 7
it('compiled plans answer as @apollo/gateway does, whatever is asked and however subgraphs fail', async () => {
  const executors = new Executors();
  const { compared, misplaced } = await compareAll(executors, { runs: 130, seed: 20_261_127 });
  expect(compared).toBeGreaterThan(110);
  expect(misplaced / compared).toBeLessThan(0.1);
  // It would be easy to agree by leaving everything to @apollo/gateway.
  const compiled = executors.executions.get('compiled ') ?? 0;
  expect(compiled).toBeGreaterThan(compared);
});
