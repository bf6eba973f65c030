import type { Knex } from 'knex';
import type { Logger } from '../../../platform/logger.ts';
import type { Bell } from '../../kit/bell.ts';
import { startWorker, type Worker } from '../../kit/worker.ts';
import { completeDeliveries } from './completion.ts';
import { plainEvent } from './delivery.ts';
import { toLocked, writeDeliveryEvents } from './delivery-store.ts';

/** Deliveries that one round moves: enough for the pace, few enough that a round's locks are short. */
const STAGE_BATCH = 500;
const ISSUE_BATCH = 100;
/** Pause when a delivery is due but somebody else holds it. */
const BUSY_MILLIS = 10;

export interface FloorOptions {
  readonly knex: Knex;
  readonly logger: Logger;
  /** Milliseconds per stage. */
  readonly paceMillis: number;
  /** Carrier that takes the parcels of this warehouse. */
  readonly carrierCode: string;
  readonly deliveriesChanged: Bell;
  readonly stockMoved: Bell;
  /** Rung when parcels wait for being announced. */
  readonly parcelsPacked: Bell;
}

/** The people on the floor: move every due delivery one stage on. Due times are in the database, so a kill loses nothing. */
export function startFloor(options: FloorOptions): Worker {
  return startWorker({
    name: 'wms-floor',
    logger: options.logger,
    bell: options.deliveriesChanged,
    async round() {
      const staged = await takeNextStage(options);
      const issued = await issueDue(options);
      if (staged + issued > 0) options.deliveriesChanged.ring();
      if (issued > 0) {
        options.stockMoved.ring();
        options.parcelsPacked.ring();
      }
      return nextDue(options.knex, staged + issued > 0);
    },
  });
}

/** RECEIVED → ACCEPTED → PICKING → PACKED for all that is due. Packed deliveries wait for staff where the site wants it. */
function takeNextStage({ knex, paceMillis }: FloorOptions): Promise<number> {
  return knex.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: Parameters<typeof toLocked>[0][] }>(
      `with due as (
         select delivery_no from wms.delivery
         where due_at <= now() and status in ('RECEIVED', 'ACCEPTED', 'PICKING')
         order by due_at, delivery_no limit :batch for update skip locked
       )
       update wms.delivery set
         status = case delivery.status when 'RECEIVED' then 'ACCEPTED' when 'ACCEPTED' then 'PICKING' else 'PACKED' end,
         due_at = case
           when delivery.status = 'PICKING' and delivery.collect and site.collect_mode = 'MANUAL' then null
           else now() + :pace * interval '1 millisecond' end,
         changed_at = now()
       from due, wms.site
       where delivery.delivery_no = due.delivery_no and site.code = delivery.site
       returning delivery.*`,
      { batch: STAGE_BATCH, pace: paceMillis },
    );
    await writeDeliveryEvents(
      trx,
      rows.map(toLocked).map((delivery) => plainEvent(delivery, delivery.status)),
    );
    return rows.length;
  });
}

/** PACKED → GOODS_ISSUED or STAGED for all that is due. */
function issueDue({ knex, carrierCode }: FloorOptions): Promise<number> {
  return knex.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: Parameters<typeof toLocked>[0][] }>(
      `select * from wms.delivery where due_at <= now() and status = 'PACKED'
       order by due_at, delivery_no limit ? for update skip locked`,
      [ISSUE_BATCH],
    );
    if (rows.length > 0) await completeDeliveries(trx, rows.map(toLocked), carrierCode);
    return rows.length;
  });
}

async function nextDue(knex: Knex, worked: boolean): Promise<number | null> {
  const { rows } = await knex.raw<{ rows: { millis: number | null }[] }>(
    `select (extract(epoch from min(due_at) - clock_timestamp()) * 1000)::float8 as millis
     from wms.delivery where due_at is not null`,
  );
  const millis = rows[0]?.millis ?? null;
  return millis === null ? null : Math.max(Math.ceil(millis), worked ? 0 : BUSY_MILLIS);
}
