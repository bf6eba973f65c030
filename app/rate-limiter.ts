import { memoryRateLimiter } from '../platform/rate-limit/adapters/memory.ts';
import { redisRateLimiter } from '../platform/rate-limit/adapters/redis.ts';
import { withLocalFallback } from '../platform/rate-limit/local-fallback.ts';
import type { RateLimiter } from '../platform/rate-limit/port.ts';
import { connectRedis } from '../platform/redis/connect.ts';
import type { ProcessBase } from './process.ts';

/** The buckets of one process: shared with the others when there is a Redis. */
export function openRateLimiter({ config, logger: parent, shutdown }: ProcessBase): RateLimiter {
  const local = memoryRateLimiter();
  if (config.redisUrl === null) return local;
  const logger = parent.child({ component: 'rate limits' });
  const redis = connectRedis(config.redisUrl, { connectionName: 'commerce-rate-limits', logger });
  shutdown.add('rate limits', async () => redis.disconnect());
  return withLocalFallback(redisRateLimiter({ redis, prefix: 'commerce' }), local, logger);
}
