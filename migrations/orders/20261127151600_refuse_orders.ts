import type { Knex } from 'knex';

/** Refused orders of a batch, in one statement. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function orders.refuse_orders(p_claims json, p_orders json)
    returns table (i int, kind text, result jsonb) language plpgsql set plan_cache_mode to 'force_generic_plan' as $$
      #variable_conflict use_column
      declare
        v_new int[] := orders.new_channel_orders(p_orders, array(select i from json_to_recordset(p_orders) as o (i int)));
      begin
        return query
        select kept.i, kept.kind, kept.result
        from integration.keep_answers('orderPlace', (
          select coalesce(json_agg(claim), '[]'::json) from json_array_elements(p_claims) claim where (claim ->> 'i')::int = any (v_new)
        )) kept;
      end $$;
    comment on function orders.refuse_orders is 'Keeps the refusals of a batch. An order that its channel placed before is answered elsewhere, with that one, and has no row.';
  `);
}
