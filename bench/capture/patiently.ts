import { sleep } from '../../platform/clock.ts';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import type { OnceOutcome } from '../../platform/idempotency/once-key.ts';

const PAUSE_MILLIS = 200;
let told = 0;

/**
 * Sends a request as a good client does: who is told that too many wait, or that its request still runs, sends it again
 * after a moment, under the same key.
 * @param send the same request each time; throws what it is told
 */
export async function patiently<Answer>(send: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!isCommerceError(error) || !isAgain(error.code)) throw error;
      told++;
      await sleep(PAUSE_MILLIS);
    }
  }
}

/** Whether a code says to send the same request again. */
export const isAgain = (code: unknown): code is 'OVERLOADED' | 'IDEMPOTENCY_IN_FLIGHT' =>
  code === 'OVERLOADED' || code === 'IDEMPOTENCY_IN_FLIGHT';

/** How often clients of this process were told to come again so far. */
export const timesToldAgain = (): number => told;

/** The result of a request in process. @throws CommerceError IDEMPOTENCY_IN_FLIGHT when it still runs, Error when the key was taken */
export function resultOf<Result>(outcome: OnceOutcome<Result>): Result {
  if (outcome.kind === 'done') return outcome.result;
  if (outcome.kind === 'inFlight') throw new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'It still runs.');
  throw new Error('a key was used twice');
}
