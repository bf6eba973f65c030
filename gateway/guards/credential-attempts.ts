import { createHash } from 'node:crypto';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Bucket, RateLimiter } from '../../platform/rate-limit/port.ts';
import type { Authenticate, Credentials } from '../access/grant.ts';
import { LruCache } from '../planning/lru-cache.ts';
import { addressGroup } from './client-address.ts';

export interface CredentialAttemptsOptions {
  readonly authenticate: Authenticate;
  readonly rateLimiter: RateLimiter;
  /** Failures of one network address. */
  readonly bucket: Bucket;
  readonly logger: Logger;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

/** Credentials known to be good, and addresses known to be shut out. */
const MAX_REMEMBERED = 10_000;

/**
 * Authentication that stops listening to an address that has failed too often.
 *
 * A credential that was good before is still let in: behind a proxy that hides its clients' addresses, one of them could
 * otherwise shut out all. A guess gains nothing by that, it is none of those.
 */
export function limitAttempts(options: CredentialAttemptsOptions): Authenticate {
  const { authenticate, rateLimiter, bucket, logger, now = () => performance.now() } = options;
  const good = new LruCache<true>(MAX_REMEMBERED);
  const shutOut = new LruCache<number>(MAX_REMEMBERED);

  const fail = async (group: string, traceId: string): Promise<void> => {
    const { allowed, left, retryAfterMillis } = await rateLimiter.take(`credentials:${hash(group)}`, 1, bucket);
    if (allowed && left >= 1) return;
    const wait = allowed ? ((1 - left) / bucket.refillPerSecond) * 1_000 : retryAfterMillis;
    shutOut.set(group, now() + wait);
    logger.warn({ traceId, seconds: Math.ceil(wait / 1_000) }, 'an address failed to authenticate too often');
  };

  return async (credentials, traceId, address) => {
    if (address === undefined) return authenticate(credentials, traceId);
    const group = addressGroup(address);
    const id = identity(credentials);
    const until = shutOut.get(group) ?? 0;
    if (until > now() && !good.get(id)) throw tooMany(Math.ceil((until - now()) / 1_000));
    try {
      const grant = await authenticate(credentials, traceId, address);
      good.set(id, true);
      return grant;
    } catch (error) {
      // Who sends none has guessed nothing.
      if (id !== NO_CREDENTIAL && isCommerceError(error) && error.code === 'UNAUTHENTICATED')
        await fail(group, traceId);
      throw error;
    }
  };
}

function tooMany(retryAfterSeconds: number): CommerceError {
  return new CommerceError(
    'RATE_LIMITED',
    `Too many attempts with a credential that is not good. Repeat it in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  );
}

/** A hash: what is remembered must not be worth stealing. */
function identity(credentials: Credentials): string {
  const relevant = Object.entries(credentials)
    .filter(([name]) => /^(x-api-key|authorization)$/i.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return hash(JSON.stringify(relevant));
}

const NO_CREDENTIAL = identity({});

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
