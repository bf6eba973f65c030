import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
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
  readonly deliveryNos?: readonly string[];
  readonly externalRef?: string | undefined;
  readonly site?: string | undefined;
  readonly status?: string | undefined;
  /** Delivery number after which the page starts. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Deliveries with lines and parcels, by number. The address is kept for the carrier and not told. */
export async function readDeliveries(knex: Knex, filter: DeliveryFilter) {
  const query = knex<DeliveryRow>('wms.delivery').orderBy('delivery_no').limit(filter.limit);
  if (filter.deliveryNos) query.whereIn('delivery_no', [...filter.deliveryNos]);
  if (filter.externalRef !== undefined) query.where('external_ref', filter.externalRef);
  if (filter.site !== undefined) query.where('site', filter.site);
  if (filter.status !== undefined) query.where('status', filter.status);
  if (filter.after !== undefined) query.where('delivery_no', '>', filter.after);
  const rows = await query;
  const numbers = rows.map((row) => row.delivery_no);
  const lines = await knex.raw<{
    rows: { deliveryNo: string; lineRef: string; articleNo: string; quantity: number; issued: number; short: number }[];
  }>(
    `select delivery_no as "deliveryNo", line_ref as "lineRef", article_no as "articleNo", quantity, issued, short
     from wms.delivery_line where delivery_no = any (?) order by delivery_no, line_no`,
    [numbers],
  );
  const parcels = await knex.raw<{ rows: (Parcel & { deliveryNo: string })[] }>(
    `select delivery_no as "deliveryNo", carrier_code as "carrierCode", tracking_no as "trackingNo", sscc, contents
     from wms.parcel where delivery_no = any (?) order by delivery_no, sscc`,
    [numbers],
  );
  const linesOf = groupBy(lines.rows, (line) => line.deliveryNo);
  const parcelsOf = groupBy(parcels.rows, (parcel) => parcel.deliveryNo);
  return rows.map((row) => ({
    ...toLocked(row),
    reasonCode: row.reason_code,
    lines: (linesOf.get(row.delivery_no) ?? []).map(({ deliveryNo: _, ...line }) => line),
    parcels: (parcelsOf.get(row.delivery_no) ?? []).map(({ deliveryNo: _, ...parcel }) => parcel),
    createdAt: row.created_at,
    changedAt: row.changed_at,
  }));
}

/** @throws Refusal 404 UNKNOWN_DELIVERY */
export async function readDelivery(knex: Knex, deliveryNo: string) {
  const [delivery] = await readDeliveries(knex, { deliveryNos: [deliveryNo], limit: 1 });
  if (!delivery) throw unknownRecord('DELIVERY', deliveryNo);
  return delivery;
}

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
