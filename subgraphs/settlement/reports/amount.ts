import { currencyExponent } from '../../../platform/money.ts';

/** Which sign separates the minor digits. A file keeps to one of them; the first amount that tells decides. */
export type DecimalSign = '.' | ',';

/** Largest amount of a line, in minor units: sums of a million such lines still fit a PostgreSQL bigint. */
const MAX_MINOR = 10n ** 12n;

/**
 * Reads the amounts of one file, in its currency, into integer minor units; never through a float. Both `1,234.50` and
 * `1.234,50` are read, but not in one file. A single sign before any other amount told which is which (`1,234`) is a
 * decimal sign; when the currency has not that many digits the amount is refused, not taken for a thousand times as much.
 */
export function createAmountReader(currencyCode: string) {
  const exponent = currencyExponent(currencyCode);
  let sign: DecimalSign | null = null;

  const readWith = (digits: string, decimal: DecimalSign): bigint | null => {
    const grouping = decimal === '.' ? ',' : '.';
    const [whole = '', fraction = '', ...more] = digits.split(decimal);
    if (more.length > 0 || fraction.includes(grouping)) return null;
    if (!/^\d{0,18}$/.test(fraction) || /[1-9]/.test(fraction.slice(exponent))) return null;
    const groups = whole.split(new RegExp(`[${grouping}\u00a0\u202f ']`));
    if (groups.some((group, index) => !(index === 0 ? /^\d{1,18}$/ : /^\d{3}$/).test(group))) return null;
    if (groups.length > 1 && (groups[0] ?? '').length > 3) return null;
    const minor = BigInt(groups.join('') + fraction.slice(0, exponent).padEnd(exponent, '0'));
    return minor > MAX_MINOR ? null : minor;
  };

  return {
    /** How an amount is to look, for a refusal. */
    get expected(): string {
      const digits = exponent === 0 ? 'no digits' : `at most ${exponent} digits`;
      return `an amount in ${currencyCode} with ${digits} after the ${sign === ',' ? 'decimal comma' : 'decimal point'}${sign === null ? ' or comma' : ', as in the lines before'}`;
    },

    /** "-12.50" GBP → -1250n. Null when the text is no amount of the currency. */
    read(text: string): bigint | null {
      const match = /^([-+\u2212]?)(\d.*)$/.exec(text.trim());
      if (!match) return null;
      const digits = match[2] as string;
      let minor: bigint | null;
      if (/^\d+$/.test(digits)) minor = readWith(digits, '.');
      else if (sign !== null) minor = readWith(digits, sign);
      else {
        const last = digits.search(/[.,](?!.*[.,])/);
        // Both signs, or the same one twice: the last of them, or the one that is there once, is the decimal sign.
        const found: DecimalSign = digits[last] === ',' ? ',' : '.';
        const other: DecimalSign = found === ',' ? '.' : ',';
        const grouping = exponent === 0 || digits.indexOf(found) !== last;
        sign = readWith(digits, found) !== null ? found : grouping && readWith(digits, other) !== null ? other : null;
        minor = sign === null || last === -1 ? null : readWith(digits, sign);
      }
      if (minor === null) return null;
      return match[1] === '' || match[1] === '+' ? minor : -minor;
    },
  };
}

export type AmountReader = ReturnType<typeof createAmountReader>;
