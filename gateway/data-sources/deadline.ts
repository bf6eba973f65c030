import { isCommerceError } from '../../platform/errors.ts';
import { subgraphFailure } from './subgraph-failure.ts';

export interface DeadlineOptions {
  readonly subgraph: string;
  readonly millis: number;
  /** The client's signal; null when the work must be finished although nobody waits any more. */
  readonly client: AbortSignal | null;
}

/**
 * Runs work that must not take longer than its deadline, and stops it when the client goes away.
 * The answer does not wait for work that ignores its signal.
 * @throws CommerceError SUBGRAPH_TIMEOUT or REQUEST_ABORTED; otherwise what the work throws
 */
export async function withDeadline<T>(options: DeadlineOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { subgraph, millis, client } = options;
  const controller = new AbortController();
  let give: (failure: Error) => void = () => undefined;
  const cut = new Promise<never>((_, reject) => {
    give = (failure) => {
      controller.abort(failure);
      reject(failure);
    };
  });
  const onAbort = () =>
    give(isCommerceError(client?.reason) ? client.reason : subgraphFailure('REQUEST_ABORTED', { subgraph }));
  const timer = setTimeout(
    () => give(subgraphFailure('SUBGRAPH_TIMEOUT', { subgraph, deadlineMillis: millis })),
    millis,
  );
  client?.addEventListener('abort', onAbort, { once: true });
  cut.catch(() => undefined);
  if (client?.aborted) onAbort();
  try {
    const running = client?.aborted ? cut : work(controller.signal);
    running.catch(() => undefined); // whoever loses the race must not become an unhandled rejection
    return await Promise.race([running, cut]);
  } finally {
    clearTimeout(timer);
    client?.removeEventListener('abort', onAbort);
  }
}
