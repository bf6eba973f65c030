import type { Knex } from 'knex';

/** What a channel calls our articles, for other owners. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index channel_sku_ours on orders.channel_sku (channel_code, sku);

    create function orders.channel_items(p_channel_code text, p_skus text[]) returns table (sku text, item text, mapped boolean) language sql stable as $$
      select named.sku, named.channel_sku, true from orders.channel_sku named where named.channel_code = p_channel_code and named.sku = any (p_skus)
      union all
      -- Our own name, unless the channel has others for the article, or means another article by it.
      select asked.sku, asked.sku, false from (select distinct unnest(p_skus) as sku) asked
      where not exists (select from orders.channel_sku named where named.channel_code = p_channel_code and (named.sku = asked.sku or named.channel_sku = asked.sku))
    $$;
    comment on function orders.channel_items is 'Under which names a channel may list our SKUs. mapped: somebody has said so; otherwise it is the SKU itself. One SKU may have several.';

    create function orders.mapped_skus(p_channel_code text) returns setof text language sql stable as $$
      select distinct sku from orders.channel_sku where channel_code = p_channel_code
    $$;
    comment on function orders.mapped_skus is 'Our SKUs that a channel has names of its own for.';
  `);
}
