import type { Knex } from 'knex';

/** What the order owner publishes for the service indicators of operations. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- An order is changed by us when it is acknowledged, so the index on updated_at finds all acknowledged since.
    create function orders.acknowledgement_seconds_p95(p_since timestamptz) returns double precision language sql stable as $$
      select percentile_disc(0.95) within group (order by greatest(0, extract(epoch from acknowledged_at - placed_at)::double precision))
      from orders.customer_order where updated_at >= p_since and acknowledged_at >= p_since
    $$;
    comment on function orders.acknowledgement_seconds_p95 is 'Seconds from placing to acknowledgement that 95 % of the orders acknowledged since did not exceed. Null when there was none.';

    create function orders.placed_count(p_since timestamptz) returns bigint language sql stable as $$
      select count(*) from orders.customer_order where placed_at >= p_since
    $$;
    comment on function orders.placed_count is 'How many orders were placed since.';

    create function orders.placed_count_among(p_order_ids text[], p_since timestamptz) returns bigint language sql stable as $$
      select count(*) from orders.customer_order where id = any (p_order_ids) and placed_at >= p_since
    $$;
    comment on function orders.placed_count_among is 'How many of these orders were placed since.';
  `);
}
