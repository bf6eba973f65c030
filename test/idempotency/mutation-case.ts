import type { Caller } from '../../platform/caller.ts';
import type { Variables, World } from './world.ts';

/** How one mutation is called, so that the rules can be tried on it. */
export interface MutationCase {
  /** Brings about what the call needs. @returns variables with which it succeeds, once; without the key */
  prepare(world: World): Promise<Variables>;
  /** Who calls. A storefront unless told. */
  readonly caller?: Caller;
  /** The same call asking for something else, as valid as the first. Null when its arguments leave no choice. */
  readonly otherwise: ((variables: Variables) => Variables) | null;
}

/** The mutations of one subgraph by name. */
export type MutationCases = Readonly<Record<string, MutationCase>>;
