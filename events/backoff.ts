import type { RetryBudget } from './port.ts';

/** About six seconds in all at most: longer than a restart of a neighbour, short enough not to hold up the subject. */
export const DEFAULT_RETRY: RetryBudget = { attempts: 6, firstDelayMillis: 200, maxDelayMillis: 5_000 };

/**
 * Wait before the next try, in milliseconds: at random below a bound that doubles ("full jitter"), so that those who
 * failed together do not come back together.
 *
 * @param failures tries that have failed so far, from 1
 */
export function backoff(failures: number, bounds: { firstDelayMillis: number; maxDelayMillis: number }): number {
  const bound = Math.min(bounds.maxDelayMillis, bounds.firstDelayMillis * 2 ** Math.min(failures - 1, 30));
  return Math.random() * bound;
}
