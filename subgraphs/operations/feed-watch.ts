import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { ExceptionDesk } from './desk.ts';

/** A feed that stands still, or moves again. */
export interface FeedStall {
  readonly feed: string;
  readonly system: string;
  /** Since when; null when it moves again. */
  readonly since: Date | null;
}

const stallKey = (feed: string) => `feed-stalled:${feed}`;

/**
 * Looks whether each feed of a system of record takes what waits there, and tells operators when one stands still and when
 * it moves again. Any number of processes may do so.
 *
 * @param seconds how long a feed may stand still while entries wait, or cannot be asked for
 * @returns what changed since anybody looked
 */
export function watchFeeds(
  { knex, desk }: { readonly knex: Knex; readonly desk: Pick<ExceptionDesk, 'raiseIn' | 'resolveIn'> },
  seconds: number,
): Promise<FeedStall[]> {
  return inTransaction(knex, async (trx) => {
    // Kept beside the cursors: who applies a page for minutes locks its cursor.
    const begun = await query<FeedStall>(
      trx,
      `insert into integration.feed_stall (feed, system, since)
       select feed, system, waiting_since from integration.feed_cursor
       where system is not null and waiting_since < now() - make_interval(secs => ?) order by feed
       on conflict do nothing returning feed, system, since`,
      [seconds],
    );
    const over = await query<FeedStall>(
      trx,
      `delete from integration.feed_stall stall where not exists (
         select from integration.feed_cursor cursor where cursor.feed = stall.feed and waiting_since < now() - make_interval(secs => ?)
       ) returning feed, system, null as since`,
      [seconds],
    );
    for (const { feed, system, since } of begun) {
      await desk.raiseIn(trx, {
        key: stallKey(feed),
        cause: 'UNAVAILABLE',
        system,
        operation: 'read-feed',
        message: `The feed ${feed} stands still since ${since?.toISOString()}: none of its entries could be taken. What happens in the system is not seen here meanwhile. The worker's log says why (\`feed interrupted\`): the system cannot be read, or the store is overloaded. Nothing is lost, and this closes by itself.`,
      });
    }
    await desk.resolveIn(
      trx,
      over.map(({ feed }) => stallKey(feed)),
      'the feed moves again',
    );
    return [...begun, ...over];
  });
}

/** Names of the feeds that stand still. */
export async function stalledFeeds(knex: Knex): Promise<string[]> {
  const rows = await query<{ feed: string }>(knex, 'select feed from integration.feed_stall order by feed');
  return rows.map(({ feed }) => feed);
}

/** How a feed of a system of record gets on. */
export interface FeedProgress {
  readonly feed: string;
  readonly system: string;
  /** For how long entries have waited, or could not be asked for, in seconds by the store's clock; 0 while none wait. */
  readonly waitingSeconds: number;
  /** How long ago the oldest entry happened that waits, in seconds; 0 while none waits, and where entries tell no time. */
  readonly behindSeconds: number;
  readonly isStalled: boolean;
}

/** How each feed of a system of record gets on. */
export function feedProgress(knex: Knex): Promise<FeedProgress[]> {
  return query<FeedProgress>(
    knex,
    `select feed, cursor.system, stall.feed is not null as "isStalled",
            greatest(0, coalesce(extract(epoch from clock_timestamp() - waiting_since), 0))::float8 as "waitingSeconds",
            greatest(0, coalesce(extract(epoch from clock_timestamp() - behind_since), 0))::float8 as "behindSeconds"
     from integration.feed_cursor cursor left join integration.feed_stall stall using (feed)
     where cursor.system is not null order by feed`,
  );
}
