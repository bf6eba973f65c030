import { sleep } from '../clock.ts';
import { isCommerceError } from '../errors.ts';
import type { Logger } from '../logger.ts';

export interface Patience {
  readonly logger: Logger;
  /** After which the last failure is thrown, in milliseconds. A server that says that it is coming up is waited for. */
  readonly waitMillis: number;
  /** Before the first repetition, in milliseconds; doubles each time, up to {@link LONGEST_PAUSE_MILLIS}. */
  readonly pauseMillis?: number;
}

/** SQLSTATE codes of a server that is there and will not let us in, however long we wait. */
export const NO_ENTRY = new Set<unknown>(['28P01', '28000']);

/** SQLSTATE of a server that is there and not ready: it recovers after a crash, however long that takes, and will answer. */
export const COMES_UP: unknown = '57P03';

const FIRST_PAUSE_MILLIS = 200;
const LONGEST_PAUSE_MILLIS = 5_000;

/**
 * Repeats a step of a start that the operational store did not answer: a process on a busy machine may be slower with its
 * first connections than their time-out, and would begin from nothing again and again.
 *
 * @param step may be done twice: it may have had its effect although nobody said so
 * @throws whatever else the step throws, at once; DATABASE_UNAVAILABLE after `waitMillis`, or where credentials are refused
 */
export async function patiently<T>(
  { logger, waitMillis, pauseMillis = FIRST_PAUSE_MILLIS }: Patience,
  step: () => Promise<T>,
): Promise<T> {
  let heardAt = performance.now();
  for (let pause = pauseMillis; ; pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2)) {
    try {
      return await step();
    } catch (error) {
      const isTransient =
        isCommerceError(error) && error.code === 'DATABASE_UNAVAILABLE' && !NO_ENTRY.has(error.details.reason);
      if (!isTransient) throw error;
      if (error.details.reason === COMES_UP) heardAt = performance.now();
      else if (performance.now() - heardAt >= waitMillis) throw error;
      logger.warn({ reason: error.details.reason }, 'the database did not answer a first step; it is tried again');
      await sleep(pause);
    }
  }
}
