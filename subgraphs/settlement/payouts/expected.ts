/** What is known of a payout at one moment. Minor units of its currency. */
export interface PayoutFacts {
  /** What its statement pays, less what was taken off it already. Without a statement: what the channel announced. */
  readonly statementMinor: bigint;
  /** What earlier settlements owe the channel and it may take off as well: zero or negative. */
  readonly carriedMinor: bigint;
  /** What the channel said that it pays. Null when it did not say, or its statement is not here. */
  readonly announcedMinor: bigint | null;
  /** What the bank shows. Null while it shows nothing. */
  readonly receivedMinor: bigint | null;
}

export interface PayoutVerdict {
  /** The channel took off what earlier settlements owe it. */
  readonly isCarried: boolean;
  /** What was to arrive. */
  readonly expectedMinor: bigint;
  /** What arrived less that; 0 while nothing did. */
  readonly arrivedOffMinor: bigint;
  /** What the channel announced less what its statement says, where neither that nor what is owed explains it. */
  readonly announcedOffMinor: bigint;
}

/**
 * Compares statement, announcement and money. Money that is what the statement says, with or without what is owed, is right
 * whatever was announced. Both differences together are always what stands in transit, so that deciding about them clears it.
 */
export function judgePayout({
  statementMinor,
  carriedMinor,
  announcedMinor,
  receivedMinor,
}: PayoutFacts): PayoutVerdict {
  const netMinor = statementMinor + carriedMinor;
  const right = (isCarried: boolean): PayoutVerdict => {
    const expectedMinor = isCarried ? netMinor : statementMinor;
    const arrivedOffMinor = receivedMinor === null ? 0n : receivedMinor - expectedMinor;
    return { isCarried, expectedMinor, arrivedOffMinor, announcedOffMinor: 0n };
  };
  for (const told of [receivedMinor, announcedMinor]) {
    if (told === statementMinor) return right(false);
    if (told === netMinor) return right(true);
  }
  if (announcedMinor === null) return right(false);
  return {
    isCarried: false,
    expectedMinor: announcedMinor,
    arrivedOffMinor: receivedMinor === null ? 0n : receivedMinor - announcedMinor,
    announcedOffMinor: announcedMinor - statementMinor,
  };
}
