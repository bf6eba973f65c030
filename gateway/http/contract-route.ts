import type { Caller } from '../../platform/caller.ts';
import { callerOn, type Grant } from '../access/grant.ts';
import type { GatewayRuntime } from '../runtime.ts';
import type { ContractSnapshot } from '../snapshot.ts';

const ROUTE = /^\/graphql(?:\/([a-z][a-z0-9-]*)(?:\/(\d{4}-\d{2}))?)?\/?$/;

/** Whether a path belongs to the GraphQL endpoint at all: `/graphql`, `/graphql/<contract>[/<version>]`. */
export function isGraphQLPath(pathname: string): boolean {
  return pathname === '/graphql' || pathname.startsWith('/graphql/');
}

/** The contract that a path names; null for `/graphql` itself, and for what is no such path. */
export function contractNamed(pathname: string): string | null {
  return ROUTE.exec(pathname)?.[1] ?? null;
}

/** The contract and the version that a path names; null when it names no version. */
export function namedVersion(pathname: string): { readonly name: string; readonly version: string } | null {
  const [, name, version] = ROUTE.exec(pathname) ?? [];
  return name === undefined || version === undefined ? null : { name, version };
}

/**
 * Finds what a request speaks: the contract in its path, or else the first one of its credential.
 * @returns null when there is no such contract, or not for this credential; nobody can tell which
 */
export function routeContract(
  runtime: GatewayRuntime,
  pathname: string,
  grant: Grant,
): { readonly contract: ContractSnapshot; readonly caller: Caller } | null {
  const match = ROUTE.exec(pathname);
  if (!match) return null;
  const [, name = grant.caller.contract, version] = match;
  const contract = runtime.snapshotFor(version === undefined ? name : `${name}/${version}`);
  const caller = callerOn(grant, name);
  return contract && caller ? { contract, caller } : null;
}
