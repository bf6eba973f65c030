import type { Knex } from 'knex';
import { change } from '../db/query.ts';

/**
 * Notes, outside of any transaction that may fail, whether entries wait behind a position of a feed.
 * @param behindSince when the oldest of them happened; null when none waits, or they do not say
 */
export async function noteWaiting(
  knex: Knex,
  feed: string,
  position: number,
  isWaiting: boolean,
  behindSince: Date | null,
): Promise<void> {
  await change(
    knex,
    `update integration.feed_cursor set waiting_since = case when ? then coalesce(waiting_since, clock_timestamp()) end, behind_since = ?
     where feed = ? and position = ? and ((waiting_since is null) = ? or behind_since is distinct from ?)`,
    [isWaiting, behindSince, feed, position, isWaiting, behindSince],
  );
}

/** How far a feed is that keeps its cursor elsewhere. */
export interface NotedProgress {
  readonly feed: string;
  /** The system of record whose feed it is, as exceptions name it. */
  readonly system: string;
  /** Number of the last entry applied. */
  readonly position: number;
  /** Whether entries wait behind it. */
  readonly isWaiting: boolean;
}

/** Notes how far such a feed is, for those who watch feeds. What a slower reader says of an earlier position is not taken. */
export async function noteProgress(knex: Knex, { feed, system, position, isWaiting }: NotedProgress): Promise<void> {
  await change(
    knex,
    `insert into integration.feed_cursor as known (feed, system, position, waiting_since)
     values (?, ?, ?, case when ? then clock_timestamp() end)
     on conflict (feed) do update
     set system = excluded.system, position = excluded.position,
         waiting_since = case when excluded.position = known.position and excluded.waiting_since is not null
                              then coalesce(known.waiting_since, excluded.waiting_since) else excluded.waiting_since end,
         updated_at = case when excluded.position = known.position then known.updated_at else clock_timestamp() end
     where excluded.position > known.position
        or (excluded.position = known.position and (excluded.waiting_since is null) <> (known.waiting_since is null))`,
    [feed, system, position, isWaiting],
  );
}

/** Notes that a feed could not be read or applied: entries may wait. Where the store is not there either, nothing is noted. */
export async function noteFailure(knex: Knex, feed: string): Promise<void> {
  try {
    await change(
      knex,
      'update integration.feed_cursor set waiting_since = clock_timestamp() where feed = ? and waiting_since is null',
      [feed],
    );
  } catch {
    // The failure itself was told of.
  }
}
