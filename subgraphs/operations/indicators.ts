import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { type IndicatorWindow, type ServiceIndicators, WINDOW_HOURS } from './model.ts';

/**
 * How well the integration served its channels within the window that ends now. What other owners know, they publish as SQL functions.
 */
export async function readIndicators(knex: Knex, window: IndicatorWindow): Promise<ServiceIndicators> {
  const [measured] = await query<ServiceIndicators>(
    knex,
    `select
       orders.acknowledgement_seconds_p95(since) as "orderAcknowledgementSecondsP95",
       inventory.sync_lag_seconds_p95(since) as "inventorySyncLagSecondsP95",
       fulfillment.tracking_timeliness_seconds_p95(since) as "shipmentEventTimelinessSecondsP95",
       (select (compared - different)::double precision / nullif(compared, 0) from integration.reconciled(since, 'wms', 'stock')) as "inventorySyncAccuracyRatio",
       (select (record.compared - record.excepted + line.accounted)::double precision / nullif(record.compared + line.lines, 0)
        from integration.reconciled(since, null, null) record, settlement.reconciled_lines(since) line) as "reconciliationCompletenessRatio",
       orders.placed_count_among(
         array(select distinct order_id from integration.exception where opened_at >= since and order_id is not null), since
       )::double precision / nullif(orders.placed_count(since), 0) as "failedTransactionRatio",
       (select percentile_disc(0.5) within group (order by extract(epoch from closed_at - opened_at)::double precision)
        from integration.exception where closed_at >= since) as "exceptionResolutionSecondsP50"
     from (select now() - make_interval(hours => ?::int) as since) reported`,
    [WINDOW_HOURS[window]],
  );
  if (!measured) throw new Error('an aggregate answered no row');
  return measured;
}
