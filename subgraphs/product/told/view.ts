import { formatAmount, money } from '../../../platform/money.ts';
import { type PriceRule, priceOf } from '../model.ts';
import type { Article } from './model.ts';

/** Names of a category from its root, or null when it is not there. */
export type CategoryPath = (category: Article['categories'][number]) => string | null;

/**
 * What callers see of an article at a moment, field by field, as texts in which only what means something differs: white space
 * is folded, amounts have the digits of their currency, a price list is what a unit costs from which quantity. Pure.
 */
export function viewOf(article: Article, pathOf: CategoryPath, at: Date): ReadonlyMap<string, string> {
  const { variant, product, categories, components } = article;
  const fields = new Map<string, string>([
    ['title', fold(variant.title)],
    ['productTitle', fold(product?.title ?? null)],
    ['description', fold(product?.description ?? null)],
    ['brand', fold(product?.brand ?? null)],
    ['gtin', fold(variant.gtin)],
    ['options', sorted(variant.options.map(({ name, value }) => `${fold(name)}: ${fold(value)}`))],
    ['categories', sorted(categories.map((category) => pathOf(category) ?? '')) || NONE],
    ['media', sorted((product?.media ?? []).map(({ url }) => url))],
    ['variants', article.siblings.join(', ')],
    ['components', sorted((components ?? []).map(({ sku, quantity }) => `${quantity} × ${sku}`))],
  ]);
  for (const [field, text] of pricesOf(article, at)) fields.set(field, text);
  return fields;
}

/** Fields in which two views differ, with both words. */
export function differencesOf(
  here: ReadonlyMap<string, string>,
  there: ReadonlyMap<string, string>,
  ignored: readonly string[],
): Record<string, { here: string; there: string }> {
  const found: Record<string, { here: string; there: string }> = {};
  for (const field of new Set([...here.keys(), ...there.keys()])) {
    const [mine = NONE, theirs = NONE] = [here.get(field), there.get(field)];
    // A field of prices is named with its list, such as "price WEB": all of them are ignored by the first word.
    if (mine !== theirs && !ignored.includes(field) && !ignored.includes(field.split(' ')[0] ?? ''))
      found[field] = { here: shorten(mine), there: shorten(theirs) };
  }
  return found;
}

const NONE = '(none)';
const LONGEST = 200;

const fold = (text: string | null): string => text?.normalize('NFC').replace(/\s+/gu, ' ').trim() || NONE;
const sorted = (texts: readonly string[]): string => [...texts].sort().join(', ') || NONE;
const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

function pricesOf(article: Article, at: Date): Map<string, string> {
  const lists = new Map<string, { list: string; currency: string; rules: PriceRule[]; tax: Set<string> }>();
  for (const { fact } of article.prices) {
    const { priceList, currencyCode, former, taxBasisPoints, taxIncluded, ...rule } = fact;
    const key = `${priceList} ${currencyCode}`;
    const known = lists.get(key) ?? { list: priceList, currency: currencyCode, rules: [], tax: new Set() };
    known.rules.push({ ...rule, taxIncluded, kind: former ? 'FORMER' : 'SELLING' });
    const holds = rule.validFrom <= at && (rule.validTo === null || rule.validTo > at);
    if (!former && holds) known.tax.add(`${taxBasisPoints / 100} % ${taxIncluded ? 'within' : 'on top'}`);
    lists.set(key, known);
  }
  const fields = new Map<string, string>();
  for (const [key, { currency, rules, tax }] of lists) {
    const steps: string[] = [];
    let before = '';
    for (const quantity of [...new Set([1, ...rules.map(({ minQuantity }) => minQuantity)])].sort((a, b) => a - b)) {
      const price = priceOf(rules, currency, quantity, at);
      const text = price ? words(price, currency) : NONE;
      // A step at which nothing changes is no step.
      if (text !== before) steps.push(quantity === 1 ? text : `${text} from ${quantity}`);
      before = text;
    }
    fields.set(`price ${key}`, steps.join(', '));
    if (tax.size > 0) fields.set(`tax ${key}`, sorted([...tax]));
  }
  return fields;
}

function words({ amount, compareAt }: NonNullable<ReturnType<typeof priceOf>>, currency: string): string {
  const before = compareAt ? ` (before ${formatAmount(money(compareAt.amountMinor, currency))})` : '';
  return `${formatAmount(amount)} ${currency}${before}`;
}
