import DataLoader from 'dataloader';
import { groupBy, inKeyOrder } from '../../platform/batch.ts';
import type { Caller } from '../../platform/caller.ts';
import type { Connection, PageArgs } from '../../platform/graphql/connection.ts';
import type { BundleComponent, Category, PriceRule, Product, Variant } from './model.ts';
import type { CatalogueReader } from './read.ts';

interface VariantPageKey {
  readonly productId: string;
  readonly args: PageArgs;
}

interface PriceKey {
  readonly variantId: string;
  readonly currencyCode: string;
}

/**
 * Fresh for every request: the cache must not outlive the caller's rights, nor the moment that prices are asked for.
 * Batches have no limit: their keys go to PostgreSQL as one array, and pages are limited.
 *
 * @param at moment for which prices are asked
 */
export function createProductLoaders(reader: CatalogueReader, caller: Caller, at: Date) {
  return {
    product: new DataLoader<string, Product | null>(async (ids) => inKeyOrder(ids, await reader.productsById(ids)), {
      name: 'product.byId',
    }),

    variant: new DataLoader<string, Variant | null>(
      async (skus) => inKeyOrder(skus, await reader.variantsBySku(skus)),
      { name: 'variant.bySku' },
    ),

    /** One statement per distinct set of page arguments: one for a list of products, however long. */
    variantPage: new DataLoader<VariantPageKey, Connection<Variant>, string>(
      async (keys) => {
        const pages = await inGroups(
          keys,
          ({ args }) => JSON.stringify(pageArgs(args)),
          (group) =>
            reader.variantPages(
              group.map((key) => key.productId),
              group[0]?.args ?? {},
            ),
        );
        return keys.map((key) => pages(key)?.get(key.productId) ?? new Error('page of variants is missing'));
      },
      {
        name: 'variant.pageByProduct',
        cacheKeyFn: (key) => JSON.stringify([key.productId, pageArgs(key.args)]),
      },
    ),

    components: new DataLoader<string, BundleComponent[]>(
      async (ids) => inKeyOrder(ids, await reader.componentsByVariant(ids)).map((components) => components ?? []),
      { name: 'component.byVariant' },
    ),

    categoriesOf: new DataLoader<string, Category[]>(
      async (ids) => inKeyOrder(ids, await reader.categoriesByProduct(ids)).map((categories) => categories ?? []),
      { name: 'category.byProduct' },
    ),

    category: new DataLoader<string, Category | null>(
      async (ids) => inKeyOrder(ids, await reader.categoriesById(ids)),
      { name: 'category.byId' },
    ),

    /** Rules of the caller's price list; one statement per currency. A caller without a channel has no prices. */
    priceRules: new DataLoader<PriceKey, PriceRule[], string>(
      async (keys) => {
        const { channel } = caller;
        if (!channel) return keys.map(() => []);
        const rules = await inGroups(
          keys,
          (key) => key.currencyCode,
          (group) =>
            reader.priceRules(
              group.map((key) => key.variantId),
              {
                priceList: channel.priceList,
                currencyCode: group[0]?.currencyCode ?? channel.currencyCode,
                at,
              },
            ),
        );
        return keys.map((key) => rules(key)?.get(key.variantId) ?? []);
      },
      { name: 'price.byVariant', cacheKeyFn: (key) => `${key.currencyCode} ${key.variantId}` },
    ),
  };
}

export type ProductLoaders = ReturnType<typeof createProductLoaders>;

const pageArgs = ({ first, after, last, before }: PageArgs) => [first, after, last, before];

/** Loads keys that differ in more than their id group by group. @returns the answer of a key's group */
async function inGroups<Key, Answer>(
  keys: readonly Key[],
  groupOf: (key: Key) => string,
  load: (group: readonly Key[]) => Promise<Answer>,
): Promise<(key: Key) => Answer | undefined> {
  const groups = groupBy(keys, groupOf);
  const answers = new Map(
    await Promise.all([...groups].map(async ([name, group]) => [name, await load(group)] as const)),
  );
  return (key) => answers.get(groupOf(key));
}
