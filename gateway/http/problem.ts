import type { ServerResponse } from 'node:http';
import { ERROR_CODES, type ErrorCode, type ErrorDetails, isCommerceError } from '../../platform/errors.ts';
import { INTERNAL_MESSAGE } from '../client-errors.ts';
import { isRequestRefused, type RefusalCode, type RequestRefused } from '../request-refused.ts';
import { acceptsGraphQLResponse, GRAPHQL_RESPONSE, statusFor } from './legacy-status.ts';

type ProblemCode = ErrorCode | RefusalCode;
type Headers = Readonly<Record<string, string>>;

/** A request that ends before it is executed. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: ProblemCode;
  readonly headers: Headers;
  /** Beside `errors` in the body, such as the members of RFC 9457. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Beside the code of the error. */
  readonly details: ErrorDetails;

  constructor(
    status: number,
    code: ProblemCode,
    message: string,
    headers: Headers = {},
    { members = {}, details = {} }: Partial<Pick<HttpProblem, 'members' | 'details'>> = {},
  ) {
    super(message);
    this.name = 'HttpProblem';
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.members = members;
    this.details = details;
  }
}

/**
 * The same for a contract that does not exist and one that the credential may not speak: the answer must not tell which
 * contracts there are.
 */
export const NO_SUCH_CONTRACT = 'There is no such contract, or not for this credential.';

/** What an error means over HTTP. An unknown one says nothing but the trace id. */
export function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (isRequestRefused(error)) return refusedProblem(error);
  if (!isCommerceError(error)) return new HttpProblem(500, 'INTERNAL_SERVER_ERROR', INTERNAL_MESSAGE);
  switch (error.code) {
    case 'UNAUTHENTICATED':
      return new HttpProblem(401, error.code, error.message, { 'www-authenticate': 'ApiKey, Bearer' });
    case 'LIMIT_EXCEEDED':
      return new HttpProblem(400, error.code, error.message, {}, withCost(error.details));
    case 'PERSISTED_QUERY_REQUIRED':
      return new HttpProblem(400, error.code, error.message);
    case 'RATE_LIMITED': {
      const { retryAfterSeconds = 1, cost } = error.details;
      const headers = { 'retry-after': String(retryAfterSeconds) };
      const details = { retryAfterSeconds, ...(cost === undefined ? {} : { cost }) };
      return new HttpProblem(429, error.code, error.message, headers, withCost(details));
    }
    case 'REQUEST_ABORTED':
      return new HttpProblem(499, error.code, error.message); // nobody reads it; the log and the metrics do
    case 'DATABASE_UNAVAILABLE':
    case 'OVERLOADED': {
      const { retryAfterSeconds = 1 } = error.details;
      const headers = { 'retry-after': String(retryAfterSeconds) };
      return new HttpProblem(503, error.code, error.message, headers, { details: { retryAfterSeconds } });
    }
    default:
      return new HttpProblem(500, 'INTERNAL_SERVER_ERROR', INTERNAL_MESSAGE);
  }
}

/** A cost that is known stands where answers have theirs too: `extensions.cost` of the body. */
function withCost(details: ErrorDetails): Partial<Pick<HttpProblem, 'members' | 'details'>> {
  return details.cost === undefined ? { details } : { details, members: { extensions: { cost: details.cost } } };
}

function refusedProblem({ message, errors: [first] }: RequestRefused): HttpProblem {
  const code = first?.extensions?.code as RefusalCode;
  // Apollo's clients look for this code in an answer that went well, and then send the document.
  return new HttpProblem(code === 'PERSISTED_QUERY_NOT_FOUND' ? 200 : 400, code, message);
}

/** Answers in the form of a GraphQL error, which every GraphQL client can read. */
export function sendProblem(response: ServerResponse, problem: HttpProblem, traceId: string): void {
  const { code, details } = problem;
  const retryable = code in ERROR_CODES && ERROR_CODES[code as ErrorCode].retryable;
  const { accept } = response.req.headers;
  const type = acceptsGraphQLResponse(accept) ? { 'content-type': GRAPHQL_RESPONSE } : {};
  sendJson(
    response,
    statusFor(problem.status, [code], accept),
    {
      ...problem.members,
      errors: [{ message: problem.message, extensions: { code, retryable, traceId, ...details } }],
    },
    { ...type, ...problem.headers },
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
  if (headers.connection === 'close' && !response.req.complete) endWhenSent(response, text);
  else response.end(text);
}

/**
 * How long a body that was refused is still read, and thrown away: a connection that is closed while its client sends is
 * reset, and the client may never see why.
 */
const LINGER_MILLIS = 500;

function endWhenSent(response: ServerResponse, text: string): void {
  response.write(text);
  const timer = setTimeout(end, LINGER_MILLIS);
  function end(): void {
    clearTimeout(timer);
    response.end();
  }
  response.req.once('close', end).resume();
}
