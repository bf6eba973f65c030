import type { Knex } from 'knex';
import { groupBy } from '../../platform/batch.ts';
import { query } from '../../platform/db/query.ts';
import type { Position, Reservation, ReservationState, StockTotal } from './model.ts';

/** Of which nodes the stock is asked: one location, or all that ship (null). */
export interface StockQuestion {
  readonly sku: string;
  readonly locationId: string | null;
}

/** Stock with how long the warehouse system has been silent, in milliseconds; null when it was never heard. */
export type Heard<Value> = Value & { readonly silenceMillis: number | null };

/** One text per question, for maps and caches. */
export const questionKey = ({ sku, locationId }: StockQuestion): string => JSON.stringify([sku, locationId]);

const SILENCE = `(select extract(epoch from clock_timestamp() - max(heard_at)) * 1000 from inventory.source_feed)::float8`;

const POSITION = `stock.id, stock.sku, stock.location_id, stock.on_hand, stock.held, stock.committed, stock.safety_stock,
  stock.incoming, stock.available, stock.source_sequence, stock.as_of, ${SILENCE} as silence_millis`;

interface PositionRow {
  id: string;
  sku: string;
  location_id: string;
  on_hand: number;
  held: number;
  committed: number;
  safety_stock: number;
  incoming: number;
  available: number;
  source_sequence: string;
  as_of: Date;
  silence_millis: number | null;
}

function toPosition(row: PositionRow): Heard<Position> {
  return {
    id: row.id,
    sku: row.sku,
    locationId: row.location_id,
    onHand: row.on_hand,
    reserved: row.held,
    committed: row.committed,
    safetyStock: row.safety_stock,
    incoming: row.incoming,
    available: row.available,
    sourceSequence: Number(row.source_sequence),
    asOf: row.as_of,
    silenceMillis: row.silence_millis,
  };
}

/**
 * Stock over the nodes of each question, one statement for all.
 * @returns by {@link questionKey}; absent when no warehouse has heard of the SKU, or there is no such location
 */
export async function stockTotals(
  knex: Knex,
  questions: readonly StockQuestion[],
): Promise<Map<string, Heard<StockTotal>>> {
  const rows = await query<{
    sku: string;
    location_id: string | null;
    available: number;
    incoming: number;
    incoming_at: Date | null;
    ever_stocked: boolean;
    as_of: Date;
    silence_millis: number | null;
  }>(
    knex,
    `with asked as (select * from unnest(?::text[], ?::text[]) as asked (sku, location_id))
     select asked.sku, asked.location_id,
            coalesce(sum(stock.available) filter (where scope.counts), 0)::int as available,
            coalesce(sum(stock.incoming) filter (where scope.counts), 0)::int as incoming,
            min(stock.incoming_at) filter (where scope.counts and stock.incoming > 0) as incoming_at,
            coalesce(bool_or(stock.source_sequence > 0) filter (where scope.counts), false) as ever_stocked,
            coalesce(max(stock.as_of) filter (where scope.counts), max(stock.as_of)) as as_of,
            ${SILENCE} as silence_millis
     from asked
     join inventory.stock_at(?::text[], null, statement_timestamp()) stock using (sku)
     join inventory.location on location.id = stock.location_id
     cross join lateral (select case when asked.location_id is null then location.shippable else asked.location_id = location.id end as counts) scope
     where asked.location_id is null or exists (select from inventory.location named where named.id = asked.location_id)
     group by asked.sku, asked.location_id`,
    [
      questions.map((question) => question.sku),
      questions.map((question) => question.locationId),
      [...new Set(questions.map((question) => question.sku))],
    ],
  );
  return new Map(
    rows.map((row) => [
      questionKey({ sku: row.sku, locationId: row.location_id }),
      {
        available: row.available,
        incoming: row.incoming,
        incomingAt: row.incoming_at,
        everStocked: row.ever_stocked,
        asOf: row.as_of,
        silenceMillis: row.silence_millis,
      },
    ]),
  );
}

/** Positions of each SKU, preferred nodes first. */
export async function positionsBySku(knex: Knex, skus: readonly string[]): Promise<Map<string, Heard<Position>[]>> {
  const rows = await query<PositionRow>(
    knex,
    `select ${POSITION} from inventory.stock_at(?::text[], null, statement_timestamp()) stock
     join inventory.location on location.id = stock.location_id
     order by stock.sku, location.priority, location.code`,
    [skus],
  );
  return groupBy(rows.map(toPosition), (position) => position.sku);
}

export async function positionsById(knex: Knex, ids: readonly string[]): Promise<Map<string, Heard<Position>>> {
  const rows = await query<PositionRow>(
    knex,
    `select ${POSITION} from inventory.position named
     cross join lateral inventory.stock_at(array[named.sku], array[named.location_id], statement_timestamp()) stock
     where named.id = any (?::text[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, toPosition(row)]));
}

export async function reservationsById(knex: Knex, ids: readonly string[]): Promise<Map<string, Reservation>> {
  const rows = await query<{
    id: string;
    state: ReservationState;
    expires_at: Date | null;
    location_id: string | null;
    channel_code: string | null;
    customer_id: string | null;
    lines: { sku: string; quantity: number }[];
  }>(
    knex,
    `select reservation.id,
            case when reservation.state = 'HELD' and (reservation.expires_at <= clock_timestamp() or inventory.lost_units(reservation.id))
                 then 'EXPIRED' else reservation.state end as state,
            reservation.expires_at, reservation.location_id, reservation.channel_code, reservation.customer_id,
            coalesce((
              select jsonb_agg(jsonb_build_object('sku', line.sku, 'quantity', line.quantity) order by line.sku)
              from (
                select coalesce(bundle_sku, sku) as sku, sum(inventory.sold_units(line)) as quantity from inventory.reservation_line line
                where reservation_id = reservation.id group by coalesce(bundle_sku, sku)
              ) line
            ), '[]') as lines
     from inventory.reservation where reservation.id = any (?::text[])`,
    [ids],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        state: row.state,
        expiresAt: row.expires_at,
        locationId: row.location_id,
        channelCode: row.channel_code,
        customerId: row.customer_id,
        lines: row.lines,
      },
    ]),
  );
}
