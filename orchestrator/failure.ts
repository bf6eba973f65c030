import { type ErrorCode, isCommerceError } from '../platform/errors.ts';

/** Classes of failures, as the exception desk tells them. */
export type FailureCause = 'VALIDATION' | 'MAPPING' | 'THROTTLED' | 'CONFLICT' | 'UNAVAILABLE' | 'DEADLINE' | 'UNKNOWN';

const CAUSES: Partial<Record<ErrorCode, FailureCause>> = {
  BAD_USER_INPUT: 'VALIDATION',
  SYSTEM_REJECTED: 'VALIDATION',
  SYSTEM_BAD_RESPONSE: 'MAPPING',
  OVERLOADED: 'THROTTLED',
  ILLEGAL_TRANSITION: 'CONFLICT',
  IDEMPOTENCY_CONFLICT: 'CONFLICT',
  SYSTEM_TIMEOUT: 'UNAVAILABLE',
  SYSTEM_UNAVAILABLE: 'UNAVAILABLE',
  DATABASE_UNAVAILABLE: 'UNAVAILABLE',
};

/**
 * What an operator is told of a failure. The text of an unknown one may hold anything, so only a registered one is shown.
 * @param otherwise said of an unknown failure
 */
export function causeOf(error: unknown, otherwise: string): { readonly cause: FailureCause; readonly message: string } {
  if (!isCommerceError(error)) return { cause: 'UNKNOWN', message: otherwise };
  return { cause: CAUSES[error.code] ?? 'UNKNOWN', message: error.message };
}
