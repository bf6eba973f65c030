import { expect, it } from '@jest/globals';
import { BusyWidth } from './busy-width.ts';

it('works on less at a time while the process has no rest, and on more while it waits', () => {
  let now = 0;
  let utilization = 1;
  const busy = new BusyWidth(
    256,
    () => utilization,
    () => now,
  );
  const after = (looks: number) => {
    for (let look = 0; look < looks; look++) {
      now += 100;
      void busy.width;
    }
    return busy.width;
  };
  expect(busy.width).toBe(32);
  expect(after(1)).toBe(24);
  expect(after(20)).toBe(8);
  utilization = 0.9;
  expect([after(20), busy.isBusy]).toEqual([8, true]);
  utilization = 0.7;
  expect([after(1), busy.isBusy]).toEqual([9, false]);
  utilization = 0.3;
  expect(after(1)).toBe(18);
  expect(after(40)).toBe(256);
  utilization = 1;
  now += 99; // between two looks nothing changes
  expect(busy.width).toBe(256);
  expect(new BusyWidth(4).width).toBe(4);
});
