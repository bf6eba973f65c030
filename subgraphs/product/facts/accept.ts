import { isCurrencyCode } from '../../../platform/money.ts';
import type { RejectionReason } from '../errors.ts';
import { isGtin, type Media, type VariantOption } from '../model.ts';
import type { BundleFact, CatalogueFact, PriceFact, ProductFact, VariantFact } from '../port.ts';

/** Nothing longer is stored. Keys and titles are parts of indexes, which take 2,700 bytes. */
const LONGEST = { key: 200, name: 500, text: 20_000, url: 2_000 } as const;
const MAX_OPTIONS = 50;
const MAX_AMOUNT_MINOR = 10n ** 12n;
const MAX_QUANTITY = 1_000_000;
/** 100 %. */
const MAX_TAX_BASIS_POINTS = 10_000;

/**
 * Whether a fact may be stored. Everything the tables would refuse is found here, so that one bad record never stops
 * the records that came with it.
 *
 * @returns null when it may
 */
export function whyRejected(fact: CatalogueFact): RejectionReason | null {
  if (!isText(fact.key, LONGEST.key)) return 'TEXT_INVALID';
  switch (fact.kind) {
    case 'category':
      if (!isName(fact.name)) return 'NO_TITLE';
      return fact.parentKey === null || isText(fact.parentKey, LONGEST.key) ? null : 'TEXT_INVALID';
    case 'product':
      return whyProductRejected(fact);
    case 'variant':
      return whyVariantRejected(fact);
    case 'price':
      return whyPriceRejected(fact);
    case 'bundle':
      return whyBundleRejected(fact);
    case 'categoryRemoved':
    case 'productRemoved':
    case 'variantRemoved':
    case 'priceRemoved':
    case 'bundleRemoved':
      return null;
  }
}

function whyProductRejected(fact: ProductFact): RejectionReason | null {
  if (!isName(fact.title)) return 'NO_TITLE';
  const texts =
    isOptional(fact.description, LONGEST.text) &&
    isOptional(fact.brand, LONGEST.name) &&
    fact.categoryKeys.every((key) => isText(key, LONGEST.key)) &&
    fact.media.every(isMedia);
  if (!texts) return 'TEXT_INVALID';
  return isDate(fact.recordedAt) ? null : 'DATE_INVALID';
}

function whyVariantRejected(fact: VariantFact): RejectionReason | null {
  if (!isText(fact.sku, LONGEST.key) || fact.sku.trim() !== fact.sku) return 'NO_SKU';
  if (!isName(fact.title)) return 'NO_TITLE';
  if (fact.gtin !== null && !isGtin(fact.gtin)) return 'GTIN_INVALID';
  const texts =
    isText(fact.productKey, LONGEST.key) && fact.options.length <= MAX_OPTIONS && fact.options.every(isOption);
  return texts ? null : 'TEXT_INVALID';
}

function whyPriceRejected(fact: PriceFact): RejectionReason | null {
  if (!isText(fact.variantKey, LONGEST.key) || !isText(fact.priceList, LONGEST.key)) return 'TEXT_INVALID';
  if (!isCurrencyCode(fact.currencyCode)) return 'CURRENCY_UNKNOWN';
  if (fact.amountMinor < 0n || fact.amountMinor > MAX_AMOUNT_MINOR) return 'PRICE_INVALID';
  if (!isInteger(fact.minQuantity, 1, MAX_QUANTITY)) return 'QUANTITY_INVALID';
  if (!isInteger(fact.taxBasisPoints, 0, MAX_TAX_BASIS_POINTS)) return 'TAX_INVALID';
  if (!isDate(fact.validFrom) || (fact.validTo !== null && !isDate(fact.validTo))) return 'DATE_INVALID';
  return fact.validTo === null || fact.validTo > fact.validFrom ? null : 'PERIOD_INVALID';
}

/** Only what cannot be stored: a bundle that makes no sense is stored, so that it is not sold. */
function whyBundleRejected(fact: BundleFact): RejectionReason | null {
  return fact.components.every((component) => isText(component.variantKey, LONGEST.key)) ? null : 'TEXT_INVALID';
}

/** PostgreSQL stores any text but the null byte. */
function isText(text: string, longest: number): boolean {
  return text.length > 0 && text.length <= longest && !text.includes('\0');
}

const isName = (text: string) => isText(text, LONGEST.name) && text.trim() !== '';
const isOptional = (text: string | null, longest: number) => text === null || isText(text, longest);
const isOption = ({ name, value }: VariantOption) => isName(name) && isName(value);
const isMedia = ({ url, altText }: Media) => isText(url, LONGEST.url) && isOptional(altText, LONGEST.name);
const isInteger = (value: number, least: number, most: number) =>
  Number.isInteger(value) && value >= least && value <= most;
/** Years that ISO 8601 writes with four digits; PostgreSQL could store more, a client could not read them. */
const isDate = (date: Date) => date.getTime() >= 0 && date.getUTCFullYear() <= 9999;
