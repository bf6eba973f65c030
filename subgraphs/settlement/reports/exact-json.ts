import { currencyExponent } from '../../../platform/money.ts';
import { unreadable } from './refusal.ts';

/**
 * Parses JSON whose numbers are money: every number outside a string arrives as the text that stands in the document,
 * because a JavaScript number could change its last digit.
 *
 * @throws ReportRefusal UNREADABLE
 */
export function parseExactJson(text: string): unknown {
  if (/\\u0000/.test(text)) throw unreadable('The file holds null characters.');
  // Strings are matched first and kept, so that a number inside one is left alone.
  const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
  try {
    return JSON.parse(quoted);
  } catch (error) {
    throw unreadable('The file is not JSON, or is cut off.', {}, { cause: error });
  }
}

/** "12.5", "1e3" EUR → 1250n, 100000n. Null when it is no number, or has more digits than the currency. */
export function readJsonAmount(text: unknown, currencyCode: string): bigint | null {
  const match = typeof text === 'string' ? /^(-?)(\d{1,18})(?:\.(\d{1,18}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text) : null;
  if (!match) return null;
  const fraction = match[3] ?? '';
  const shift = currencyExponent(currencyCode) + Number(match[4] ?? 0) - fraction.length;
  const digits = BigInt(match[2] + fraction);
  const scale = 10n ** BigInt(Math.abs(shift));
  if (shift < 0 && digits % scale !== 0n) return null;
  const minor = shift < 0 ? digits / scale : digits * scale;
  return match[1] ? -minor : minor;
}
