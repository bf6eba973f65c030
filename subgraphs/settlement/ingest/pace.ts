import type { Knex } from 'knex';
import { sleep } from '../../../platform/clock.ts';
import { query } from '../../../platform/db/query.ts';

/** How much of the database a batch may take. */
export interface Pace {
  /** Part of the time that it works, above 0 up to 1; it rests in between. */
  readonly share: number;
  /** Rests longer while this many other connections of the platform are at work. */
  readonly busyConnections: number;
}

/** For a batch that has the database for itself. */
export const FULL_PACE: Pace = { share: 1, busyConnections: Number.POSITIVE_INFINITY };

const LONGEST_REST_MILLIS = 2_000;
/** Rests in a row while others are at work, so that a batch is slowed down by load but never stopped. */
const MOST_RESTS = 10;
const REST_MILLIS = 100;

/**
 * Rests after a piece of work, as long as the pace asks for; longer while the platform is busy.
 * @param workedMillis how long the piece took
 */
export async function rest(knex: Knex, pace: Pace, workedMillis: number, signal?: AbortSignal): Promise<void> {
  const own = Math.min(LONGEST_REST_MILLIS, workedMillis * (1 / pace.share - 1));
  if (own > 1) await sleep(own, signal);
  if (!Number.isFinite(pace.busyConnections)) return;
  for (let rests = 0; rests < MOST_RESTS && !signal?.aborted; rests++) {
    const [row] = await query<{ busy: number }>(
      knex,
      `select count(*)::int as busy from pg_stat_activity where datname = current_database() and state = 'active' and application_name like 'commerce%' and application_name <> current_setting('application_name')`,
    );
    if ((row?.busy ?? 0) < pace.busyConnections) return;
    await sleep(REST_MILLIS, signal);
  }
}
