import type { Caller } from '../platform/caller.ts';
import type { WrittenData } from './execution/written-data.ts';
import type { Admission } from './guards/request-guard.ts';

/**
 * What an operation is part of. A query reads; what a mutation reads comes after its writing, and what is delivered to
 * subscribers after an event: both must see it.
 */
export type Lane = 'reading' | 'writing' | 'delivering';

/** What became of an operation. */
export interface Outcome {
  /** What the subgraphs reported about it as a whole: the only answer extension of theirs that reaches a client. */
  idempotentReplay: boolean;
  /** The data of its answer over HTTP, when it is written already. */
  written?: WrittenData;
}

/** What travels with one operation from the door to the data sources. */
export interface GatewayContext {
  readonly caller: Caller;
  /** Aborts when the client goes away or the server has waited long enough. */
  readonly signal: AbortSignal;
  /** Version of the client's software as it says; empty when it does not. */
  readonly clientVersion: string;
  readonly outcome: Outcome;
  readonly lane: Lane;
  /** When it came, however long it had to wait since: milliseconds of `performance.now()`. */
  readonly askedAt: number;
  /** What the guards let in. Absent where the operation is one of many executions of an admitted subscription. */
  readonly admission?: Admission;
}

/** What is known of an operation that came as a request of its own. */
type Requested = Partial<Pick<GatewayContext, 'admission' | 'askedAt' | 'clientVersion'>>;

export function createContext(caller: Caller, signal: AbortSignal, requested: Requested = {}): GatewayContext {
  const outcome = { idempotentReplay: false };
  return { caller, signal, clientVersion: '', lane: 'delivering', outcome, askedAt: performance.now(), ...requested };
}
