import type { Knex } from 'knex';
import { z } from 'zod';
import type { Bell } from './bell.ts';

/** How long a waiting reader trusts the bell before it looks by itself: another process may have written. */
const LOOK_AGAIN_MILLIS = 500;

/** Query of every change feed: `?after=<number>&limit=&wait=<seconds>`. */
export const feedQuery = z.object({
  /** Number of the last entry the reader has. 0 reads from the start. */
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  /** Seconds to wait for the first new entry. 0 answers at once. */
  wait: z.coerce.number().min(0).max(30).default(0),
});

/** Long poll: answers as soon as there is an entry, or with none when the time is over or the caller hangs up. */
export async function readFeed<T>(options: {
  readonly bell: Bell;
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
  read(): Promise<readonly T[]>;
}): Promise<readonly T[]> {
  const deadline = Date.now() + options.waitSeconds * 1000;
  for (;;) {
    const position = options.bell.position();
    const entries = await options.read();
    const left = deadline - Date.now();
    if (entries.length > 0 || left <= 0 || options.signal.aborted) return entries;
    await options.bell.heard(position, Math.min(left, LOOK_AGAIN_MILLIS), options.signal);
  }
}

/**
 * SQL that gives a schema its feed numbers: `<schema>.take_feed_numbers(feed, count)` returns the first of `count` new
 * numbers. Run it in the schema's first migration.
 *
 * A counter row, not a sequence: the row stays locked until commit, so entries become visible in the order of their
 * numbers and without gaps. With a sequence a reader at 10 could see 12 before 11 is committed, and would never see 11.
 * Take numbers last in a transaction, right before the insert: every writer of the feed queues behind the lock.
 */
export function feedCounterSql(schema: string): string {
  return `
    create table ${schema}.feed_counter (
      feed text primary key,
      last_number bigint not null default 0
    );
    create function ${schema}.take_feed_numbers(p_feed text, p_count bigint) returns bigint language sql as $$
      insert into ${schema}.feed_counter as counter (feed, last_number) values (p_feed, p_count)
      on conflict (feed) do update set last_number = counter.last_number + p_count
      returning last_number - p_count + 1
    $$;
    create function ${schema}.feed_head(p_feed text) returns bigint language sql stable as $$
      select coalesce((select last_number from ${schema}.feed_counter where feed = p_feed), 0)
    $$;
  `;
}

/**
 * SQL for a feed whose entries get their numbers after commit, when somebody reads: `<schema>.number_<table>()`. For
 * feeds that many transactions write at once: writers never queue behind each other, as they do with
 * {@link feedCounterSql}, but do not learn the number either.
 *
 * The table has `number` (null until numbered, unique) and `written` (bigserial: entries that exclude each other by a
 * row lock, such as events of one order, keep their order). One transaction numbers at a time and only what is
 * committed, so numbers are gap-free and become visible in order here too.
 */
export function lateNumbersSql(schema: string, table: string, columns: { number: string; written: string }): string {
  const { number, written } = columns;
  return `
    create index on ${schema}.${table} (${written}) where ${number} is null;
    create function ${schema}.number_${table}() returns void language plpgsql as $$
    begin
      if not exists (select from ${schema}.${table} where ${number} is null) then return; end if;
      perform pg_advisory_xact_lock(hashtext('${schema}.${table}'));
      -- The lock was waited for: this statement sees what the one before us numbered.
      with waiting as (
        select ${written}, row_number() over (order by ${written}) as place
        from ${schema}.${table} where ${number} is null
      ), head as (
        select coalesce(max(${number}), 0) as ${number} from ${schema}.${table}
      )
      update ${schema}.${table} as entry set ${number} = head.${number} + waiting.place
      from waiting, head where entry.${written} = waiting.${written};
    end $$;
  `;
}

/** First of `count` new numbers of a feed. See {@link feedCounterSql}. */
export async function takeFeedNumbers(
  trx: Knex.Transaction,
  schema: string,
  feed: string,
  count: number,
): Promise<number> {
  const { rows } = await trx.raw<{ rows: { first: string }[] }>(`select ${schema}.take_feed_numbers(?, ?) as first`, [
    feed,
    count,
  ]);
  return Number(rows[0]?.first);
}

/** Number of the newest entry of a feed; 0 when there is none. */
export async function feedHead(knex: Knex, schema: string, feed: string): Promise<number> {
  const { rows } = await knex.raw<{ rows: { head: string }[] }>(`select ${schema}.feed_head(?) as head`, [feed]);
  return Number(rows[0]?.head);
}
