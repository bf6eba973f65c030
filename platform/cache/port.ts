export interface CacheEntry {
  /** No personal data and no secret: it may be stored elsewhere. */
  readonly key: string;
  readonly value: string;
  /** How long it may be kept at most, in milliseconds, at least 1. */
  readonly millis: number;
}

/**
 * Texts that are kept for a while to spare the work of making them again. Any of them may be lost at any time. The suite
 * that every adapter passes is test/contract/cache.contract.ts.
 */
export interface Cache {
  /** What is kept, in the order of the keys; null where nothing is. Never throws. */
  get(keys: readonly string[]): Promise<readonly (string | null)[]>;
  /** Keeps entries, instead of what was kept under their keys. Never throws. */
  set(entries: readonly CacheEntry[]): Promise<void>;
  /** How far apart the clocks of those who share it are taken to be, in milliseconds. */
  readonly clockSkewMillis: number;
  /** For health: e.g. `in this process`. */
  describe(): string;
}
