import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { lockOrder, writeTimeline } from '../change.ts';
import type { HoldReason, OrderHold } from '../model.ts';
import { liftHold } from './hold.ts';

/** Most orders that go on with one look. The next look comes at once when there are more. */
const LIMIT = 200;

/** What buyers and channels are told an order waits for: stock is a reason of its own. */
const reasonFor = (system: string): HoldReason => (system === 'wms' ? 'INVENTORY' : 'CHANNEL');
const NOTE = 'Goes on by itself when the system is heard again.';

/** The holds of an order that waits for systems: one per reason, by reason. */
export function holdsUntilHeard(orderId: string, systems: readonly string[], placedAt: Date): OrderHold[] {
  return [...new Set(systems.map(reasonFor))].sort().map((reason) => ({ orderId, reason, note: NOTE, placedAt }));
}

/**
 * Holds an order that is being placed until the systems of record it waits for are heard again.
 * @param systems codes as in config/degradation.yaml
 */
export async function holdUntilHeard(
  trx: Knex.Transaction,
  orderId: string,
  systems: readonly string[],
  traceId: string,
): Promise<void> {
  await query(
    trx,
    `insert into orders.hold (order_id, reason, note, placed_at, system)
     select ?, reason, ?, now(), system
     from unnest(?::text[], ?::text[]) as wait (reason, system) on conflict do nothing`,
    [orderId, NOTE, systems.map(reasonFor), systems],
  );
  await writeTimeline(
    trx,
    orderId,
    traceId,
    systems.map((system) => ({
      type: 'HOLD_PLACED',
      system: 'commerce',
      message: `Held until ${system} is heard again: ${reasonFor(system)}`,
    })),
  );
}

/**
 * Lets orders go on whose system is heard again, or whose channel has no rule for it any more; the oldest first. Any
 * number of processes may do so.
 * @returns how many holds were lifted
 */
export async function releaseHeardHolds(knex: Knex): Promise<number> {
  let lifted = 0;
  for (;;) {
    const before = lifted;
    const due = await query<{ order_id: string; reason: HoldReason; system: string; trace_id: string }>(
      knex,
      `with waiting as materialized (
         select hold.order_id, hold.reason, hold.system, hold.placed_at, o.channel_code, o.trace_id
         from orders.hold join orders.customer_order o on o.id = hold.order_id where hold.system is not null
       ), silent as (
         select channel_code, (integration.degradation(channel_code)).systems
         from (select distinct channel_code from waiting) channel
       )
       select order_id, reason, system, trace_id from waiting join silent using (channel_code)
       where system <> all (coalesce(silent.systems, '{}')) order by placed_at, order_id limit ?`,
      [LIMIT],
    );
    for (const hold of due) {
      lifted += await inTransaction(knex, async (trx) => {
        const found = await lockOrder(trx, hold.order_id);
        // A person may have taken the hold over, or lifted it, since we looked.
        const still = await query(trx, 'select from orders.hold where order_id = ? and reason = ? and system = ?', [
          hold.order_id,
          hold.reason,
          hold.system,
        ]);
        if (!found || still.length === 0) return 0;
        const message = `Hold released: ${hold.system} is heard again`;
        return (await liftHold(trx, hold.order_id, hold.reason, message, hold.trace_id)) ? 1 : 0;
      });
    }
    if (due.length < LIMIT || lifted === before) return lifted;
  }
}
