import type { Knex } from 'knex';

/** What the inventory owner publishes for the service indicators of operations. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Reads every position: an index on received_at would make each of the many updates of a position slower, and this is asked for rarely.
    create function inventory.sync_lag_seconds_p95(p_since timestamptz) returns double precision language sql stable as $$
      select percentile_disc(0.95) within group (order by greatest(0, extract(epoch from received_at - as_of)::double precision))
      from inventory.position where received_at >= p_since
    $$;
    comment on function inventory.sync_lag_seconds_p95 is 'Seconds from measurement to our hearing of it that 95 % of the positions heard of since did not exceed, by the newest report of each. Null when there was none.';
  `);
}
