import type { Knex } from 'knex';
import { unknownRecord } from '../../kit/refusal.ts';
import type { DeliveryStatus, LockedDelivery, NewDeliveryEvent } from './delivery.ts';
import type { Parcel } from './parcels.ts';

interface DeliveryRow {
  delivery_no: string;
  external_ref: string;
  site: string;
  service: string;
  collect: boolean;
  status: DeliveryStatus;
  cancellation: LockedDelivery['cancellation'];
  reason_code: string | null;
  created_at: Date;
  changed_at: Date;
}

export const toLocked = (row: DeliveryRow): LockedDelivery => ({
  deliveryNo: row.delivery_no,
  externalRef: row.external_ref,
  site: row.site,
  service: row.service,
  collect: row.collect,
  status: row.status,
  cancellation: row.cancellation,
});

/** Locks one delivery against the floor and other staff. @throws Refusal 404 UNKNOWN_DELIVERY */
export async function lockDelivery(trx: Knex.Transaction, deliveryNo: string): Promise<LockedDelivery> {
  const { rows } = await trx.raw<{ rows: DeliveryRow[] }>(
    'select * from wms.delivery where delivery_no = ? for update',
    [deliveryNo],
  );
  if (!rows[0]) throw unknownRecord('DELIVERY', deliveryNo);
  return toLocked(rows[0]);
}

export interface DeliveryFilter {
  readonly externalRef?: string | undefined;
  readonly site?: string | undefined;
  readonly status?: string | undefined;
  /** Delivery number after which the page starts. */
  readonly after?: string | undefined;
  readonly limit: number;
}

const WITH_PARTS = `
  select delivery.*,
    (select jsonb_agg(jsonb_build_object('lineRef', line_ref, 'articleNo', article_no, 'quantity', quantity,
        'issued', issued, 'short', short) order by line_no)
     from wms.delivery_line where delivery_line.delivery_no = delivery.delivery_no) as lines,
    (select jsonb_agg(jsonb_build_object('carrierCode', carrier_code, 'trackingNo', tracking_no, 'sscc', sscc,
        'contents', contents) order by created_at, sscc)
     from wms.parcel where parcel.delivery_no = delivery.delivery_no) as parcels
  from wms.delivery`;

/** Deliveries with lines and parcels, by number. The address is kept for the carrier and not told. */
export async function readDeliveries(knex: Knex, filter: DeliveryFilter) {
  const { rows } = await knex.raw<{ rows: (DeliveryRow & { lines: object[]; parcels: Parcel[] | null })[] }>(
    `${WITH_PARTS}
     where (cast(:externalRef as text) is null or external_ref = :externalRef)
       and (cast(:site as text) is null or site = :site)
       and (cast(:status as text) is null or status = :status)
       and (cast(:after as text) is null or delivery_no > :after)
     order by delivery_no limit :limit`,
    {
      externalRef: filter.externalRef ?? null,
      site: filter.site ?? null,
      status: filter.status ?? null,
      after: filter.after ?? null,
      limit: filter.limit,
    },
  );
  return rows.map(toDelivery);
}

/** @throws Refusal 404 UNKNOWN_DELIVERY */
export async function readDelivery(knex: Knex, deliveryNo: string) {
  const { rows } = await knex.raw<{ rows: Parameters<typeof toDelivery>[0][] }>(`${WITH_PARTS} where delivery_no = ?`, [
    deliveryNo,
  ]);
  if (!rows[0]) throw unknownRecord('DELIVERY', deliveryNo);
  return toDelivery(rows[0]);
}

const toDelivery = (row: DeliveryRow & { lines: object[]; parcels: Parcel[] | null }) => ({
  ...toLocked(row),
  reasonCode: row.reason_code,
  lines: row.lines,
  parcels: row.parcels ?? [],
  createdAt: row.created_at,
  changedAt: row.changed_at,
});

/** Writes events in the given order. Readers number them: see lateNumbersSql. */
export async function writeDeliveryEvents(trx: Knex.Transaction, events: readonly NewDeliveryEvent[]): Promise<void> {
  if (events.length === 0) return;
  await trx.raw(
    `insert into wms.delivery_event (delivery_no, external_ref, site, event, reason_code, parcels, issued, shorts)
     select "deliveryNo", "externalRef", site, event, "reasonCode", parcels, issued, shorts
     from jsonb_to_recordset(?) as event (place int, "deliveryNo" text, "externalRef" text, site text, event text,
       "reasonCode" text, parcels jsonb, issued jsonb, shorts jsonb)
     order by place`,
    [JSON.stringify(events.map((event, place) => ({ ...event, place })))],
  );
}
