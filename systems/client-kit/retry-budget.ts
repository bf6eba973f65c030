/**
 * Limits retries to a share of the successful calls, so that retrying never doubles the load on a system that is down.
 * Ten retries in hand; each costs one, each success earns a tenth.
 */
export interface RetryBudget {
  /** False when there is none left. */
  take(): boolean;
  earn(): void;
}

const MOST = 10;
const EARNED_PER_SUCCESS = 0.1;

export function createRetryBudget(): RetryBudget {
  let left = MOST;
  return {
    take() {
      if (left < 1) return false;
      left -= 1;
      return true;
    },
    earn() {
      left = Math.min(MOST, left + EARNED_PER_SUCCESS);
    },
  };
}

/** Full jitter: anything up to 50 ms before the second attempt, doubling, at most 1 s. */
export function retryPauseMillis(attempt: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(50 * 2 ** (attempt - 1), 1_000));
}
