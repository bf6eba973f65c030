import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { applyFacts } from '../facts/apply.ts';
import { variantId } from '../facts/variants.ts';
import type { CatalogueFact, CategoryFact, ProductFact, RejectedRecord, VariantFact } from '../port.ts';
import { readArticles, readCategories, type ToldFact } from './articles.ts';
import { completed } from './compose.ts';
import { categoryKeys, ownOf, placeOf, productKeys, variantKeys } from './keys.ts';
import { type Article, effectiveSystem, lacksOf, type PartOf, type Serving } from './model.ts';

export interface SettleOptions {
  readonly partOf: PartOf;
  readonly now: Date;
}

/** SKUs worked on at once where all of them are. */
const CHUNK = 1_000;

/**
 * Brings the whole catalogue to what the systems tell that serve its parts, in one transaction: who reads meanwhile sees all of
 * it as it was, and then all of it as it is.
 * @returns what the catalogue could not take, under the catalogue's keys
 */
export async function settleAll(
  trx: Knex.Transaction,
  serving: Serving,
  options: SettleOptions,
): Promise<RejectedRecord[]> {
  const rejected: RejectedRecord[] = [];
  for (let after = ''; ; ) {
    const rows = await query<{ sku: string }>(
      trx,
      'select distinct sku from product.told_fact where sku > ? order by sku limit ?',
      [after, CHUNK],
    );
    if (rows.length > 0 || after === '') rejected.push(...(await settle(trx, serving, rows.map(({ sku }) => sku), options))); // biome-ignore format: one thought
    after = rows.at(-1)?.sku ?? '';
    if (rows.length < CHUNK) break;
  }
  await change(trx, 'update product.serving set settled = true');
  return rejected;
}

/** As {@link settleAll}, of some SKUs, what shares a product with them, and all categories. */
export async function settle(
  trx: Knex.Transaction,
  serving: Serving,
  skus: readonly string[],
  { partOf, now }: SettleOptions,
): Promise<RejectedRecord[]> {
  const { articles, variants, products } = await readArticles(trx, await withSiblings(trx, skus));
  const categories = await readCategories(trx);
  const picked: Article[] = [];
  for (const [sku, bySystem] of articles) {
    const system = effectiveSystem(serving, partOf(serving.parts, sku));
    const article = bySystem.get(system);
    const other = [...bySystem.values()].find((one) => one.system !== system) ?? null;
    if (article) picked.push(completed(article, lacksOf(serving, system), other));
  }
  const named = await nameAll(trx, serving, picked, { articles, variants, products, categories });
  const facts = [...categoryFacts(serving, categories, named.categories), ...articleFacts(serving, picked, named)];
  const removals = [
    ...gone('categoryRemoved', categories, facts),
    ...gone('productRemoved', products, facts),
    ...gone('variantRemoved', variants, facts),
    ...(await goneFromVariants(trx, [...named.variants.values()], facts)),
  ];
  const rejected = await applyFacts(trx, [...removals, ...facts], now);
  await keepNames(trx, 'category', named.categories);
  await keepNames(trx, 'product', named.products);
  await keepNames(trx, 'variant', named.variants);
  return rejected;
}

interface Read {
  readonly articles: ReadonlyMap<string, ReadonlyMap<string, Article>>;
  readonly variants: readonly ToldFact<VariantFact>[];
  readonly products: readonly ToldFact<ProductFact>[];
  readonly categories: readonly ToldFact<CategoryFact>[];
}

/** Own keys by `system key`, of what is to be in the catalogue. */
interface Named {
  readonly categories: ReadonlyMap<string, string>;
  readonly products: ReadonlyMap<string, string>;
  readonly variants: ReadonlyMap<string, string>;
  readonly variantOfSku: ReadonlyMap<string, string>;
}

