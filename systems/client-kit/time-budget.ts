import { setMaxListeners } from 'node:events';
import { isBulkheadRejectedError } from 'cockatiel';
import { isCommerceError } from '../../platform/errors.ts';
import { aborted, timedOut, unavailable } from './failure.ts';

/**
 * Runs work under a budget of time and the caller's signal, and ends when they do, wherever the work waits: for a
 * place, for the circuit, for the system. The signal given to `work` aborts then, so that the work stops too.
 *
 * @throws CommerceError for the end of the budget, the caller's abort, and what the bulkhead throws
 */
export async function withinBudget<T>(
  system: string,
  millis: number,
  callerSignal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (callerSignal?.aborted) throw aborted(system);
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, millis);
  if (callerSignal) {
    setMaxListeners(0, callerSignal); // one request may make many calls at once; that is no leak
    callerSignal.addEventListener('abort', end, { once: true });
  }
  try {
    return await Promise.race([work(ending.signal), rejectionOnAbort(ending.signal)]);
  } catch (error) {
    if (callerSignal?.aborted) throw aborted(system);
    if (isBulkheadRejectedError(error)) throw unavailable(system, 'too-many-calls');
    if (isCommerceError(error)) throw error;
    throw ending.signal.aborted ? timedOut(system, millis) : error;
  } finally {
    clearTimeout(timer);
    callerSignal?.removeEventListener('abort', end);
  }
}

/** A moment after the abort: work that ends by itself has then told why, and has been counted. */
function rejectionOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => setImmediate(() => reject(new Error('time is over')));
    signal.addEventListener('abort', end, { once: true });
  });
}
