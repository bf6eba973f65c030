import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { meaningOf } from './carrier-words.ts';
import { meet, type ParcelNumber } from './meeting.ts';
import type { Package } from './model.ts';
import { movePackages } from './move-packages.ts';
import type { CarrierScan } from './port.ts';
import { moveReturnParcels, returnParcelsAmong } from './return-parcels.ts';
import { PACKAGE_COLUMNS } from './rows.ts';
import type { ShipmentStatus } from './states.ts';

/** What became of a scan. */
export interface RecordedScan {
  readonly scan: CarrierScan;
  readonly shipmentId: string | null;
  /** True when the number is on a return label: the scan moved the return, not a shipment. */
  readonly isReturn: boolean;
  /** True when the carrier's word is not in our table: somebody should add it. */
  readonly unknownWord: boolean;
  /** True when this scan had been stored before. */
  readonly repeated: boolean;
}

/**
 * Stores scans and moves the packages they are about, in their order. A scan of an unknown number is stored all the same
 * and takes effect when a package with this number is reported. How many statements it takes does not depend on how many
 * scans they are, return parcels' aside.
 */
export async function recordScans(trx: Knex.Transaction, scans: readonly CarrierScan[]): Promise<RecordedScan[]> {
  await meet(trx, scans);
  const words = scans.map((scan) => meaningOf(scan));
  const learned = words.includes(null) ? await learnedMeanings(trx, scans) : [];
  const packages = await packagesOf(trx, scans);
  const read = scans.map((scan, index) => {
    const meaning = words[index] ?? learned[index] ?? null;
    const found = packages[index] ?? null;
    return { scan, found, status: meaning ?? ('UNKNOWN' as const), unknownWord: meaning === null };
  });
  const stored = await storeScans(trx, read);
  // Of a scan that comes twice here the first is stored.
  const recorded = read.map((one) => ({ ...one, repeated: !stored.delete(eventKey(one.scan)) }));
  const news = recorded.filter(({ repeated }) => !repeated);
  await movePackages(
    trx,
    news.flatMap(({ scan: { occurredAt }, found, status }) =>
      found ? [{ shipmentId: found.shipmentId, packageId: found.id, status, occurredAt }] : [],
    ),
  );
  const strays = recorded.filter(({ found }) => !found);
  const returns = await returnParcelsAmong(trx, strays.map(({ scan }) => scan)); // biome-ignore format: one thought
  const ofReturns = new Set(strays.filter((_, index) => returns[index]));
  await moveReturnParcels(
    trx,
    [...ofReturns].filter(({ repeated }) => !repeated).map(({ scan, status }) => ({ ...scan, status })),
  );
  return recorded.map((one) => {
    const { found, status: _, ...known } = one;
    return { ...known, shipmentId: found?.shipmentId ?? null, isReturn: ofReturns.has(one) };
  });
}

const eventKey = ({ carrier, eventId }: Pick<CarrierScan, 'carrier' | 'eventId'>) => JSON.stringify([carrier, eventId]);

/** Values of a statement about some scans: carriers, and something else of each. */
const columns = (scans: readonly CarrierScan[], other: 'trackingNumber' | 'status') => [
  scans.map((scan) => scan.carrier),
  scans.map((scan) => scan[other]),
];

/** What operators said that carriers' words mean, by the scan's place. Nothing while nobody did. */
async function learnedMeanings(
  trx: Knex.Transaction,
  scans: readonly CarrierScan[],
): Promise<(ShipmentStatus | undefined)[]> {
  const rows = await query<{ place: number; meaning: ShipmentStatus }>(
    trx,
    `select (n.place - 1)::int as place, learned.meaning
     from unnest(?::text[], ?::text[]) with ordinality as n(carrier, word, place)
     join fulfillment.carrier_word learned on learned.carrier = upper(n.carrier) and learned.word = lower(btrim(n.word))`,
    columns(scans, 'status'),
  );
  const meanings = new Map(rows.map(({ place, meaning }) => [place, meaning]));
  return scans.map((_, place) => meanings.get(place));
}

