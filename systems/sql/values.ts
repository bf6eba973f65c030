import type { FieldSource, SqlMapping } from './mapping.ts';

/** Something a row says in a code or unit that its mapping does not translate. */
export class NoTranslation extends Error {}

/** @returns the text without blanks at its ends, null for none. @throws NoTranslation */
export function translate(source: FieldSource | undefined, raw: string | null | undefined): string | null {
  if (source === undefined) return null;
  if ('value' in source) return source.value;
  const text = raw?.trim() ?? '';
  if (source.codes === null) return text === '' ? null : text;
  if (!Object.hasOwn(source.codes, text)) throw new NoTranslation(`code ${text}`);
  return source.codes[text] ?? null;
}

/** Pieces in one of a unit; 1 where there is no unit. @throws NoTranslation */
export function piecesOf(unit: string | null, units: SqlMapping['units']): number {
  if (unit === null) return 1;
  const pieces = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (pieces === undefined) throw new NoTranslation(`unit ${unit}`);
  return pieces;
}

const DECIMAL = /^([+-]?)(\d{1,24})(?:\.(\d{1,24}))?$/;

/**
 * What one piece costs, in minor units of the currency, rounded half up.
 * @param amount decimal text, for `per` units of `pieces` pieces each
 * @param implied digits after an implied point of a whole number; null when it has its own
 * @param digits of the currency
 * @returns null when that is no number, or divided by nothing
 */
export function amountOfPiece(
  amount: string,
  { per, pieces, implied, digits }: { per: string; pieces: number; implied: number | null; digits: number },
): bigint | null {
  const value = fraction(amount);
  const units = fraction(per);
  if (!value || !units || units.over <= 0n || (implied !== null && amount.includes('.'))) return null;
  const over = value.over * units.below * 10n ** BigInt(digits);
  const below = value.below * units.over * BigInt(pieces) * 10n ** BigInt(implied ?? 0);
  const absolute = over < 0n ? -over : over;
  const rounded = (absolute * 2n + below) / (below * 2n);
  return over < 0n ? -rounded : rounded;
}

/** A decimal times a whole number, as a number; NaN when it is none. */
export function timesPieces(decimal: string, pieces: number): number {
  const value = fraction(decimal);
  return value ? Number(value.over * BigInt(pieces)) / Number(value.below) : Number.NaN;
}

/** Per cent as basis points; NaN when it is no number. */
export const basisPoints = (percent: string): number => timesPieces(percent, 100);

function fraction(text: string): { over: bigint; below: bigint } | null {
  const [, sign, whole = '', digits = ''] = DECIMAL.exec(text) ?? [];
  if (sign === undefined) return null;
  const over = BigInt(whole + digits);
  return { over: sign === '-' ? -over : over, below: 10n ** BigInt(digits.length) };
}

/** Yes and no as databases write them. Null when it is neither; nothing is no. */
export function flagOf(text: string | null): boolean | null {
  if (text === null) return false;
  const word = text.toLowerCase();
  if (['1', 't', 'true', 'y', 'yes', 'x'].includes(word)) return true;
  return ['0', 'f', 'false', 'n', 'no', '-'].includes(word) ? false : null;
}

/** `2026-11-23`, `20261123`, or a moment with or without an offset. */
const MOMENT = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/;
const DAY_MILLIS = 86_400_000;

/**
 * A moment as databases write it. A day is its beginning; as an end, its end.
 * @param timeZone of moments without an offset
 * @returns null for none: nothing, year 0, and the end of year 9999 stand for it. Invalid for what cannot be read
 */
export function momentOf(text: string | null, timeZone: string, as: 'beginning' | 'end' = 'beginning'): Date | null {
  if (text === null || /^0[0-]*([T ].*)?$/.test(text)) return null;
  const match = MOMENT.exec(text);
  if (!match) return new Date(Number.NaN);
  const [, year = '', month = '', day = '', hour, minute = '0', second = '0', part = '', offset] = match;
  if (year === '9999') return null;
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour ?? 0), Number(minute), Number(second), Number(part.padEnd(3, '0').slice(0, 3))); // biome-ignore format: one thought
  if (new Date(utc).getUTCDate() !== Number(day) || new Date(utc).getUTCMonth() + 1 !== Number(month))
    return new Date(Number.NaN);
  const wall = hour === undefined && as === 'end' ? utc + DAY_MILLIS : utc;
  return new Date(offset === undefined ? wall - offsetMillis(wall, timeZone) : wall - parseOffset(offset));
}

/** The same moment as the database writes it without an offset. */
export function wallClockOf(at: Date, timeZone: string): string {
  return new Date(at.getTime() + offsetAt(at.getTime(), timeZone)).toISOString().slice(0, 23).replace('T', ' ');
}

function parseOffset(offset: string): number {
  if (offset === 'Z') return 0;
  const digits = offset.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3) || 0);
  return (digits.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** Of a wall clock that reads `wall`: the offset that held then, found from the one before. */
function offsetMillis(wall: number, timeZone: string): number {
  const guess = offsetAt(wall, timeZone);
  return offsetAt(wall - guess, timeZone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offsetAt(utc: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' });
  formats.set(timeZone, format);
  const name = format.formatToParts(new Date(utc)).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return name === 'GMT' ? 0 : parseOffset(name.slice(3));
}
