import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { change, query } from '../../platform/db/query.ts';
import type { CarrierScan } from './port.ts';
import { afterScan, furtherOf, type ShipmentStatus } from './states.ts';

/** A parcel that a return label was issued for. */
export interface ReturnParcel {
  readonly returnId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly traceId: string;
}

/** Notes a parcel that is to come back, and gives it the scans that came before. Repeating it changes nothing. */
export async function expectReturnParcel(trx: Knex.Transaction, parcel: ReturnParcel): Promise<void> {
  const { returnId, orderId, channelCode, carrier, trackingNumber, traceId } = parcel;
  const noted = await change(
    trx,
    `insert into fulfillment.return_parcel (return_id, carrier, tracking_number, order_id, channel_code, trace_id, status, furthest)
     values (?, ?, ?, ?, ?, ?, 'LABEL_CREATED', 'LABEL_CREATED') on conflict do nothing`,
    [returnId, carrier, trackingNumber, orderId, channelCode, traceId],
  );
  if (noted === 0) return;
  const scans = await query<{ status: ShipmentStatus; occurredAt: Date }>(
    trx,
    `select status, occurred_at as "occurredAt" from fulfillment.tracking_event
     where tracking_number = ? and upper(carrier) = upper(?) and package_id is null order by occurred_at, id`,
    [trackingNumber, carrier],
  );
  for (const { status, occurredAt } of scans)
    await moveReturnParcel(trx, { carrier, trackingNumber, occurredAt }, status);
}

/** Whether each of some numbers is on a return label: one statement for all of them. */
export async function returnParcelsAmong(
  trx: Knex.Transaction,
  numbers: readonly Pick<CarrierScan, 'carrier' | 'trackingNumber'>[],
): Promise<boolean[]> {
  if (numbers.length === 0) return [];
  const known = await query<{ place: number }>(
    trx,
    `select (n.place - 1)::int as place from unnest(?::text[], ?::text[]) with ordinality as n(carrier, number, place)
     where exists (select from fulfillment.return_parcel r where r.tracking_number = n.number and upper(r.carrier) = upper(n.carrier))
     order by n.place`,
    [numbers.map(({ carrier }) => carrier), numbers.map(({ trackingNumber }) => trackingNumber)],
  );
  const places = new Set(known.map(({ place }) => place));
  return numbers.map((_, place) => places.has(place));
}

/** Moves return parcels by scans, in their order. Scans of other numbers change nothing. */
export async function moveReturnParcels(trx: Knex.Transaction, scans: readonly ReturnScan[]): Promise<void> {
  // Most scans are of no return: those cost one statement together.
  const known = await returnParcelsAmong(trx, scans);
  for (const scan of scans.filter((_, index) => known[index])) await moveReturnParcel(trx, scan, scan.status);
}

type ReturnScan = Pick<CarrierScan, 'carrier' | 'trackingNumber' | 'occurredAt'> & { readonly status: ShipmentStatus };

/** Moves the return parcel with this number by a scan, if there is one. */
async function moveReturnParcel(
  trx: Knex.Transaction,
  { carrier, trackingNumber, occurredAt }: Pick<CarrierScan, 'carrier' | 'trackingNumber' | 'occurredAt'>,
  scanned: ShipmentStatus,
): Promise<void> {
  const [parcel] = await query<ReturnParcel & { status: ShipmentStatus; furthest: ShipmentStatus; revision: number }>(
    trx,
    `select return_id as "returnId", order_id as "orderId", channel_code as "channelCode", carrier, tracking_number as "trackingNumber",
       trace_id as "traceId", status, furthest, revision
     from fulfillment.return_parcel where tracking_number = ? and upper(carrier) = upper(?)
     order by created_at desc limit 1 for update`,
    [trackingNumber, carrier],
  );
  if (!parcel) return;
  const status = afterScan(parcel.status, parcel.furthest, scanned);
  if (status === parcel.status) return;
  await query(
    trx,
    `update fulfillment.return_parcel set status = ?, furthest = ?, revision = revision + 1
     where return_id = ? and carrier = ? and tracking_number = ?`,
    [status, furtherOf(parcel.furthest, status), parcel.returnId, parcel.carrier, parcel.trackingNumber],
  );
  const parcelId = `${parcel.returnId}:${parcel.trackingNumber}`;
  await writeEvents(trx, [
    {
      type: 'return-parcel-moved.v1',
      subject: parcelId,
      version: parcel.revision + 1,
      channelCode: parcel.channelCode,
      traceId: parcel.traceId,
      data: {
        parcelId,
        returnId: parcel.returnId,
        orderId: parcel.orderId,
        trackingNumber: parcel.trackingNumber,
        status,
        happenedAt: occurredAt.toISOString(),
      },
    },
  ]);
}
