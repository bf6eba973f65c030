import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cache } from '../../platform/cache/port.ts';

export interface TestedCache {
  readonly cache: Cache;
  /** Another one on the same entries, as in another process; null when they are not shared. */
  readonly other: Cache | null;
  /** Lets time pass, in milliseconds. */
  wait(millis: number): Promise<void>;
  stop(): Promise<void>;
}

const LONG = 60_000;

/** What every adapter of the port Cache promises. */
export function cacheContract(name: string, open: () => Promise<TestedCache>): void {
  describe(`cache: ${name}`, () => {
    let tested: TestedCache;
    let keys = 0;
    const key = () => `key ${keys++} "with spaces" ü`;
    beforeAll(async () => {
      tested = await open();
    });
    afterAll(() => tested.stop());

    it('gives back what was kept, in the order of the keys, and null for the rest', async () => {
      const [one, two, none] = [key(), key(), key()];
      await tested.cache.set([
        { key: one, value: '{"a":"ü\\n"}', millis: LONG },
        { key: two, value: '', millis: LONG },
      ]);
      expect(await tested.cache.get([two, none, one, two])).toEqual(['', null, '{"a":"ü\\n"}', '']);
      expect(await (tested.other ?? tested.cache).get([one])).toEqual(['{"a":"ü\\n"}']);
    });

    it('keeps the newest value of a key', async () => {
      const own = key();
      await tested.cache.set([{ key: own, value: 'old', millis: LONG }]);
      await tested.cache.set([{ key: own, value: 'new', millis: LONG }]);
      expect(await tested.cache.get([own])).toEqual(['new']);
    });

    it('forgets an entry when its time is over, and not its neighbours', async () => {
      const [short, long] = [key(), key()];
      await tested.cache.set([
        { key: short, value: 'short', millis: 40 },
        { key: long, value: 'long', millis: LONG },
      ]);
      await tested.wait(60);
      expect(await tested.cache.get([short, long])).toEqual([null, 'long']);
    });
  });
}
