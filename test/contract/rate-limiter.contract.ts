import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RateLimiter } from '../../platform/rate-limit/port.ts';

export interface TestedLimiter {
  readonly limiter: RateLimiter;
  /** Another one on the same buckets, as in another process; null when buckets are not shared. */
  readonly other: RateLimiter | null;
  /** Lets time pass, in milliseconds. */
  wait(millis: number): Promise<void>;
  stop(): Promise<void>;
}

/** Slow enough that nothing comes back while a test runs. */
const SLOW = { capacity: 10, refillPerSecond: 0.001 };

/** What every adapter of the port RateLimiter promises. */
export function rateLimiterContract(name: string, open: () => Promise<TestedLimiter>): void {
  describe(`rate limiter: ${name}`, () => {
    let tested: TestedLimiter;
    let keys = 0;
    const key = () => `key ${keys++}`;
    beforeAll(async () => {
      tested = await open();
    });
    afterAll(() => tested.stop());

    it('begins with a full bucket and takes from it', async () => {
      const own = key();
      const taken = await tested.limiter.take(own, 4, SLOW);
      expect(taken).toEqual({ allowed: true, left: expect.closeTo(6, 1), retryAfterMillis: 0 });
    });

    it('takes all or none, and says how long until there is enough', async () => {
      const own = key();
      await tested.limiter.take(own, 8, SLOW);
      const refused = await tested.limiter.take(own, 5, SLOW);
      expect(refused).toMatchObject({ allowed: false, left: expect.closeTo(2, 1) });
      expect(refused.retryAfterMillis / 1_000_000).toBeCloseTo(3, 1);
      expect((await tested.limiter.take(own, 2, SLOW)).allowed).toBe(true);
    });

    it('keeps each key and never mixes them', async () => {
      const [one, two] = [key(), key()];
      await tested.limiter.take(one, 10, SLOW);
      expect((await tested.limiter.take(one, 1, SLOW)).allowed).toBe(false);
      expect((await tested.limiter.take(two, 10, SLOW)).allowed).toBe(true);
    });

    it('gives back, up to the capacity', async () => {
      const own = key();
      await tested.limiter.take(own, 6, SLOW);
      await tested.limiter.give(own, 100, SLOW);
      expect((await tested.limiter.take(own, 0, SLOW)).left).toBeCloseTo(10, 1);
    });

    it('takes a debt, which is paid before anything else', async () => {
      const own = key();
      await tested.limiter.give(own, -15, SLOW);
      expect(await tested.limiter.take(own, 1, SLOW)).toMatchObject({ allowed: false, left: expect.closeTo(-5, 1) });
    });

    it('takes more than the capacity as the capacity', async () => {
      const own = key();
      expect(await tested.limiter.take(own, 1_000, SLOW)).toMatchObject({ allowed: true, left: expect.closeTo(0, 1) });
      expect((await tested.limiter.take(own, 1_000, SLOW)).allowed).toBe(false);
    });

    it('refills with time, and no further than the capacity', async () => {
      const own = key();
      const bucket = { capacity: 10, refillPerSecond: 50 };
      await tested.limiter.take(own, 10, bucket);
      await tested.wait(100);
      const { left } = await tested.limiter.take(own, 0, bucket);
      expect(left).toBeGreaterThanOrEqual(4.9);
      await tested.wait(300);
      expect((await tested.limiter.take(own, 0, bucket)).left).toBe(10);
    });

    it('grants no more than there is to many at once', async () => {
      const own = key();
      const asked = Array.from({ length: 40 }, () => (tested.other ?? tested.limiter).take(own, 1, SLOW));
      const more = Array.from({ length: 40 }, () => tested.limiter.take(own, 1, SLOW));
      const granted = (await Promise.all([...asked, ...more])).filter(({ allowed }) => allowed);
      expect(granted).toHaveLength(10);
    });
  });
}
