import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import { followPackages } from './move-packages.ts';
import { readContents, readOutcomes, readParcelUnits } from './parcel-units.ts';
import type { ShipmentStatus } from './states.ts';

/**
 * Units of an order's lines in parcels that go back to their node, or whose label was cancelled after they had left; those
 * that were taken in are among them. No parcel of the order moves until the transaction ends.
 */
async function readStrandedUnits(trx: Knex.Transaction, orderId: string): Promise<ReadonlyMap<string, number>> {
  const shipments = await lockShipments(trx, orderId);
  const units = new Map<string, number>();
  for (const outcomes of (await readOutcomes(trx, shipments)).values())
    for (const { lineId, stranded } of outcomes) units.set(lineId, (units.get(lineId) ?? 0) + stranded);
  return units;
}

/** A line of a parcel's contents that did not reach the buyer, or of which something was taken in. */
interface StrandedRow {
  readonly packageId: string;
  readonly position: number;
  readonly lineRef: string;
  readonly quantity: number;
  readonly takenIn: number;
  readonly arrived: number;
}

/**
 * Notes how many units of each line nodes took in, in all, of the order's parcels that did not reach the buyer: the oldest
 * are filled first. Units that are in no such parcel, as its node told, are not noted. Repeating it changes nothing.
 */
export async function takeIn(
  trx: Knex.Transaction,
  orderId: string,
  units: readonly { readonly lineId: string; readonly quantity: number }[],
): Promise<void> {
  const shipments = await lockShipments(trx, orderId);
  const rows = await query<StrandedRow>(
    trx,
    `select l.package_id as "packageId", l.position, l.line_ref as "lineRef", l.quantity, l.taken_in as "takenIn", l.arrived
     from fulfillment.package_line l join fulfillment.package p on p.id = l.package_id join fulfillment.shipment s on s.id = p.shipment_id
     where s.id = any(?::text[]) and l.line_ref is not null and (l.taken_in > 0
       or p.status in ('RETURN_TO_SENDER', 'CANCELLED') or p.status = 'EXCEPTION' and p.furthest = 'RETURN_TO_SENDER')
     order by s.created_at, s.id, p.position, l.position`,
    [shipments],
  );
  const wanted = await unitsOfParts(trx, shipments, units);
  await saveRows(trx, shipments, wanted.flatMap(([ref, quantity]) => filled(rows.filter(({ lineRef }) => lineRef === ref), quantity))); // biome-ignore format: one thought
}

/** Rows whose units taken in are others than before, so that they are so many together, as far as there is room. Pure. */
function filled(rows: readonly StrandedRow[], quantity: number): StrandedRow[] {
  // What is noted already stays where it is.
  let more = quantity - rows.reduce((total, { takenIn }) => total + takenIn, 0);
  const order = more < 0 ? rows.toReversed() : rows;
  return order.flatMap((row) => {
    const taken = more < 0 ? -Math.min(-more, row.takenIn) : Math.min(more, row.quantity - row.takenIn - row.arrived);
    more -= taken;
    return taken === 0 ? [] : [{ ...row, takenIn: row.takenIn + taken }];
  });
}

/**
 * Notes that units of a parcel reached the buyer, as a person says: its carrier's word does not count for them any more. Of
 * bundles all their parts in the parcel did.
 * @throws CommerceError ILLEGAL_TRANSITION when the parcel is in another state by now
 */
export async function noteArrived(
  trx: Knex.Transaction,
  parcel: { readonly id: string; readonly shipmentId: string; readonly status: ShipmentStatus },
  units: readonly { readonly lineId: string; readonly quantity: number }[],
): Promise<void> {
  const { id, shipmentId, status } = parcel;
  await query(trx, 'select from fulfillment.shipment where id = ? for update', [shipmentId]);
  const rows = await query<StrandedRow>(
    trx,
    `select l.package_id as "packageId", l.position, l.line_ref as "lineRef", l.quantity, l.taken_in as "takenIn", l.arrived
     from fulfillment.package_line l join fulfillment.package p on p.id = l.package_id where p.id = ? and p.status = ? and l.line_ref is not null`,
    [id, status],
  );
  if (rows.length === 0) throw new CommerceError('ILLEGAL_TRANSITION', 'the parcel moved just now: look at it again');
  const wanted = new Map(await unitsOfParts(trx, [shipmentId], units));
  const arrived = rows.map((row) => ({ ...row, arrived: Math.min(row.quantity - row.takenIn, row.arrived + (wanted.get(row.lineRef) ?? 0)) })); // biome-ignore format: one thought
  await saveRows(trx, [shipmentId], arrived);
}

