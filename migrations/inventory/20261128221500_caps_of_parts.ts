import type { Knex } from 'knex';

/**
 * Lines of one order that are the same good, by itself and as a part of sets, each passed the cap of a channel that all of
 * them together exceeded. And a set is not released before all of its parts are.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.beyond_caps(p_channel_code text, p_skus text[], p_quantities int[]) returns table (sku text, available int)
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    begin
      if not exists (select from inventory.bundle_component where bundle_sku = any (p_skus)) or not exists (select from inventory.channel_rule where cap is not null) then return; end if;
      return query
      with asked as (
        select sku, sum(quantity) as units from unnest(p_skus, p_quantities) as line (sku, quantity) group by sku
      ), part as (
        select asked.sku, coalesce(made.component_sku, asked.sku) as stocked, coalesce(made.quantity, 1) as each, asked.units
        from asked left join inventory.bundle_component made on made.bundle_sku = asked.sku
      ), total as (
        select stocked, sum(units * each) as units from part group by stocked having count(*) > 1
      ), beyond as (
        select stocked, units, cap from total
        join inventory.own_terms(p_channel_code, array(select stocked from total)) terms on terms.sku = total.stocked
        where units > cap
      )
      -- What each can have at most while the others stay as they are.
      select part.sku, min(greatest(0, (beyond.cap - (beyond.units - part.units * part.each)) / part.each))::int
      from beyond join part using (stocked) group by part.sku;
    end
    $$;
    comment on function inventory.beyond_caps is 'SKUs of one order or hold that exceed the cap of a component together, each within its own: sets that share it, and the component itself. With what each can have while the others stay.';

    create or replace function inventory.channel_terms(p_channel_code text, p_skus text[])
returns TABLE(sku text, withheld int, cap int, backorder_units int, is_bundle boolean, release_at timestamptz, by_location boolean) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
    #variable_conflict use_column
    begin
      -- Asked for every order; most shops have rules for few goods or none.
      if not exists (select from inventory.channel_rule) then
        return query
        select asked.sku, null::int, null::int, null::int, exists (select from inventory.bundle_component where bundle_sku = asked.sku), null::timestamptz, false
        from (select distinct unnest(p_skus) collate "C" as sku) asked;
        return;
      end if;
      return query
      with terms as materialized (
        select * from inventory.own_terms(p_channel_code, p_skus || array(select component_sku from inventory.bundle_component where bundle_sku = any (p_skus)))
      )
      select terms.sku, terms.withheld, least(terms.cap, part.cap), least(terms.backorder_units, part.backorder_units), terms.is_bundle,
             greatest(terms.release_at, part.release_at), terms.by_location
      from terms
      -- What may not be had of a component may not be had as a part of a bundle either.
      left join lateral (
        select min(own.cap / made.quantity) as cap, min(own.backorder_units / made.quantity) filter (where own.backorder_units < 2000000000) as backorder_units,
               max(own.release_at) as release_at
        from inventory.bundle_component made join terms own on own.sku = made.component_sku where made.bundle_sku = terms.sku
      ) part on terms.is_bundle
      where terms.sku = any (p_skus);
    end
    $$;
  `);
}
