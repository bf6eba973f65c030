import type { Logger } from '../../platform/logger.ts';
import type { Redis } from '../../platform/redis/connect.ts';
import { consumeGroup } from '../consume-group.ts';
import type { EventLog, FanOut, LogPage, ReadRequest } from '../port.ts';
import type { LogMirror } from '../relay.ts';
import { compareSequences, type Sequences } from '../sequences.ts';
import type { PostgresEventLog } from './postgres-event-log.ts';
import { fromBody, type RedisStream, redisStream, toBody } from './redis-stream.ts';

export interface RedisEventLogOptions {
  /** The whole log and the truth. */
  readonly log: PostgresEventLog;
  readonly redis: Redis;
  /** Begins the stream's key. No default: who shares a Redis must say so. */
  readonly prefix: string;
  readonly fanOut: FanOut;
  readonly logger: Logger;
  /** Newest events held in Redis, about. */
  readonly keepEntries?: number;
  /** Longest wait of a consumer before it looks by itself, in milliseconds. */
  readonly pollMillis?: number;
}

export interface RedisEventLog extends EventLog, LogMirror {}

const DEFAULT_KEEP = 100_000;
/** Events copied with one call. */
const COPY_BATCH = 500;
/** How long an empty answer of Redis is believed: the longest that readers stand still when nobody fills the stream. */
const BELIEVE_MILLIS = 500;

/**
 * The log with its newest part in Redis, so that the readers at its end, one in every process, do not ask the database.
 *
 * Redis holds a copy, never the only one: it loses what it acknowledged when it crashes or fails over. Sequences are
 * those of the log, so a reader may change between the two with every page, and does when Redis cannot answer,
 * no longer holds the place, or has lost it. Groups keep their positions in the database: the stream's own consumer
 * groups would be lost with it, and hand events of one subject to two processes at once.
 */
export function redisEventLog(options: RedisEventLogOptions): RedisEventLog {
  const { log, redis, fanOut, logger, pollMillis } = options;
  const keep = options.keepEntries ?? DEFAULT_KEEP;
  let opened: { sequences: Sequences; stream: RedisStream } | null = null;
  /** Where the log ended when it was last asked. */
  let known = { head: 0n, at: Number.NEGATIVE_INFINITY };
  /** Where the copy ends, as far as this process knows. Null before it has asked, and after a failure. */
  let copied: bigint | null = null;
  /** What the log has pruned and the copy too. */
  let trimmed = 0n;

  async function open() {
    if (!opened) {
      const sequences = await log.sequences();
      // The name of the log is part of the key: the copy of another database is never taken for this one's.
      const epoch = sequences.format(0n).split('-')[0];
      opened = { sequences, stream: redisStream(redis, `{${options.prefix}:${epoch}}:events`, keep) };
    }
    return opened;
  }

  /** A page from Redis; null when only the log can tell. */
  async function readCopy({ after, limit, types }: ReadRequest): Promise<LogPage | null> {
    if (after === null) return null;
    const { sequences, stream } = await open();
    const position = sequences.parse(after);
    const entries = await stream.after(position, limit);
    const first = entries[0];
    if (!first) {
      // Nothing behind this place is only believed of the very end; anywhere else the copy is behind or was lost.
      const atEnd = position === (await headOfLog(position));
      return atEnd ? { events: [], next: after, more: false } : null;
    }
    if (first.position !== position + 1n) return null;
    const wanted = types ? entries.filter((entry) => (types as readonly string[]).includes(entry.type)) : entries;
    return {
      events: wanted.map((entry) => fromBody(sequences.format(entry.position), entry.body)),
      next: sequences.format(entries.at(-1)?.position ?? position),
      more: entries.length === limit,
    };
  }

  async function headOfLog(atLeast: bigint): Promise<bigint> {
    const at = performance.now();
    if (at - known.at > BELIEVE_MILLIS || known.head < atLeast) {
      known = { head: (await log.bounds()).head, at };
    }
    return known.head;
  }

  const mirrored: RedisEventLog = {
    describe: () => `redis stream over ${log.describe()}`,
    head: () => log.head(),
    compare: compareSequences,
    readByTopics: (topics, after, limit) => log.readByTopics(topics, after, limit),
    async read(request) {
      const page = await readCopy(request).catch(() => null);
      return page ?? log.read(request);
    },
    consume: (consumption) =>
      consumeGroup({ log: mirrored, groups: log.groups, fanOut, logger, pollMillis }, consumption),

    async catchUp() {
      const { sequences, stream } = await open();
      try {
        const { head, floor } = await log.bounds();
        // What the log forgot is forgotten everywhere.
        if (floor > trimmed) await stream.forget(floor);
        trimmed = floor;
        copied ??= await stream.last();
        while (copied < head) {
          const oldest = head - BigInt(keep);
          const after = copied > 0n ? copied : oldest > floor ? oldest : floor; // an empty copy begins where it will be full
          const { events } = await log.read({ after: sequences.format(after), limit: COPY_BATCH });
          copied = await stream.append(
            events.map((event) => ({
              position: sequences.parse(event.sequence),
              type: event.type,
              body: toBody(event),
            })),
          );
        }
      } catch (error) {
        copied = null;
        throw error;
      }
    },
  };

  return mirrored;
}
