import type { Knex } from 'knex';
import { groupBy } from '../../platform/batch.ts';
import { query } from '../../platform/db/query.ts';
import { type Connection, type PageArgs, readPage, toConnection } from '../../platform/graphql/connection.ts';
import { type BundleComponent, type Category, foldText, type PriceRule, type Product, type Variant } from './model.ts';
import {
  type CategoryRow,
  PRODUCT_COLUMNS,
  type PriceRow,
  type ProductRow,
  toCategory,
  toPriceRule,
  toProduct,
  toVariant,
  VARIANT_COLUMNS,
  type VariantRow,
} from './rows.ts';
import { isStorable } from './storable.ts';

/** Reads of the catalogue that know exactly what they look for. Each is one statement, whatever the number of keys. */
export interface CatalogueReader {
  /** Products by id, hidden ones included: old orders name them. */
  productsById(ids: readonly string[]): Promise<ReadonlyMap<string, Product>>;
  /** A product on sale. Null when there is none. */
  productByHandle(handle: string): Promise<Product | null>;
  /** Variants by SKU; of a SKU that was used twice, the one on sale. Hidden ones are included. */
  variantsBySku(skus: readonly string[]): Promise<ReadonlyMap<string, Variant>>;
  /** One page of variants on sale of each product; the same page arguments for all. */
  variantPages(productIds: readonly string[], args: PageArgs): Promise<ReadonlyMap<string, Connection<Variant>>>;
  /** What bundles are made of, by SKU. Variants that are no bundles are absent. */
  componentsByVariant(variantIds: readonly string[]): Promise<ReadonlyMap<string, BundleComponent[]>>;
  /** Categories that each product is assigned to, by name. */
  categoriesByProduct(productIds: readonly string[]): Promise<ReadonlyMap<string, Category[]>>;
  categoriesById(ids: readonly string[]): Promise<ReadonlyMap<string, Category>>;
  categories(args: PageArgs): Promise<Connection<Category>>;
  /** Price rules of each variant in one list and currency that are not over yet. */
  priceRules(
    variantIds: readonly string[],
    list: { priceList: string; currencyCode: string; at: Date },
  ): Promise<ReadonlyMap<string, PriceRule[]>>;
}

const DEFAULT_VARIANTS = 100;

export function createCatalogueReader(knex: Knex): CatalogueReader {
  const products = (condition: string, value: string | readonly string[]) =>
    query<ProductRow>(
      knex,
      `select ${PRODUCT_COLUMNS.join(', ')}
       from product.product as p join product.product_state as s on s.product_id = p.id where ${condition}`,
      [value],
    );

  return {
    async productsById(ids) {
      const rows = await products('p.id = any(?::text[])', ids.filter(isStorable));
      return new Map(rows.map((row) => [row.id, toProduct(row)]));
    },

    async productByHandle(handle) {
      if (!isStorable(handle)) return null;
      const [row] = await products('p.handle = ? and not p.hidden', handle);
      return row ? toProduct(row) : null;
    },

    async variantsBySku(skus) {
      const rows = await query<VariantRow>(
        knex,
        `select distinct on (v.sku) ${VARIANT_COLUMNS}
         from product.variant as v join product.product as p on p.id = v.product_id
         where v.sku = any(?::text[]) order by v.sku, v.hidden, v.id`,
        [skus.filter(isStorable)],
      );
      return new Map(rows.map((row) => [row.sku, toVariant(row)]));
    },

    async variantPages(productIds, args) {
      const page = readPage(args, 1, DEFAULT_VARIANTS);
      const [from] = page.cursor ?? [];
      const start = from === undefined ? null : String(from).replaceAll('\0', '');
      const forward = page.direction === 'forward';
      const rows = await query<VariantRow>(
        knex,
        `select v.* from unnest(?::text[]) as wanted (product_id)
         cross join lateral (
           select ${VARIANT_COLUMNS}
           from product.variant as v join product.product as p on p.id = v.product_id
           where v.product_id = wanted.product_id and not v.hidden and not p.hidden
             and (?::text is null or v.sku ${forward ? '>' : '<'} ?)
           order by v.sku ${forward ? 'asc' : 'desc'} limit ?
         ) as v`,
        [productIds, start, start, page.size + 1],
      );
      const byProduct = groupBy(rows, (row) => row.product_id);
      const connection = (id: string) =>
        toConnection(byProduct.get(id) ?? [], page, { key: (row) => [row.sku], node: toVariant });
      return new Map(productIds.map((id) => [id, connection(id)]));
    },

    async componentsByVariant(variantIds) {
      const rows = await query<VariantRow & { bundle_id: string; quantity: number }>(
        knex,
        `select part.variant_id as bundle_id, part.quantity, ${VARIANT_COLUMNS}
         from product.bundle_component as part
         join product.variant as v on v.id = part.component_variant_id join product.product as p on p.id = v.product_id
         where part.variant_id = any(?::text[]) order by part.variant_id, v.sku`,
        [variantIds],
      );
      const grouped = groupBy(rows, (row) => row.bundle_id);
      return new Map(
        [...grouped].map(([id, parts]) => [
          id,
          parts.map((part) => ({ variant: toVariant(part), quantity: part.quantity })),
        ]),
      );
    },

    async categoriesByProduct(productIds) {
      const rows = await query<CategoryRow & { product_id: string }>(
        knex,
        `select pc.product_id, c.id, c.name, c.parent_id
         from product.product_category as pc join product.category as c on c.id = pc.category_id
         where pc.product_id = any(?::text[]) and not c.hidden order by c.name_key, c.id`,
        [productIds],
      );
      const grouped = groupBy(rows, (row) => row.product_id);
      return new Map([...grouped].map(([id, categories]) => [id, categories.map(toCategory)]));
    },

    async categoriesById(ids) {
      const rows = await query<CategoryRow>(
        knex,
        'select id, name, parent_id from product.category where id = any(?::text[]) and not hidden',
        [ids],
      );
      return new Map(rows.map((row) => [row.id, toCategory(row)]));
    },

    async categories(args) {
      const page = readPage(args, 2);
      const [name, id] = (page.cursor ?? []).map((part) => String(part).replaceAll('\0', ''));
      const forward = page.direction === 'forward';
      const way = forward ? 'asc' : 'desc';
      const rows = await query<CategoryRow>(
        knex,
        `select id, name, parent_id from product.category
         where not hidden and (?::text is null or (name_key, id) ${forward ? '>' : '<'} (?, ?))
         order by name_key ${way}, id ${way} limit ?`,
        [id ?? null, name ?? null, id ?? null, page.size + 1],
      );
      return toConnection(rows, page, { key: (row) => [foldText(row.name), row.id], node: toCategory });
    },

    async priceRules(variantIds, { priceList, currencyCode, at }) {
      const rows = await query<PriceRow>(
        knex,
        `select source_key, variant_id, kind, min_quantity, valid_from, valid_to, amount_minor, tax_included
         from product.price
         where variant_id = any(?::text[]) and price_list = ? and currency_code = ? and (valid_to is null or valid_to > ?)`,
        [variantIds, priceList, currencyCode, at],
      );
      const grouped = groupBy(rows, (row) => row.variant_id);
      return new Map([...grouped].map(([id, rules]) => [id, rules.map(toPriceRule)]));
    },
  };
}
