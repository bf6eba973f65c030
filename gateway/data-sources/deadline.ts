import { type CommerceError, isCommerceError } from '../../platform/errors.ts';
import { onAbort } from './abort-listeners.ts';
import { Cut } from './cut.ts';
import { subgraphFailure } from './subgraph-failure.ts';

export interface DeadlineOptions {
  readonly subgraph: string;
  readonly millis: number;
  /** The client's signal; null when the work must be finished although nobody waits any more. */
  readonly client: AbortSignal | null;
  /** Is handed the way to end the work earlier. */
  readonly letEnd?: ((end: (failure: CommerceError) => void) => void) | undefined;
}

/**
 * Runs work that must not take longer than its deadline, and stops it when the client goes away.
 * The answer does not wait for work that ignores its cut.
 * @throws CommerceError SUBGRAPH_TIMEOUT or REQUEST_ABORTED; otherwise what the work throws
 */
export function withDeadline<T>(options: DeadlineOptions, work: (cut: Cut) => Promise<T>): Promise<T> {
  const { subgraph, millis, client, letEnd } = options;
  const givenUp = () =>
    isCommerceError(client?.reason) ? client.reason : subgraphFailure('REQUEST_ABORTED', { subgraph });
  if (client?.aborted) return Promise.reject(givenUp());
  return new Promise<T>((resolve, reject) => {
    const cut = new Cut();
    const end = (failure: Error) => {
      settle();
      cut.cut(failure);
      reject(failure); // whatever the work still brings is dropped
    };
    const tooLate = () => end(subgraphFailure('SUBGRAPH_TIMEOUT', { subgraph, deadlineMillis: millis }));
    const timer = setTimeout(tooLate, millis);
    const ignoreClient = client ? onAbort(client, () => end(givenUp())) : undefined;
    letEnd?.(end);
    const settle = () => {
      clearTimeout(timer);
      ignoreClient?.();
    };
    work(cut).then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error instanceof Error ? error : new Error('not an error'));
      },
    );
  });
}
