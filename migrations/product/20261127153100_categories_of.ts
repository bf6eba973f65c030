import type { Migration } from '../../platform/db/migrate.ts';

/** Published for other domains: in which categories articles are, those above included. Rules about articles name them. */
export const categoriesOf: Migration = {
  up: (knex) =>
    knex.raw(`
      create function product.categories_of(p_skus text[]) returns table (sku text, category text)
      language sql stable as $$
        with recursive own as (
          select v.sku, pc.category_id from product.variant v join product.product_category pc on pc.product_id = v.product_id
          where v.sku = any(p_skus) and not v.hidden
          union
          select own.sku, c.parent_id from own join product.category c on c.id = own.category_id where c.parent_id is not null
        )
        select distinct own.sku, c.name from own join product.category c on c.id = own.category_id
      $$;
      comment on function product.categories_of is 'Names of the categories of articles and of all categories above them.';
    `),
};
