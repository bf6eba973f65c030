import { expect, it } from '@jest/globals';
import { Places } from './places.ts';

it('runs so many at once, the others in their order, and gives places on however work ends', async () => {
  const places = new Places(2);
  const started: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const work = (n: number) =>
    places.run(
      () =>
        new Promise<number>((resolve, reject) => {
          started.push(n);
          ends[n] = (error) => (error ? reject(error) : resolve(n));
        }),
    );
  const answers = [0, 1, 2, 3].map(work);
  await turn();
  expect(started).toEqual([0, 1]);
  const failed = expect(answers[1]).rejects.toThrow('broken');
  ends[1]?.(new Error('broken'));
  await failed;
  await turn();
  expect(started).toEqual([0, 1, 2]);
  ends[0]?.();
  ends[2]?.();
  await turn();
  expect(started).toEqual([0, 1, 2, 3]);
  ends[3]?.();
  expect(await Promise.all([answers[0], answers[2], answers[3]])).toEqual([0, 2, 3]);
  expect(await places.run(async () => 'free again')).toBe('free again');
});
