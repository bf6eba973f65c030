import type { Caller } from '../platform/caller.ts';
import type { Admission } from './guards/request-guard.ts';

/**
 * What an operation is part of. A query reads; what a mutation reads comes after its writing, and what is delivered to
 * subscribers after an event: both must see it.
 */
export type Lane = 'reading' | 'writing' | 'delivering';

/** What travels with one operation from the door to the data sources. */
export interface GatewayContext {
  readonly caller: Caller;
  /** Aborts when the client goes away or the server has waited long enough. */
  readonly signal: AbortSignal;
  /** Version of the client's software as it says; empty when it does not. */
  readonly clientVersion: string;
  /** What the subgraphs reported about the operation as a whole. The only answer extensions that reach a client. */
  readonly outcome: { idempotentReplay: boolean };
  readonly lane: Lane;
  /** What the guards let in. Absent where the operation is one of many executions of an admitted subscription. */
  readonly admission?: Admission;
}

export function createContext(
  caller: Caller,
  signal: AbortSignal,
  admission?: Admission,
  clientVersion = '',
): GatewayContext {
  const common = { caller, signal, clientVersion, lane: 'delivering' as const, outcome: { idempotentReplay: false } };
  return { ...common, ...(admission ? { admission } : {}) };
}
