import { sleep } from '../../platform/clock.ts';
import type { FulfillmentContext } from './context.ts';
import type { FulfillmentOrder } from './model.ts';

const POLL_MILLIS = 100;

/**
 * The work that took over the units of work that was moved at once. It is opened by a worker: waited for a moment, so that
 * who moved work gets what became of it. The work itself when its node has to be asked first, or nothing was opened in time.
 */
export async function movedWork(context: FulfillmentContext, id: string): Promise<FulfillmentOrder | null> {
  const { loaders, reader, signal } = context;
  const work = await loaders.work.clear(id).load(id);
  if (work?.status !== 'CANCELLED') return work;
  const deadline = performance.now() + context.successorWaitMillis;
  for (;;) {
    const [successor] = (await reader.successorsByWork([id])).get(id) ?? [];
    if (successor !== undefined) return loaders.work.load(successor);
    if (performance.now() >= deadline || signal.aborted) return work;
    await sleep(POLL_MILLIS, signal);
  }
}
