import { randomBytes, randomUUID } from 'node:crypto';
import { sleep } from '../../platform/clock.ts';
import { createLogger, type Logger } from '../../platform/logger.ts';
import { consumeGroup } from '../consume-group.ts';
import type { Groups } from '../groups.ts';
import { checked, type NewEvent, sourceOf } from '../outbox.ts';
import type { EventLog, FanOut, StoredEvent, Topics } from '../port.ts';
import { compareSequences, replayExpired, sequencesOf } from '../sequences.ts';
import { topicsOf } from '../topics.ts';
import { LOG_GREW } from '../wake-topics.ts';

export interface MemoryEventLog extends EventLog {
  /** Adds events at the end and wakes the readers. @throws CommerceError when an event breaks its contract */
  append(events: readonly NewEvent[]): void;
  /** Forgets the oldest events. */
  prune(count: number): void;
}

/** A log that lives and dies with its process: for tests of what reads events. */
export function memoryEventLog(options: {
  fanOut: FanOut;
  logger?: Logger;
  /** Longest wait of a consumer before it looks by itself, in milliseconds. */
  pollMillis?: number;
}): MemoryEventLog {
  const sequences = sequencesOf(randomBytes(4).toString('hex'));
  const { fanOut, pollMillis } = options;
  const logger = options.logger ?? createLogger({ level: 'silent', component: 'events' });
  let floor = 0;
  let events: StoredEvent[] = [];

  const head = () => floor + events.length;
  const following = (after: string | null): StoredEvent[] => {
    const position = after === null ? floor : Number(sequences.parse(after));
    if (position < floor || position > head()) throw replayExpired();
    return events.slice(position - floor);
  };

  const log: MemoryEventLog = {
    describe: () => 'memory',
    head: async () => sequences.format(BigInt(head())),
    compare: compareSequences,
    async read({ after, limit, types }) {
      const rest = following(after);
      const page = rest.slice(0, limit);
      return {
        events: types ? page.filter((event) => types.includes(event.type)) : page,
        next: page.at(-1)?.sequence ?? after ?? sequences.format(BigInt(floor)),
        more: rest.length > limit,
      };
    },
    async readByTopics(topics, after, limit) {
      return following(after)
        .filter((event) => isAbout(event, topics))
        .slice(0, limit);
    },
    consume: (consumption) => consumeGroup({ log, groups, fanOut, logger, pollMillis }, consumption),
    append(added) {
      const stored = added.map((event, index) => ({
        sequence: sequences.format(BigInt(head() + index + 1)),
        id: randomUUID(),
        type: event.type,
        source: sourceOf(event.type),
        subject: event.subject,
        version: event.version,
        channelCode: event.channelCode,
        occurredAt: new Date().toISOString(),
        traceId: event.traceId,
        data: checked(event),
      })) as StoredEvent[];
      events = [...events, ...stored];
      fanOut.publish([LOG_GREW]);
    },
    prune(count) {
      events = events.slice(count);
      floor += count;
    },
  };
  const groups = memoryGroups(() => sequences.format(BigInt(floor)));
  return log;
}

function isAbout(event: StoredEvent, topics: Topics): boolean {
  return topics === 'all' || topicsOf(event).some((topic) => topics.includes(topic));
}

/** Leadership among the consumers of one process. */
function memoryGroups(oldest: () => string): Groups {
  const led = new Set<string>();
  const positions = new Map<string, string>();
  return {
    async lead(group, signal) {
      while (led.has(group) && !signal.aborted) await sleep(20, signal);
      if (signal.aborted) return null;
      led.add(group);
      return {
        signal: new AbortController().signal,
        async release() {
          led.delete(group);
        },
      };
    },
    async position(group) {
      const position = positions.get(group) ?? oldest();
      positions.set(group, position);
      return position;
    },
    async save(group, sequence) {
      const present = positions.get(group);
      if (present === undefined || compareSequences(sequence, present) > 0) positions.set(group, sequence);
    },
  };
}
