import type { Knex } from 'knex';
import { groupBy } from '../../platform/batch.ts';
import { query } from '../../platform/db/query.ts';
import type { WorkComponent } from './model.ts';
import { isGoingBack, type ShipmentStatus } from './states.ts';

/** What became of a shipment's units of an order line, parcel by parcel. Units in none of these are on their way. */
export interface LineOutcome {
  readonly lineId: string;
  /** Units that left with the shipment. */
  readonly quantity: number;
  readonly delivered: number;
  /** Units that the carrier lost. */
  readonly lost: number;
  /** Units that go back to the node, were taken in there, or are under a label that was cancelled. */
  readonly stranded: number;
}

/** `FOUND`: lost, but a person said that they reached the buyer: the order counted that apart. */
type Fate = 'ON_ITS_WAY' | 'DELIVERED' | 'LOST' | 'STRANDED' | 'TAKEN_IN' | 'FOUND';

/** A parcel, or one line of its contents as its node names it. Of a shipment without parcels, the shipment itself. */
export interface ParcelRow {
  readonly packageId: string;
  readonly status: ShipmentStatus;
  readonly furthest: ShipmentStatus;
  /** Null when nobody said what of which line is in the parcel. */
  readonly lineRef: string | null;
  readonly quantity: number;
  /** Units of the quantity that a node took in again. */
  readonly takenIn: number;
  /** Units of the quantity that reached the buyer as a person says, whatever the carrier does. */
  readonly arrived: number;
}

type ShippedLine = Pick<LineOutcome, 'lineId' | 'quantity'>;
type Part = Pick<WorkComponent, 'lineRef' | 'orderLineId' | 'perUnit'>;
interface Units {
  readonly fate: Fate;
  readonly lineRef: string;
  readonly quantity: number;
}

/**
 * What became of a shipment's units. A bundle is delivered when all its parts are, and lost or stranded when one of them is:
 * of two parts that went lost it may be the same bundle, so that no more are missing than must be. Pure. More scans make
 * `delivered` and `lost` greater, never less.
 */
export function lineOutcomes(
  lines: readonly ShippedLine[],
  parts: readonly Part[],
  rows: readonly ParcelRow[],
): LineOutcome[] {
  const partsOf = groupBy(parts, (part) => part.orderLineId);
  const known = rows.flatMap(fatesOf);
  const unknown = fateOfUnknown(rows);
  return lines.map(({ lineId, quantity }) => {
    const refs = partsOf.get(lineId) ?? [{ lineRef: lineId, perUnit: 1 }];
    const units = refs.map(({ lineRef, perUnit }) => {
      const told = known.filter((each) => each.lineRef === lineRef);
      const rest = Math.max(0, quantity * perUnit - sum(told));
      return { perUnit, all: [...told, { fate: unknown, lineRef, quantity: rest }] };
    });
    const missing = (...fates: readonly Fate[]) =>
      Math.min(quantity, Math.max(...units.map(({ perUnit, all }) => Math.ceil(sum(all, fates) / perUnit))));
    const all = missing('LOST', 'STRANDED', 'TAKEN_IN');
    // The part that got lost may be of a bundle that was taken in for another part.
    const lost = Math.min(missing('LOST'), all - missing('TAKEN_IN'));
    const stranded = all - lost;
    const whole = Math.min(...units.map(({ perUnit, all }) => Math.floor(sum(all, ['DELIVERED']) / perUnit)));
    return { lineId, quantity, delivered: Math.min(whole, quantity - lost - stranded), lost, stranded };
  });
}

function fatesOf(row: ParcelRow): Units[] {
  const { lineRef, quantity, takenIn, arrived } = row;
  if (lineRef === null) return [];
  return [
    { fate: fateOf(row), lineRef, quantity: Math.max(0, quantity - takenIn - arrived) },
    { fate: 'TAKEN_IN', lineRef, quantity: takenIn },
    { fate: row.status === 'LOST' ? 'FOUND' : 'DELIVERED', lineRef, quantity: arrived },
  ];
}

function fateOf(parcel: Pick<ParcelRow, 'status' | 'furthest'>): Fate {
  if (parcel.status === 'DELIVERED' || parcel.status === 'LOST') return parcel.status;
  return isGoingBack(parcel) || parcel.status === 'CANCELLED' ? 'STRANDED' : 'ON_ITS_WAY';
}

