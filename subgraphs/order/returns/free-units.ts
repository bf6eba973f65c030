import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';

/** Reason of a return of units that never reached the buyer. */
export const LOST_IN_TRANSIT = 'LOST_IN_TRANSIT';

/**
 * Units of an order's lines that returns lay claim to: what still may come, what came and stays, and what was paid back.
 * Units that were lost on the way to the buyer are another stock of units than those that were delivered.
 * The caller holds the order's row lock, so that two requests cannot claim the same units.
 * @param without a return that is left out
 * @param kind which of the two
 */
export async function claimedUnits(
  trx: Knex.Transaction,
  orderId: string,
  without: string | null = null,
  kind: 'delivered' | 'lost' = 'delivered',
): Promise<Map<string, number>> {
  const rows = await query<{ lineId: string; units: number }>(
    trx,
    `select l.order_line_id as "lineId", sum(case
         when r.state in ('DECLINED', 'CANCELLED', 'EXPIRED', 'REJECTED', 'LOST') then l.credited
         when r.closing or r.state in ('RESOLVED', 'CLOSED') then greatest(l.received, l.credited)
         else l.quantity end)::int as units
     from orders.return_line l join orders.return r on r.id = l.return_id
     where r.order_id = ? and r.id is distinct from ? and (l.reason = ?) = ? group by l.order_line_id`,
    [orderId, without, LOST_IN_TRANSIT, kind === 'lost'],
  );
  return new Map(rows.map(({ lineId, units }) => [lineId, units]));
}

/**
 * Units of an order's lines that credit memos were decided for: decides which share of a line's tax the next one gives
 * back. The caller holds the order's row lock.
 */
export async function creditedUnits(trx: Knex, orderId: string): Promise<Map<string, number>> {
  const rows = await query<{ lineId: string; units: number }>(
    trx,
    `select l.order_line_id as "lineId", sum(l.credited)::int as units
     from orders.return_line l join orders.return r on r.id = l.return_id where r.order_id = ? group by l.order_line_id`,
    [orderId],
  );
  return new Map(rows.map(({ lineId, units }) => [lineId, units]));
}
