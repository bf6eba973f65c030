import type { Redis } from '../../platform/redis/connect.ts';
import type { StoredEvent } from '../port.ts';

/** An event in the stream, with its number in the log. The type stands apart so that a reader need not open what it does not want. */
export interface StreamEntry {
  readonly position: bigint;
  readonly type: string;
  /** The event as JSON, without its sequence. */
  readonly body: string;
}

/**
 * The newest part of an event log in a Redis Stream. An entry's id is the event's number in the log, which has no gaps:
 * a reader sees by the first id whether anything is missing before it, and Redis refuses what is there already.
 */
export interface RedisStream {
  readonly key: string;
  /** Number of the last entry, 0 when there is none. */
  last(): Promise<bigint>;
  /** Up to `limit` entries behind a number. */
  after(position: bigint, limit: number): Promise<StreamEntry[]>;
  /**
   * Adds entries with consecutive numbers, all or none; those that are there already are passed over.
   *
   * @returns the number of the last entry afterwards. Below the number before the first given one: nothing was added,
   *   because a gap would have come about; go on from the number returned.
   */
  append(entries: readonly StreamEntry[]): Promise<bigint>;
  /** Removes entries up to and with a number. */
  forget(upTo: bigint): Promise<void>;
}

/**
 * KEYS: stream. ARGV: number before the first entry, entries to keep, seconds to live, then type and body of each.
 * One script, so that two writers can never leave a gap between them.
 */
const APPEND = `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local position = tonumber(ARGV[1])
if last then
  last = tonumber(string.match(last[1], '^%d+'))
  if last < position then return tostring(last) end
else
  redis.call('DEL', KEYS[1])
  last = position
end
for i = 4, #ARGV, 2 do
  position = position + 1
  if position > last then
    last = position
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], string.format('%.0f-0', position), 't', ARGV[i], 'e', ARGV[i + 1])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return string.format('%.0f', last)
`;

/** A log that nobody wrote to for so long was left behind: a database that is gone. */
const EXPIRE_SECONDS = 7 * 86_400;

export function redisStream(redis: Redis, key: string, keepEntries: number): RedisStream {
  return {
    key,
    async last() {
      const [entry] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
      return entry ? positionOf(entry[0]) : 0n;
    },
    async after(position, limit) {
      const entries = await redis.xrange(key, `(${position}-0`, '+', 'COUNT', limit);
      return entries.map(([id, fields]) => ({
        position: positionOf(id),
        type: fields[1] ?? '',
        body: fields[3] ?? '',
      }));
    },
    async append(entries) {
      const first = entries[0];
      if (!first) return this.last();
      const parts = entries.flatMap(({ type, body }) => [type, body]);
      const before = (first.position - 1n).toString();
      return BigInt(String(await redis.eval(APPEND, 1, key, before, keepEntries, EXPIRE_SECONDS, ...parts)));
    },
    async forget(upTo) {
      await redis.xtrim(key, 'MINID', `${upTo + 1n}-0`);
    },
  };
}

function positionOf(id: string): bigint {
  return BigInt(id.slice(0, id.indexOf('-')));
}

/** The body of an entry. */
export function toBody({ sequence: _, ...rest }: StoredEvent): string {
  return JSON.stringify(rest);
}

export function fromBody(sequence: string, body: string): StoredEvent {
  return { ...(JSON.parse(body) as object), sequence } as StoredEvent;
}
