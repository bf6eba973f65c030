import type { Knex } from 'knex';
import { CommerceError } from '../../platform/errors.ts';
import type { PageArgs } from '../../platform/graphql/connection.ts';
import { goodUntil, type RequestContext, type Resolvers } from '../../platform/graphql/subgraph.ts';
import { formatAmount, type Money } from '../../platform/money.ts';
import { type ListingArgs, listProducts } from './listing.ts';
import type { ProductLoaders } from './loaders.ts';
import { type Category, nextChange, type Product, priceOf, type Variant } from './model.ts';
import type { CatalogueReader } from './read.ts';

export interface ProductContext extends RequestContext {
  readonly knex: Knex;
  readonly reader: CatalogueReader;
  readonly loaders: ProductLoaders;
  /** The moment of the request: what prices are valid at. */
  readonly at: Date;
}

const MAX_SKUS = 200;
const MAX_QUANTITY = 1_000_000;

interface PriceArgs {
  quantity?: number | null;
  currencyCode?: string | null;
}

export const resolvers: Resolvers = {
  Query: {
    products: (_: unknown, args: ListingArgs, { knex, caller: { channel } }: ProductContext) =>
      listProducts(knex, args, {
        priceList: channel?.priceList ?? null,
        currencyCode: channel?.currencyCode ?? null,
        safetyStock: channel?.safetyStock ?? 0,
      }),
    product: (_: unknown, { handle }: { handle: string }, { reader }: ProductContext) => reader.productByHandle(handle),
    async productVariants(_: unknown, { skus }: { skus: string[] }, { loaders }: ProductContext) {
      if (skus.length === 0 || skus.length > MAX_SKUS) {
        throw new CommerceError('BAD_USER_INPUT', `\`skus\` must hold 1 to ${MAX_SKUS} SKUs, not ${skus.length}.`);
      }
      const variants = await Promise.all(skus.map((sku) => loaders.variant.load(sku)));
      return variants.map((variant) => (variant?.onSale ? variant : null));
    },
    categories: (_: unknown, args: PageArgs, { reader }: ProductContext) => reader.categories(args),
  },

  Product: {
    __resolveReference: ({ id }: { id: string }, { loaders }: ProductContext) => loaders.product.load(id),
    categories: ({ id }: Product, _: unknown, { loaders }: ProductContext) => loaders.categoriesOf.load(id),
    variants: ({ id }: Product, args: PageArgs, { loaders }: ProductContext) =>
      loaders.variantPage.load({ productId: id, args }),
  },

  ProductVariant: {
    __resolveReference: ({ sku }: { sku: string }, { loaders }: ProductContext) => loaders.variant.load(sku),
    components: ({ id }: Variant, _: unknown, { loaders }: ProductContext) => loaders.components.load(id),
    product: ({ productId }: Variant, _: unknown, { loaders }: ProductContext) => loaders.product.load(productId),
    async price(variant: Variant, args: PriceArgs, context: ProductContext) {
      const { caller, loaders, at } = context;
      const { channel } = caller;
      const quantity = args.quantity ?? 1;
      if (quantity < 1 || quantity > MAX_QUANTITY) {
        throw new CommerceError('BAD_USER_INPUT', '`quantity` must be between 1 and 1,000,000.');
      }
      if (!channel || !variant.onSale) return null;
      const currencyCode = args.currencyCode ?? channel.currencyCode;
      const rules = await loaders.priceRules.load({ variantId: variant.id, currencyCode });
      const next = nextChange(rules, at);
      if (next) goodUntil(context, next);
      return priceOf(rules, currencyCode, quantity, at);
    },
  },

  Category: {
    parent: ({ parentId }: Category, _: unknown, { loaders }: ProductContext) =>
      parentId === null ? null : loaders.category.load(parentId),
  },

  Money: {
    amount: (amount: Money) => formatAmount(amount),
  },
};
