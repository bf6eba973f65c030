import type { Knex } from 'knex';

/** Longer than any channel repeats an order: marketplaces are polled again for days. */
export const LEAST_RETENTION_DAYS = 30;

/** Bounds the time each statement holds its locks. */
const BATCH = 5_000;

/**
 * Forgets keys older than the retention time. A key that is sent again after that runs as a new one. The database's
 * clock decides, which also says how old a key is: a process whose clock is wrong forgets nothing too early.
 * @param retentionDays at least {@link LEAST_RETENTION_DAYS}
 * @returns how many were forgotten
 */
export async function pruneIdempotencyKeys(knex: Knex, retentionDays: number): Promise<number> {
  const days = Math.max(retentionDays, LEAST_RETENTION_DAYS);
  for (let pruned = 0; ; ) {
    const { rowCount } = await knex.raw<{ rowCount: number }>(
      `delete from integration.idempotency_key
        where ctid = any(array(
          select ctid from integration.idempotency_key where created_at < clock_timestamp() - ? * interval '1 day' limit ?))`,
      [days, BATCH],
    );
    pruned += rowCount;
    if (rowCount < BATCH) return pruned;
  }
}