/** What nobody told a parcel of is in those of which nobody told the contents, or in any. */
function fateOfUnknown(rows: readonly ParcelRow[]): Fate {
  const untold = rows.filter(({ lineRef }) => lineRef === null);
  const parcels = untold.length > 0 ? untold : rows;
  // Which of them holds what goes back is not known: a person says what arrived.
  if (parcels.some(isGoingBack)) return 'STRANDED';
  const fates = new Set(parcels.map(fateOf));
  return (['ON_ITS_WAY', 'DELIVERED', 'LOST'] as const).find((fate) => fates.has(fate)) ?? 'STRANDED';
}

const sum = (units: readonly Units[], fates?: readonly Fate[]): number =>
  units.reduce((total, { fate, quantity }) => (fates && !fates.includes(fate) ? total : total + quantity), 0);

/** What {@link lineOutcomes} finds of each shipment, by its id. */
export async function readOutcomes(
  knex: Knex | Knex.Transaction,
  shipmentIds: readonly string[],
): Promise<ReadonlyMap<string, LineOutcome[]>> {
  const { lines, parts, rows } = await readContents(knex, shipmentIds);
  return new Map(shipmentIds.map((id) => [id, lineOutcomes(of(lines, id), of(parts, id), of(rows, id))]));
}

/** Units of order lines in a parcel: all of them, and those of which nobody said yet what became of them. */
export interface ParcelUnits {
  readonly lineId: string;
  readonly quantity: number;
  readonly left: number;
}

/** The units that a parcel took along, as far as its node told: what is at stake with it. */
export async function readParcelUnits(
  knex: Knex | Knex.Transaction,
  shipmentId: string,
  packageId: string,
): Promise<ParcelUnits[]> {
  const { lines, parts, rows } = await readContents(knex, [shipmentId]);
  const inside = rows.filter((row) => row.packageId === packageId && row.lineRef !== null);
  const gone = (as: readonly ParcelRow[]) =>
    new Map(lineOutcomes(lines, parts, [...as, ELSEWHERE]).map(({ lineId, lost }) => [lineId, lost]));
  const whole = gone(inside.map((row) => ({ ...row, status: 'LOST', takenIn: 0, arrived: 0 })));
  const left = gone(inside.map((row) => ({ ...row, status: 'LOST' })));
  return lines.flatMap(({ lineId }) => {
    const quantity = whole.get(lineId) ?? 0;
    return quantity > 0 ? [{ lineId, quantity, left: left.get(lineId) ?? 0 }] : [];
  });
}

/** Where the units are that are not in the parcel that is looked at. */
const ELSEWHERE: ParcelRow = { packageId: '', status: 'IN_TRANSIT', furthest: 'IN_TRANSIT', lineRef: null, quantity: 0, takenIn: 0, arrived: 0 }; // biome-ignore format: a row

type OfShipment<Row> = Row & { readonly shipmentId: string };
const of = <Row>(rows: readonly OfShipment<Row>[], id: string) => rows.filter(({ shipmentId }) => shipmentId === id);

/** Lines, parts of bundles and contents of parcels of some shipments. */
export async function readContents(knex: Knex | Knex.Transaction, shipmentIds: readonly string[]) {
  const rows = await query<OfShipment<ParcelRow>>(
    knex,
    `select s.id as "shipmentId", coalesce(p.id, '') as "packageId", coalesce(p.status, s.status) as status,
       coalesce(p.furthest, s.status) as furthest, l.line_ref as "lineRef",
       coalesce(l.quantity, 0) as quantity, coalesce(l.taken_in, 0) as "takenIn", coalesce(l.arrived, 0) as arrived
     from fulfillment.shipment s left join fulfillment.package p on p.shipment_id = s.id left join fulfillment.package_line l on l.package_id = p.id
     where s.id = any(?::text[]) order by s.id, p.position, l.position`,
    [shipmentIds],
  );
  const lines = await query<OfShipment<ShippedLine>>(
    knex,
    `select shipment_id as "shipmentId", order_line_id as "lineId", quantity from fulfillment.shipment_line
     where shipment_id = any(?::text[]) order by shipment_id, order_line_id`,
    [shipmentIds],
  );
  const parts = await query<OfShipment<Part>>(
    knex,
    `select s.id as "shipmentId", c.line_ref as "lineRef", c.order_line_id as "orderLineId", c.per_unit as "perUnit"
     from fulfillment.work_component c join fulfillment.shipment s on s.fulfillment_order_id = c.fulfillment_order_id
     where s.id = any(?::text[])`,
    [shipmentIds],
  );
  return { lines, parts, rows };
}
