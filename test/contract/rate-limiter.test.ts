import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/logger.ts';
import { memoryRateLimiter } from '../../platform/rate-limit/adapters/memory.ts';
import { redisRateLimiter } from '../../platform/rate-limit/adapters/redis.ts';
import { withLocalFallback } from '../../platform/rate-limit/local-fallback.ts';
import type { RateLimiter } from '../../platform/rate-limit/port.ts';
import { connectRedis, redisReady } from '../../platform/redis/connect.ts';
import { rateLimiterContract } from './rate-limiter.contract.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const redisUrl = process.env.REDIS_URL;
const tested = ['in this process', 'with a fallback', ...(redisUrl ? ['redis'] : [])];
const sleep = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis));

rateLimiterContract('in this process', async () => {
  let now = 0;
  return {
    limiter: memoryRateLimiter(() => now),
    other: null,
    wait: async (millis) => {
      now += millis;
    },
    stop: async () => undefined,
  };
});

rateLimiterContract('with a fallback, while the shared one is down', async () => {
  let now = 0;
  return {
    limiter: withLocalFallback(
      downRateLimiter(),
      memoryRateLimiter(() => now),
      logger,
    ),
    other: null,
    wait: async (millis) => {
      now += millis;
    },
    stop: async () => undefined,
  };
});

if (redisUrl) {
  rateLimiterContract('redis', async () => {
    const clients = [1, 2].map(() => connectRedis(redisUrl, { connectionName: 'test-rate-limits', logger }));
    for (const client of clients) {
      if (!(await redisReady(client, 5_000))) throw new Error('REDIS_URL is set, but no Redis answers there');
    }
    const prefix = `test-${randomBytes(4).toString('hex')}`;
    const [limiter, other] = clients.map((redis) => redisRateLimiter({ redis, prefix })) as [RateLimiter, RateLimiter];
    return {
      limiter,
      other,
      wait: sleep,
      async stop() {
        for (const client of clients) client.disconnect();
      },
    };
  });
}

describe('rate limiters', () => {
  afterAll(() => void process.stderr.write(`rate limiters tested: ${tested.join(', ')}\n`));

  it('are all tested where a Redis is promised', () => {
    if (process.env.CI) expect(tested).toContain('redis');
  });

  it('in this process forget full buckets first when there are too many', async () => {
    const limiter = memoryRateLimiter(() => 0, 10);
    const bucket = { capacity: 5, refillPerSecond: 1 };
    await limiter.take('spent', 5, bucket);
    for (let key = 0; key < 100; key++) await limiter.take(`full ${key}`, 0, bucket);
    expect((await limiter.take('spent', 1, bucket)).allowed).toBe(false);
  });

  it('that fall back do not give a client its points again when the shared ones fail', async () => {
    const shared = memoryRateLimiter(() => 0);
    let down = false;
    const limiter = withLocalFallback(
      { ...shared, take: (...asked) => (down ? downRateLimiter() : shared).take(...asked) },
      memoryRateLimiter(() => 0),
      logger,
    );
    const bucket = { capacity: 10, refillPerSecond: 1 };
    await limiter.take('client', 10, bucket);
    expect(limiter.describe()).toBe('in this process');
    down = true;
    expect((await limiter.take('client', 1, bucket)).allowed).toBe(false);
    expect(limiter.describe()).toContain('does not answer');
  });

  it('that fall back ask the shared ones again after a while', async () => {
    let now = 0;
    let asked = 0;
    const shared: RateLimiter = {
      ...downRateLimiter(),
      take: async () => {
        asked++;
        throw new Error('down');
      },
    };
    const limiter = withLocalFallback(shared, memoryRateLimiter(), logger, () => now);
    const bucket = { capacity: 10, refillPerSecond: 1 };
    for (let round = 0; round < 5; round++) await limiter.take('client', 1, bucket);
    expect(asked).toBe(1);
    now = 1_001;
    await limiter.take('client', 1, bucket);
    expect(asked).toBe(2);
  });
});

function downRateLimiter(): RateLimiter {
  return {
    take: () => Promise.reject(new Error('down')),
    give: async () => undefined,
    describe: () => 'redis',
  };
}
