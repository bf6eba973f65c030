import type { Knex } from 'knex';
import { type NewEvent, writeEvents } from '../../events/outbox.ts';
import { change, query } from '../../platform/db/query.ts';
import { parcelEndedEvent, shipmentStatusEvent } from './events.ts';
import type { Package, Shipment } from './model.ts';
import { PACKAGE_COLUMNS, SHIPMENT_COLUMNS } from './rows.ts';
import { afterScan, FINAL, furtherOf, type ShipmentStatus, shipmentStatus } from './states.ts';

/** What a scan says of a package. */
export interface PackageMove {
  readonly shipmentId: string;
  readonly packageId: string;
  readonly status: ShipmentStatus;
  readonly occurredAt: Date;
}

type MovingShipment = Shipment & { traceId: string };
/**
 * `troubleAt`: when the newest trouble of the package happened; `deliveredAt`: when it was delivered last; `isAccounted`:
 * people said of all that was in it what became of it; `isTakenIn`: something of it was taken in at a node; `isArrived`: all of
 * it reached the buyer, as they said.
 */
type MovingPackage = Package & {
  furthest: ShipmentStatus;
  troubleAt: Date | null;
  deliveredAt: Date | null;
  isAccounted: boolean;
  isTakenIn: boolean;
  isArrived: boolean;
};

/** Moves packages by scans, in their order, and their shipments with them. Each change of a shipment is an event. */
export async function movePackages(trx: Knex.Transaction, moves: readonly PackageMove[]): Promise<void> {
  if (moves.length === 0) return;
  await follow(trx, [...new Set(moves.map(({ shipmentId }) => shipmentId))], moves);
}

/** Brings shipments in line with their packages, when people said what became of some. */
export async function followPackages(trx: Knex.Transaction, shipmentIds: readonly string[]): Promise<void> {
  if (shipmentIds.length > 0) await follow(trx, shipmentIds, []);
}

async function follow(trx: Knex.Transaction, ids: readonly string[], moves: readonly PackageMove[]): Promise<void> {
  const shipments = await query<MovingShipment>(
    trx,
    `select ${SHIPMENT_COLUMNS}, f.trace_id as "traceId" from fulfillment.shipment s
     join fulfillment.fulfillment_order f on f.id = s.fulfillment_order_id where s.id = any(?::text[]) order by s.id for update of s`,
    [ids],
  );
  const packages = await query<MovingPackage>(
    trx,
    `select ${PACKAGE_COLUMNS}, p.furthest,
       (select max(t.occurred_at) from fulfillment.tracking_event t where t.package_id = p.id and t.status = 'EXCEPTION') as "troubleAt",
       (select max(t.occurred_at) from fulfillment.tracking_event t where t.package_id = p.id and t.status = 'DELIVERED') as "deliveredAt",
       p.accounted_at is not null as "isAccounted",
       exists (select from fulfillment.package_line l where l.package_id = p.id and l.taken_in > 0) as "isTakenIn",
       coalesce((select bool_and(l.arrived = l.quantity and l.quantity > 0) from fulfillment.package_line l where l.package_id = p.id), false) as "isArrived"
     from fulfillment.package p where p.shipment_id = any(?::text[]) order by p.shipment_id, p.position`,
    [ids],
  );
  const all = shipments.map((shipment) =>
    followScans(
      shipment,
      packages.filter(({ shipmentId }) => shipmentId === shipment.id),
      moves.filter(({ shipmentId }) => shipmentId === shipment.id),
    ),
  );
  await savePackages(trx, all.flatMap(({ packages }) => packages)); // biome-ignore format: one thought
  await noteContradicted(trx, all.flatMap(({ contradicted }) => [...contradicted])); // biome-ignore format: one thought
  await saveShipments(trx, all.filter(({ events }) => events.length > 0).map(({ shipment }) => shipment)); // biome-ignore format: one thought
  await writeEvents(trx, all.flatMap(({ events }) => events)); // biome-ignore format: one thought
}

/**
 * @returns the shipment as it stands after the scans, its packages that moved, those whose carrier contradicts
 *   itself, and an event for each of the shipment's changes
 */
