/** What every method of a system client takes besides its own arguments. */
export interface CallOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
  /** W3C trace id (32 hex digits) of the work this call belongs to. */
  readonly traceId?: string | undefined;
}

/** A reader of a change feed says how far it has come. */
export interface FeedPosition {
  /** Number of the last entry the reader has; 0 for the start. */
  readonly after: number;
  /** Entries at most, 1 to 1000. Default 200. */
  readonly limit?: number;
  /** Seconds to wait for news, 0 to 30. Default 0. */
  readonly waitSeconds?: number;
}
