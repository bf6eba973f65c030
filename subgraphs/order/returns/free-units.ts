import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { OrderLine } from '../model.ts';
import type { StrandedParcels } from './stranded-parcels.ts';

/** Reason of a return of units that never reached the buyer. */
export const LOST_IN_TRANSIT = 'LOST_IN_TRANSIT';
/** Reason of a return of units that their carrier brings back to the node, or that never got on their way. */
export const RETURNED_TO_SENDER = 'RETURNED_TO_SENDER';

/** Which units of a line a return is about: each kind is another stock of units. */
export type UnitKind = 'delivered' | 'lost' | 'undelivered';

export const kindOf = (reason: string): UnitKind =>
  reason === LOST_IN_TRANSIT ? 'lost' : reason === RETURNED_TO_SENDER ? 'undelivered' : 'delivered';

/** Units of an order's lines, by line. */
type UnitsByLine = ReadonlyMap<string, number>;
type Line = Pick<OrderLine, 'id' | 'quantities'>;
interface Claimed {
  readonly id: string;
  readonly quantities: Pick<OrderLine['quantities'], 'lost' | 'inTransit' | 'delivered'>;
}

/**
 * Units of an order's lines that a new return of a kind can be about: less than none when parcels that units were to come
 * back in went another way. The caller holds the order's row lock, so that two requests cannot claim the same units.
 * @param without a return that is left out
 */
export async function freeUnits(
  trx: Knex.Transaction,
  parcels: Pick<StrandedParcels, 'units'>,
  orderId: string,
  lines: readonly Line[],
  kind: UnitKind,
  without: string | null = null,
): Promise<Map<string, number>> {
  const claims = await readClaims(trx, orderId, without);
  const asksParcels = kind === 'undelivered' || claims.some(({ reason }) => kindOf(reason) === 'undelivered');
  const stranded: UnitsByLine = asksParcels ? await parcels.units(trx, orderId) : new Map();
  return new Map(lines.map((line) => [line.id, freeOf(line, kind, claims, stranded.get(line.id) ?? 0)]));
}

/** Units of a line that did not reach the buyer, as whoever keeps the parcels counts them. */
export interface UndeliveredUnits {
  readonly lineId: string;
  readonly lost: number;
  /** In parcels that go back or were taken in, or whose label was cancelled. */
  readonly stranded: number;
}

/**
 * The same of units that did not reach the buyer, before the order has heard of all of it, and without a lock: good for words,
 * not for a decision.
 */
export async function unclaimedUnits(
  trx: Knex.Transaction,
  orderId: string,
  units: readonly UndeliveredUnits[],
  kind: Exclude<UnitKind, 'delivered'>,
): Promise<ReadonlyMap<string, number>> {
  const claims = await readClaims(trx, orderId, null);
  return new Map(
    units.map(({ lineId, lost, stranded }) => {
      const line = { id: lineId, quantities: { lost, inTransit: stranded, delivered: 0 } };
      return [lineId, Math.max(0, freeOf(line, kind, claims, stranded))];
    }),
  );
}

function freeOf({ id, quantities }: Claimed, kind: UnitKind, claims: readonly Claim[], stranded: number): number {
  const claimed = (of: UnitKind) =>
    claims.reduce((sum, row) => sum + (row.lineId === id && kindOf(row.reason) === of ? row.units : 0), 0);
  const there = Math.min(stranded, quantities.inTransit);
  if (kind === 'undelivered') return there - claimed(kind);
  // What was to come back and went another way is claimed where it is now: among what was lost, or what was delivered.
  const elsewhere = Math.max(0, claimed('undelivered') - there);
  const lost = quantities.lost - claimed('lost');
  if (kind === 'lost') return lost - elsewhere;
  return quantities.delivered - claimed(kind) - Math.max(0, elsewhere - Math.max(0, lost));
}

interface Claim {
  readonly lineId: string;
  readonly reason: string;
  readonly units: number;
}

/** Units that returns lay claim to: what still may come, what came and stays, and what was paid back. */
function readClaims(trx: Knex.Transaction, orderId: string, without: string | null): Promise<Claim[]> {
  return query<Claim>(
    trx,
    `select l.order_line_id as "lineId", l.reason, sum(case
         when r.state in ('DECLINED', 'CANCELLED', 'EXPIRED', 'REJECTED', 'LOST') then l.credited
         when r.closing or r.state in ('RESOLVED', 'CLOSED') then greatest(l.received, l.credited)
         else l.quantity end)::int as units
     from orders.return_line l join orders.return r on r.id = l.return_id
     where r.order_id = ? and r.id is distinct from ? group by l.order_line_id, l.reason`,
    [orderId, without],
  );
}

/** Units of an order's lines that nodes took in because they did not reach the buyer, and that were not sent off again. */
export async function takenInUnits(trx: Knex.Transaction, orderId: string): Promise<Map<string, number>> {
  const rows = await query<{ lineId: string; units: number }>(
    trx,
    `select l.order_line_id as "lineId", sum(case when r.state = 'REJECTED' then 0 else l.received end)::int as units
     from orders.return_line l join orders.return r on r.id = l.return_id
     where r.order_id = ? and l.reason = ? and l.received > 0 group by l.order_line_id`,
    [orderId, RETURNED_TO_SENDER],
  );
  return new Map(rows.map(({ lineId, units }) => [lineId, units]));
}

/** Units of an order's lines that were lost on their way and are paid back. */
export async function paidBackUnits(trx: Knex.Transaction, orderId: string): Promise<Map<string, number>> {
  const rows = await query<{ lineId: string; units: number }>(
    trx,
    `select l.order_line_id as "lineId", sum(l.refunded)::int as units
     from orders.return_line l join orders.return r on r.id = l.return_id
     where r.order_id = ? and l.reason = ? and l.refunded > 0 group by l.order_line_id`,
    [orderId, LOST_IN_TRANSIT],
  );
  return new Map(rows.map(({ lineId, units }) => [lineId, units]));
}

/**
 * Units of an order that never reached the buyer and need not any more: those that came back to a node and are paid back,
 * and lost ones that are, also when they were lost on their way back.
 */
export async function settledUnits(trx: Knex.Transaction, orderId: string, lines: readonly Line[]): Promise<number> {
  const rows = await query<{ lineId: string; lost: number; takenIn: number; ahead: number }>(
    trx,
    `select l.order_line_id as "lineId", coalesce(sum(l.refunded) filter (where l.reason = :lost), 0)::int as lost,
       coalesce(sum(least(l.refunded, l.received)) filter (where l.reason = :back), 0)::int as "takenIn",
       coalesce(sum(greatest(0, l.refunded - l.received)) filter (where l.reason = :back), 0)::int as ahead
     from orders.return_line l join orders.return r on r.id = l.return_id where r.order_id = :orderId group by 1`,
    { orderId, lost: LOST_IN_TRANSIT, back: RETURNED_TO_SENDER },
  );
  return rows.reduce((sum, { lineId, lost, takenIn, ahead }) => {
    const all = lines.find(({ id }) => id === lineId)?.quantities.lost ?? 0;
    return sum + lost + takenIn + Math.min(ahead, Math.max(0, all - lost));
  }, 0);
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
