import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../logger.ts';
import { connectRedis, redisAddress, redisReady } from './connect.ts';

const NOWHERE = 'redis://someone:hunter2@127.0.0.1:1/3';

describe('redis connection', () => {
  it.each([
    [NOWHERE, '127.0.0.1:1/3'],
    ['rediss://cache.example', 'cache.example:6379/0'],
    ['redis://:hunter2@cache.example:6380', 'cache.example:6380/0'],
  ])('shows the address of %s without the password', (url, address) => {
    expect(redisAddress(url)).toBe(address);
  });

  it.each(['', 'cache.example:6379', 'http://cache.example', 'redis://', 'hunter2@cache'])(
    'refuses %j without repeating it',
    (url) => {
      expect(() =>
        connectRedis(url, { connectionName: 'test', logger: createLogger({ level: 'silent', component: 'test' }) }),
      ).toThrow(
        expect.objectContaining({ code: 'CONFIGURATION_INVALID', message: expect.not.stringContaining('hunter2') }),
      );
    },
  );

  it('fails fast while nothing answers, and tells the log once, without the password', async () => {
    const lines: string[] = [];
    const logger = createLogger({
      level: 'info',
      component: 'test',
      destination: { write: (line) => void lines.push(line) },
    });
    const redis = connectRedis(NOWHERE, { connectionName: 'test', logger });
    expect(await redisReady(redis, 600)).toBe(false);
    const before = performance.now();
    await expect(redis.get('key')).rejects.toThrow();
    expect(performance.now() - before).toBeLessThan(100);
    redis.disconnect();
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ redis: '127.0.0.1:1/3', code: 'ECONNREFUSED' });
    expect(lines.join()).not.toContain('hunter2');
  });
});
