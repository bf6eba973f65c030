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
 * @param address network address that failures are counted by; left out when a credential is looked at again
 * @throws CommerceError UNAUTHENTICATED when the credential is missing, unknown, or revoked more than 5 s ago
 * @throws CommerceError RATE_LIMITED when the address has failed too often
 */
export type Authenticate = (credentials: Credentials, traceId: string, address?: string) => Promise<Grant>;

/** The caller on a contract, or null when the grant does not include it. */
export function callerOn(grant: Grant, contract: string): Caller | null {
  return grant.contracts.includes(contract) ? { ...grant.caller, contract } : null;
}
