import { CommerceError } from '../errors.ts';

/** How many times the patience an item waits when things turn out slower than they were measured. */
export const LONGEST_WAIT = 2;

/** Nothing was done. */
export function overloaded(): CommerceError {
  return new CommerceError('OVERLOADED', 'Too many requests are waiting. Repeat it after the time given.', {
    retryAfterSeconds: 1,
  });
}
