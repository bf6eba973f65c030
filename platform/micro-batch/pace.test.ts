import { describe, expect, it } from '@jest/globals';
import { Pace, type PaceLimits } from './pace.ts';

const limits: PaceLimits = {
  targetMillis: 20,
  size: [10, 400],
  beside: 10,
  width: 4,
  patienceMillis: 1_000,
  answerMillis: 7_000,
  waiting: [50, 300, 5_000],
  aloneWidth: 2,
};

/** Batches that keep the pace busy: each as full as allowed, `millis` by its weight and the width. */
function run(pace: Pace, batches: number, millis: (weight: number, width: number) => number): number[] {
  const widths: number[] = [];
  let now = 0;
  for (let batch = 0; batch < batches; batch++) {
    const weight = pace.size;
    const took = millis(weight, pace.width);
    now += took / pace.width;
    pace.observe({ items: weight / 4, weight, millis: took, full: true }, now);
    widths.push(pace.width);
  }
  return widths;
}

describe('Pace', () => {
  it('grows full batches until they take the target time', () => {
    const pace = new Pace(limits);
    expect(pace.size).toBe(10);
    run(pace, 30, (weight) => 2 + weight * 0.1);
    expect(pace.size).toBeGreaterThan(170);
    expect(pace.size).toBeLessThan(190);
  });

  it('halves at most, and never goes below the least', () => {
    const pace = new Pace(limits);
    run(pace, 30, (weight) => 2 + weight * 0.1);
    const before = pace.size;
    pace.observe({ items: 1, weight: 4, millis: 10_000, full: false }, 0);
    expect(pace.size).toBe(Math.round(before / 2));
    run(pace, 30, () => 10_000);
    expect(pace.size).toBe(10);
  });

  it('does not grow on batches that were not full', () => {
    const pace = new Pace(limits);
    for (let batch = 0; batch < 10; batch++) pace.observe({ items: 1, weight: 4, millis: 1, full: false }, batch);
    expect(pace.size).toBe(10);
    expect(pace.width).toBe(2);
  });

  it('widens while that settles more, and comes back when it does not', () => {
    const scaling = new Pace(limits);
    expect(Math.max(...run(scaling, 200, () => 20))).toBe(4);
    const contended = new Pace(limits);
    // Twice as many take more than twice as long each: one row that all of them need.
    const widths = run(contended, 200, (_, width) => 20 * width ** 1.5);
    expect(widths.filter((width) => width === 1).length).toBeGreaterThan(widths.filter((width) => width > 2).length);
  });

  it('lets as many wait as are settled within the patience, within bounds', () => {
    const pace = new Pace(limits);
    run(pace, 50, () => 4);
    expect(pace.waiting).toBe(5_000);
    run(pace, 60, () => 20_000);
    expect(pace.waiting).toBe(50);
  });

  it('learns from a batch that was not full only that at least so many are settled', () => {
    const pace = new Pace(limits);
    expect(pace.waiting).toBe(300);
    const underfull = (items: number) => pace.observe({ items, weight: items, millis: 20, full: false }, 0);
    for (let batch = 0; batch < 60; batch++) underfull(1);
    expect(pace.waiting).toBe(300);
    for (let batch = 0; batch < 60; batch++) underfull(20);
    expect(pace.waiting).toBeGreaterThan(1_900);
    for (let batch = 0; batch < 60; batch++) underfull(1);
    expect(pace.waiting).toBeGreaterThan(1_900);
    pace.observe({ items: 1, weight: 400, millis: 100, full: true }, 0);
    expect(pace.waiting).toBe(50);
  });
});
