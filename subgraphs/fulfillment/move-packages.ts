import type { Knex } from 'knex';
import { type NewEvent, writeEvents } from '../../events/outbox.ts';
import { change, query } from '../../platform/db/query.ts';
import { shipmentStatusEvent } from './events.ts';
import type { Package, Shipment } from './model.ts';
import { PACKAGE_COLUMNS, SHIPMENT_COLUMNS } from './rows.ts';
import { afterScan, furtherOf, type ShipmentStatus, shipmentStatus } from './states.ts';

/** What a scan says of a package. */
export interface PackageMove {
  readonly shipmentId: string;
  readonly packageId: string;
  readonly status: ShipmentStatus;
  readonly occurredAt: Date;
}

type MovingShipment = Shipment & { traceId: string };
/** `troubleAt`: when the newest trouble of the package happened; `deliveredAt`: when it was delivered last. */
type MovingPackage = Package & { furthest: ShipmentStatus; troubleAt: Date | null; deliveredAt: Date | null };

/** Moves packages by scans, in their order, and their shipments with them. Each change of a shipment is an event. */
export async function movePackages(trx: Knex.Transaction, moves: readonly PackageMove[]): Promise<void> {
  if (moves.length === 0) return;
  const ids = [...new Set(moves.map(({ shipmentId }) => shipmentId))];
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
       (select max(t.occurred_at) from fulfillment.tracking_event t where t.package_id = p.id and t.status = 'DELIVERED') as "deliveredAt"
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
  for (const { packageId, status: scanned, occurredAt } of moves) {
    const parcel = parcels.get(packageId);
    if (!parcel) continue;
    if (isContradiction(parcel, scanned, occurredAt)) contradicted.add(packageId);
    const isAfterTrouble = parcel.troubleAt !== null && occurredAt > parcel.troubleAt;
    const status = afterScan(parcel.status, parcel.furthest, scanned, isAfterTrouble);
    if (status === parcel.status) continue;
    parcels.set(packageId, { ...parcel, status, furthest: furtherOf(parcel.furthest, status) });
    moved.add(packageId);
    const next = shipmentStatus([...parcels.values()].map((each) => each.status));
    if (next === now.status) continue;
    const { traceId, revision } = now;
    events.push(shipmentStatusEvent(now, revision + 1, now.status, next, traceId, occurredAt));
    now = {
      ...now,
      status: next,
      revision: revision + 1,
      deliveredAt: next === 'DELIVERED' ? occurredAt : now.deliveredAt,
    };
  }
  return { shipment: now, packages: [...parcels.values()].filter(({ id }) => moved.has(id)), contradicted, events };
}

/** The carrier delivered what was given up, or gives up what it delivered: a scan that only comes late is neither. */
function isContradiction({ status, deliveredAt }: MovingPackage, scanned: ShipmentStatus, occurredAt: Date): boolean {
  if (scanned === 'DELIVERED') return status === 'LOST' || status === 'CANCELLED';
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

/** A final state stays, but people have to hear that the carrier says something else now. Once per package. */
async function noteContradicted(trx: Knex.Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await change(
    trx,
    'update fulfillment.package set contradicted_at = now(), told = null where id = any(?::text[]) and contradicted_at is null',
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
