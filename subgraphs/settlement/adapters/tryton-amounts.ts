import { currencyExponent, formatAmount, money, roundToMinor } from '../../../platform/money.ts';
import type { TrytonAccount } from '../../../systems/tryton/books.ts';
import type { NewMove, TrytonMoveLine } from '../../../systems/tryton/moves.ts';
import type { BookingSide } from '../model.ts';
import type { Posting } from '../port.ts';

/** A day as Tryton tells and takes it. */
export interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

interface Line {
  readonly account: string;
  readonly side: BookingSide;
  readonly amountMinor: bigint;
}

/** Digits that Tryton keeps of a unit price, as it is installed. */
const PRICE_DIGITS = 4;

/**
 * Units with prices whose sums, as Tryton rounds them, are exactly the net: it knows a price by unit, and 10.00 for 3 has none.
 * With four digits most have one; the others are split into units of whole minor units.
 */
export function priced(
  netMinor: bigint,
  quantity: number,
  currencyCode: string,
): { readonly quantity: number; readonly unitPrice: string }[] {
  const count = BigInt(quantity);
  const scale = 10n ** BigInt(PRICE_DIGITS);
  const unit = 10n ** BigInt(currencyExponent(currencyCode));
  // In the smallest part of a price, half up; net is never below zero.
  const price = (netMinor * scale * 2n + count * unit) / (count * unit * 2n);
  const text = (parts: bigint) => `${parts / scale}.${String(parts % scale).padStart(PRICE_DIGITS, '0')}`;
  const exact = price * count * unit - netMinor * scale;
  // Tryton rounds the sum of a line to minor units.
  if ((exact < 0n ? -exact : exact) * 2n < scale) return [{ quantity, unitPrice: text(price) }];
  const [floor, more] = [netMinor / count, netMinor % count];
  const amount = (minor: bigint) => formatAmount(money(minor, currencyCode));
  const dearer = { quantity: Number(more), unitPrice: amount(floor + 1n) };
  const rest = { quantity: Number(count - more), unitPrice: amount(floor) };
  return [dearer, rest].filter((part) => part.quantity > 0);
}

/** Lines of ours as Tryton takes them. @throws Error for an account that is not in `chart` */
export function toMoveLines(
  lines: readonly Line[],
  chart: ReadonlyMap<string, TrytonAccount>,
  currencyCode: string,
): NewMove['lines'] {
  return lines.map(({ account, side, amountMinor }) => {
    const known = chart.get(account);
    if (!known) throw new Error(`account ${account} was not looked up`);
    const amount = formatAmount(money(amountMinor, currencyCode));
    return { account: known, debit: side === 'DEBIT' ? amount : '0', credit: side === 'CREDIT' ? amount : '0' };
  });
}

/** Lines of Tryton as the graph tells them: what takes another posting back has amounts below zero there, and none of nought. */
export function toLines(lines: readonly TrytonMoveLine[], currencyCode: string): Posting['lines'] {
  return lines.flatMap(({ code, debit, credit }) => {
    const balance = roundToMinor(debit, currencyCode) - roundToMinor(credit, currencyCode);
    if (balance === 0n) return [];
    const side = balance > 0n ? ('DEBIT' as const) : ('CREDIT' as const);
    return [{ account: code, side, amountMinor: balance > 0n ? balance : -balance, currencyCode }];
  });
}

/** The day that counts in a month such as 2026-11: today, or its last one. */
export function dayIn(period: string, today: Day): Day {
  const [year = 0, month = 0] = period.split('-').map(Number);
  if (today.year === year && today.month === month) return today;
  return { year, month, day: new Date(Date.UTC(year, month, 0)).getUTCDate() };
}

export const textOf = ({ year, month, day }: Day): string => [year, month, day].map((part) => String(part).padStart(2, '0')).join('-'); // biome-ignore format: one thought
