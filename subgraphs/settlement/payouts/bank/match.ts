import type { AwaitedPayout, BankReceipt } from './model.ts';

/** How a receipt was found to be a payout; the surest first. */
export type ReceiptRule = 'REFERENCE_AND_AMOUNT' | 'REFERENCE' | 'AMOUNT_AND_DATE';

export interface ReceiptMatch {
  readonly payoutId: string;
  readonly rule: ReceiptRule;
}

/** Days that money may arrive before it was said to be sent, and after. */
const EARLY_DAYS = 3;
const LATE_DAYS = 10;

/**
 * The payout that a receipt is. Its reference decides; without one, the amount does where a single payout of that amount
 * is due about that day. A payout may come in parts: what names it is of it until all of it is there. Null when there is none,
 * or when it could be several: a person decides then.
 */
export function payoutOfReceipt(
  receipt: Pick<BankReceipt, 'amountMinor' | 'currencyCode' | 'remittance' | 'bookedOn'>,
  awaited: readonly AwaitedPayout[],
): ReceiptMatch | null {
  const candidates = awaited.filter((payout) => payout.currencyCode === receipt.currencyCode);
  const named = candidates.filter(({ references }) => references.some((reference) => mentions(receipt.remittance, reference))); // biome-ignore format: one thought
  const found = (payout: AwaitedPayout, rule: ReceiptRule): ReceiptMatch => ({ payoutId: payout.id, rule });
  const fits = (payout: AwaitedPayout) => isWhole(payout, receipt.amountMinor) || isWhole(payout, payout.receivedMinor + receipt.amountMinor); // biome-ignore format: one thought
  const exact = named.filter(fits);
  if (exact.length === 1 && exact[0]) return found(exact[0], 'REFERENCE_AND_AMOUNT');
  if (named.length === 1 && named[0]) return found(named[0], 'REFERENCE');
  if (named.length > 1) return null;
  const due = candidates.filter(
    (payout) => !payout.failed && payout.receivedMinor === 0n && fits(payout) && isDue(payout, receipt.bookedOn),
  );
  return due.length === 1 && due[0] ? found(due[0], 'AMOUNT_AND_DATE') : null;
}

/** Whether an amount is what a payout was to be, with or without what the channel may take off. */
export function isWhole({ amountMinor, owedMinor, announcedMinor }: AwaitedPayout, minor: bigint): boolean {
  if (minor === amountMinor || minor === announcedMinor) return true;
  return runsOf(owedMinor).some((run) => minor === run.reduce((sum, one) => sum + one, amountMinor));
}

/** Banks drop spaces and punctuation, and change the case. */
function plain(text: string): string {
  return ` ${text.toUpperCase().replaceAll(/[^A-Z0-9]+/g, ' ')} `;
}

/** Whether a text names a reference: whole words only, and none so short that it stands in any text: reference 17 is not in "177". */
export function mentions(text: string, reference: string): boolean {
  const words = plain(text);
  const wanted = plain(reference);
  if (wanted.trim().length < 4) return false;
  return (
    words.includes(wanted) ||
    (wanted.trim().length >= 10 && words.replaceAll(' ', '').includes(wanted.replaceAll(' ', '')))
  );
}

function isDue({ scheduledAt }: AwaitedPayout, bookedOn: string): boolean {
  if (scheduledAt === null) return false;
  const days = (Date.parse(`${bookedOn}T00:00:00Z`) - scheduledAt.getTime()) / 86_400_000;
  return days >= -EARLY_DAYS && days <= LATE_DAYS;
}

/** Every run of consecutive ones, the oldest and shortest first. */
function runsOf<One>(owed: readonly One[]): One[][] {
  return owed.flatMap((_, from) => owed.slice(from).map((_one, index) => owed.slice(from, from + index + 1)));
}
