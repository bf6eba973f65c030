import { sleep } from '../../platform/clock.ts';
import { isCommerceError } from '../../platform/errors.ts';
import type { Capture } from '../../subgraphs/order/index.ts';
import { caller, type orderInput } from './requests.ts';

const PAUSE_MILLIS = 200;

/** Places an order as a good client does: who is told that too many wait asks again, under the same key, after a moment. */
export async function placePatiently(
  capture: Capture,
  input: ReturnType<typeof orderInput>,
): Promise<Awaited<ReturnType<Capture['place']>>> {
  for (;;) {
    try {
      return await capture.place(caller, input);
    } catch (error) {
      if (!isCommerceError(error) || error.code !== 'OVERLOADED') throw error;
      await sleep(PAUSE_MILLIS);
    }
  }
}
