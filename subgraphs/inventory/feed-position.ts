import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';

/** Number of the last booking of a source that was applied; null before the first snapshot. */
export async function readFeedPosition(knex: Knex, source: string): Promise<number | null> {
  const [row] = await query<{ sequence: string }>(knex, 'select sequence from inventory.source_feed where source = ?', [
    source,
  ]);
  return row ? Number(row.sequence) : null;
}

/** Whether all stock of a source was read, now or in an earlier life. */
export async function isStockKnown(knex: Knex): Promise<boolean> {
  return (await query(knex, 'select from inventory.source_feed limit 1')).length > 0;
}

/**
 * Takes the source's position for this transaction: readers in other processes wait here, and find it moved.
 * @returns whether it is still where the caller thinks it is
 */
export async function claimFeedPosition(trx: Knex.Transaction, source: string, expected: number): Promise<boolean> {
  const rows = await query(trx, 'select from inventory.source_feed where source = ? and sequence = ? for update', [
    source,
    expected,
  ]);
  return rows.length === 1;
}

/** @param heard whether the feed was read to its end: then silence means that nothing changed */
export async function moveFeedPosition(knex: Knex, source: string, sequence: number, heard: boolean): Promise<void> {
  await change(
    knex,
    `insert into inventory.source_feed as feed (source, sequence, heard_at)
     values (?, ?, case when ? then clock_timestamp() end)
     on conflict (source) do update
     set sequence = greatest(feed.sequence, excluded.sequence), heard_at = coalesce(excluded.heard_at, feed.heard_at)`,
    [source, sequence, heard],
  );
}
