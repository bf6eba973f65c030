import type { Knex } from 'knex';
import { change } from '../db/query.ts';

/** Notes, outside of any transaction that may fail, whether entries wait behind a position of a feed. */
export async function noteWaiting(knex: Knex, feed: string, position: number, isWaiting: boolean): Promise<void> {
  await change(
    knex,
    `update integration.feed_cursor set waiting_since = case when ? then clock_timestamp() end
     where feed = ? and position = ? and (waiting_since is null) = ?`,
    [isWaiting, feed, position, isWaiting],
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
