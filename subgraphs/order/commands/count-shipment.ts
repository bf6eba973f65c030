import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { type ChangedOrder, changeOrder, type LineMove, type OrderChange } from '../change.ts';
import type { OrderLine } from '../model.ts';
import { takenInUnits } from '../returns/free-units.ts';

/** What became of a shipment's units so far, in all. */
export interface ToldShipment {
  readonly shipmentId: string;
  readonly outcomes: readonly ShipmentUnits[];
}

interface ShipmentUnits {
  readonly lineId: string;
  /** Units that left with the shipment. */
  readonly quantity: number;
  readonly delivered: number;
  readonly lost: number;
}

type CountedUnits = Pick<ShipmentUnits, 'delivered' | 'lost'>;

/**
 * Counts what became of a shipment's units since it was told last: its parcels end one by one. What is told is the whole,
 * and what was counted is kept, so that news may come twice and in any order.
 */
export function countShipment(
  trx: Knex.Transaction,
  orderId: string,
  shipment: ToldShipment,
  effect: Pick<OrderChange, 'key' | 'timeline' | 'traceId'>,
): Promise<ChangedOrder> {
  return changeOrder(trx, orderId, { ...effect, moves: movesOf(trx, orderId, shipment) });
}

/** The moves that count it, read once the order is locked. */
export const movesOf =
  (trx: Knex.Transaction, orderId: string, { shipmentId, outcomes }: ToldShipment) =>
  (lines: readonly OrderLine[]): Promise<LineMove[]> =>
    newMoves(trx, orderId, lines, shipmentId, outcomes);

async function newMoves(
  trx: Knex.Transaction,
  orderId: string,
  lines: readonly OrderLine[],
  shipmentId: string,
  told: readonly ShipmentUnits[],
): Promise<LineMove[]> {
  const rows = await query<CountedUnits & { lineId: string }>(
    trx,
    'select order_line_id as "lineId", delivered, lost from orders.shipment_units where shipment_id = ?',
    [shipmentId],
  );
  const counted = new Map(rows.map((row) => [row.lineId, row]));
  const news = told.flatMap((units) => {
    const before = counted.get(units.lineId) ?? { delivered: 0, lost: 0 };
    const more = newUnits(before, units);
    return more.delivered + more.lost > 0 ? [{ lineId: units.lineId, before, more }] : [];
  });
  if (news.length === 0) return [];
  await change(
    trx,
    `insert into orders.shipment_units (shipment_id, order_line_id, delivered, lost)
     select ?, * from unnest(?::text[], ?::int[], ?::int[])
     on conflict (shipment_id, order_line_id) do update set delivered = excluded.delivered, lost = excluded.lost`,
    [
      shipmentId,
      news.map(({ lineId }) => lineId),
      news.map(({ before, more }) => before.delivered + more.delivered),
      news.map(({ before, more }) => before.lost + more.lost),
    ],
  );
  const takenIn = lines.some(({ quantities }) => quantities.returned > 0) ? await takenInUnits(trx, orderId) : new Map<string, number>(); // biome-ignore format: one thought
  return news.flatMap(({ lineId, more }) => {
    // What lies at a node again did not reach the buyer, whatever its carrier says.
    const inTransit = lines.find(({ id }) => id === lineId)?.quantities.inTransit ?? 0;
    const away = inTransit - (takenIn.get(lineId) ?? 0);
    const delivered = takenIn.has(lineId) ? Math.max(0, Math.min(more.delivered, away)) : more.delivered;
    const lost = Math.max(0, Math.min(more.lost, away - delivered));
    return [
      ...(delivered > 0 ? [{ lineId, move: 'deliver' as const, quantity: delivered }] : []),
      ...(lost > 0 ? [{ lineId, move: 'lose' as const, quantity: lost, atMost: true }] : []),
    ];
  });
}

/** What of a shipment's units was not counted yet, and never more in all than left with it. Pure. */
function newUnits(before: CountedUnits, { quantity, delivered, lost }: ShipmentUnits): CountedUnits {
  const room = Math.max(0, quantity - before.delivered - before.lost);
  const arrived = Math.min(room, Math.max(0, delivered - before.delivered));
  return { delivered: arrived, lost: Math.min(room - arrived, Math.max(0, lost - before.lost)) };
}
