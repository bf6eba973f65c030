import { expect, it } from '@jest/globals';
import { sleep } from '../../platform/clock.ts';
import { inFlight } from './in-flight.ts';

it('starts in order, keeps to its width and does everything', async () => {
  const started: number[] = [];
  let running = 0;
  let most = 0;
  await inFlight(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
    started.push(item);
    running += 1;
    most = Math.max(most, running);
    await sleep(item % 3);
    running -= 1;
  });
  expect(started).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

it('lets a task wait for an earlier one', async () => {
  let finish: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await inFlight(2, ['first', 'second'], async (item) => {
    if (item === 'second') return first;
    await sleep(5);
    return finish();
  });
});

it('starts nothing more after a failure, and fails when the running ones are over', async () => {
  const over: number[] = [];
  const done = inFlight(2, [1, 2, 3, 4], async (item) => {
    if (item === 2) throw new Error('second');
    await sleep(10);
    over.push(item);
  });
  await expect(done).rejects.toThrow('second');
  expect(over).toEqual([1]);
});
