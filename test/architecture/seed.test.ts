import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seed } from '../helpers/seed.ts';
import { budget } from '../properties/budget.ts';

it('random tests begin where the run says, and not where each of them likes', () => {
  expect(seed).toBe(Number(process.env.SEED ?? 20_261_128));
  expect(budget(1, 1).seed).toBe(seed);
  const draw = (parameters: fc.Parameters<number>) => fc.sample(fc.integer(), { numRuns: 20, ...parameters });
  expect(draw({})).toEqual(draw({ seed }));
});