async function nameAll(
  trx: Knex.Transaction,
  serving: Serving,
  picked: readonly Article[],
  read: Read,
): Promise<Named> {
  const variantAt = new Map(read.variants.map((one) => [placeOf(one), one]));
  const productAt = new Map(read.products.map((one) => [placeOf(one), one]));
  const pickedVariants: ToldFact<VariantFact>[] = [];
  const same = new Map<string, ToldFact<ProductFact>[]>();
  const pickedProducts = new Set<ToldFact<ProductFact>>();
  for (const { system, sku, variant, product } of picked) {
    const told = variantAt.get(placeOf({ system, key: variant.key }));
    if (told) pickedVariants.push(told);
    const own = product && productAt.get(placeOf({ system, key: product.key }));
    if (!own) continue;
    pickedProducts.add(own);
    const others = [...(read.articles.get(sku)?.values() ?? [])].filter((one) => one.system !== system);
    const theirs = others.flatMap((one) => productAt.get(placeOf({ system: one.system, key: one.variant.productKey })) ?? []); // biome-ignore format: one thought
    same.set(placeOf(own), [...(same.get(placeOf(own)) ?? []), ...theirs]);
  }
  const variants = variantKeys(serving, pickedVariants, read.variants);
  const taken = await takenElsewhere(trx, [...pickedProducts]);
  const skuOf = new Map(pickedVariants.map((one) => [placeOf(one), one.body.sku]));
  const inUse = usedCategories(serving, read.categories);
  return {
    categories: new Map([...categoryKeys(serving, read.categories)].filter(([place]) => inUse.has(place))),
    products: productKeys(serving, [...pickedProducts], same, taken),
    variants,
    variantOfSku: new Map([...variants].map(([place, key]) => [skuOf.get(place) ?? '', key])),
  };
}

/** Those of systems that serve a part, or complete one that knows none. */
function usedCategories(serving: Serving, categories: readonly ToldFact<CategoryFact>[]): ReadonlySet<string> {
  const systems = new Set(serving.parts.map((part) => effectiveSystem(serving, part)));
  const all = [...systems].some((system) => lacksOf(serving, system).includes('CATEGORIES'));
  return new Set(categories.filter(({ system, gone }) => !gone && (all || systems.has(system))).map(placeOf));
}

function categoryFacts(
  serving: Serving,
  categories: readonly ToldFact<CategoryFact>[],
  names: ReadonlyMap<string, string>,
): CategoryFact[] {
  const facts = new Map<string, CategoryFact>();
  // What several systems have is told by the one that serves the most general part.
  for (const one of byRank(serving, categories)) {
    const key = names.get(placeOf(one));
    if (key === undefined || facts.has(key)) continue;
    const { parentKey } = one.body;
    const parent = parentKey === null ? null : (names.get(placeOf({ system: one.system, key: parentKey })) ?? ownOf(serving, one.system, parentKey)); // biome-ignore format: one thought
    facts.set(key, { ...one.body, key, parentKey: parent });
  }
  return [...facts.values()];
}

function articleFacts(serving: Serving, picked: readonly Article[], named: Named): CatalogueFact[] {
  const facts: CatalogueFact[] = [];
  const described = new Set<string>();
  for (const { system, sku, variant, product, categories, prices, components } of byRank(serving, picked)) {
    const key = named.variantOfSku.get(sku);
    if (key === undefined) continue;
    const place = placeOf({ system, key: variant.productKey });
    const productKey = named.products.get(place) ?? ownOf(serving, system, variant.productKey);
    if (product && !described.has(productKey)) {
      described.add(productKey);
      const categoryKeysOfIt = categories.flatMap((category) => named.categories.get(placeOf(category)) ?? []);
      facts.push({ ...product, key: productKey, categoryKeys: [...new Set(categoryKeysOfIt)] });
    }
    facts.push({ ...variant, key, productKey });
    for (const { system: teller, fact } of prices)
      facts.push({ ...fact, key: ownOf(serving, teller, fact.key), variantKey: key });
    // A component that nobody has keeps the bundle from being sold.
    if (components) facts.push({ kind: 'bundle', key, components: components.map((part) => ({ variantKey: named.variantOfSku.get(part.sku) ?? `sku/${part.sku}`, quantity: part.quantity })) }); // biome-ignore format: one thought
  }
  return facts;
}

