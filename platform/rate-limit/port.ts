/** How many points can be spent at once, and how fast they come back. */
export interface Bucket {
  readonly capacity: number;
  readonly refillPerSecond: number;
}

export interface Taken {
  readonly allowed: boolean;
  /** Points left after this. Below zero when more was spent than anybody knew beforehand. */
  readonly left: number;
  /** Until as many points are there as were asked for, in milliseconds; 0 when allowed. */
  readonly retryAfterMillis: number;
}

/**
 * A token bucket for each key. A key that was never seen has a full bucket. The suite that every adapter passes is
 * test/contract/rate-limiter.contract.ts.
 */
export interface RateLimiter {
  /**
   * Takes points, all or none. More than the capacity can never be there, so that many counts as the capacity.
   * @param key no personal data: it may be stored
   */
  take(key: string, points: number, bucket: Bucket): Promise<Taken>;
  /**
   * Gives points back, up to the capacity; negative ones are taken whatever is left, as a debt that has to be refilled
   * first. Never throws: what is lost is a few points.
   */
  give(key: string, points: number, bucket: Bucket): Promise<void>;
  /** For health: e.g. `in this process`. */
  describe(): string;
}

/** How long a bucket takes to gain points, in milliseconds. */
export function millisUntil(points: number, { refillPerSecond }: Bucket): number {
  return Math.max(0, Math.ceil((points / refillPerSecond) * 1_000));
}
