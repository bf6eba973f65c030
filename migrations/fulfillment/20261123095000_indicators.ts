import type { Knex } from 'knex';

/** What the fulfillment owner publishes for the service indicators of operations. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Rows come in the order of this time and are never changed: a block range index is enough and costs nothing to write.
    create index tracking_event_received on fulfillment.tracking_event using brin (received_at);

    create function fulfillment.tracking_timeliness_seconds_p95(p_since timestamptz) returns double precision language sql stable as $$
      select percentile_disc(0.95) within group (order by greatest(0, extract(epoch from received_at - occurred_at)::double precision))
      from fulfillment.tracking_event where received_at >= p_since
    $$;
    comment on function fulfillment.tracking_timeliness_seconds_p95 is 'Seconds from a scan to our hearing of it that 95 % of the scans received since did not exceed. Null when there was none.';
  `);
}
