import type { Knex } from 'knex';
import type { Logger } from '../../../platform/logger.ts';
import type { Bell } from '../../kit/bell.ts';
import { startWorker, type Worker } from '../../kit/worker.ts';

/** What the carrier is told about a parcel. */
export interface Consignment {
  readonly trackingNo: string;
  /** Our reference: the parcel's SSCC. */
  readonly reference: string;
  readonly service: string;
  /** ISO 3166-1 alpha-2. */
  readonly destinationCountry: string;
}

/** Tells the carrier of one parcel. Must be idempotent on the tracking number: it is repeated after any doubt. */
export type AnnounceConsignment = (consignment: Consignment, signal: AbortSignal) => Promise<void>;

const BATCH = 40;
/** Longer than one announcement can take: after it, a parcel whose announcer was killed is taken up again. */
const LEASE_MILLIS = 10_000;
const PAUSE_MILLIS = { first: 250, most: 10_000 };

interface WaitingParcel {
  sscc: string;
  tracking_no: string;
  service: string;
  country: string;
  announce_attempts: number;
}

/**
 * Tells the carrier of every packed parcel until it has taken it. What waits is on the parcel itself, written with the
 * goods issue, so no parcel is forgotten. No lock is held while the carrier is asked.
 */
export function startAnnouncing(options: {
  readonly knex: Knex;
  readonly logger: Logger;
  readonly parcelsPacked: Bell;
  readonly announce: AnnounceConsignment;
}): Worker {
  const { knex } = options;
  return startWorker({
    name: 'wms-carrier-announcement',
    logger: options.logger,
    bell: options.parcelsPacked,
    async round(signal) {
      const parcels = await lease(knex);
      const outcomes = await Promise.all(parcels.map((parcel) => announceOne(parcel, signal)));
      await settle(knex, outcomes);
      return parcels.length === BATCH ? 0 : nextAnnouncement(knex);
    },
  });

  async function announceOne(parcel: WaitingParcel, signal: AbortSignal): Promise<Outcome> {
    const { sscc, tracking_no: trackingNo, service, country: destinationCountry } = parcel;
    try {
      await options.announce({ trackingNo, reference: sscc, service, destinationCountry }, signal);
      return { sscc, pauseMillis: null };
    } catch (error) {
      const pauseMillis = Math.min(PAUSE_MILLIS.first * 2 ** (parcel.announce_attempts - 1), PAUSE_MILLIS.most);
      options.logger.warn({ trackingNo, err: error, pauseMillis }, 'carrier did not take the parcel');
      return { sscc, pauseMillis };
    }
  }
}

/** What came of one announcement: null when the carrier took it, else when to try again. */
interface Outcome {
  readonly sscc: string;
  readonly pauseMillis: number | null;
}

async function settle(knex: Knex, outcomes: readonly Outcome[]): Promise<void> {
  await knex.raw(
    `update wms.parcel set
       announce_at = now() + outcome."pauseMillis" * interval '1 millisecond',
       announced_at = case when outcome."pauseMillis" is null then now() end
     from jsonb_to_recordset(?) as outcome (sscc text, "pauseMillis" int) where parcel.sscc = outcome.sscc`,
    [JSON.stringify(outcomes)],
  );
}

async function lease(knex: Knex): Promise<WaitingParcel[]> {
  const { rows } = await knex.raw<{ rows: WaitingParcel[] }>(
    `with waiting as (
       select sscc from wms.parcel where announce_at <= now() order by announce_at limit ? for update skip locked
     )
     update wms.parcel set announce_at = now() + ? * interval '1 millisecond', announce_attempts = announce_attempts + 1
     from waiting, wms.delivery
     where parcel.sscc = waiting.sscc and delivery.delivery_no = parcel.delivery_no
     returning parcel.sscc, parcel.tracking_no, parcel.service, parcel.announce_attempts,
               delivery.ship_to ->> 'country' as country`,
    [BATCH, LEASE_MILLIS],
  );
  return rows;
}

async function nextAnnouncement(knex: Knex): Promise<number | null> {
  const { rows } = await knex.raw<{ rows: { millis: number | null }[] }>(
    `select (extract(epoch from min(announce_at) - clock_timestamp()) * 1000)::float8 as millis
     from wms.parcel where announce_at is not null`,
  );
  const millis = rows[0]?.millis ?? null;
  return millis === null ? null : Math.max(Math.ceil(millis), 1);
}
