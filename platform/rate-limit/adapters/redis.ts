import type { Redis } from '../../redis/connect.ts';
import { type Bucket, millisUntil, type RateLimiter, type Taken } from '../port.ts';

/**
 * KEYS: the bucket. ARGV: capacity, refill per second, points, whether they must be there. The clock is Redis's, the
 * same for all processes. An empty bucket lives until it would be full again: then it is like one never seen.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local capacity, refill, points = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(known[1]) or capacity
local since = math.max(0, now - (tonumber(known[2]) or now))
left = math.min(capacity, left + since * refill)
local allowed = 1
if ARGV[4] == '1' and points > left then allowed = 0 else left = math.min(capacity, left - points) end
redis.call('HSET', KEYS[1], 'left', string.format('%.6f', left), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - left) / refill * 1000) + 1000)
return { allowed, string.format('%.6f', left) }
`;

export interface RedisRateLimiterOptions {
  readonly redis: Redis;
  /** Begins every key. No default: who shares a Redis must say so. */
  readonly prefix: string;
}

/** Buckets in Redis, shared by all processes. @throws whatever ioredis does: wrap it in `withLocalFallback` */
export function redisRateLimiter({ redis, prefix }: RedisRateLimiterOptions): RateLimiter {
  const run = async (key: string, points: number, bucket: Bucket, mustBeThere: boolean): Promise<[number, number]> => {
    // The braces keep a bucket in one slot of a cluster, whatever else is stored under the key one day.
    const args = [bucket.capacity, bucket.refillPerSecond, points, mustBeThere ? 1 : 0];
    const [allowed, left] = (await redis.eval(TAKE, 1, `${prefix}:{${key}}:points`, ...args)) as [number, string];
    return [allowed, Number(left)];
  };
  return {
    async take(key, points, bucket): Promise<Taken> {
      const wanted = Math.min(points, bucket.capacity);
      const [allowed, left] = await run(key, wanted, bucket, true);
      return {
        allowed: allowed === 1,
        left,
        retryAfterMillis: allowed === 1 ? 0 : millisUntil(wanted - left, bucket),
      };
    },
    async give(key, points, bucket) {
      await run(key, -points, bucket, false).catch(() => undefined);
    },
    describe: () => 'redis',
  };
}
