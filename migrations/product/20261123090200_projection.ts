import type { Knex } from 'knex';

/** What moves often lives apart from `product.product`, so that a stock change does not rewrite a searchable row. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table product.product_state (
      product_id text collate "C" primary key references product.product (id),
      revision int not null,
      available int not null,
      updated_at timestamptz(3) not null
    ) with (fillfactor = 80);
    comment on column product.product_state.revision is 'Version of the last product-changed event; counts up from 1 without a gap.';
    comment on column product.product_state.available is 'The most that any variant on sale has available, before a channel''s safety stock.';
    comment on column product.product_state.updated_at is 'Last change of the product, its variants, prices or stock.';
    create index product_state_by_update on product.product_state (updated_at, product_id);
    create index product_state_by_stock on product.product_state (available);

    create table product.sellable (
      sku text collate "C" primary key,
      available int not null,
      version bigint not null,
      as_of timestamptz not null
    ) with (fillfactor = 80);
    comment on table product.sellable is 'Stock per SKU as the events of the inventory owner tell it. version: of the last event applied; older ones change nothing.';

    create function product.available_of(p_product_id text) returns int language sql stable as $$
      select coalesce(max(sellable.available), 0)
      from product.variant join product.sellable on sellable.sku = variant.sku
      where variant.product_id = p_product_id and not variant.hidden
    $$;

    create table product.change_clock (
      singleton boolean primary key default true check (singleton),
      last_at timestamptz(3) not null,
      prices_worked_to timestamptz(3) not null
    );
    insert into product.change_clock (last_at, prices_worked_to) values ('-infinity', '-infinity');
    comment on table product.change_clock is 'Its lock makes writers take turns, each with a later updated_at: what a reader of "changed since" sees of one moment, it sees of all earlier ones.';
    comment on column product.change_clock.prices_worked_to is 'Until when beginnings and ends of prices have been worked into listed_price.';

    create table product.set_aside (
      source text not null,
      kind text not null,
      key text not null,
      reason text not null,
      first_seen_at timestamptz not null,
      last_seen_at timestamptz not null,
      primary key (source, kind, key)
    );
    comment on table product.set_aside is 'Records of the feed that could not be mapped. A row goes when a later version of the record can be.';
  `);
}
