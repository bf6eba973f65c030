import type { StoredEvent } from '../port.ts';
import type { Sequences } from '../sequences.ts';

/** A row of integration.event_log, as pg delivers it. */
export interface EventRow {
  sequence: string;
  id: string;
  type: StoredEvent['type'];
  source: string;
  subject: string;
  version: number;
  channel_code: string | null;
  occurred_at: Date;
  trace_id: string;
  data: StoredEvent['data'];
}

const COLUMNS = 'sequence id type source subject version channel_code occurred_at trace_id data'.split(' ');

/** The columns of `EventRow`, of the table with the given alias. */
export function eventColumns(alias: string): string {
  return COLUMNS.map((column) => `${alias}.${column}`).join(', ');
}

/** The data was checked against its contract when it was written. */
export function toEvent(row: EventRow, sequences: Sequences): StoredEvent {
  return {
    sequence: sequences.format(BigInt(row.sequence)),
    id: row.id,
    type: row.type,
    source: row.source,
    subject: row.subject,
    version: row.version,
    channelCode: row.channel_code,
    occurredAt: row.occurred_at.toISOString(),
    traceId: row.trace_id,
    data: row.data,
  } as StoredEvent;
}

// Sources of rows, used beside `integration.event_log_state as s`.

/** Values: after (null begins with the oldest), the same, window, types (null for all), the same. Sequences have no gaps, so a window of numbers is a window of events. */
export const WINDOW = `
  select * from integration.event_log
  where sequence > coalesce(?::bigint, s.floor) and sequence <= coalesce(?::bigint, s.floor) + ?::int
    and (?::text[] is null or type = any (?::text[]))`;

/** Values: after, limit. */
export const EVERYTHING = `
  select * from integration.event_log where sequence > ?::bigint order by sequence limit ?::int`;

const NO_END = '9223372036854775807';

/**
 * Values: types and subjects in pairs, after, limit; then orders, channels and types, each with after and limit; limit.
 * Each topic is one walk along its own index from `after`, ended by the limit: the cost does not grow with the log.
 * The ranges over rows leave the planner no other way. With `type = t.key … order by sequence` it takes every key for
 * an average one and, for a rare one, walks the whole log along the primary key.
 */
export const BY_TOPICS = `
  select l.*
  from (
    select distinct sequence
    from (
      select f.sequence
      from unnest(?::text[], ?::text[]) as t (type, subject)
      cross join lateral (
        select sequence from integration.event_log
        where (subject, type, sequence) > (t.subject, t.type, ?::bigint)
          and (subject, type, sequence) <= (t.subject, t.type, ${NO_END})
        order by subject, type, sequence
        limit ?::int
      ) as f
      union all
      ${along('order_id')}
      union all
      ${along('channel_code')}
      union all
      ${along('type')}
    ) as found
    order by sequence
    limit ?::int
  ) as wanted
  join integration.event_log as l using (sequence)`;

function along(column: 'order_id' | 'channel_code' | 'type'): string {
  return `
      select f.sequence
      from unnest(?::text[]) as t (key)
      cross join lateral (
        select sequence from integration.event_log
        where ${column} is not null
          and (${column}, sequence) > (t.key, ?::bigint) and (${column}, sequence) <= (t.key, ${NO_END})
        order by ${column}, sequence
        limit ?::int
      ) as f`;
}
