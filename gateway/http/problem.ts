import type { ServerResponse } from 'node:http';
import { ERROR_CODES, type ErrorCode, isCommerceError } from '../../platform/errors.ts';
import { INTERNAL_MESSAGE } from '../client-errors.ts';

/** BAD_REQUEST is Apollo Server's code for a request that is not one of GraphQL over HTTP. */
type ProblemCode = ErrorCode | 'BAD_REQUEST';

/** A request that ends before it is executed. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  /** Beside `errors` in the body, such as the members of RFC 9457. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: ProblemCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'HttpProblem';
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.members = members;
  }
}

/**
 * The same for a contract that does not exist and one that the credential may not speak: the answer must not tell which
 * contracts there are.
 */
export function noSuchContract(): HttpProblem {
  return new HttpProblem(404, 'NOT_FOUND', 'There is no such contract, or not for this credential.');
}

/** What an error means over HTTP. An unknown one says nothing but the trace id. */
export function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (!isCommerceError(error)) return new HttpProblem(500, 'INTERNAL_SERVER_ERROR', INTERNAL_MESSAGE);
  switch (error.code) {
    case 'UNAUTHENTICATED':
      return new HttpProblem(401, error.code, error.message, { 'www-authenticate': 'ApiKey, Bearer' });
    case 'DATABASE_UNAVAILABLE':
    case 'OVERLOADED':
      return new HttpProblem(503, error.code, error.message, { 'retry-after': '1' });
    default:
      return new HttpProblem(500, 'INTERNAL_SERVER_ERROR', INTERNAL_MESSAGE);
  }
}

/** Answers in the form of a GraphQL error, which every GraphQL client can read. */
export function sendProblem(response: ServerResponse, problem: HttpProblem, traceId: string): void {
  const { code } = problem;
  const retryable = code !== 'BAD_REQUEST' && ERROR_CODES[code].retryable;
  sendJson(
    response,
    problem.status,
    { ...problem.members, errors: [{ message: problem.message, extensions: { code, retryable, traceId } }] },
    problem.headers,
  );
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
