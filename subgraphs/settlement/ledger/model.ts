import { CommerceError } from '../../../platform/errors.ts';
import type { BookingSide } from '../model.ts';

/** What the ERP gets of an entry: with the vouchers of the period, nothing because it booked it itself, or nothing at all. */
export type ErpTreatment = 'VOUCHER' | 'MIRROR' | 'NONE';

export interface LedgerLine {
  /** Number of the account. */
  readonly account: string;
  readonly side: BookingSide;
  /** Minor units, above zero. */
  readonly amountMinor: bigint;
  /** ISO 4217. */
  readonly currencyCode: string;
}

/** An entry to be posted. */
export interface NewLedgerEntry {
  /** What it is posted for; one entry per cause, whatever is repeated. */
  readonly cause: string;
  readonly event: string;
  readonly erp: ErpTreatment;
  /** The business date. The entry counts in its month, or in the first open one after it. */
  readonly bookedAt: Date;
  readonly description: string;
  readonly channelCode: string | null;
  readonly orderId: string | null;
  readonly statementId: string | null;
  /** Id of the entry that this one takes back. */
  readonly reversalOf: string | null;
  /** Who had it posted: a client, or `system`. */
  readonly actor: string;
  /** At least two; debits and credits are equal per currency. */
  readonly lines: readonly LedgerLine[];
}

/** Sum of debits less credits per currency; every one is zero in a balanced entry. */
export function imbalance(lines: readonly LedgerLine[]): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { side, amountMinor, currencyCode } of lines) {
    const signed = side === 'DEBIT' ? amountMinor : -amountMinor;
    sums.set(currencyCode, (sums.get(currencyCode) ?? 0n) + signed);
  }
  return sums;
}

/**
 * One line per account and currency: what is left of all of them. Sorted, so that the same movements give the same
 * lines in whatever order they come.
 */
export function condensed(lines: readonly LedgerLine[]): LedgerLine[] {
  const sums = new Map<string, bigint>();
  for (const { account, side, amountMinor, currencyCode } of lines) {
    const key = `${account} ${currencyCode}`;
    sums.set(key, (sums.get(key) ?? 0n) + (side === 'DEBIT' ? amountMinor : -amountMinor));
  }
  return [...sums]
    .filter(([, sum]) => sum !== 0n)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, sum]) => {
      const [account = '', currencyCode = ''] = key.split(' ');
      return { account, currencyCode, side: sum > 0n ? 'DEBIT' : 'CREDIT', amountMinor: sum > 0n ? sum : -sum };
    });
}

/** The lines of an entry that takes these back. */
export function reversed(lines: readonly LedgerLine[]): LedgerLine[] {
  return lines.map((line) => ({ ...line, side: line.side === 'DEBIT' ? 'CREDIT' : 'DEBIT' }));
}

/** The month a moment belongs to, in UTC: 2026-11. */
export function monthOf(at: Date): string {
  return at.toISOString().slice(0, 7);
}

/** @throws CommerceError BAD_USER_INPUT when it is not written like 2026-11 */
export function checkMonth(month: string): void {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    throw new CommerceError('BAD_USER_INPUT', `${month.slice(0, 20)} is no month; expected one such as 2026-11.`);
}

/** The month after: 2026-12 → 2027-01. */
export function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
}

/** The month an entry counts in: its own, or the first one after it that is not closed. */
export function openMonthFrom(month: string, closed: ReadonlySet<string>): string {
  let candidate = month;
  while (closed.has(candidate)) candidate = nextMonth(candidate);
  return candidate;
}