/** The packages that scans are about, by the scan's place. */
async function packagesOf(trx: Knex.Transaction, scans: readonly CarrierScan[]): Promise<(Package | undefined)[]> {
  // A number may be used again after a while: the scan is about the package that got it last.
  const rows = await query<Package & { place: number }>(
    trx,
    `select (n.place - 1)::int as place, found.* from unnest(?::text[], ?::text[]) with ordinality as n(carrier, number, place)
     cross join lateral (
       select ${PACKAGE_COLUMNS} from fulfillment.package p join fulfillment.shipment s on s.id = p.shipment_id
       where p.tracking_number = n.number and upper(p.carrier) = upper(n.carrier) order by s.created_at desc limit 1
     ) found`,
    columns(scans, 'trackingNumber'),
  );
  const packages = new Map(rows.map(({ place, ...found }) => [place, found]));
  return scans.map((_, place) => packages.get(place));
}

/** Whether the scan that is stored under the carrier's id is another one: of another number or word. Clocks may differ. */
export async function isOtherScan(trx: Knex.Transaction, scan: CarrierScan): Promise<boolean> {
  const { carrier, eventId, trackingNumber, status } = scan;
  const [other] = await query(
    trx,
    `select from fulfillment.tracking_event where carrier = ? and event_id = ?
       and (tracking_number, raw_status) is distinct from (?::text, ?::text)`,
    [carrier, eventId, trackingNumber, status],
  );
  return other !== undefined;
}

/** @returns keys of those that were not stored before */
async function storeScans(
  trx: Knex.Transaction,
  read: readonly { readonly scan: CarrierScan; readonly found: Package | null; readonly status: ShipmentStatus }[],
): Promise<Set<string>> {
  const stored = await query<Pick<CarrierScan, 'carrier' | 'eventId'>>(
    trx,
    `insert into fulfillment.tracking_event (carrier, tracking_number, event_id, package_id, status, raw_status, occurred_at, location, message)
     select carrier, tracking_number, event_id, package_id, status, raw_status, occurred_at, location, message
     from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::text[], ?::text[]) with ordinality
       as n(carrier, tracking_number, event_id, package_id, status, raw_status, occurred_at, location, message, place)
     order by place
     on conflict (carrier, event_id) do nothing returning carrier, event_id as "eventId"`,
    [
      ...columns(
        read.map(({ scan }) => scan),
        'trackingNumber',
      ),
      read.map(({ scan }) => scan.eventId),
      read.map(({ found }) => found?.id ?? null),
      read.map(({ status }) => status),
      read.map(({ scan }) => scan.status),
      read.map(({ scan }) => scan.occurredAt),
      read.map(({ scan }) => scan.location),
      read.map(({ scan }) => scan.message),
    ],
  );
  return new Set(stored.map(eventKey));
}

/** Names a scan on the exception desk. */
export function trackingKey(carrier: string, eventId: string): string {
  return `tracking:${carrier}:${eventId}`;
}

/** Gives scans that came before their packages to them. Called when shipments and their packages are recorded. */
export async function adoptScans(
  trx: Knex.Transaction,
  shipmentIds: readonly string[],
  packages: readonly ParcelNumber[],
): Promise<void> {
  if (packages.length === 0) return;
  await meet(trx, packages);
  const adopted = await query<{ shipmentId: string; packageId: string; status: ShipmentStatus; occurredAt: Date }>(
    trx,
    `update fulfillment.tracking_event t set package_id = p.id
     from fulfillment.package p
     where p.shipment_id = any(?::text[]) and t.package_id is null and t.tracking_number = p.tracking_number and upper(t.carrier) = upper(p.carrier)
     returning p.shipment_id as "shipmentId", p.id as "packageId", t.status, t.occurred_at as "occurredAt"`,
    [shipmentIds],
  );
  await movePackages(
    trx,
    adopted.toSorted((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime()),
  );
}
