import type { Caller } from '../../platform/caller.ts';
import type { Grant } from '../access/grant.ts';
import type { ContractSnapshot } from '../snapshot.ts';

/** What a WebSocket on this URL speaks. Null: no such contract, or not one for this credential; nobody can tell which. */
export type RouteSocket = (
  url: string,
  grant: Grant,
) => { readonly contract: ContractSnapshot; readonly caller: Caller } | null;
