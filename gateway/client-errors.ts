import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ERROR_CODES, type ErrorCode } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';

/** Codes of Apollo Server for requests that are not executable; clients know them. */
const REQUEST_CODES: ReadonlySet<string> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/** What of an error's extensions clients may see. Everything else tells about our inside. */
const PUBLIC_EXTENSIONS = [
  'code',
  'retryable',
  'traceId',
  'retryAfterSeconds',
  'limit',
  'maximum',
  'actual',
  'cost',
] as const;

export const INTERNAL_MESSAGE = 'Internal error. Quote the trace id when you report it.';

/**
 * An error as clients may see it: with a registered code, without stack, subgraph name or "Did you mean", which would
 * name fields that the client's contract hides. An error without a registered code says nothing but the trace id.
 * @param traceId of the request, in hex; every error that leaves the gateway carries it
 */
export function sealError(error: GraphQLFormattedError, traceId?: string): GraphQLFormattedError {
  const where = {
    ...(error.locations ? { locations: error.locations } : {}),
    ...(error.path ? { path: error.path } : {}),
  };
  const code = error.extensions?.code;
  if (typeof code !== 'string' || !isPublic(code)) {
    // Sealing a sealed error changes nothing: Apollo Server hands us the executor's errors once more.
    const known = traceId ?? error.extensions?.traceId;
    const trace = known === undefined ? {} : { traceId: known };
    return {
      message: INTERNAL_MESSAGE,
      ...where,
      extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: true, ...trace },
    };
  }
  const extensions: Record<string, unknown> = {};
  for (const name of PUBLIC_EXTENSIONS) {
    const value = error.extensions?.[name];
    if (value !== undefined) extensions[name] = value;
  }
  // A request that is not executable stays so; the others say so themselves, or their code does.
  extensions.retryable ??= Object.hasOwn(ERROR_CODES, code) && ERROR_CODES[code as ErrorCode].retryable;
  if (traceId !== undefined) extensions.traceId ??= traceId;
  return { message: withoutSuggestion(error.message), ...where, extensions };
}

/** Writes what clients will not see to the log: failures that nobody foresaw. */
export function logFaults(errors: readonly unknown[], logger: Logger, traceId: string): void {
  for (const error of errors) {
    const code = error instanceof GraphQLError ? error.extensions.code : undefined;
    // A subgraph that answers INTERNAL_SERVER_ERROR has written the reason to its own log.
    if (typeof code === 'string' && (isPublic(code) || code === 'INTERNAL_SERVER_ERROR')) continue;
    const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    // The message may quote values of the request: type and stack frames lead to the place without them.
    const fault = cause instanceof Error ? { type: cause.name, frames: frames(cause) } : { type: typeof cause };
    logger.error(
      { traceId, err: fault, path: error instanceof GraphQLError ? error.path : undefined },
      'request failed',
    );
  }
}

function isPublic(code: string): boolean {
  return code !== 'INTERNAL_SERVER_ERROR' && (Object.hasOwn(ERROR_CODES, code) || REQUEST_CODES.has(code));
}

function withoutSuggestion(message: string): string {
  return message.replace(/ ?Did you mean .+\?$/s, '');
}

function frames(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
}
