import type { Article } from './model.ts';

/**
 * The article as the graph shows it when one system serves it: what that system cannot tell at all stays what the other one
 * tells. Pure.
 * @param lacks capabilities that the article's system has not got
 * @param other the same SKU in the other system; null when it has not got it
 */
export function completed(article: Article, lacks: readonly string[], other: Article | null): Article {
  if (!other || lacks.length === 0) return article;
  const has = (capability: string) => !lacks.includes(capability);
  const { variant, product } = article;
  return {
    ...article,
    variant: {
      ...variant,
      gtin: has('GTINS') ? variant.gtin : other.variant.gtin,
      title: has('VARIANT_TITLES') ? variant.title : other.variant.title,
      options: has('OPTIONS') ? variant.options : other.variant.options,
    },
    product: product && {
      ...product,
      description: has('DESCRIPTIONS') ? product.description : (other.product?.description ?? null),
      brand: has('BRANDS') ? product.brand : (other.product?.brand ?? null),
    },
    categories: has('CATEGORIES') ? article.categories : other.categories,
    components: has('BUNDLES') ? article.components : other.components,
    prices: [...article.prices, ...pricesOnlyIn(other, article, has)],
  };
}

function pricesOnlyIn(other: Article, article: Article, has: (capability: string) => boolean): Article['prices'] {
  const currencies = new Set(article.prices.map(({ fact }) => fact.currencyCode));
  return other.prices.filter(({ fact }) => {
    if (!has('SEVERAL_CURRENCIES') && currencies.size > 0 && !currencies.has(fact.currencyCode)) return true;
    return !has('FORMER_PRICES') && fact.former;
  });
}
