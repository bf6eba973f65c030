/** What is known of a payout at one moment. Minor units of its currency. */
export interface PayoutFacts {
  /** What its statement pays. Without a statement: what the channel announced. */
  readonly statementMinor: bigint;
  /** What the channel said that it pays. Null when it did not say, or its statement is not here. */
  readonly announcedMinor: bigint | null;
  /** What the bank shows. Null while it shows nothing. */
  readonly receivedMinor: bigint | null;
}

export interface PayoutVerdict {
  /** What was to arrive. */
  readonly expectedMinor: bigint;
  /** What arrived less that; 0 while nothing did. */
  readonly arrivedOffMinor: bigint;
  /** What the channel announced less what its statement says and what was taken off, where money does not put it right. */
  readonly announcedOffMinor: bigint;
}

/**
 * Compares statement, announcement and money. Money that is what the statement says, less what was taken off, is right whatever
 * was announced. What was taken off and both differences always add up to what is told less what the statement pays, so that
 * deciding about them clears what stands in transit.
 *
 * @param takenMinor what was taken off for earlier settlements: zero or negative
 */
export function judgePayout(facts: PayoutFacts, takenMinor: bigint): PayoutVerdict {
  const { announcedMinor, receivedMinor } = facts;
  const dueMinor = facts.statementMinor + takenMinor;
  const isAsAnnounced = announcedMinor !== null && receivedMinor !== dueMinor;
  const expectedMinor = isAsAnnounced ? announcedMinor : dueMinor;
  return {
    expectedMinor,
    arrivedOffMinor: receivedMinor === null ? 0n : receivedMinor - expectedMinor,
    announcedOffMinor: expectedMinor - dueMinor,
  };
}
