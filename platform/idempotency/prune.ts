import type { Knex } from 'knex';

/** Longer than any channel repeats an order: marketplaces are polled again for days. */
export const RETENTION_DAYS = 30;

/** Bounds the time each statement holds its locks. */
const BATCH = 5_000;

/**
 * Forgets keys older than the retention time. A key that is sent again after that runs as a new one.
 * @returns how many were forgotten
 */
export async function pruneIdempotencyKeys(knex: Knex, now: Date): Promise<number> {
  const before = new Date(now.getTime() - RETENTION_DAYS * 86_400_000);
  for (let pruned = 0; ; ) {
    const { rowCount } = await knex.raw<{ rowCount: number }>(
      `delete from integration.idempotency_key
        where ctid = any(array(select ctid from integration.idempotency_key where created_at < ? limit ?))`,
      [before, BATCH],
    );
    pruned += rowCount;
    if (rowCount < BATCH) return pruned;
  }
}
