/** Every code this system can emit in a top-level GraphQL error or an HTTP problem. Append only: a code is never reused. */
export const ERROR_CODES = {
  BAD_USER_INPUT: {
    retryable: false,
    meaning: 'A value in the request is not acceptable. The message says which and what would be.',
  },
  UNAUTHENTICATED: { retryable: false, meaning: 'The credential is missing, unknown, revoked or expired.' },
  FORBIDDEN: { retryable: false, meaning: 'The credential is valid but does not allow this.' },
  NOT_FOUND: { retryable: false, meaning: 'No such object, or not one that the caller may see.' },
  IDEMPOTENCY_KEY_INVALID: { retryable: false, meaning: 'The idempotencyKey is empty or longer than 255 characters.' },
  IDEMPOTENCY_CONFLICT: { retryable: false, meaning: 'The idempotencyKey was used before with another input.' },
  IDEMPOTENCY_IN_FLIGHT: {
    retryable: true,
    meaning: 'A request with this idempotencyKey is still running. Repeat it shortly.',
  },
  SYSTEM_TIMEOUT: { retryable: true, meaning: 'A system of record did not answer in time.' },
  SYSTEM_UNAVAILABLE: {
    retryable: true,
    meaning: 'A system of record could not be reached or answered with a server error.',
  },
  SYSTEM_REJECTED: { retryable: false, meaning: 'A system of record refused the request.' },
  SYSTEM_BAD_RESPONSE: {
    retryable: true,
    meaning: 'A system of record answered with something that is not its documented format.',
  },
  SUBGRAPH_TIMEOUT: { retryable: true, meaning: 'A subgraph did not answer before the deadline.' },
  SUBGRAPH_UNREACHABLE: { retryable: true, meaning: 'A subgraph could not be reached.' },
  SUBGRAPH_BAD_RESPONSE: {
    retryable: true,
    meaning: 'A subgraph answered with something that is not GraphQL over HTTP.',
  },
  REQUEST_ABORTED: { retryable: true, meaning: 'The client closed the request before it was answered.' },
  OVERLOADED: { retryable: true, meaning: 'The service is at its limit. Repeat after the time given.' },
  DATABASE_UNAVAILABLE: { retryable: true, meaning: 'The operational store did not answer.' },
  REPLAY_EXPIRED: {
    retryable: false,
    meaning: 'The event history no longer reaches back to the given sequence. Subscribe without `after`.',
  },
  SLOW_SUBSCRIBER: {
    retryable: true,
    meaning: 'The subscriber did not read fast enough and was disconnected. Resume with `after`.',
  },
  ILLEGAL_TRANSITION: { retryable: false, meaning: 'The object is in a state that does not allow this change.' },
  CAPABILITY_MISSING: { retryable: false, meaning: 'The configured system of record does not offer this capability.' },
  VERSION_EXPIRED: {
    retryable: false,
    meaning: 'The version of the contract is no longer served. The message says how to move to the next.',
  },
  CONFIGURATION_INVALID: { retryable: false, meaning: 'A configuration variable is missing or not acceptable.' },
  LIMIT_EXCEEDED: {
    retryable: false,
    meaning:
      'The request is larger than its contract accepts: `limit` names what, `maximum` and `actual` say how much. See docs/limits.md.',
  },
  RATE_LIMITED: {
    retryable: true,
    meaning: 'The client has spent its points, or failed to authenticate too often. Repeat after `retryAfterSeconds`.',
  },
  PERSISTED_QUERY_REQUIRED: {
    retryable: false,
    meaning: 'The contract serves registered operations only, and this is none of the client.',
  },
  SYSTEM_PENDING: {
    retryable: true,
    meaning: 'A system of record has the request and has not decided about it yet. Nothing failed.',
  },
  INTERNAL_SERVER_ERROR: { retryable: true, meaning: 'A fault on our side. The trace id leads to the log entry.' },
} as const satisfies Record<string, { retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export type ErrorDetails = Readonly<Record<string, string | number | boolean | Readonly<Record<string, number>>>>;

/** A failure with a registered code. Expected business refusals are data (`userErrors`), not this. */
export class CommerceError extends Error {
  readonly code: ErrorCode;
  /** Safe to log and to show an operator: no personal data, no credentials. */
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommerceError';
    this.code = code;
    this.details = details;
  }
}

/** Checks the code, not the class, so it also holds for errors read back from a queue. */
export function isCommerceError(error: unknown): error is CommerceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code in ERROR_CODES;
}

/** True when repeating the same request later can succeed. Unknown failures count as retryable. */
export function isRetryable(error: unknown): boolean {
  return isCommerceError(error) ? ERROR_CODES[error.code].retryable : true;
}

/** Closes a switch over a union: a new member breaks the build, not production. */
export class UnreachableCaseError extends Error {
  constructor(value: never) {
    super(`unreachable case: ${String(value)}`);
  }
}
