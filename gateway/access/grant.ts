import type { Caller } from '../../platform/caller.ts';

/** Headers of a request, or the payload of a WebSocket's `connection_init`. Names in lower case. */
export type Credentials = Readonly<Record<string, unknown>>;

/** What a valid credential allows. */
export interface Grant {
  /** Contracts the credential may speak. The first is the one of `POST /graphql`. */
  readonly contracts: readonly string[];
  /** The caller, on the first contract. */
  readonly caller: Caller;
}

/**
 * Finds out who is calling.
 * @throws CommerceError UNAUTHENTICATED when the credential is missing, unknown, or revoked more than 5 s ago
 */
export type Authenticate = (credentials: Credentials, traceId: string) => Promise<Grant>;

/** The caller on a contract, or null when the grant does not include it. */
export function callerOn(grant: Grant, contract: string): Caller | null {
  return grant.contracts.includes(contract) ? { ...grant.caller, contract } : null;
}
