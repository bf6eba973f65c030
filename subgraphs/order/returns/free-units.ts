import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { OrderLine } from '../model.ts';

/** Reason of a return of units that never reached the buyer. */
export const LOST_IN_TRANSIT = 'LOST_IN_TRANSIT';
/** Reason of a return of units that their carrier brings back to the node, or that never got on their way. */
export const RETURNED_TO_SENDER = 'RETURNED_TO_SENDER';

/** Which units of a line a return is about: each kind is another stock of units. */
export type UnitKind = 'delivered' | 'lost' | 'undelivered';

export const kindOf = (reason: string): UnitKind =>
  reason === LOST_IN_TRANSIT ? 'lost' : reason === RETURNED_TO_SENDER ? 'undelivered' : 'delivered';

/** Units of a line that returns of a kind can be about. */
export const unitsOfKind = ({ quantities }: Pick<OrderLine, 'quantities'>, kind: UnitKind): number =>
  kind === 'undelivered' ? quantities.inTransit : quantities[kind];

/**
 * Units of an order's lines that returns lay claim to: what still may come, what came and stays, and what was paid back.
 * The caller holds the order's row lock, so that two requests cannot claim the same units.
 * @param without a return that is left out
 */
export async function claimedUnits(
  trx: Knex.Transaction,
  orderId: string,
  lines: readonly Pick<OrderLine, 'id' | 'quantities'>[],
  kind: UnitKind,
  without: string | null = null,
): Promise<Map<string, number>> {
  const rows = await query<{ lineId: string; reason: string; units: number }>(
    trx,
    `select l.order_line_id as "lineId", l.reason, sum(case
         when r.state in ('DECLINED', 'CANCELLED', 'EXPIRED', 'REJECTED', 'LOST') then l.credited
         when r.closing or r.state in ('RESOLVED', 'CLOSED') then greatest(l.received, l.credited)
         else l.quantity end)::int as units
     from orders.return_line l join orders.return r on r.id = l.return_id
     where r.order_id = ? and r.id is distinct from ? group by l.order_line_id, l.reason`,
    [orderId, without],
  );
  const claimed = (lineId: string, of: UnitKind) =>
    rows.reduce((sum, row) => sum + (row.lineId === lineId && kindOf(row.reason) === of ? row.units : 0), 0);
  return new Map(
    lines.map(({ id, quantities }) => {
      // What was on its way back and reached the buyer after all is claimed among what was delivered.
      const arrived = kind === 'delivered' ? Math.max(0, claimed(id, 'undelivered') - quantities.inTransit) : 0;
      return [id, claimed(id, kind) + arrived];
    }),
  );
}

/**
 * Units of an order that never reached the buyer and need not any more: lost ones that are paid back, and those that came
 * back to a node and are paid back.
 */
export async function settledUnits(trx: Knex.Transaction, orderId: string): Promise<number> {
  const [row] = await query<{ units: number }>(
    trx,
    `select coalesce(sum(case l.reason when ? then l.refunded when ? then least(l.refunded, l.received) else 0 end), 0)::int as units
     from orders.return_line l join orders.return r on r.id = l.return_id where r.order_id = ?`,
    [LOST_IN_TRANSIT, RETURNED_TO_SENDER, orderId],
  );
  return row?.units ?? 0;
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
