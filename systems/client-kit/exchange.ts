import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { errors, type Pool } from 'undici';
import type { ErrorDetails } from '../../platform/errors.ts';
import { badResponse, refusedBy, refusedWith, unavailable } from './failure.ts';

const FORM = 'application/x-www-form-urlencoded';

/** A body that is sent as a form with one file, for systems that take their bulk updates so. */
export class FileBody {
  /** Of the form: no content holds it. */
  readonly boundary = `----${randomBytes(16).toString('hex')}`;
  readonly content: string;
  readonly #head: string;
  constructor(content: string, name = 'feed.json', type = 'application/json') {
    this.content = content;
    this.#head = `content-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: ${type}`;
  }
  toString(): string {
    const head = this.#head;
    return `--${this.boundary}\r\n${head}\r\n\r\n${this.content}\r\n--${this.boundary}--\r\n`;
  }
}

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query. */
  readonly path: string;
  /** Sent as JSON, URLSearchParams as a form, a FileBody as a form with a file. */
  readonly body?: unknown;
  /** Value of the header; null sends none. */
  readonly authorization: string | null;
  /** Beside those of every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** A successful answer is text, such as a report in CSV, and no JSON. */
  readonly isText?: boolean;
  /** Details of a refusal that the system puts into an answer of any status; null when the answer is none. */
  readonly refusalIn: ((answer: unknown) => ErrorDetails | null) | null;
  /** An error answer in the form `{ error: { code } }`, where the system wraps it otherwise. */
  readonly errorIn: ((answer: unknown) => unknown) | null;
  /** How long the system asks not to be called again, in milliseconds; it may ask in answers that are no refusals. */
  readonly pauseIn: ((headers: IncomingHttpHeaders) => number | null) | null;
  /** Hears of such a wish in an answer that is no refusal. */
  readonly onPause: (millis: number) => void;
  /** Hears the headers of the answer, also of a refusal. */
  readonly onHeaders: ((headers: IncomingHttpHeaders) => void) | null;
  /** W3C trace id; the system gets it as `traceparent`. */
  readonly traceId: string | null;
  readonly signal: AbortSignal;
}

/**
 * One request and its answer, without policy.
 *
 * @returns the parsed JSON of an answer below 400, or its text where it `isText`; null of one without content (204)
 * @throws CommerceError SYSTEM_REJECTED | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE; on abort, whatever undici throws
 */
export async function exchange(pool: Pool, system: string, request: ExchangeRequest): Promise<unknown> {
  const body = request.body === undefined ? null : bodyOf(request.body);
  let status: number;
  let retryAfter: string;
  let wish: number | null;
  let text: string;
  try {
    const response = await pool.request({
      method: request.method,
      path: request.path,
      body,
      headers: headersOf(request, body !== null),
      signal: request.signal,
    });
    status = response.statusCode;
    retryAfter = String(response.headers['retry-after'] ?? '');
    wish = request.pauseIn?.(response.headers) ?? null;
    request.onHeaders?.(response.headers);
    text = await response.body.text();
  } catch (error) {
    if (request.signal.aborted) throw error;
    if (error instanceof errors.ResponseExceededMaxSizeError) throw badResponse(system, 'too-large');
    throw unavailable(system, 'connection', error);
  }
  const answer = parseJson(text);
  if (status >= 400)
    throw refusedWith(system, status, request.errorIn?.(answer) ?? answer, wish ?? retryAfterMillis(retryAfter));
  if (wish !== null) request.onPause(wish);
  if (status === 204) return null;
  if (request.isText) return text;
  if (answer === undefined) throw badResponse(system, 'not-json');
  const refusal = request.refusalIn?.(answer) ?? null;
  if (refusal !== null) throw refusedBy(system, refusal);
  if (typeof answer === 'object' && answer !== null && 'error' in answer)
    throw badResponse(system, 'error-body', answer);
  return answer;
}

function headersOf(request: ExchangeRequest, hasBody: boolean): Record<string, string> {
  return {
    ...request.headers,
    accept: request.isText ? 'text/csv, text/plain' : 'application/json',
    ...(request.authorization === null ? {} : { authorization: request.authorization }),
    ...(hasBody ? { 'content-type': typeOf(request.body) } : {}),
    ...(request.traceId === null ? {} : { traceparent: `00-${request.traceId}-${randomBytes(8).toString('hex')}-01` }),
  };
}

function typeOf(body: unknown): string {
  if (body instanceof FileBody) return `multipart/form-data; boundary=${body.boundary}`;
  return body instanceof URLSearchParams ? FORM : 'application/json';
}

function bodyOf(body: unknown): string {
  return body instanceof URLSearchParams || body instanceof FileBody ? body.toString() : JSON.stringify(body);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Seconds, as systems send it; dates are not used by any of ours. */
function retryAfterMillis(header: string): number | null {
  const seconds = Number.parseFloat(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
