import { Redis } from 'ioredis';
import { CommerceError } from '../errors.ts';
import type { Logger } from '../logger.ts';

export type { Redis };

export interface RedisOptions {
  /** Shown in `CLIENT LIST`, so that an operator sees whose connection it is. */
  readonly connectionName: string;
  readonly logger: Logger;
}

const CONNECT_TIMEOUT_MILLIS = 5_000;
const DISCONNECT_TIMEOUT_MILLIS = 500;
/** Redis answers in well under a millisecond. Who has waited this long goes on without it. */
const COMMAND_TIMEOUT_MILLIS = 2_000;
const MAX_RECONNECT_MILLIS = 2_000;

/**
 * A connection that comes back by itself. It connects at once; commands fail fast while it is down, so that callers
 * take their other way instead of queueing. Close it with `disconnect()`.
 *
 * @param url `redis://` or `rediss://`, may hold a password; appears in no log and no error
 * @throws CommerceError CONFIGURATION_INVALID when it is no such URL
 */
export function connectRedis(url: string, options: RedisOptions): Redis {
  const address = redisAddress(url);
  const redis = new Redis(url, {
    connectionName: options.connectionName,
    connectTimeout: CONNECT_TIMEOUT_MILLIS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MILLIS,
    commandTimeout: COMMAND_TIMEOUT_MILLIS,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    retryStrategy: (times) => Math.random() * Math.min(MAX_RECONNECT_MILLIS, 50 * 2 ** Math.min(times, 10)),
    // A demoted primary refuses writes on connections it still holds: leave it, the address leads to the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  let reported = false;
  redis.on('error', (error: Error & { code?: unknown }) => {
    // Once per outage: the client tries again many times. Never the message: it may quote a command with a password.
    if (!reported)
      options.logger.warn({ redis: address, code: error.code, failure: error.name }, 'redis not reachable');
    reported = true;
  });
  redis.on('ready', () => {
    reported = false;
  });
  return redis;
}

/** Host, port and database of a Redis URL, without what is secret in it: for health and logs. */
export function redisAddress(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new CommerceError('CONFIGURATION_INVALID', 'not a Redis URL; expected redis://user:password@host:6379/0');
  }
  return `${parsed.hostname}:${parsed.port || '6379'}/${parsed.pathname.slice(1) || '0'}`;
}

/** Resolves when commands are accepted, or when the time is over: a caller has another way. */
export async function redisReady(redis: Redis, millis: number): Promise<boolean> {
  if (redis.status === 'ready') return true;
  return new Promise((resolve) => {
    const settle = (ready: boolean) => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      resolve(ready);
    };
    const onReady = () => settle(true);
    const timer = setTimeout(() => settle(false), millis);
    redis.once('ready', onReady);
  });
}
