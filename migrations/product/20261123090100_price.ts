import type { Knex } from 'knex';

/** Prices, the order of price sorts, and `product.quote`, which the owner of orders calls inside its transaction. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table product.price (
      source_key text collate "C" primary key,
      variant_id text collate "C" not null,
      price_list text collate "C" not null,
      currency_code text collate "C" not null,
      kind text not null check (kind in ('SELLING', 'FORMER')),
      min_quantity int not null check (min_quantity between 1 and 1000000),
      valid_from timestamptz(3) not null,
      valid_to timestamptz(3) check (valid_to > valid_from),
      amount_minor bigint not null check (amount_minor >= 0),
      tax_included boolean not null,
      tax_basis_points int not null check (tax_basis_points between 0 and 10000)
    );
    comment on table product.price is 'Prices of one unit. The row that counts: valid, then the latest valid_from, then the largest min_quantity not above the quantity.';
    comment on column product.price.kind is 'FORMER: what it cost before, to be shown beside the selling price; never charged.';
    comment on column product.price.valid_to is 'Exclusive. Null: until another price takes over.';
    create index price_by_variant on product.price (variant_id, price_list, currency_code);
    create index price_by_start on product.price (valid_from);
    create index price_by_end on product.price (valid_to) where valid_to is not null;

    create table product.listed_price (
      price_list text collate "C" not null,
      currency_code text collate "C" not null,
      product_id text collate "C" not null,
      amount_minor bigint not null,
      primary key (price_list, currency_code, product_id)
    );
    comment on table product.listed_price is 'The lowest price of one unit among the variants on sale of a visible product: the order of price sorts.';
    create index listed_price_by_amount on product.listed_price (price_list, currency_code, amount_minor, product_id);
    create index listed_price_by_product on product.listed_price (product_id);

    create function product.refresh_listed_prices(p_product_ids text[], p_at timestamptz) returns void language sql as $$
      with rule as (
        select distinct on (price.variant_id, price.price_list, price.currency_code)
          variant.product_id, price.price_list, price.currency_code, price.amount_minor
        from product.variant
        join product.product on product.id = variant.product_id and not product.hidden
        join product.price on price.variant_id = variant.id
        where variant.product_id = any(p_product_ids) and not variant.hidden and price.kind = 'SELLING'
          and price.min_quantity <= 1 and price.valid_from <= p_at and (price.valid_to is null or price.valid_to > p_at)
        order by price.variant_id, price.price_list, price.currency_code, price.valid_from desc, price.source_key desc
      ), lowest as (
        select price_list, currency_code, product_id, min(amount_minor) as amount_minor
        from rule group by price_list, currency_code, product_id
      ), gone as (
        delete from product.listed_price as known
        where known.product_id = any(p_product_ids) and not exists (
          select from lowest
          where (lowest.price_list, lowest.currency_code, lowest.product_id) = (known.price_list, known.currency_code, known.product_id)
        )
      )
      insert into product.listed_price as known (price_list, currency_code, product_id, amount_minor)
      select price_list, currency_code, product_id, amount_minor from lowest
      on conflict (price_list, currency_code, product_id) do update set amount_minor = excluded.amount_minor
      where known.amount_minor <> excluded.amount_minor
    $$;

    create function product.current_price(p_variant_id text, p_price_list text, p_currency text, p_quantity int, p_at timestamptz)
    returns setof product.price language sql stable as $$
      select * from product.price
      where variant_id = p_variant_id and price_list = p_price_list and currency_code = p_currency and kind = 'SELLING'
        and min_quantity <= p_quantity and valid_from <= p_at and (valid_to is null or valid_to > p_at)
      order by valid_from desc, min_quantity desc, source_key desc
      limit 1
    $$;

    create function product.quote(p_price_list text, p_currency text, p_skus text[], p_quantities int[], p_at timestamptz)
    returns table (
      idx int, sku text, known boolean, title text, unit_price_minor bigint, tax_basis_points int, tax_included boolean, product_id text
    ) language sql stable as $$
      select line.idx::int, line.sku, variant.id is not null, variant.title,
        price.amount_minor, price.tax_basis_points, price.tax_included, variant.product_id
      from unnest(p_skus, p_quantities) with ordinality as line (sku, quantity, idx)
      left join (product.variant join product.product on product.id = variant.product_id and not product.hidden)
        on variant.sku = line.sku and not variant.hidden
      left join lateral product.current_price(variant.id, p_price_list, p_currency, line.quantity, p_at) as price on true
      order by line.idx
    $$;
    comment on function product.quote is 'One row per input position, idx from 1. known false: no such SKU on sale. unit_price_minor null: not priced in this list and currency.';
  `);
}
