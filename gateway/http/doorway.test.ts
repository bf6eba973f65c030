import { describe, expect, it } from '@jest/globals';
import { Doorway } from './doorway.ts';

/** The doorway's clock; work at the door takes as long as it says. */
const clock = { now: 0 };
const doorway = (patienceMillis = 1_000) => new Doorway(patienceMillis, () => clock.now);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Doorway', () => {
  it('lets a request in at once that finds nobody waiting', async () => {
    const door = doorway();
    let begun = false;
    void door.enter().then(() => {
      begun = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    expect(begun).toBe(true);
  });

  it('begins a crowd in slices, in its order, so that others have their turns between', async () => {
    const door = doorway();
    const begun: (number | 'other')[] = [];
    for (let n = 0; n < 40; n++) {
      void door.enter().then(() => {
        begun.push(n);
        clock.now += 4;
      });
    }
    for (let others = 0; others < 20; others++) await turn().then(() => begun.push('other'));
    expect(begun.filter((what) => what !== 'other')).toEqual(Array.from({ length: 40 }, (_, n) => n));
    // 10 ms are up after the third of 4 ms.
    const slices = begun.map((what) => (what === 'other' ? ' ' : 'x')).join('').trim().split(/ +/); // biome-ignore format: one thought
    expect(Math.max(...slices.map(({ length }) => length))).toBeLessThanOrEqual(4);
  });

  it('begins those who may write and those who only look in turns', async () => {
    const door = doorway();
    const begun: string[] = [];
    const enter = (name: string, mayWrite: boolean) => door.enter(mayWrite).then(() => begun.push(name));
    await Promise.all([...['r', 'r', 'r', 'r', 'r'].map((name) => enter(name, false)), enter('w', true), enter('w', true)]); // biome-ignore format: one thought
    expect(begun.join('')).toBe('rwrwrrr');
  });

  it('refuses who has waited too long', async () => {
    const door = doorway(50);
    const entered = Array.from({ length: 6 }, (_, n) => door.enter().then(() => (clock.now += n === 3 ? 60 : 1)));
    const answers = await Promise.allSettled(entered);
    expect(answers.map(({ status }) => status)).toEqual([...Array(4).fill('fulfilled'), 'rejected', 'rejected']);
    expect(answers[5]).toMatchObject({ reason: { code: 'OVERLOADED' } });
  });
});
