import { CommerceError } from '../../../platform/errors.ts';
import { formatAmount, type Money, parseMoney } from '../../../platform/money.ts';
import { isGtin } from '../model.ts';

/** What an item must be like before its price is told to a channel. */
export interface PriceRules {
  /** Decimal, in the channel's currency. */
  readonly least: string;
  readonly most: string;
  /** Percent by which a price may differ from the one told last. */
  readonly largestChangePercent: number;
  /** What the channel asks of every item beside a price. */
  readonly requires: readonly ('TITLE' | 'GTIN')[];
}

/** An item as the catalogue has it. */
export interface PricedItem {
  readonly sku: string;
  readonly title: string;
  readonly gtin: string | null;
  readonly price: Money;
}

/**
 * Pure: why the price of an item is not told. Null: nothing is wrong.
 * @param told what the channel was told last; null for the first time
 */
export function whyHeld({ title, gtin, price }: PricedItem, rules: PriceRules, told: Money | null): string | null {
  const amount = formatAmount(price);
  const minor = (decimal: string) => parseMoney(decimal, price.currencyCode).amountMinor;
  if (price.amountMinor <= 0n) return `its price is ${amount}`;
  if (price.amountMinor < minor(rules.least)) return `its price of ${amount} is below ${rules.least}`;
  if (price.amountMinor > minor(rules.most)) return `its price of ${amount} is above ${rules.most}`;
  if (told && told.amountMinor > 0n) {
    if (told.currencyCode !== price.currencyCode) return `its price is in ${price.currencyCode}, and was told in ${told.currencyCode}`;
    const difference = price.amountMinor > told.amountMinor ? price.amountMinor - told.amountMinor : told.amountMinor - price.amountMinor;
    if (difference * 100n > told.amountMinor * BigInt(rules.largestChangePercent))
      return `its price goes from ${formatAmount(told)} to ${amount}, by more than ${rules.largestChangePercent} %`;
  }
  if (rules.requires.includes('TITLE') && title.trim() === '') return 'it has no title';
  if (gtin === null) return rules.requires.includes('GTIN') ? 'it has no GTIN' : null;
  return isGtin(gtin) ? null : 'its GTIN is no such number: the digits or the check digit are wrong';
} // biome-ignore format: one thought

/** Pure: checks rules against the currency that they are in. @throws CommerceError CONFIGURATION_INVALID */
export function checkPriceRules({ least, most }: PriceRules, currencyCode: string, channelCode: string): void {
  try {
    if (parseMoney(least, currencyCode).amountMinor <= parseMoney(most, currencyCode).amountMinor) return;
  } catch {
    // told below
  }
  throw new CommerceError('CONFIGURATION_INVALID', `config/channels.yaml: prices of ${channelCode}: expected \`least\` and \`most\` as amounts of ${currencyCode}, and the first not above the second`); // biome-ignore format: one thought
}
