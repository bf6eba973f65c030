import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { memoryCache } from '../../platform/cache/adapters/memory.ts';
import { redisCache } from '../../platform/cache/adapters/redis.ts';
import { createLogger } from '../../platform/logger.ts';
import { connectRedis, type Redis, redisReady } from '../../platform/redis/connect.ts';
import { cacheContract } from './cache.contract.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const redisUrl = process.env.REDIS_URL;
const sleep = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis));

cacheContract('in this process', async () => {
  let now = 0;
  return {
    cache: memoryCache(1_000_000, () => now),
    other: null,
    wait: async (millis) => {
      now += millis;
    },
    stop: async () => undefined,
  };
});

if (redisUrl) {
  cacheContract('redis', async () => {
    const clients = [1, 2].map(() => connectRedis(redisUrl, { connectionName: 'test-cache', logger }));
    for (const client of clients) {
      if (!(await redisReady(client, 5_000))) throw new Error('REDIS_URL is set, but no Redis answers there');
    }
    const prefix = `test-${randomBytes(4).toString('hex')}`;
    const [cache, other = null] = clients.map((redis) => redisCache({ redis, prefix, logger }));
    if (!cache) throw new Error('no cache');
    return {
      cache,
      other,
      wait: sleep,
      async stop() {
        for (const client of clients) client.disconnect();
      },
    };
  });
}

describe('caches', () => {
  it('in this process take no more memory than they may, and keep what was used last', async () => {
    const cache = memoryCache(10_000, () => 0);
    const of = (key: string) => ({ key, value: 'x'.repeat(900), millis: 1_000 });
    await cache.set([of('a'), of('b'), of('c'), of('d')]);
    await cache.get(['a']);
    await cache.set([of('e'), { ...of('too large'), value: 'x'.repeat(6_000) }]);
    expect((await cache.get(['a', 'b', 'e', 'too large'])).map((value) => value !== null)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('in Redis keep nothing, and fail nobody, while it does not answer', async () => {
    const down = { mget: () => Promise.reject(new Error('down')) } as unknown as Redis;
    const cache = redisCache({ redis: down, prefix: 'test', logger });
    expect(await cache.get(['a', 'b'])).toEqual([null, null]);
    await cache.set([{ key: 'a', value: 'x', millis: 10 }]);
    expect(cache.describe()).toBe('redis, which does not answer');
  });
});
