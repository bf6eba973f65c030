/** A record that two sides know differently. */
export interface Difference {
  /** Names the record; the same at every look. */
  readonly key: string;
  /** Both sides' figures, for an operator. The same text twice means that nothing moved in between. No personal data. */
  readonly what: string;
  /** What a person can do about it. */
  readonly remedy: string;
  /** The order it concerns, if any. */
  readonly orderId?: string;
  /** Whether the system of record owns the fact, so that taking it over again puts it right. */
  readonly correctable: boolean;
}

/** A page of what the system of record has, compared with ours. */
export interface ComparedPage {
  /** Every record of the page that concerns us, equal or not. */
  readonly keys: readonly string[];
  readonly differences: readonly Difference[];
  /** Where the next page begins; null after the last one. */
  readonly next: string | null;
}

/**
 * How one kind of record is compared with the system that owns it. Reads only, but for `correct`. A cursor is opaque, and
 * null for the first page; the same cursor again reads the same page as it is then.
 *
 * Every method throws CommerceError when the system or the store does not answer: the run goes on later from there.
 */
export interface Comparison {
  /** As exceptions name it, e.g. wms. */
  readonly system: string;
  /** What is compared, in one word, e.g. stock. */
  readonly subject: string;
  theirs(cursor: string | null, signal: AbortSignal): Promise<ComparedPage>;
  /** Records that the system must have, because we know it took them. */
  ours(cursor: string | null): Promise<{ readonly keys: readonly string[]; readonly next: string | null }>;
  /** Those of our records that it does not have at this moment. */
  missing(keys: readonly string[], signal: AbortSignal): Promise<readonly Difference[]>;
  /** Takes the records of a page over again. @returns keys that are right now */
  correct?(cursor: string | null, keys: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
}

/** What a finished run found. */
export interface Reconciliation {
  readonly system: string;
  readonly subject: string;
  readonly compared: number;
  readonly different: number;
  readonly corrected: number;
  readonly excepted: number;
  readonly seconds: number;
  readonly differences: readonly (Difference & { readonly outcome: 'CORRECTED' | 'EXCEPTED' })[];
}
