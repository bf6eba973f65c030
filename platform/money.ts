import { CommerceError } from './errors.ts';

/** An amount in integer minor units of its currency (pence, yen, fils). Never a float. */
export interface Money {
  readonly amountMinor: bigint;
  /** ISO 4217 alphabetic code. */
  readonly currencyCode: string;
}

/** Currencies whose minor unit is not 1/100 (ISO 4217). All other known currencies have two digits. */
const EXPONENTS: Readonly<Record<string, number>> = {
  BIF: 0, CLP: 0, DJF: 0, GNF: 0, ISK: 0, JPY: 0, KMF: 0, KRW: 0, PYG: 0, RWF: 0, UGX: 0, UYI: 0, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0,
  BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3,
}; // biome-ignore format: a table

const KNOWN = new Set(Intl.supportedValuesOf('currency'));

/** Largest amount accepted: 10^12 minor units. Sums of a million such lines still fit a PostgreSQL bigint. */
const MAX_MINOR = 10n ** 12n;

export function isCurrencyCode(code: string): boolean {
  return KNOWN.has(code);
}

/** Digits after the decimal point: 0 for JPY, 2 for GBP, 3 for KWD. */
export function currencyExponent(currencyCode: string): number {
  return EXPONENTS[currencyCode] ?? 2;
}

export function money(amountMinor: bigint | number | string, currencyCode: string): Money {
  return { amountMinor: BigInt(amountMinor), currencyCode };
}

/** "38.90" GBP → 3890n. More digits than the currency has are refused, not rounded. */
export function parseMoney(amount: string, currencyCode: string): Money {
  if (!isCurrencyCode(currencyCode)) {
    throw new CommerceError('BAD_USER_INPUT', 'currencyCode must be an ISO 4217 code such as GBP');
  }
  const exponent = currencyExponent(currencyCode);
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,6}))?$/.exec(amount);
  const fraction = match?.[3] ?? '';
  if (!match || (fraction.length > exponent && /[1-9]/.test(fraction.slice(exponent)))) {
    throw new CommerceError(
      'BAD_USER_INPUT',
      `amount must be a decimal with at most ${exponent} digits after the point for ${currencyCode}`,
    );
  }
  const minor = BigInt(match[2] + fraction.slice(0, exponent).padEnd(exponent, '0'));
  if (minor > MAX_MINOR) throw new CommerceError('BAD_USER_INPUT', 'amount is too large');
  return { amountMinor: match[1] ? -minor : minor, currencyCode };
}

/** "40.9950" GBP → 4100n: half up on the minor unit. For systems that compute with more digits than the currency has. */
export function roundToMinor(amount: string, currencyCode: string): bigint {
  const digits = currencyExponent(currencyCode);
  const [whole = '', fraction = ''] = amount.replace('-', '').split('.');
  const padded = fraction.padEnd(digits + 1, '0');
  const minor = BigInt(whole + padded.slice(0, digits)) + (padded.charAt(digits) >= '5' ? 1n : 0n);
  return amount.startsWith('-') ? -minor : minor;
}

/** 3890n GBP → "38.90", with exactly the currency's digits. */
export function formatAmount({ amountMinor, currencyCode }: Money): string {
  const exponent = currencyExponent(currencyCode);
  const digits = (amountMinor < 0n ? -amountMinor : amountMinor).toString().padStart(exponent + 1, '0');
  const sign = amountMinor < 0n ? '-' : '';
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

export function addMoney(a: Money, b: Money): Money {
  if (a.currencyCode !== b.currencyCode) throw new Error(`cannot add ${a.currencyCode} and ${b.currencyCode}`);
  return { amountMinor: a.amountMinor + b.amountMinor, currencyCode: a.currencyCode };
}

export function multiplyMoney(unit: Money, quantity: number): Money {
  return { amountMinor: unit.amountMinor * BigInt(quantity), currencyCode: unit.currencyCode };
}

/** The tax contained in, or added to, an amount; half up on the minor unit. `rateBasisPoints` 2000 = 20 %. */
export function taxOf(amount: Money, rateBasisPoints: number, included: boolean): Money {
  const rate = BigInt(rateBasisPoints);
  const divisor = included ? 10_000n + rate : 10_000n;
  const negative = amount.amountMinor < 0n;
  const absolute = negative ? -amount.amountMinor : amount.amountMinor;
  const tax = (absolute * rate * 2n + divisor) / (divisor * 2n);
  return { amountMinor: negative ? -tax : tax, currencyCode: amount.currencyCode };
}

/** Minor units of one currency in another at a decimal rate ("0.85": one major unit gives 0.85), half up on the minor unit. */
export function timesRate(amountMinor: bigint, rate: string, from: string, to: string): bigint {
  const [whole = '0', fraction = ''] = rate.split('.');
  const numerator = BigInt(whole + fraction) * 10n ** BigInt(currencyExponent(to));
  const denominator = 10n ** BigInt(fraction.length + currencyExponent(from));
  const absolute = amountMinor < 0n ? -amountMinor : amountMinor;
  const converted = (absolute * numerator * 2n + denominator) / (denominator * 2n);
  return amountMinor < 0n ? -converted : converted;
}
