import { createHash } from 'node:crypto';
import type { Logger } from '../../logger.ts';
import type { Redis } from '../../redis/connect.ts';
import type { Cache } from '../port.ts';

export interface RedisCacheOptions {
  readonly redis: Redis;
  /** Begins every key. No default: who shares a Redis must say so. */
  readonly prefix: string;
  readonly logger: Logger;
}

/** Machines that agree on the time to within this; those that do not keep less, or a change longer, by the difference. */
const CLOCK_SKEW_MILLIS = 1_000;
/** How long a failure is believed, in milliseconds: not every request must find out again. */
const BELIEVE_MILLIS = 1_000;

/** Keeps texts in Redis, for all processes. While it does not answer, nothing is kept. Redis needs `maxmemory` and an eviction policy of its own. */
export function redisCache({ redis, prefix, logger }: RedisCacheOptions): Cache {
  let downUntil = Number.NEGATIVE_INFINITY;
  let reported = false;
  const isDown = () => performance.now() < downUntil;
  const nameOf = (key: string) => `${prefix}:cache:${createHash('sha256').update(key).digest('base64url')}`;

  const trying = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    if (isDown()) return otherwise;
    try {
      const done = await work();
      reported = false;
      return done;
    } catch (error) {
      downUntil = performance.now() + BELIEVE_MILLIS;
      const failure = error instanceof Error ? error.name : typeof error;
      if (!reported) logger.warn({ failure }, 'answers are not kept: the cache does not answer');
      reported = true;
      return otherwise;
    }
  };

  return {
    get: (keys) =>
      trying<readonly (string | null)[]>(
        () => redis.mget(...keys.map(nameOf)),
        keys.map(() => null),
      ),
    set: (entries) =>
      trying(async () => {
        const pipeline = redis.pipeline();
        for (const { key, value, millis } of entries)
          pipeline.set(nameOf(key), value, 'PX', Math.max(1, Math.ceil(millis)));
        await pipeline.exec();
      }, undefined),
    clockSkewMillis: CLOCK_SKEW_MILLIS,
    describe: () => (isDown() ? 'redis, which does not answer' : 'redis'),
  };
}
