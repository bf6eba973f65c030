import type { Knex } from 'knex';
import { query, type SqlValue } from '../../platform/db/query.ts';
import type { Logger } from '../../platform/logger.ts';
import { consumeGroup } from '../consume-group.ts';
import type { Groups } from '../groups.ts';
import type { EventLog, FanOut, StoredEvent } from '../port.ts';
import { compareSequences, replayExpired, type Sequences, sequencesOf } from '../sequences.ts';
import { sortTopics } from '../topics.ts';
import { postgresGroups } from './postgres-groups.ts';
import type { PostgresSession } from './postgres-session.ts';
import { BY_TOPICS, EVERYTHING, type EventRow, eventColumns, toEvent, WINDOW } from './postgres-statements.ts';

export interface PostgresEventLogOptions {
  readonly knex: Knex;
  /** Holds the locks by which one process leads a group. */
  readonly session: PostgresSession;
  /** Wakes the consumers when the log grew. */
  readonly fanOut: FanOut;
  readonly logger: Logger;
  /** Longest wait of a consumer before it looks by itself, in milliseconds. */
  readonly pollMillis?: number;
}

/** The log in integration.event_log: the truth, whatever stands before it. */
export interface PostgresEventLog extends EventLog {
  /** How this log writes its positions; the same as long as the database is. */
  sequences(): Promise<Sequences>;
  /** Numbers of the newest event and of the newest that was pruned. */
  bounds(): Promise<{ head: bigint; floor: bigint }>;
  readonly groups: Groups;
}

export function postgresEventLog(options: PostgresEventLogOptions): PostgresEventLog {
  const { knex, session, fanOut, logger, pollMillis } = options;
  const sequences = remembered(() => loadSequences(knex));
  const groups = postgresGroups(knex, session, sequences);

  const log: PostgresEventLog = {
    describe: () => 'postgres',
    compare: compareSequences,
    sequences,
    groups,

    async bounds() {
      const rows = await query<{ head: string; floor: string }>(
        knex,
        'select head, floor from integration.event_log_state',
      );
      return { head: BigInt(rows[0]?.head ?? 0), floor: BigInt(rows[0]?.floor ?? 0) };
    },

    async head() {
      const { format } = await sequences();
      return format((await log.bounds()).head);
    },

    async read({ after, limit, types }) {
      const codec = await sequences();
      const position = after === null ? null : codec.parse(after).toString();
      const { events, head, floor } = await readPage(knex, codec, position, WINDOW, [
        position,
        position,
        limit,
        types ?? null,
        types ?? null,
      ]);
      const end = (position === null ? floor : BigInt(position)) + BigInt(limit);
      return { events, next: codec.format(end < head ? end : head), more: end < head };
    },

    async readByTopics(topics, after, limit) {
      const codec = await sequences();
      const position = codec.parse(after).toString();
      if (topics === 'all') {
        return (await readPage(knex, codec, position, EVERYTHING, [position, limit])).events;
      }
      const { subjects, orders, channels, types } = sortTopics(topics);
      const bounds = [position, limit];
      const page = await readPage(knex, codec, position, BY_TOPICS, [
        subjects.map(({ type }) => type),
        subjects.map(({ subject }) => subject),
        ...bounds,
        orders,
        ...bounds,
        channels,
        ...bounds,
        types,
        ...bounds,
        limit,
      ]);
      return page.events;
    },

    consume: (consumption) => consumeGroup({ log, groups, fanOut, logger, pollMillis }, consumption),
  };
  return log;
}

/**
 * Runs the source together with the bounds of the log, in one statement and so in one snapshot: what the bounds say is
 * exact for the rows beside them, however much is pruned or appended meanwhile.
 *
 * @throws CommerceError REPLAY_EXPIRED when `after` is not within the bounds
 */
async function readPage(
  knex: Knex,
  sequences: Sequences,
  after: string | null,
  source: string,
  values: readonly SqlValue[],
): Promise<{ events: StoredEvent[]; head: bigint; floor: bigint }> {
  const rows = await query<{ head: string; floor: string } & (EventRow | { sequence: null })>(
    knex,
    `select s.head, s.floor, ${eventColumns('e')}
     from integration.event_log_state as s left join lateral (${source}) as e on true
     order by e.sequence`,
    values,
  );
  const head = BigInt(rows[0]?.head ?? 0);
  const floor = BigInt(rows[0]?.floor ?? 0);
  if (after !== null && (BigInt(after) < floor || BigInt(after) > head)) throw replayExpired();
  const events = rows.flatMap((row) => (row.sequence === null ? [] : [toEvent(row, sequences)]));
  return { events, head, floor };
}

async function loadSequences(knex: Knex): Promise<Sequences> {
  const rows = await query<{ epoch: string }>(knex, 'select integration.event_log_epoch() as epoch');
  const epoch = rows[0]?.epoch;
  if (!epoch) throw new Error('integration.event_log_epoch() gave no name');
  return sequencesOf(epoch);
}

/** Asks once; after a failure it asks again. */
function remembered<T>(load: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | null = null;
  return () => {
    value ??= load().catch((error: unknown) => {
      value = null;
      throw error;
    });
    return value;
  };
}
