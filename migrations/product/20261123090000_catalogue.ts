import type { Knex } from 'knex';

/**
 * Products, variants and categories as the item master tells them, and the functions behind search.
 *
 * Ids are derived from the keys of the system of record, and nothing has a foreign key: a variant may arrive before its
 * product, a product before its category, in any order, and is seen once both are there.
 * Keys compare by byte (`collate "C"`): keyset cursors must order alike on every server, whatever its locale.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table product.category (
      id text collate "C" primary key,
      name text not null,
      name_key text collate "C" not null,
      parent_id text collate "C",
      hidden boolean not null default false
    );
    create index category_by_name on product.category (name_key, id) where not hidden;

    create table product.product (
      id text collate "C" primary key,
      handle text collate "C" not null unique,
      title text not null,
      title_key text collate "C" not null,
      description text,
      brand text,
      brand_key text collate "C",
      media jsonb not null default '[]',
      title_search tsvector not null,
      search tsvector not null,
      hidden boolean not null default false,
      created_at timestamptz(3) not null
    );
    comment on column product.product.handle is 'Name in URLs. Given once: a later change of the title leaves it.';
    comment on column product.product.title_key is 'Title in lower case without diacritics: the order of titles.';
    comment on column product.product.title_search is 'Words of titles, SKUs and GTINs.';
    comment on column product.product.search is 'The same and words of brand, description and options.';
    comment on column product.product.hidden is 'The system of record no longer has it. Kept for the orders that name it.';
    create index product_by_title on product.product (title_key, id) where not hidden;
    create index product_by_age on product.product (created_at, id) where not hidden;
    create index product_by_brand on product.product (brand_key, title_key, id) where not hidden;
    create index product_by_title_search on product.product using gin (title_search) with (fastupdate = off) where not hidden;
    create index product_by_search on product.product using gin (search) with (fastupdate = off) where not hidden;

    create table product.product_category (
      product_id text collate "C" not null,
      category_id text collate "C" not null,
      primary key (product_id, category_id)
    );
    create index product_category_by_category on product.product_category (category_id, product_id);

    create table product.variant (
      id text collate "C" primary key,
      product_id text collate "C" not null,
      sku text collate "C" not null,
      gtin text,
      title text not null,
      options jsonb not null default '[]',
      hidden boolean not null default false
    );
    create unique index variant_on_sale on product.variant (sku) where not hidden;
    create index variant_by_sku on product.variant (sku);
    create index variant_by_product on product.variant (product_id, sku);

    create function product.search_document(p_words text) returns tsvector language sql immutable as $$
      select to_tsvector('simple', p_words) || to_tsvector('english', p_words)
    $$;
    comment on function product.search_document is 'Words as written, for prefixes, and as English stems.';

    -- Not parallel safe on purpose: a search that is cut off must be cut off alike on every page.
    create function product.search_query(p_words text[], p_prefix boolean) returns tsquery
    language plpgsql immutable parallel unsafe as $$
    declare
      word text;
      stem text;
      wanted tsquery;
      result tsquery;
      fallback tsquery;
    begin
      foreach word in array p_words loop
        stem := (ts_lexize('english_stem', word))[1];
        wanted := to_tsquery('simple', word || case when p_prefix and length(word) > 1 then ':*' else '' end);
        if stem is null then
          -- A word like "the" counts only when there is no other.
          fallback := case when fallback is null then wanted else fallback && wanted end;
        else
          wanted := wanted || to_tsquery('simple', stem);
          result := case when result is null then wanted else result && wanted end;
        end if;
      end loop;
      return coalesce(result, fallback);
    end
    $$;
    comment on function product.search_query is 'All words must occur: as written, as English stem, or (p_prefix) as the beginning of a word. Words like "the" count only when there is no other. p_words: letters and digits only.';
  `);
}
