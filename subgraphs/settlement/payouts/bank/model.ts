/** Money that arrived on our bank account, as the bank's statement has it. */
export interface BankReceipt {
  /** What the bank calls the entry; tells two equal amounts of one day apart. */
  readonly bankReference: string;
  /** UNIQUE: the bank gives it once. OF_DAY: once a day or statement. PLACE: it gives none, this is where the entry stands. */
  readonly referenceIs: 'UNIQUE' | 'OF_DAY' | 'PLACE';
  /** The bank's id of the statement, with its page where it has several. Null where the file has none. */
  readonly statementReference: string | null;
  /** Last four characters of the account; never the whole number. */
  readonly accountTail: string;
  /** The texts by which the payer says what it is for, and the ids it gives. */
  readonly remittance: string;
  /** Minor units; negative for money that left the account. */
  readonly amountMinor: bigint;
  /** The bank says that the entry takes an earlier credit back, or returns it. Of other money that left nothing is kept. */
  readonly takesBack: boolean;
  readonly currencyCode: string;
  /** Day of booking, YYYY-MM-DD. */
  readonly bookedOn: string;
}

/**
 * What stands for the bank's name of an entry where it gives none: its place in the statement with its text, so that equal
 * amounts at the same place of two statements of one day are two.
 */
export function placeOf(place: string, currencyCode: string, remittance: string): string {
  return `${place} ${currencyCode} ${remittance}`.slice(0, 200);
}

/** Whether what stands for the bank's name of an entry is only its place. */
export function isPlace(bankReference: string): boolean {
  return /^(line|entry) \d+( payment \d+)? [A-Z]{3} /.test(bankReference);
}

export type BankFormat = 'CAMT_053' | 'BANK_CSV';

/** A payout that waits for its money. */
export interface AwaitedPayout {
  readonly id: string;
  readonly amountMinor: bigint;
  /** What of it arrived already. */
  readonly receivedMinor: bigint;
  /** What the channel is owed from earlier settlements and may take off, the oldest first; negative. */
  readonly owedMinor: readonly bigint[];
  /** What the channel said that it pays. Null when it did not say. */
  readonly announcedMinor: bigint | null;
  readonly currencyCode: string;
  /** Texts that the bank may show: the channel's reference, its id of the payout, its id of the settlement. */
  readonly references: readonly string[];
  /** When the money was to be sent: the end of the statement's period where nobody said; null when nobody said that either. */
  readonly scheduledAt: Date | null;
  /** The channel said that it failed: money that names it arrived all the same, any other does not. */
  readonly failed: boolean;
}
