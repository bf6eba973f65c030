import { type Money, money } from '../../platform/money.ts';

/** Seller's code of a sellable unit, e.g. 71053. Case counts. */
export type Sku = string & { readonly brand: 'Sku' };

/** A concept that is sold in one or more variants. */
export interface Product {
  readonly id: string;
  /** Name in URLs; never changes. */
  readonly handle: string;
  readonly title: string;
  readonly description: string | null;
  readonly brand: string | null;
  readonly media: readonly Media[];
  readonly createdAt: Date;
  /** Last change of the product, its variants, prices or stock. */
  readonly updatedAt: Date;
}

export interface Media {
  readonly url: string;
  readonly altText: string | null;
}

/** What can be put into a cart. */
export interface Variant {
  readonly id: string;
  readonly productId: string;
  readonly sku: Sku;
  /** GTIN-8, -12, -13 or -14 with a right check digit. */
  readonly gtin: string | null;
  readonly title: string;
  readonly options: readonly VariantOption[];
  /** False once the system of record has taken it, or its product, out of sale. */
  readonly onSale: boolean;
}

/** What tells a variant from the others of its product, e.g. Colour: Red. */
export interface VariantOption {
  readonly name: string;
  readonly value: string;
}

/** Units of a variant in one bundle. */
export interface BundleComponent {
  readonly variant: Variant;
  readonly quantity: number;
}

export interface Category {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | null;
}

/** One rule of a price list: what one unit costs, from a quantity, in a period. */
export interface PriceRule {
  /** FORMER: what it cost before; shown beside the selling price, never charged. */
  readonly kind: 'SELLING' | 'FORMER';
  readonly minQuantity: number;
  readonly validFrom: Date;
  /** Exclusive. Null: until another price takes over. */
  readonly validTo: Date | null;
  readonly amountMinor: bigint;
  readonly taxIncluded: boolean;
  /** Decides between rules that are equal in everything else. */
  readonly key: string;
}

/** What one unit costs a channel, at a quantity and a moment. */
export interface Price {
  readonly amount: Money;
  /** The former price, when it was higher. */
  readonly compareAt: Money | null;
  readonly taxIncluded: boolean;
  /** Until when the amount holds at most. Null: no end is known. */
  readonly validUntil: Date | null;
}

/**
 * The price that the rules give: of the valid rules whose quantity is reached, the one that began last, then the one
 * with the largest quantity. `product.quote` decides the same way in SQL; a test compares the two.
 *
 * @param rules of one variant, price list and currency; may hold rules that are over or have not begun
 * @returns null when no selling rule applies: the variant is not priced
 */
export function priceOf(rules: readonly PriceRule[], currencyCode: string, quantity: number, at: Date): Price | null {
  const reached = rules.filter((rule) => rule.minQuantity <= quantity);
  const valid = reached.filter((rule) => rule.validFrom <= at && (rule.validTo === null || rule.validTo > at));
  const selling = strongest(valid.filter((rule) => rule.kind === 'SELLING'));
  if (!selling) return null;
  const former = strongest(valid.filter((rule) => rule.kind === 'FORMER'));
  const ends = reached
    .filter((rule) => rule.kind === 'SELLING' && rule.validFrom > at)
    .map((rule) => rule.validFrom)
    .concat(selling.validTo ?? []);
  return {
    amount: money(selling.amountMinor, currencyCode),
    compareAt: former && former.amountMinor > selling.amountMinor ? money(former.amountMinor, currencyCode) : null,
    taxIncluded: selling.taxIncluded,
    validUntil: ends.sort((a, b) => a.getTime() - b.getTime())[0] ?? null,
  };
}

/** When the prices that these rules give may be others than at a moment, nothing being written; null when never. */
export function nextChange(rules: readonly PriceRule[], at: Date): Date | null {
  const moments = rules.flatMap(({ validFrom, validTo }) => [validFrom, ...(validTo ? [validTo] : [])]);
  const coming = moments.filter((moment) => moment > at);
  return coming.sort((a, b) => a.getTime() - b.getTime())[0] ?? null;
}

function strongest(rules: readonly PriceRule[]): PriceRule | undefined {
  return [...rules].sort(
    (a, b) =>
      b.validFrom.getTime() - a.validFrom.getTime() || b.minQuantity - a.minQuantity || (a.key < b.key ? 1 : -1),
  )[0];
}

/** Text as search and sorting see it: lower case, without diacritics and invisible characters, one space between words. */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** The words of a text, folded: runs of letters and digits. The same for what is searched and for what is found. */
export function searchWords(text: string): string[] {
  return [...new Set(foldText(text).match(/[\p{L}\p{N}]+/gu) ?? [])];
}

/** "White Metal Lantern" → "white-metal-lantern". Empty when there is nothing to write in ASCII. */
export function slug(text: string): string {
  return foldText(text)
    .replace(/['’]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 100)
    .replace(/^-+|-+$/g, '');
}

/** True for 8, 12, 13 or 14 digits whose last is the GS1 check digit of the others. */
export function isGtin(text: string): boolean {
  if (!/^(\d{8}|\d{12,14})$/.test(text)) return false;
  const digits = [...text].map(Number).reverse();
  const sum = digits.slice(1).reduce((total, digit, index) => total + digit * (index % 2 === 0 ? 3 : 1), 0);
  return (sum + (digits[0] ?? 0)) % 10 === 0;
}
