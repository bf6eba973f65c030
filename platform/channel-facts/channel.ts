/** A value as it is kept and compared: JSON. */
export type FactValue = Readonly<Record<string, unknown>>;

/** One way of telling a channel, with the rate that the channel publishes for it. */
export interface TellingWay {
  /** Names it among the ways of the channel, e.g. `single`. */
  readonly name: string;
  /** Items of one submission at most. */
  readonly most: number;
  /** Submissions that may be sent at once, and how many more each second allows. */
  readonly burst: number;
  readonly perSecond: number;
}

export interface ToldItem<Value extends FactValue> {
  /** What the channel calls it. */
  readonly item: string;
  readonly value: Value;
}

/** What is sent to a channel at once. */
export interface Submission<Value extends FactValue> {
  /** Ours; unique and rising. A channel that knows submissions by name gets it. */
  readonly id: string;
  readonly way: string;
  /** Each item once. */
  readonly items: readonly ToldItem<Value>[];
}

/** What became of an item. `code` is the channel's own reason: capitals, digits and underscores, no text of its. */
export type ItemOutcome =
  | { readonly item: string; readonly outcome: 'APPLIED' }
  /** For good, until the value changes. */
  | { readonly item: string; readonly outcome: 'REFUSED'; readonly code: string }
  /** For a reason of the channel's own: the same may succeed later. */
  | { readonly item: string; readonly outcome: 'FAILED'; readonly code: string };

/** The channel's answer. Accepted is not applied: what became of the items is asked later, by the reference. */
export type SubmissionAnswer =
  | { readonly kind: 'ACCEPTED'; readonly reference: string }
  | { readonly kind: 'ENDED'; readonly outcomes: readonly ItemOutcome[] };

/**
 * A channel that is told something of its items, such as how many may be sold.
 *
 * Every method throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_REJECTED | SYSTEM_BAD_RESPONSE.
 */
export interface FactChannel<Value extends FactValue> {
  /** Quickest first; the last takes the most items. */
  readonly ways: readonly [TellingWay, ...TellingWay[]];
  /** A value is what holds from then on, not a change of the former: telling it again is safe. */
  tell(submission: Submission<Value>, signal: AbortSignal): Promise<SubmissionAnswer>;
  /**
   * What became of an accepted submission; null while the channel has not ended it. Items may be missing: nothing is known of them.
   * @param told what was in it, in any order
   */
  outcomeOf(
    reference: string,
    signal: AbortSignal,
    told: readonly ToldItem<Value>[],
  ): Promise<readonly ItemOutcome[] | null>;
  /** All that the channel knows, page by page. Null: it cannot be asked. */
  readonly known: ((signal: AbortSignal) => AsyncIterable<readonly ToldItem<Value>[]>) | null;
}
