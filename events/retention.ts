import type { Knex } from 'knex';
import { change, query } from '../platform/db/query.ts';

/** Days of history kept unless configured otherwise: longer than any client stays away and comes back with `after`. */
export const DEFAULT_RETENTION_DAYS = 30;

/** Events removed in one transaction: short enough not to hold up the relay, which waits for it. */
const AT_ONCE = 5_000;
/** A group forgets what it handled a day after the event left the log: until then it may be replayed, or be under way. */
const FORGET_AFTER_HOURS = 24;

/**
 * Removes events that are older than `days` and behind every group of readers, and the traces of their handling.
 * From then on reading behind them says REPLAY_EXPIRED.
 *
 * @returns how many events were removed
 */
export async function pruneEventLog(knex: Knex, days: number): Promise<number> {
  if (!(days > 0)) throw new Error(`days to keep must be above 0, not ${days}`);
  let removed = 0;
  for (;;) {
    const rows = await query<{ removed: number }>(
      knex,
      `select integration.prune_event_log(now() - make_interval(secs => ?::float8), ?) as removed`,
      [days * 86_400, AT_ONCE],
    );
    const count = rows[0]?.removed ?? 0;
    removed += count;
    if (count < AT_ONCE) break;
  }
  await change(
    knex,
    `delete from integration.consumed_event as e
     using integration.event_consumer as c, integration.event_log_state as log
     where c.name = e.consumer and e.sequence <= least(c.position, log.floor)
       and e.consumed_at < now() - make_interval(hours => ?)`,
    [FORGET_AFTER_HOURS],
  );
  return removed;
}
