import type { Knex } from 'knex';
import { groupBy } from '../../platform/batch.ts';
import { query } from '../../platform/db/query.ts';
import type { Lot, Position, Reservation, ReservationState, StockTotal } from './model.ts';

/** Of which nodes the stock is asked: one location, or all that ship (null). */
export interface StockQuestion {
  readonly sku: string;
  readonly locationId: string | null;
}

/**
 * Stock with how long the warehouse system has been silent, in milliseconds; null when it was never heard. `isMissed`:
 * channels go by a rule of config/degradation.yaml because it is, or a process says that it refuses calls.
 */
export type Heard<Value> = Value & { readonly silenceMillis: number | null; readonly isMissed: boolean };

/** One text per question, for maps and caches. */
export const questionKey = ({ sku, locationId }: StockQuestion): string => JSON.stringify([sku, locationId]);

/** Of a site whose system tells by files, its last word is the age of the figure: more was not heard. */
const silenceAt = (locationId: string, asOf: string) => `(select extract(epoch from clock_timestamp() - case
  when exists (select from inventory.location where location.id = ${locationId} and location.source is not null) then ${asOf}
  else max(heard_at) end) * 1000 from inventory.source_feed)::float8`;

const MISSED = `(select exists (select from integration.rules_in_force() rule where rule.system = 'wms')
  or exists (select from integration.system_health health where health.system = 'wms' and health.circuit = 'OPEN'
    and health.reported_at > clock_timestamp() - interval '10 seconds'))`;

const POSITION = `stock.id, stock.sku, stock.location_id, stock.on_hand, stock.held, stock.committed, stock.safety_stock,
  stock.incoming, stock.available, stock.source_sequence, stock.as_of, ${silenceAt('stock.location_id', 'stock.as_of')} as silence_millis,
  ${MISSED} as is_missed`;

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
  is_missed: boolean;
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
    isMissed: row.is_missed,
  };
}

/** For whom stock is asked: the rules of a channel decide what it may sell. */
export interface StockAsker {
  readonly channelCode: string | null;
  /** Units of every SKU withheld from the channel, where no rule says otherwise. */
  readonly safetyStock: number;
}

/** From so many units on a rule means any number. */
const UNLIMITED = 2_000_000_000;

/**
 * Stock over the nodes of each question, one statement for all.
 * @returns by {@link questionKey}; absent when no warehouse has heard of the SKU, or there is no such location
 */
export async function stockTotals(
  knex: Knex,
  questions: readonly StockQuestion[],
  asker: StockAsker,
): Promise<Map<string, Heard<StockTotal>>> {
  const rows = await query<{
    sku: string;
    location_id: string | null;
    sellable: number;
    backorder_units: number | null;
    cap: number | null;
    release_at: Date | null;
    incoming: number;
    incoming_at: Date | null;
    ever_stocked: boolean;
    as_of: Date;
    promises: { at: string; units: number }[];
    falls_back: boolean;
    silence_millis: number | null;
    is_missed: boolean;
  }>(
    knex,
    `select stock.*, ${silenceAt('stock.location_id', 'stock.as_of')} as silence_millis, ${MISSED} as is_missed,
            num_nonnulls(fallback.cap, fallback.threshold, fallback.buffer_units, fallback.buffer_percent) > 0 as falls_back
     from inventory.fallback_of(?) fallback, (
       select location_id, array_agg(sku) as skus from unnest(?::text[], ?::text[]) as asked (sku, location_id) group by location_id
     ) scope
     cross join lateral inventory.availability(?, ?, scope.skus, scope.location_id, statement_timestamp()) stock`,
    [
      asker.channelCode,
      questions.map((question) => question.sku),
      questions.map((question) => question.locationId),
      asker.channelCode,
      asker.safetyStock,
    ],
  );
  return new Map(
    rows.map((row) => [
      questionKey({ sku: row.sku, locationId: row.location_id }),
      {
        sellable: row.sellable,
        backorderable: row.backorder_units !== null && row.backorder_units >= UNLIMITED ? null : row.backorder_units,
        orderLimit: row.cap,
        releaseAt: row.release_at,
        incoming: row.incoming,
        incomingAt: row.incoming_at,
        everStocked: row.ever_stocked,
        asOf: row.as_of,
        fallsBack: row.falls_back,
        promises: row.promises.map(({ at, units }) => ({ at: new Date(at), units })),
        silenceMillis: row.silence_millis,
        isMissed: row.is_missed,
      },
    ]),
  );
}

/** Lots that are on their way, by the key of the position: first expected first. */
export async function supplyByPosition(knex: Knex, ids: readonly string[]): Promise<Map<string, Lot[]>> {
  const rows = await query<{ position_id: string; units: number; expected_at: Date | null }>(
    knex,
    `select position.id as position_id, supply.units, supply.expected_at
     from inventory.position join inventory.supply using (sku, location_id)
     where position.id = any (?::text[]) order by position.id, supply.expected_at nulls last, supply.lot`,
    [ids],
  );
  const lots = groupBy(rows, (row) => row.position_id);
  return new Map(
    [...lots].map(([id, found]) => [id, found.map(({ units, expected_at }) => ({ units, expectedAt: expected_at }))]),
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
