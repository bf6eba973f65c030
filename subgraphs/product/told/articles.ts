import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { BundleFact, CategoryFact, PriceFact, ProductFact, VariantFact } from '../port.ts';
import { grouped } from './grouped.ts';
import type { Article, CategoryRef } from './model.ts';

/** A kept fact with its place in the catalogue. */
export interface ToldFact<Fact> {
  readonly system: string;
  readonly key: string;
  readonly sku: string | null;
  readonly parent: string | null;
  /** Null: it was never in the catalogue. */
  readonly own_key: string | null;
  readonly body: Fact;
  readonly gone: boolean;
  readonly told_at: Date;
}

/** What is known of some SKUs. */
export interface ToldArticles {
  /** By SKU and then by system. Where a system tells several variants of one SKU, the one with the lowest key. */
  readonly articles: ReadonlyMap<string, ReadonlyMap<string, Article>>;
  /** All of these SKUs, also what is gone. */
  readonly variants: readonly ToldFact<VariantFact>[];
  /** All that these variants belong to, also what is gone. */
  readonly products: readonly ToldFact<ProductFact>[];
}

/** Reads what all systems tell of some SKUs: a fixed number of statements. */
export async function readArticles(db: Knex, skus: readonly string[]): Promise<ToldArticles> {
  const variants = await read<VariantFact>(db, "kind = 'variant' and sku = any (?::text[])", [skus]);
  const products = await read<ProductFact>(db, `kind = 'product' and ${AMONG}`, pairs(variants, ({ parent }) => parent)); // biome-ignore format: one thought
  const prices = await readLiving<PriceFact>(db, 'price', variants);
  const bundles = await readLiving<BundleFact>(db, 'bundle', variants);
  const siblings = await query<{ system: string; parent: string; skus: string[] }>(
    db,
    `select system, parent, array_agg(distinct sku order by sku) as skus from product.told_fact
     where kind = 'variant' and not gone and (system, parent) in (select * from unnest(?::text[], ?::text[])) group by system, parent`,
    pairs(products, ({ key }) => key),
  );
  const components = await read<VariantFact>(db, `kind = 'variant' and not gone and ${AMONG}`, [
    bundles.flatMap(({ system, body }) => body.components.map(() => system)),
    bundles.flatMap(({ body }) => body.components.map(({ variantKey }) => variantKey)),
  ]);

  const productOf = new Map(products.filter(({ gone }) => !gone).map((one) => [at(one.system, one.key), one]));
  const siblingsOf = new Map(siblings.map((one) => [at(one.system, one.parent), one.skus]));
  const bundleOf = new Map(bundles.map((one) => [at(one.system, one.key), one]));
  const skuOf = new Map(components.map((one) => [at(one.system, one.key), one.body.sku]));
  const pricesOf = grouped(prices, (one) => at(one.system, one.parent ?? ''));

  const articles = new Map<string, Map<string, Article>>();
  for (const { system, key, body, gone, told_at } of variants) {
    const known = articles.get(body.sku) ?? new Map<string, Article>();
    if (gone || known.has(system)) continue;
    const place = at(system, key);
    const product = productOf.get(at(system, body.productKey));
    const bundle = bundleOf.get(place);
    const own = pricesOf.get(place) ?? [];
    known.set(system, {
      system,
      sku: body.sku,
      variant: body,
      product: product ? { ...product.body, recordedAt: new Date(product.body.recordedAt) } : null,
      categories: (product?.body.categoryKeys ?? []).map((category): CategoryRef => ({ system, key: category })),
      siblings: siblingsOf.get(at(system, body.productKey)) ?? [],
      prices: own.map((price) => ({ system, fact: priceOf(price.body) })),
      components:
        bundle?.body.components.map(({ variantKey, quantity }) => ({ sku: skuOf.get(at(system, variantKey)) ?? '', quantity })) ?? null, // biome-ignore format: one thought
      toldAt: [product, bundle, ...own].reduce((newest, one) => (one && one.told_at > newest ? one.told_at : newest), told_at), // biome-ignore format: one thought
    });
    articles.set(body.sku, known);
  }
  return { articles, variants, products };
}

/** All categories that any system has or had. */
export function readCategories(db: Knex): Promise<ToldFact<CategoryFact>[]> {
  return read<CategoryFact>(db, "kind = 'category' and body <> 'null'", []);
}

const AMONG = '(system, key) in (select * from unnest(?::text[], ?::text[]))';
const at = (system: string, key: string): string => `${system} ${key}`;

function pairs<Row extends { readonly system: string }>(rows: readonly Row[], keyOf: (row: Row) => string | null) {
  const keyed = rows.flatMap((row) => {
    const key = keyOf(row);
    return key === null ? [] : [{ system: row.system, key }];
  });
  return [keyed.map(({ system }) => system), keyed.map(({ key }) => key)];
}

function read<Fact>(db: Knex, condition: string, values: readonly (readonly string[])[]): Promise<ToldFact<Fact>[]> {
  return query<ToldFact<Fact>>(
    db,
    `select system, key, sku, parent, own_key, body, gone, told_at from product.told_fact where ${condition} order by system, key`,
    values,
  );
}

function readLiving<Fact>(db: Knex, kind: 'price' | 'bundle', variants: readonly ToldFact<VariantFact>[]) {
  return read<Fact>(
    db,
    `kind = '${kind}' and not gone and (system, parent) in (select * from unnest(?::text[], ?::text[]))`,
    pairs(variants, ({ key }) => key),
  );
}

/** As JSON kept it. */
function priceOf(fact: PriceFact): PriceFact {
  return {
    ...fact,
    amountMinor: BigInt(fact.amountMinor),
    validFrom: new Date(fact.validFrom),
    validTo: fact.validTo === null ? null : new Date(fact.validTo),
  };
}
