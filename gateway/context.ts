import type { Caller } from '../platform/caller.ts';

/** What travels with one operation from the door to the data sources. */
export interface GatewayContext {
  readonly caller: Caller;
  /** Aborts when the client goes away or the server has waited long enough. */
  readonly signal: AbortSignal;
  /** What the subgraphs reported about the operation as a whole. The only answer extensions that reach a client. */
  readonly outcome: { idempotentReplay: boolean };
}

export function createContext(caller: Caller, signal: AbortSignal): GatewayContext {
  return { caller, signal, outcome: { idempotentReplay: false } };
}
