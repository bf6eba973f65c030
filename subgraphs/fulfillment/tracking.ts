import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { query } from '../../platform/db/query.ts';
import { meaningOf } from './carrier-words.ts';
import { shipmentStatusEvent } from './events.ts';
import type { Package, Shipment } from './model.ts';
import type { CarrierScan } from './port.ts';
import { moveReturnParcel } from './return-parcels.ts';
import { PACKAGE_COLUMNS, SHIPMENT_COLUMNS } from './rows.ts';
import { afterScan, furtherOf, type ShipmentStatus, shipmentStatus } from './states.ts';

/**
 * Where scans and packages meet. A scan looks for its package and a new package for its scans; neither sees the other
 * before it is committed. So scans are recorded side by side, but not while packages are.
 */
const MEETING = "hashtextextended('fulfillment:scans-and-packages', 0)";

/** What became of a scan. */
export interface RecordedScan {
  readonly scan: CarrierScan;
  readonly shipmentId: string | null;
  /** True when the carrier's word is not in our table: somebody should add it. */
  readonly unknownWord: boolean;
  /** True when this scan had been stored before. */
  readonly repeated: boolean;
}

/**
 * Stores scans and moves the packages they are about. A scan of an unknown number is stored all the same
 * and takes effect when a package with this number is reported.
 */
export async function recordScans(trx: Knex.Transaction, scans: readonly CarrierScan[]): Promise<RecordedScan[]> {
  await query(trx, `select pg_advisory_xact_lock_shared(${MEETING})`);
  const recorded: RecordedScan[] = [];
  for (const scan of scans) recorded.push(await recordScan(trx, scan));
  return recorded;
}

async function recordScan(trx: Knex.Transaction, scan: CarrierScan): Promise<RecordedScan> {
  const meaning = meaningOf(scan) ?? (await learnedMeaning(trx, scan));
  const status = meaning ?? 'UNKNOWN';
  const unknownWord = meaning === null;
  // A number may be used again after a while: the scan is about the package that got it last.
  const [found] = await query<Package>(
    trx,
    `select ${PACKAGE_COLUMNS} from fulfillment.package p join fulfillment.shipment s on s.id = p.shipment_id
     where p.tracking_number = ? and upper(p.carrier) = upper(?) order by s.created_at desc limit 1`,
    [scan.trackingNumber, scan.carrier],
  );
  const stored = await query(
    trx,
    `insert into fulfillment.tracking_event (carrier, tracking_number, event_id, package_id, status, raw_status, occurred_at, location, message)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (carrier, event_id) do nothing returning id`,
    [
      scan.carrier,
      scan.trackingNumber,
      scan.eventId,
      found?.id ?? null,
      status,
      scan.status,
      scan.occurredAt,
      scan.location,
      scan.message,
    ],
  );
  const repeated = stored.length === 0;
  if (found && !repeated) await movePackage(trx, found.shipmentId, found.id, status, scan.occurredAt);
  if (!found && !repeated) await moveReturnParcel(trx, scan, status);
  return { scan, shipmentId: found?.shipmentId ?? null, unknownWord, repeated };
}

/** Names a scan on the exception desk. */
export function trackingKey(carrier: string, eventId: string): string {
  return `tracking:${carrier}:${eventId}`;
}

/** What operators said that a carrier's word means. Null while nobody did. */
async function learnedMeaning(trx: Knex.Transaction, { carrier, status }: CarrierScan): Promise<ShipmentStatus | null> {
  const [learned] = await query<{ meaning: ShipmentStatus }>(
    trx,
    'select meaning from fulfillment.carrier_word where carrier = upper(?) and word = lower(btrim(?))',
    [carrier, status],
  );
  return learned?.meaning ?? null;
}

/** Keeps scans and packages from being recorded until the transaction ends. */
export async function lockMeeting(trx: Knex.Transaction): Promise<void> {
  await query(trx, `select pg_advisory_xact_lock(${MEETING})`);
}

/** Gives scans that came before their package to it. Called when packages are recorded. */
export async function adoptScans(trx: Knex.Transaction, shipmentId: string): Promise<void> {
  await lockMeeting(trx);
  const adopted = await query<{ packageId: string; status: ShipmentStatus; occurredAt: Date }>(
    trx,
    `update fulfillment.tracking_event t set package_id = p.id
     from fulfillment.package p
     where p.shipment_id = ? and t.package_id is null and t.tracking_number = p.tracking_number and upper(t.carrier) = upper(p.carrier)
     returning p.id as "packageId", t.status, t.occurred_at as "occurredAt"`,
    [shipmentId],
  );
  for (const scan of adopted.sort((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime())) {
    await movePackage(trx, shipmentId, scan.packageId, scan.status, scan.occurredAt);
  }
}

/** Moves a package by a scan, and its shipment with it. */
export async function movePackage(
  trx: Knex.Transaction,
  shipmentId: string,
  packageId: string,
  scanned: ShipmentStatus,
  occurredAt: Date,
): Promise<void> {
  const [shipment] = await query<Shipment & { traceId: string }>(
    trx,
    `select ${SHIPMENT_COLUMNS}, f.trace_id as "traceId" from fulfillment.shipment s
     join fulfillment.fulfillment_order f on f.id = s.fulfillment_order_id where s.id = ? for update of s`,
    [shipmentId],
  );
  if (!shipment) return;
  const packages = await query<Package & { furthest: ShipmentStatus }>(
    trx,
    `select ${PACKAGE_COLUMNS}, p.furthest from fulfillment.package p where p.shipment_id = ? order by p.position`,
    [shipmentId],
  );
  const moved = packages.map((parcel) =>
    parcel.id === packageId ? { ...parcel, status: afterScan(parcel.status, parcel.furthest, scanned) } : parcel,
  );
  const own = moved.find((parcel) => parcel.id === packageId);
  const before = packages.find((parcel) => parcel.id === packageId);
  if (!own || !before || own.status === before.status) return;
  await query(trx, 'update fulfillment.package set status = ?, furthest = ? where id = ?', [
    own.status,
    furtherOf(before.furthest, own.status),
    packageId,
  ]);

  const status = shipmentStatus(moved.map((parcel) => parcel.status));
  if (status === shipment.status) return;
  await query(
    trx,
    `update fulfillment.shipment set status = ?, revision = revision + 1, delivered_at = case when ? = 'DELIVERED' then least(?::timestamptz, now()) else delivered_at end where id = ?`,
    [status, status, occurredAt, shipmentId],
  );
  await writeEvents(trx, [
    shipmentStatusEvent(shipment, shipment.revision + 1, shipment.status, status, shipment.traceId, occurredAt),
  ]);
}
