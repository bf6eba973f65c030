import type { Migration } from '../../platform/db/migrate.ts';

/** Who wants units cancelled hears at once when their node is not asked for them. */
export const unitsKept: Migration = {
  up: (knex) =>
    knex.raw(`
      create function fulfillment.units_kept(p_order_id text) returns table (line_id text, quantity int, is_refused boolean) language sql stable as $$
        select line.order_line_id, sum(line.quantity - line.shipped - line.short)::int, work.request_status = 'CANCELLATION_REJECTED'
        from fulfillment.fulfillment_order work
        join fulfillment.fulfillment_order_line line on line.fulfillment_order_id = work.id
        where work.order_id = p_order_id and work.status not in ('CANCELLED', 'CLOSED')
          and work.request_status in ('CANCELLATION_REQUESTED', 'CANCELLATION_REJECTED')
        group by line.order_line_id, work.request_status = 'CANCELLATION_REJECTED'
        having sum(line.quantity - line.shipped - line.short) > 0
      $$;
      comment on function fulfillment.units_kept is 'Units of an order whose node refused to give them back, or was asked and has not answered: it is not asked again.';
    `),
};
