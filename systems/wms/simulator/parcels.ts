import type { Knex } from 'knex';
import { chunk } from '../../../platform/batch.ts';

/** What is in a parcel. */
export interface ParcelContent {
  readonly lineRef: string;
  readonly articleNo: string;
  readonly quantity: number;
}

export interface Parcel {
  readonly carrierCode: string;
  readonly trackingNo: string;
  /** GS1 serial shipping container code, 18 digits. */
  readonly sscc: string;
  readonly contents: readonly ParcelContent[];
}

export interface DeliveryParcel extends Parcel {
  readonly deliveryNo: string;
  readonly service: string;
}

/** The parcel as events tell it. */
export function asTold({ carrierCode, trackingNo, sscc, contents }: DeliveryParcel): Parcel {
  return { carrierCode, trackingNo, sscc, contents };
}

/** Lines that the floor puts into one parcel. */
const LINES_PER_PARCEL = 50;
/** GS1 company prefix used for the numbers of this warehouse (the range GS1 reserves for examples). */
const COMPANY_PREFIX = '9521234';

/** The 18 digits of a shipping container code, check digit included. @param serial 0 to 999999999 */
export function sscc(serial: number): string {
  const digits = `0${COMPANY_PREFIX}${String(serial).padStart(9, '0')}`;
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) sum += Number(digits[place]) * (place % 2 === 0 ? 3 : 1);
  return digits + String((10 - (sum % 10)) % 10);
}

/** Numbers for `count` new parcels. */
export async function takeParcelNumbers(trx: Knex.Transaction, count: number): Promise<number[]> {
  const { rows } = await trx.raw<{ rows: { serial: string }[] }>(
    `select nextval('wms.parcel_number') as serial from generate_series(1, ?)`,
    [count],
  );
  return rows.map((row) => Number(row.serial));
}

/** Packs what was issued for deliveries: one parcel for each, more when it has many lines. */
export async function packParcels(
  trx: Knex.Transaction,
  carrierCode: string,
  deliveries: readonly { deliveryNo: string; service: string; contents: readonly ParcelContent[] }[],
): Promise<DeliveryParcel[]> {
  const packed = deliveries.flatMap(({ deliveryNo, service, contents }) =>
    chunk(contents, LINES_PER_PARCEL).map((part) => ({ deliveryNo, service, contents: part })),
  );
  const serials = await takeParcelNumbers(trx, packed.length);
  return packed.map((parcel, index) => {
    const serial = serials[index] ?? 0;
    return { ...parcel, carrierCode, trackingNo: `NL${String(serial).padStart(10, '0')}`, sscc: sscc(serial) };
  });
}

/** Stores parcels. Those of `announceTo` wait for being announced to that carrier. */
export async function insertParcels(
  trx: Knex.Transaction,
  parcels: readonly DeliveryParcel[],
  announceTo: string,
): Promise<void> {
  await trx.raw(
    `insert into wms.parcel (sscc, delivery_no, carrier_code, tracking_no, service, contents, announce_at)
     select sscc, delivery_no, carrier_code, tracking_no, service, contents, case when carrier_code = ? then now() end
     from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::jsonb[])
       as new (sscc, delivery_no, carrier_code, tracking_no, service, contents)`,
    [
      announceTo,
      parcels.map((p) => p.sscc),
      parcels.map((p) => p.deliveryNo),
      parcels.map((p) => p.carrierCode),
      parcels.map((p) => p.trackingNo),
      parcels.map((p) => p.service),
      parcels.map((p) => JSON.stringify(p.contents)),
    ],
  );
}
