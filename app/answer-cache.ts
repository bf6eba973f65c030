import type { Tail } from '../events/tail.ts';
import type { AnswerCacheOptions } from '../gateway/caching/answer-cache.ts';
import { listenForChanges } from '../gateway/caching/listen.ts';
import { readStaleBounds } from '../gateway/caching/stale-bounds.ts';
import { memoryCache } from '../platform/cache/adapters/memory.ts';
import { redisCache } from '../platform/cache/adapters/redis.ts';
import type { Cache } from '../platform/cache/port.ts';
import { connectRedis } from '../platform/redis/connect.ts';
import type { ProcessBase } from './process.ts';

type Caching = Pick<AnswerCacheOptions, 'cache' | 'changes' | 'staleBounds'>;

/** Where the gateway keeps answers: in Redis when there is one. Null when they are not to be kept. */
export function openAnswerCache(base: ProcessBase, tail: Tail): Caching | null {
  if (base.config.cacheMegabytes === 0) return null;
  return { cache: openCache(base), changes: listenForChanges(tail), staleBounds: readStaleBounds() };
}

function openCache({ config, logger: parent, shutdown }: ProcessBase): Cache {
  if (config.redisUrl === null) return memoryCache(config.cacheMegabytes * 1024 * 1024);
  const logger = parent.child({ component: 'cache' });
  const redis = connectRedis(config.redisUrl, { connectionName: 'commerce-cache', logger });
  shutdown.add('cache', async () => redis.disconnect());
  return redisCache({ redis, prefix: 'commerce', logger });
}
