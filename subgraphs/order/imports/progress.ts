import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';

/** How often and how far back a channel's orders are fetched. */
export interface FetchTimes {
  /** Seconds between two rounds. */
  readonly everySeconds: number;
  /** Minutes before what was read last that are read again: a channel may show a change late. */
  readonly overlapMinutes: number;
  /** Hours between two looks at what is older than that. */
  readonly sweepHours: number;
  /** Days that such a look goes back, and the first fetch of all. */
  readonly sweepDays: number;
}

/** A round that this worker may do now. */
export interface Round {
  /** Where it begins, by the clock of the store. */
  readonly since: Date;
  /** When it was begun: up to then changes are here when it ends well. */
  readonly startedAt: Date;
  readonly isSweep: boolean;
  /** Rounds before it that failed one after the other. */
  readonly failures: number;
}

/** For so long a round is one worker's after each page; then another takes over from the last round that ended well. */
const LEASE_SECONDS = 120;
/** After a round that failed, the next one is tried as soon as at a channel that is fetched so often, however seldom it is. */
const LONGEST_FIRST_PAUSE_SECONDS = 60;
/** Longest pause after rounds that failed. */
const MAX_PAUSE_SECONDS = 900;

/** The round that is due, if one is and no other worker has it. */
export async function claimRound(knex: Knex, channelCode: string, times: FetchTimes): Promise<Round | null> {
  await change(knex, 'insert into orders.import_progress (channel_code) values (?) on conflict do nothing', [channelCode]);
  const [round] = await query<Round>(
    knex,
    `with p as (
       select channel_code, read_until, failures, clock_timestamp() as now,
         swept_at is null or swept_at <= clock_timestamp() - make_interval(hours => ?) as sweep
       from orders.import_progress where channel_code = ? and due_at <= clock_timestamp() for update skip locked)
     update orders.import_progress i set due_at = p.now + make_interval(secs => ?)
     from p where i.channel_code = p.channel_code
     returning p.now as "startedAt", p.sweep as "isSweep", p.failures,
       least(case when p.sweep then p.now - make_interval(days => ?) end, p.read_until - make_interval(mins => ?), p.now) as since`,
    [times.sweepHours, channelCode, LEASE_SECONDS, times.sweepDays, times.overlapMinutes],
  );
  return round ?? null;
} // biome-ignore format: one statement

/** The round goes on. */
export async function holdRound(knex: Knex, channelCode: string): Promise<void> {
  await change(
    knex,
    'update orders.import_progress set due_at = clock_timestamp() + make_interval(secs => ?) where channel_code = ?',
    [LEASE_SECONDS, channelCode],
  );
}

/** All of the round is here. A round that was taken over meanwhile moves nothing back. */
export async function endRound(trx: Knex, channelCode: string, round: Round, times: FetchTimes): Promise<void> {
  await change(
    trx,
    `update orders.import_progress set read_until = greatest(read_until, ?), failures = 0, due_at = clock_timestamp() + make_interval(secs => ?),
       swept_at = case when ? then greatest(swept_at, ?) else swept_at end
     where channel_code = ?`,
    [round.startedAt, times.everySeconds, round.isSweep, round.startedAt, channelCode],
  );
}

/** The round failed: the next one begins where it began, later each time. @returns failures one after the other */
export async function failRound(trx: Knex, channelCode: string, times: FetchTimes): Promise<number> {
  const [row] = await query<{ failures: number }>(
    trx,
    `update orders.import_progress set failures = failures + 1,
       due_at = clock_timestamp() + make_interval(secs => least(?, ? * 2 ^ least(failures, 10)))
     where channel_code = ? returning failures`,
    [MAX_PAUSE_SECONDS, Math.min(times.everySeconds, LONGEST_FIRST_PAUSE_SECONDS), channelCode],
  );
  return row?.failures ?? 0;
}