function followScans(shipment: MovingShipment, packages: readonly MovingPackage[], moves: readonly PackageMove[]) {
  let now = shipment;
  const parcels = new Map(packages.map((parcel) => [parcel.id, parcel]));
  const moved = new Set<string>();
  const contradicted = new Set<string>();
  const events: NewEvent[] = [];
  /** @returns whether the shipment's status is another one now */
  const moveOn = (happenedAt: Date): boolean => {
    const next = statusOf([...parcels.values()]);
    if (next === now.status) return false;
    const { traceId, revision } = now;
    events.push(shipmentStatusEvent(now, revision + 1, now.status, next, traceId, happenedAt));
    now = {
      ...now,
      status: next,
      revision: revision + 1,
      deliveredAt: next === 'DELIVERED' ? happenedAt : now.deliveredAt,
    };
    return true;
  };
  for (const { packageId, status: scanned, occurredAt } of moves) {
    const parcel = parcels.get(packageId);
    if (!parcel) continue;
    if (isContradiction(parcel, scanned, occurredAt)) contradicted.add(packageId);
    if (!mayMove(parcel, scanned)) continue;
    const isAfterTrouble = parcel.troubleAt !== null && occurredAt > parcel.troubleAt;
    const status = afterScan(parcel.status, parcel.furthest, scanned, isAfterTrouble);
    if (status === parcel.status) continue;
    parcels.set(packageId, { ...parcel, status, furthest: furtherOf(parcel.furthest, status) });
    moved.add(packageId);
    // The shipment's own news tells of its parcels, too.
    if (moveOn(occurredAt) || !(FINAL.has(status) || status === 'RETURN_TO_SENDER')) continue;
    now = { ...now, revision: now.revision + 1 };
    events.push(parcelEndedEvent(now, now.revision, packageId, status, now.traceId, occurredAt));
  }
  if (moves.length === 0) moveOn(new Date());
  return { shipment: now, packages: [...parcels.values()].filter(({ id }) => moved.has(id)), contradicted, events };
}

/** Where a shipment is: as far as those of its packages of which something is expected. */
function statusOf(packages: readonly MovingPackage[]): ShipmentStatus {
  const expected = packages.filter(({ isAccounted, status }) => !isAccounted || FINAL.has(status));
  return shipmentStatus((expected.length > 0 ? expected : packages).map(({ status }) => status));
}

/** What was taken in is not delivered any more; where people said it of all, nothing but a delivery says more. */
function mayMove({ isAccounted, isTakenIn }: MovingPackage, scanned: ShipmentStatus): boolean {
  return scanned === 'DELIVERED' ? !isTakenIn : !isAccounted;
}

/**
 * The carrier delivered what was given up or taken in, or gives up what it delivered: a scan that only comes late is neither,
 * nor one that says what a person said before.
 */
function isContradiction(parcel: MovingPackage, scanned: ShipmentStatus, occurredAt: Date): boolean {
  const { status, deliveredAt, isArrived, isTakenIn } = parcel;
  if (scanned === 'DELIVERED') return isTakenIn || (!isArrived && (status === 'LOST' || status === 'CANCELLED'));
  if (scanned !== 'LOST' && scanned !== 'RETURN_TO_SENDER') return false;
  return status === 'DELIVERED' && deliveredAt !== null && occurredAt > deliveredAt;
}

async function savePackages(trx: Knex.Transaction, packages: readonly MovingPackage[]): Promise<void> {
  if (packages.length === 0) return;
  await change(
    trx,
    `update fulfillment.package p set status = n.status, furthest = n.furthest
     from unnest(?::text[], ?::text[], ?::text[]) as n(id, status, furthest) where p.id = n.id`,
    [packages.map(({ id }) => id), packages.map(({ status }) => status), packages.map(({ furthest }) => furthest)],
  );
}

/**
 * A final state stays, but people have to hear that the carrier says something else now. Once per package. What was told
 * before is open still: `told` is none of the states then, so that it is looked at whatever it becomes.
 */
async function noteContradicted(trx: Knex.Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await change(
    trx,
    `update fulfillment.package set contradicted_at = clock_timestamp(), told = 'CONTRADICTED' where id = any(?::text[]) and contradicted_at is null`,
    [ids],
  );
}

async function saveShipments(trx: Knex.Transaction, shipments: readonly Shipment[]): Promise<void> {
  if (shipments.length === 0) return;
  // A carrier's clock may be ahead of ours.
  await change(
    trx,
    `update fulfillment.shipment s set status = n.status, revision = n.revision, 
       delivered_at = case when n.delivered_at is not null then least(n.delivered_at, now()) end
     from unnest(?::text[], ?::text[], ?::int[], ?::timestamptz[]) as n(id, status, revision, delivered_at) where s.id = n.id`,
    [
      shipments.map(({ id }) => id),
      shipments.map(({ status }) => status),
      shipments.map(({ revision }) => revision),
      shipments.map(({ deliveredAt }) => deliveredAt),
    ],
  );
}
