import type { Migration } from '../../platform/db/migrate.ts';

/** What bundles are made of, and that a bundle which cannot be put together is not sold. */
export const bundles: Migration = {
  async up(knex) {
    await knex.raw(`
      create table product.bundle (
        variant_id text collate "C" primary key,
        source_key text not null,
        fault text,
        held text,
        told_sku text collate "C"
      );
      comment on table product.bundle is 'Variants that are made of others when they are sold. A variant without a row is sold as it is.';
      comment on column product.bundle.fault is 'What is wrong with the record itself.';
      comment on column product.bundle.held is 'Why it is not sold now: its fault, PENDING while one of its variants is not on sale, or NESTED_BUNDLE. Null: it is sold.';
      comment on column product.bundle.told_sku is 'The SKU under which inventory knows what it is made of.';

      create table product.bundle_component (
        variant_id text collate "C" not null references product.bundle (variant_id) on delete cascade,
        component_variant_id text collate "C" not null,
        quantity int not null check (quantity between 1 and 10000),
        primary key (variant_id, component_variant_id)
      );
      create index bundle_component_by_component on product.bundle_component (component_variant_id);

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
            and not exists (select from product.bundle where bundle.variant_id = variant.id and bundle.held is not null)
          limit 1
        ) found on true
        left join lateral product.current_price(found.id, p_price_list, p_currency, line.quantity, p_at) as price on true
        order by line.idx;
      end $$;
    `);
  },
};
