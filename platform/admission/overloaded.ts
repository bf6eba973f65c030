import { CommerceError } from '../errors.ts';

/** How many times the patience an item waits when things turn out slower than they were measured. */
export const LONGEST_WAIT = 2;

/** Nothing was done. */
export function overloaded(): CommerceError {
  return new CommerceError('OVERLOADED', 'Too many requests are waiting. Repeat it after the time given.', {
    retryAfterSeconds: 1,
  });
}

/**
 * What the caller is told whose time is up while its request is being settled: it may be done a moment later, so that it is
 * neither refused nor answered. Repeated with its key, it finds out.
 */
export function stillRunning(): CommerceError {
  return new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'This request is still running. Repeat it with the same key.', {
    retryAfterSeconds: 1,
  });
}
