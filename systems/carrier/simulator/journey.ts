import type { Knex } from 'knex';
import type { Logger } from '../../../platform/logger.ts';
import type { Bell } from '../../kit/bell.ts';
import { takeFeedNumbers } from '../../kit/feed.ts';
import { startWorker, type Worker } from '../../kit/worker.ts';

export interface NewScan {
  readonly trackingNo: string;
  readonly reference: string | null;
  readonly status: string;
  readonly statusDetail: string | null;
  readonly message: string;
  readonly city: string | null;
}

interface Stop {
  readonly status: string;
  readonly statusDetail: string;
  readonly message: string;
  /** Where the parcel is: nowhere yet, at our hub, or in the country it goes to. */
  readonly where: 'SENDER' | 'HUB' | 'DESTINATION';
}

/** Every parcel's journey, in the words EasyPost uses. */
const JOURNEY: readonly Stop[] = [
  { status: 'pre_transit', statusDetail: 'status_update', message: 'Shipping label created', where: 'SENDER' },
  { status: 'in_transit', statusDetail: 'accepted', message: 'Accepted at the depot', where: 'HUB' },
  { status: 'in_transit', statusDetail: 'departed_facility', message: 'Departed the hub', where: 'HUB' },
  { status: 'out_for_delivery', statusDetail: 'out_for_delivery', message: 'Out for delivery', where: 'DESTINATION' },
  { status: 'delivered', statusDetail: 'arrived_at_destination', message: 'Delivered', where: 'DESTINATION' },
];

const HUB_CITY = 'Daventry';
/** Where our partner's depot is. Elsewhere the scan names no city. */
const DEPOT_CITY: Readonly<Record<string, string>> = {
  GB: 'London', FR: 'Paris', DE: 'Berlin', NL: 'Utrecht', BE: 'Brussels', ES: 'Madrid', IE: 'Dublin', JP: 'Tokyo', KW: 'Kuwait City',
}; // biome-ignore format: a table

const BATCH = 1_000;
/** Pause when a parcel is due but another process holds it. */
const BUSY_MILLIS = 10;

/** Moves every due parcel one scan on. Due times are in the database, so a kill loses nothing. */
export function startJourneys(options: { knex: Knex; logger: Logger; paceMillis: number; scanned: Bell }): Worker {
  const { knex } = options;
  return startWorker({
    name: 'carrier-journeys',
    logger: options.logger,
    bell: options.scanned,
    async round() {
      const moved = await moveDue(knex, options.paceMillis);
      if (moved > 0) options.scanned.ring();
      const { rows } = await knex.raw<{ rows: { millis: number | null }[] }>(
        `select (extract(epoch from min(due_at) - clock_timestamp()) * 1000)::float8 as millis
         from carrier.consignment where due_at is not null`,
      );
      const millis = rows[0]?.millis ?? null;
      return millis === null ? null : Math.max(Math.ceil(millis), moved > 0 ? 0 : BUSY_MILLIS);
    },
  });
}

function moveDue(knex: Knex, paceMillis: number): Promise<number> {
  return knex.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { tracking_no: string; stage: number; destination_country: string }[] }>(
      `with due as (
         select tracking_no from carrier.consignment where due_at <= now()
         order by due_at, tracking_no limit :batch for update skip locked
       )
       update carrier.consignment set
         stage = stage + 1,
         status = (cast(:statuses as text[]))[stage + 1],
         due_at = case when stage + 1 < :last then now() + :pace * interval '1 millisecond' end
       from due where consignment.tracking_no = due.tracking_no
       returning consignment.tracking_no, stage, destination_country`,
      { batch: BATCH, statuses: JOURNEY.map((stop) => stop.status), last: JOURNEY.length, pace: paceMillis },
    );
    await insertScans(
      trx,
      rows.map((row) => scanAt(row.tracking_no, JOURNEY[row.stage - 1], row.destination_country)),
    );
    return rows.length;
  });
}

function scanAt(trackingNo: string, stop: Stop | undefined, country: string): NewScan {
  if (!stop) throw new Error(`the journey of ${trackingNo} has no such stop`);
  const city = { SENDER: null, HUB: HUB_CITY, DESTINATION: DEPOT_CITY[country] ?? null }[stop.where];
  return {
    trackingNo,
    reference: null,
    status: stop.status,
    statusDetail: stop.statusDetail,
    message: stop.message,
    city,
  };
}

/** Writes scans in the given order. Last statement of a transaction: writers of the feed queue behind each other. */
export async function insertScans(trx: Knex.Transaction, scans: readonly NewScan[]): Promise<void> {
  if (scans.length === 0) return;
  const first = await takeFeedNumbers(trx, 'carrier', 'scans', scans.length);
  await trx.raw(
    `insert into carrier.scan (scan_no, tracking_no, reference, status, status_detail, message, city)
     select * from jsonb_to_recordset(?) as scan ("scanNo" bigint, "trackingNo" text, reference text, status text,
       "statusDetail" text, message text, city text)`,
    [JSON.stringify(scans.map((scan, index) => ({ ...scan, scanNo: first + index })))],
  );
}
