import { describe, expect, it } from '@jest/globals';
import { CommerceError } from '../../platform/errors.ts';
import { createLogger } from '../../platform/logger.ts';
import { memoryRateLimiter } from '../../platform/rate-limit/adapters/memory.ts';
import { callerOf } from '../../test/helpers/subgraph.ts';
import type { Authenticate } from '../access/grant.ts';
import { limitAttempts } from './credential-attempts.ts';

function door() {
  let now = 0;
  let asked = 0;
  const good = new Set(['good', 'better']);
  const authenticate: Authenticate = async (credentials) => {
    asked++;
    if (credentials['x-api-key'] === 'outage') throw new CommerceError('DATABASE_UNAVAILABLE', 'down');
    if (!good.has(String(credentials['x-api-key']))) throw new CommerceError('UNAUTHENTICATED', 'no');
    return { contracts: ['storefront'], caller: callerOf() };
  };
  const limited = limitAttempts({
    authenticate,
    rateLimiter: memoryRateLimiter(() => now),
    bucket: { capacity: 3, refillPerSecond: 1 },
    logger: createLogger({ level: 'silent', component: 'test' }),
    now: () => now,
  });
  const attempt = (key: string | null, address?: string) =>
    limited(key === null ? {} : { 'x-api-key': key }, 'trace', address).then(
      () => 'in',
      (error: CommerceError) => error.code,
    );
  const wait = (millis: number) => {
    now += millis;
  };
  return { attempt, asked: () => asked, wait };
}

describe('an address that guesses', () => {
  it('is heard a few times, then no more, not even with a good guess', async () => {
    const { attempt, asked } = door();
    for (let guess = 0; guess < 3; guess++) expect(await attempt(`guess ${guess}`, '6.6.6.6')).toBe('UNAUTHENTICATED');
    expect(await attempt('good', '6.6.6.6')).toBe('RATE_LIMITED');
    expect(asked()).toBe(3);
  });

  it('is heard again after a while, once for each point', async () => {
    const { attempt, wait } = door();
    for (let guess = 0; guess < 3; guess++) await attempt(`guess ${guess}`, '6.6.6.6');
    wait(1_000);
    expect(await attempt('guess', '6.6.6.6')).toBe('UNAUTHENTICATED');
    expect(await attempt('guess', '6.6.6.6')).toBe('RATE_LIMITED');
  });

  it('shuts out neither others nor those who were let in before from the same address', async () => {
    const { attempt } = door();
    expect(await attempt('better', '6.6.6.6')).toBe('in');
    for (let guess = 0; guess < 3; guess++) await attempt(`guess ${guess}`, '6.6.6.6');
    expect(await attempt('good', '7.7.7.7')).toBe('in');
    expect(await attempt('better', '6.6.6.6')).toBe('in');
  });

  it('cannot change its address within its IPv6 network', async () => {
    const { attempt } = door();
    for (let guess = 0; guess < 3; guess++) await attempt(`guess ${guess}`, `2001:db8::${guess}`);
    expect(await attempt('good', '2001:db8::ffff')).toBe('RATE_LIMITED');
  });

  it('is one that sends a wrong credential: neither none at all, nor one that could not be looked up', async () => {
    const { attempt } = door();
    for (let round = 0; round < 10; round++) {
      expect(await attempt(null, '6.6.6.6')).toBe('UNAUTHENTICATED');
      expect(await attempt('outage', '6.6.6.6')).toBe('DATABASE_UNAVAILABLE');
    }
    expect(await attempt('good', '6.6.6.6')).toBe('in');
  });

  it('is not looked for when a credential is only looked at again', async () => {
    const { attempt } = door();
    for (let round = 0; round < 10; round++) expect(await attempt('revoked')).toBe('UNAUTHENTICATED');
  });
});
