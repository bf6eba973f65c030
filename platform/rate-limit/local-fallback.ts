import type { Logger } from '../logger.ts';
import type { RateLimiter } from './port.ts';

/** How long a failure of the shared buckets is believed, in milliseconds: not every request must find out again. */
const BELIEVE_MILLIS = 1_000;

/**
 * Shared buckets as long as they answer, otherwise those of this process: never none. The local ones are kept in step all
 * the time, so that a client who has spent its points does not get them back by the failure.
 */
export function withLocalFallback(
  shared: RateLimiter,
  local: RateLimiter,
  logger: Logger,
  now: () => number = () => performance.now(),
): RateLimiter {
  let downUntil = Number.NEGATIVE_INFINITY;
  let reported = false;
  const isDown = () => now() < downUntil;
  const fail = (error: unknown) => {
    downUntil = now() + BELIEVE_MILLIS;
    if (reported) return;
    reported = true;
    const failure = error instanceof Error ? error.name : typeof error;
    logger.warn({ failure }, 'rate limits are those of this process: the shared ones do not answer');
  };
  return {
    async take(key, points, bucket) {
      const own = await local.take(key, points, bucket);
      if (isDown()) return own;
      try {
        const taken = await shared.take(key, points, bucket);
        if (reported) logger.info({}, 'rate limits are shared again');
        reported = false;
        // What the shared bucket refused was not spent here either.
        if (!taken.allowed && own.allowed) await local.give(key, points, bucket);
        return taken;
      } catch (error) {
        fail(error);
        return own;
      }
    },
    async give(key, points, bucket) {
      await local.give(key, points, bucket);
      if (!isDown()) await shared.give(key, points, bucket);
    },
    describe: () => (isDown() ? `${local.describe()} (${shared.describe()} does not answer)` : shared.describe()),
  };
}
