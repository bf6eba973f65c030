import { type Bucket, millisUntil, type RateLimiter, type Taken } from '../port.ts';

/** Buckets kept. Beyond, full ones go first, which are like those never seen, then the oldest. */
const MAX_KEYS = 100_000;

interface Level {
  left: number;
  /** Milliseconds, of `now`. */
  at: number;
  fullAt: number;
}

/**
 * Buckets in the memory of this process: each process grants the whole capacity.
 * @param now milliseconds, from any origin, never going back
 */
export function memoryRateLimiter(now: () => number = () => performance.now(), maxKeys = MAX_KEYS): RateLimiter {
  const levels = new Map<string, Level>();

  const levelOf = (key: string, bucket: Bucket): Level => {
    const at = now();
    const known = levels.get(key);
    if (!known) {
      if (levels.size >= maxKeys) makeRoom(levels, at, maxKeys);
      const level = { left: bucket.capacity, at, fullAt: at };
      levels.set(key, level);
      return level;
    }
    known.left = Math.min(bucket.capacity, known.left + ((at - known.at) / 1_000) * bucket.refillPerSecond);
    known.at = at;
    return known;
  };

  const settle = (level: Level, bucket: Bucket): void => {
    level.fullAt = level.at + millisUntil(bucket.capacity - level.left, bucket);
  };

  return {
    async take(key, points, bucket): Promise<Taken> {
      const level = levelOf(key, bucket);
      const wanted = Math.min(points, bucket.capacity);
      const allowed = wanted <= level.left;
      if (allowed) level.left -= wanted;
      settle(level, bucket);
      return {
        allowed,
        left: level.left,
        retryAfterMillis: allowed ? 0 : millisUntil(wanted - level.left, bucket),
      };
    },
    async give(key, points, bucket) {
      const level = levelOf(key, bucket);
      level.left = Math.min(bucket.capacity, level.left + points);
      settle(level, bucket);
    },
    describe: () => 'in this process',
  };
}

/** Frees a tenth at once: looking through all of them for each new key would be a gift to whoever sends many. */
function makeRoom(levels: Map<string, Level>, at: number, maxKeys: number): void {
  const enough = Math.floor(maxKeys * 0.9);
  for (const [key, { fullAt }] of levels) if (fullAt <= at) levels.delete(key);
  for (const oldest of levels.keys()) {
    if (levels.size <= enough) return;
    levels.delete(oldest);
  }
}