/** The system of the last part, which is the rest of the domain, first. */
function byRank<Told extends { readonly system: string }>(serving: Serving, told: readonly Told[]): Told[] {
  const rank = serving.parts.map((part) => effectiveSystem(serving, part)).reverse();
  const place = (system: string) => (rank.includes(system) ? rank.indexOf(system) : rank.length);
  return [...told].sort((a, b) => place(a.system) - place(b.system));
}

/** What is or was in the catalogue and is not to be there now. */
function gone(
  kind: 'categoryRemoved' | 'productRemoved' | 'variantRemoved',
  told: readonly ToldFact<unknown>[],
  facts: readonly CatalogueFact[],
): CatalogueFact[] {
  const kept = new Set(facts.filter((fact) => `${fact.kind}Removed` === kind).map(({ key }) => key));
  const left = new Set(told.flatMap(({ own_key }) => (own_key !== null && !kept.has(own_key) ? own_key : [])));
  return [...left].map((key) => ({ kind, key }));
}

/** Prices and components that these variants have in the catalogue and nobody tells any more. */
async function goneFromVariants(
  trx: Knex.Transaction,
  keys: readonly string[],
  facts: readonly CatalogueFact[],
): Promise<CatalogueFact[]> {
  const ids = keys.map(variantId);
  const told = (kind: 'price' | 'bundle') => facts.filter((fact) => fact.kind === kind).map(({ key }) => key);
  const prices = await query<{ key: string }>(
    trx,
    'select source_key as key from product.price where variant_id = any (?::text[]) and source_key <> all (?::text[])',
    [ids, told('price')],
  );
  const bundles = await query<{ key: string }>(
    trx,
    'select source_key as key from product.bundle where variant_id = any (?::text[]) and source_key <> all (?::text[])',
    [ids, told('bundle')],
  );
  return [
    ...prices.map(({ key }): CatalogueFact => ({ kind: 'priceRemoved', key })),
    ...bundles.map(({ key }): CatalogueFact => ({ kind: 'bundleRemoved', key })),
  ];
}

/** These SKUs and those that share a product with them in any system, or in the catalogue. */
async function withSiblings(trx: Knex.Transaction, skus: readonly string[]): Promise<string[]> {
  const rows = await query<{ sku: string }>(
    trx,
    `with part as (
       select product.system, product.key, product.own_key from product.told_fact variant
       join product.told_fact product on product.kind = 'product' and product.system = variant.system and product.key = variant.parent
       where variant.kind = 'variant' and variant.sku = any (?::text[])
     ), related as (
       select system, key from part
       union select other.system, other.key from product.told_fact other join part using (own_key) where other.kind = 'product'
     )
     select variant.sku from product.told_fact variant join related on related.system = variant.system and related.key = variant.parent
     where variant.kind = 'variant' and variant.sku is not null
     union select unnest(?::text[])`,
    [skus, skus],
  );
  return rows.map(({ sku }) => sku);
}

/** `system\0key` of own keys that other products of the same systems have. */
async function takenElsewhere(
  trx: Knex.Transaction,
  picked: readonly ToldFact<ProductFact>[],
): Promise<ReadonlySet<string>> {
  const rows = await query<{ system: string; key: string; own_key: string }>(
    trx,
    `select system, key, own_key from product.told_fact
     where kind = 'product' and not gone and own_key is not null and system = any (?::text[])
       and (system, key) not in (select * from unnest(?::text[], ?::text[]))`,
    [
      [...new Set(picked.map(({ system }) => system))],
      picked.map(({ system }) => system),
      picked.map(({ key }) => key),
    ],
  );
  return new Set(rows.map(({ system, own_key }) => `${system}\0${own_key}`));
}

async function keepNames(
  trx: Knex.Transaction,
  kind: 'category' | 'product' | 'variant',
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const places = [...names.keys()].map((place) => place.split(' '));
  await change(
    trx,
    `update product.told_fact known set own_key = named.own_key
     from unnest(?::text[], ?::text[], ?::text[]) as named (system, key, own_key)
     where known.kind = ? and known.system = named.system and known.key = named.key and known.own_key is distinct from named.own_key`,
    [places.map(([system = '']) => system), places.map(([, ...key]) => key.join(' ')), [...names.values()], kind],
  );
}
