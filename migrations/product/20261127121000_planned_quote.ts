import type { Migration } from '../../platform/db/migrate.ts';

/** As before, with a plan that is kept: asked for every order, it cost more to plan than to run. Prices are found by their index. */
export const plannedQuote: Migration = {
  up: (knex) =>
    knex.raw(`
      create or replace function product.quote(p_price_list text, p_currency text, p_skus text[], p_quantities int[], p_at timestamptz)
      returns table (
        idx int, sku text, known boolean, title text, unit_price_minor bigint, tax_basis_points int, tax_included boolean, product_id text
      ) language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      #variable_conflict use_column
      begin
        return query
        select line.idx::int, line.sku, found.id is not null, found.title,
          price.amount_minor, price.tax_basis_points, price.tax_included, found.product_id
        from unnest(p_skus, p_quantities) with ordinality as line (sku, quantity, idx)
        left join lateral (
          select variant.id, variant.title, variant.product_id
          from product.variant join product.product on product.id = variant.product_id and not product.hidden
          where variant.sku = line.sku and not variant.hidden
          limit 1
        ) found on true
        left join lateral product.current_price(found.id, p_price_list, p_currency, line.quantity, p_at) as price on true
        order by line.idx;
      end $$;
    `),
};
