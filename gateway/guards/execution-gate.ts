import { Turnstile } from '../../platform/admission/turnstile.ts';
import type { ExecutionLimits } from './limits.ts';

/** Subscriptions are let in by their own limits; each of their executions is a query. */
export type ExecutionKind = 'query' | 'mutation';

/** Told of what goes on at the gate, for metrics. */
export interface ExecutionObserver {
  waits(kind: ExecutionKind, change: number): void;
  works(kind: ExecutionKind, change: number): void;
  refuses(kind: ExecutionKind): void;
}

type Work = () => Promise<unknown>;

/**
 * Lets as many operations be executed at a time as the process can answer in time. More of them would only make all of
 * them slow, and health checks silent. Queries and mutations wait apart: a flood of browsers does not keep orders out.
 */
export class ExecutionGate {
  readonly #turnstiles: Readonly<Record<ExecutionKind, Turnstile<Work, unknown>>>;

  constructor({ queries, mutations, patienceMillis }: ExecutionLimits, observer?: ExecutionObserver) {
    const turnstile = (kind: ExecutionKind, width: number) =>
      new Turnstile<Work, unknown>({
        limits: { width, patienceMillis },
        work: (work) => work(),
        observer: {
          waits: (change) => observer?.waits(kind, change),
          works: (change) => observer?.works(kind, change),
          refuses: () => observer?.refuses(kind),
        },
      });
    this.#turnstiles = { query: turnstile('query', queries), mutation: turnstile('mutation', mutations) };
  }

  /**
   * @param signal gives the place in the queue up; what has begun goes on
   * @throws CommerceError OVERLOADED before any work, REQUEST_ABORTED; otherwise what the work throws
   */
  pass<T>(kind: ExecutionKind, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#turnstiles[kind].pass(work, signal) as Promise<T>;
  }
}
