import type { Caller } from '../../platform/caller.ts';

/**
 * Decides from the rights of a credential, and from nothing else: subscribers of equal rights share one execution,
 * whichever clients they are.
 */
export type Policy = (caller: Pick<Caller, 'contract' | 'channel' | 'customerId' | 'scopes'>) => boolean;

/** The policies that `@policy` can name. A new one is a line here and a line in docs/access.md. */
export const policies: ReadonlyMap<string, Policy> = new Map<string, Policy>([
  /** Staff of the retailer: a credential without a channel. */
  ['back-office', (caller) => caller.channel === null],
  /** A customer who is signed in, and sees what is theirs. */
  ['customer', (caller) => caller.customerId !== null],
]);
