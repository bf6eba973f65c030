import type { Knex } from 'knex';

/** Units that are withdrawn say of which node's work they were: their stock is free there, not elsewhere. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    drop function fulfillment.withdraw_unsubmitted(text, text[], int[]);
    create function fulfillment.withdraw_unsubmitted(p_order_id text, p_line_ids text[], p_quantities int[])
    returns table (line_id text, location_id text, quantity int) language plpgsql as $$
    #variable_conflict use_column
    begin
      -- The same lock as a submission takes: either the node is asked, or the units are withdrawn, never both.
      perform from fulfillment.fulfillment_order
      where order_id = p_order_id and request_status = 'UNSUBMITTED' order by id for update;
      return query
      with wish as (
        select id, sum(units) as units from unnest(p_line_ids, p_quantities) as wish (id, units) where units > 0 group by id
      ), placed as (
        select line.id, line.order_line_id, work.location_id, line.quantity, wish.units,
               sum(line.quantity) over (partition by line.order_line_id order by line.id) - line.quantity as starts
        from fulfillment.fulfillment_order_line line
        join fulfillment.fulfillment_order work on work.id = line.fulfillment_order_id
        join wish on wish.id = line.order_line_id
        where work.order_id = p_order_id and work.request_status = 'UNSUBMITTED'
      ), taken as (
        update fulfillment.fulfillment_order_line line set quantity = line.quantity - least(placed.quantity, placed.units - placed.starts)
        from placed where line.id = placed.id and placed.quantity > 0 and placed.units > placed.starts
        returning placed.order_line_id, placed.location_id, least(placed.quantity, placed.units - placed.starts)::int as units
      )
      select order_line_id, location_id, sum(units)::int from taken group by order_line_id, location_id order by order_line_id, location_id;
      update fulfillment.fulfillment_order work set status = 'CANCELLED', request_status = 'CLOSED', updated_at = now()
      where work.order_id = p_order_id and work.request_status = 'UNSUBMITTED'
        and not exists (select from fulfillment.fulfillment_order_line line where line.fulfillment_order_id = work.id and line.quantity > 0);
    end
    $$;
    comment on function fulfillment.withdraw_unsubmitted is 'Takes units out of work that no node was asked to do yet. Answers what was taken, per line and node.';
  `);
}
