/** How often one operation may be called: so many at once, and then so many in a second. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * Counts the calls of one operation by the rate that a partner publishes for it, where it does not say itself how many are left.
 * Some, such as Amazon, say in their answers at which rate an account is served, which may be more than what is published.
 */
export interface Pace {
  /** How long the next call has to wait, in milliseconds. */
  waitMillis(): number;
  /** A call goes out. */
  count(): void;
  /** The partner says how many in a second it allows. */
  allow(perSecond: number): void;
  /** It refused a call: others have used what there was. */
  empty(): void;
}

/** @param now milliseconds since 1970 */
export function createPace(published: Rate, now: () => number): Pace {
  let { perSecond } = published;
  let left = published.burst;
  let at = now();
  function refill(): void {
    left = Math.min(published.burst, left + (Math.max(0, now() - at) / 1_000) * perSecond);
    at = now();
  }
  return {
    waitMillis() {
      refill();
      // What rounding leaves out of a whole call is one.
      return left >= 1 - 1e-9 ? 0 : Math.ceil(((1 - left) / perSecond) * 1_000);
    },
    count() {
      refill();
      left -= 1;
    },
    allow(allowed) {
      if (!(allowed > 0)) return;
      refill();
      perSecond = allowed;
    },
    empty() {
      refill();
      left = Math.min(left, 0);
    },
  };
}