/**
 * Notes how many lost units of each line are paid back, in all. Which of several lost parcels they were in nobody knows: nothing
 * is expected of one any more when all lost units of each of its lines are. Repeating it changes nothing.
 */
export async function payBack(
  trx: Knex.Transaction,
  orderId: string,
  units: readonly { readonly lineId: string; readonly quantity: number }[],
): Promise<void> {
  const shipments = await lockShipments(trx, orderId);
  const unpaid = new Map<string, number>();
  for (const outcomes of (await readOutcomes(trx, shipments)).values())
    for (const { lineId, lost } of outcomes) unpaid.set(lineId, (unpaid.get(lineId) ?? 0) + lost);
  for (const { lineId, quantity } of units) unpaid.set(lineId, (unpaid.get(lineId) ?? 0) - quantity);
  // One that was paid back before and is delivered since needs a person, whatever else is paid back.
  const parcels = await query<{ id: string; shipmentId: string }>(
    trx,
    `select id, shipment_id as "shipmentId" from fulfillment.package
     where shipment_id = any(?::text[]) and status = 'LOST' and accounted_at is null order by id`,
    [shipments],
  );
  for (const { id, shipmentId } of parcels) {
    const inside = await readParcelUnits(trx, shipmentId, id);
    if (inside.length === 0 || inside.some(({ lineId }) => (unpaid.get(lineId) ?? 0) > 0)) continue;
    await change(trx, 'update fulfillment.package set accounted_at = clock_timestamp() where id = ?', [id]);
  }
}

/** Units of lines by what nodes call them: of a bundle, units of each of its parts. */
async function unitsOfParts(
  trx: Knex.Transaction,
  shipmentIds: readonly string[],
  units: readonly { readonly lineId: string; readonly quantity: number }[],
): Promise<[lineRef: string, quantity: number][]> {
  const { parts } = await readContents(trx, shipmentIds);
  return units.flatMap(({ lineId, quantity }): [string, number][] => {
    // Every piece of work of an order has the same parts of a bundle.
    const refs = new Map(parts.filter((part) => part.orderLineId === lineId).map((part) => [part.lineRef, part.perUnit])); // biome-ignore format: one thought
    if (refs.size === 0) return [[lineId, quantity]];
    return [...refs].map(([ref, perUnit]) => [ref, quantity * perUnit]);
  });
}

async function saveRows(
  trx: Knex.Transaction,
  shipmentIds: readonly string[],
  rows: readonly StrandedRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await change(
    trx,
    `update fulfillment.package_line l set taken_in = n.taken_in, arrived = n.arrived
     from unnest(?::text[], ?::int[], ?::int[], ?::int[]) as n(package_id, position, taken_in, arrived)
     where l.package_id = n.package_id and l.position = n.position`,
    [
      rows.map(({ packageId }) => packageId),
      rows.map(({ position }) => position),
      rows.map(({ takenIn }) => takenIn),
      rows.map(({ arrived }) => arrived),
    ],
  );
  await change(
    trx,
    `update fulfillment.package p set accounted_at = case when not n.has_left then coalesce(p.accounted_at, clock_timestamp()) end
     from (select package_id, bool_or(line_ref is null or taken_in + arrived < quantity) as has_left
           from fulfillment.package_line where package_id = any(?::text[]) group by 1) n
     where p.id = n.package_id`,
    [[...new Set(rows.map(({ packageId }) => packageId))]],
  );
  await followPackages(trx, shipmentIds);
}

/** Locks all shipments of an order against scans. @returns their ids */
async function lockShipments(trx: Knex.Transaction, orderId: string): Promise<string[]> {
  const rows = await query<{ id: string }>(trx, 'select id from fulfillment.shipment where order_id = ? order by id for update', [orderId]); // biome-ignore format: one thought
  return rows.map(({ id }) => id);
}

/** Parcels that do not reach their buyers, for whoever keeps their returns. */
export const strandedParcels = { units: readStrandedUnits, takeIn, payBack };
