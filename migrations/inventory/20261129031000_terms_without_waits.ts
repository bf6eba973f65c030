import type { Knex } from 'knex';

/**
 * How much of each SKU may still wait was counted for every batch, by a function called per SKU: 6 to 7 % of the time of a
 * batch's functions. Where nobody of a batch would wait it is not asked for.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.sale_terms(p_channel_code text, p_skus text[], p_may_wait boolean)
    returns table (sku text, withheld int, cap int, kept_back int, claimed int, backorder_units int, is_released boolean, parts jsonb, is_unusual boolean, is_closed boolean)
    language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    declare
      v_fallback inventory.fallback := inventory.fallback_of(p_channel_code);
      v_degraded boolean := not (v_fallback is null); -- one whose every field is null
      v_nodes text[];
      v_components text[] := array(select component_sku from inventory.bundle_component where bundle_sku = any (p_skus));
    begin
      v_nodes := inventory.nodes_in_scope(null);
      return query
      with terms as materialized (select * from inventory.channel_terms(p_channel_code, p_skus || v_components))
      select terms.sku, terms.withheld, least(terms.cap, v_fallback.cap),
             -- Who leaves the threshold behind found more than it: whoever does not is looked at alone, exactly.
             case when v_degraded then coalesce(v_fallback.threshold, 0) + inventory.buffer_of(v_fallback, terms.sku, v_nodes) else 0 end,
             least(2000000000, coalesce(claims.units, 0))::int,
             case when v_fallback.cap = 0 or not p_may_wait then 0 else inventory.waitable(terms.sku, terms.backorder_units) end,
             terms.release_at is null,
             case when terms.is_bundle then (
               select jsonb_object_agg(component_sku, quantity) from inventory.bundle_component where bundle_sku = terms.sku) end,
             terms.by_location or (terms.is_bundle and (v_degraded or coalesce(terms.withheld, 0) > 0 or exists (
               select from inventory.bundle_component made join terms part on part.sku = made.component_sku
               where made.bundle_sku = terms.sku and (part.by_location or part.is_bundle)))),
             v_fallback.orders is not null
      from terms left join inventory.claimed_units(p_skus || v_components, v_nodes, clock_timestamp()) claims on claims.sku = terms.sku;
    end
    $$;
    comment on function inventory.sale_terms(text, text[], boolean) is 'What a channel may do with SKUs and with the components of those that are bundles, as a batch needs it. p_may_wait: whether backorder_units are asked for; 0 otherwise. claimed: units that belong to those who wait. is_unusual: rules of single locations, or a bundle with rules of its own: more than a batch understands.';

    -- For processes of the release before.
    create or replace function inventory.sale_terms(p_channel_code text, p_skus text[])
    returns table (sku text, withheld int, cap int, kept_back int, claimed int, backorder_units int, is_released boolean, parts jsonb, is_unusual boolean, is_closed boolean)
    language sql stable as $$ select * from inventory.sale_terms(p_channel_code, p_skus, true) $$;
  `);
}
