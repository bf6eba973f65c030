import { BusyWidth } from './busy-width.ts';
import type { TurnLimits } from './turn-pace.ts';
import { Turnstile } from './turnstile.ts';

/** Subscriptions are let in by their own limits; each of their executions is a query. */
export type ExecutionKind = 'query' | 'mutation';

/** How many operations of each kind one process executes at a time. */
export interface ExecutionLimits {
  readonly queries: number;
  readonly mutations: number;
  /** For how long more of them may have to wait, in milliseconds. */
  readonly patienceMillis: number;
}

/** Told of what goes on at the gate, for metrics. */
export interface ExecutionObserver {
  waits(kind: ExecutionKind, change: number): void;
  works(kind: ExecutionKind, change: number): void;
  refuses(kind: ExecutionKind): void;
}

/** Queries that are worked on beside mutations while the process has no rest: these wait for each of those. */
const BESIDE_MUTATIONS = 1;

type Work = (giveWay: () => void) => Promise<unknown>;

/**
 * Lets as many operations be executed at a time as the process can answer in time. More of them would only make all of
 * them slow, and health checks silent. Queries and mutations wait apart: a flood of browsers does not keep orders out, and
 * the busier the process, the fewer queries are worked on beside them.
 */
export class ExecutionGate {
  readonly #turnstiles: Readonly<Record<ExecutionKind, Turnstile<Work, unknown>>>;

  constructor({ queries, mutations, patienceMillis }: ExecutionLimits, observer?: ExecutionObserver) {
    const turnstile = (kind: ExecutionKind, limits: TurnLimits) =>
      new Turnstile<Work, unknown>({
        limits,
        work: (work, giveWay) => work(giveWay),
        observer: {
          waits: (change) => observer?.waits(kind, change),
          works: (change) => observer?.works(kind, change),
          refuses: () => observer?.refuses(kind),
        },
      });
    const busy = new BusyWidth(queries);
    const mutation = turnstile('mutation', { width: mutations, patienceMillis });
    const forQueries = {
      patienceMillis,
      get width() {
        const isWriting = mutation.load.working > 0;
        return isWriting && busy.isBusy ? Math.min(busy.width, BESIDE_MUTATIONS) : busy.width;
      },
    };
    this.#turnstiles = { query: turnstile('query', forQueries), mutation };
  }

  /**
   * @param work is given what lets the next one in before it is done
   * @param signal gives the place in the queue up; what has begun goes on
   * @throws CommerceError OVERLOADED before any work, REQUEST_ABORTED; otherwise what the work throws
   */
  pass<T>(kind: ExecutionKind, work: (giveWay: () => void) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#turnstiles[kind].pass(work, signal) as Promise<T>;
  }
}
