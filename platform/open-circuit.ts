import { sleep } from './clock.ts';
import { isCommerceError } from './errors.ts';

/** How long until the circuit that refused a call lets one through, in milliseconds. Null: the call was made, or failed otherwise. */
export function untilAskable(error: unknown): number | null {
  if (!isCommerceError(error) || error.details.reason !== 'circuit-open') return null;
  return Math.max(1, Number(error.details.retryAfterMillis ?? 1_000));
}

/** Runs work that calls systems of record, and waits instead of failing where one of them would not have been asked. */
export type PastOpenCircuits = <Result>(work: () => Promise<Result>) => Promise<Result>;

/**
 * For work that is tried again because somebody thinks that a system is back: our own circuit does not know that yet, and an
 * attempt that it refuses says nothing. Work waits until the circuit may be asked, and comes again; the first such call is the probe.
 *
 * @param patienceMillis how long all that is run may wait in all, from now on; then the circuit's refusal is the answer
 */
export function pastOpenCircuits(patienceMillis: number): PastOpenCircuits {
  const until = Date.now() + patienceMillis;
  return async (work) => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const pause = untilAskable(error);
        if (pause === null || Date.now() + pause > until) throw error;
        await sleep(pause);
      }
    }
  };
}
