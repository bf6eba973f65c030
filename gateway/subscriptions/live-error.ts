import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ERROR_CODES, type ErrorCode, type ErrorDetails, isCommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { logFaults, sealError } from '../client-errors.ts';
import { RequestRefused } from '../request-refused.ts';

/** Carries the errors that end a stream through its iterator. graphql-ws copies `message` and `extensions` to the client. */
export class LiveError extends Error {
  readonly errors: readonly GraphQLFormattedError[];
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(errors: readonly GraphQLFormattedError[]) {
    super(errors[0]?.message ?? 'the subscription ended');
    this.name = 'LiveError';
    this.errors = errors;
    this.extensions = errors[0]?.extensions ?? {};
  }
}

/** An error of a registered code, as clients receive it. */
export function liveError(code: ErrorCode, message: string, details: ErrorDetails = {}): GraphQLFormattedError {
  return { message, extensions: { ...details, code, retryable: ERROR_CODES[code].retryable } };
}

/** What clients are told about a failure. A failure that nobody foresaw goes to the log, and only its trace id to the client. */
export function formatFailure(error: unknown, logger: Logger, traceId: string): readonly GraphQLFormattedError[] {
  const refused = codeOf(error);
  if (refused !== null) logger.info({ traceId, code: refused }, 'request refused');
  if (isCommerceError(error)) return [sealError(liveError(error.code, error.message, error.details), traceId)];
  if (error instanceof RequestRefused || error instanceof LiveError)
    return error.errors.map((each) => sealError(each, traceId));
  logFaults([error], logger, traceId);
  return [sealError(error instanceof GraphQLError ? error.toJSON() : { message: '' }, traceId)];
}

/** The code of a refusal; null for what nobody foresaw. The text of a refusal may quote the request: it is not logged. */
function codeOf(error: unknown): string | null {
  if (isCommerceError(error)) return error.code;
  const isRefusal = error instanceof RequestRefused || error instanceof LiveError;
  return isRefusal ? String(error.errors[0]?.extensions?.code) : null;
}
