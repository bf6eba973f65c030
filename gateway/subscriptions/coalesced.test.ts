import { expect, it } from '@jest/globals';
import { Coalesced } from './coalesced.ts';

/** Work whose runs end when the test says so. */
function controlled() {
  const runs: { resolve(value: number): void; reject(error: Error): void }[] = [];
  const coalesced = new Coalesced(() => new Promise<number>((resolve, reject) => runs.push({ resolve, reject })));
  return { runs, coalesced };
}

const tick = () => new Promise(setImmediate);

it('never gives a caller the result of a run that began before it asked', async () => {
  const { runs, coalesced } = controlled();
  const first = coalesced.run();
  const late = [coalesced.run(), coalesced.run(), coalesced.run()];
  expect(runs).toHaveLength(1);
  runs[0]?.resolve(1);
  expect(await first).toBe(1);
  await tick();
  expect(runs).toHaveLength(2);
  runs[1]?.resolve(2);
  expect(await Promise.all(late)).toEqual([2, 2, 2]);
  void coalesced.run();
  expect(runs).toHaveLength(3);
});

it('fails only the callers of the run that failed', async () => {
  const { runs, coalesced } = controlled();
  const first = coalesced.run();
  const second = coalesced.run();
  runs[0]?.reject(new Error('down'));
  await expect(first).rejects.toThrow('down');
  await tick();
  runs[1]?.resolve(2);
  expect(await second).toBe(2);
});
