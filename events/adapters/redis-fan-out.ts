import { randomBytes } from 'node:crypto';
import type { Redis } from '../../platform/redis/connect.ts';
import { createGathered } from '../gathered.ts';
import { createListeners } from '../listeners.ts';
import type { FanOut } from '../port.ts';

export interface RedisFanOutOptions {
  /** For publishing; the connection for listening is made from it. Not closed here. */
  readonly redis: Redis;
  /** Begins the channel's name. No default: who shares a Redis must say so. */
  readonly prefix: string;
}

/** Occurs in no topic: topics are made of event types and ids. */
const SEPARATOR = '\n';
const PAUSE_MILLIS = 2;

/**
 * Wakes the processes that share a Redis. Sharded where the server can (7.0 on): in a cluster a message then goes to
 * the one node that owns the channel instead of all.
 */
export function redisFanOut({ redis, prefix }: RedisFanOutOptions): FanOut {
  const me = randomBytes(6).toString('hex');
  const channel = `{${prefix}}:wake-up`;
  const listeners = createListeners();
  let sharded: boolean | null = null;
  let closed = false;

  const others = createGathered(async (topics) => {
    const message = [me, ...topics].join(SEPARATOR);
    sharded ??= await canShard(redis);
    await (sharded ? redis.spublish(channel, message) : redis.publish(channel, message));
  }, PAUSE_MILLIS);

  const receive = (from: string, message: string) => {
    const [sender, ...topics] = message.split(SEPARATOR);
    if (from === channel && sender !== me) listeners.notify(topics);
  };
  const subscriber = redis.duplicate({ connectionName: `${redis.options.connectionName ?? 'commerce'}-wake-up` });
  subscriber.on('error', () => undefined); // the publishing connection goes to the same server and reports
  subscriber.on('message', receive);
  subscriber.on('smessage', receive);
  const listen = async () => {
    sharded = await canShard(subscriber);
    await (sharded ? subscriber.ssubscribe(channel) : subscriber.subscribe(channel));
  };
  subscriber.on('ready', () => {
    listen().catch(() => {
      if (!closed) subscriber.disconnect(true); // again from the beginning, rather than connected and deaf
    });
  });

  return {
    describe: () => `redis ${sharded ? 'sharded ' : ''}publish/subscribe`,
    publish(topics) {
      listeners.notify(topics);
      others.add(topics);
    },
    subscribe: (listener) => listeners.add(listener),
    async close() {
      if (closed) return;
      closed = true;
      listeners.clear();
      others.close();
      subscriber.disconnect();
    },
  };
}

async function canShard(redis: Redis): Promise<boolean> {
  const [known] = (await redis.call('command', 'info', 'spublish')) as [unknown];
  return known !== null;
}
