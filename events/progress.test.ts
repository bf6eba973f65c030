import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Progress } from './progress.ts';

describe('progress', () => {
  it('is the longest settled beginning, whatever the order of settling', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }).chain((count) =>
          fc.shuffledSubarray(
            Array.from({ length: count }, (_, index) => index),
            { minLength: count },
          ),
        ),
        (order) => {
          const progress = new Progress(null);
          const settles = order.map((_, index) => progress.begin(String(index)));
          const settled = new Set<number>();
          for (const index of order) {
            settles[index]?.();
            settled.add(index);
            let first = 0;
            while (settled.has(first)) first += 1;
            expect(progress.settledUpTo).toBe(first === 0 ? null : String(first - 1));
            expect(progress.size).toBe(order.length - first);
          }
        },
      ),
    );
  });

  it('passes what concerns nobody as soon as everything before is settled', () => {
    const progress = new Progress('0');
    const settle = progress.begin('1');
    progress.passed('5');
    expect(progress.settledUpTo).toBe('0');
    settle();
    expect(progress.settledUpTo).toBe('5');
    progress.passed('9');
    expect(progress.settledUpTo).toBe('9');
    expect(progress.size).toBe(0);
  });
});
