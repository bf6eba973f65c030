import { randomBytes } from 'node:crypto';
import { errors, type Pool } from 'undici';
import type { ErrorDetails } from '../../platform/errors.ts';
import { badResponse, refusedBy, refusedWith, unavailable } from './failure.ts';

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path with query. */
  readonly path: string;
  readonly body?: unknown;
  /** Value of the header; null sends none. */
  readonly authorization: string | null;
  /** Details of a refusal that the system puts into an answer of any status; null when the answer is none. */
  readonly refusalIn: ((answer: unknown) => ErrorDetails | null) | null;
  /** W3C trace id; the system gets it as `traceparent`. */
  readonly traceId: string | null;
  readonly signal: AbortSignal;
}

/**
 * One request and its answer, without policy.
 *
 * @returns the parsed JSON of an answer below 400
 * @throws CommerceError SYSTEM_REJECTED | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE; on abort, whatever undici throws
 */
export async function exchange(pool: Pool, system: string, request: ExchangeRequest): Promise<unknown> {
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  let status: number;
  let retryAfter: string | undefined;
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
    text = await response.body.text();
  } catch (error) {
    if (request.signal.aborted) throw error;
    if (error instanceof errors.ResponseExceededMaxSizeError) throw badResponse(system, 'too-large');
    throw unavailable(system, 'connection', error);
  }
  const answer = parseJson(text);
  if (status >= 400) throw refusedWith(system, status, answer, retryAfterMillis(retryAfter));
  if (answer === undefined) throw badResponse(system, 'not-json');
  const refusal = request.refusalIn?.(answer) ?? null;
  if (refusal !== null) throw refusedBy(system, refusal);
  if (typeof answer === 'object' && answer !== null && 'error' in answer)
    throw badResponse(system, 'error-body', answer);
  return answer;
}

function headersOf(request: ExchangeRequest, hasBody: boolean): Record<string, string> {
  return {
    accept: 'application/json',
    ...(request.authorization === null ? {} : { authorization: request.authorization }),
    ...(hasBody ? { 'content-type': 'application/json' } : {}),
    ...(request.traceId === null ? {} : { traceparent: `00-${request.traceId}-${randomBytes(8).toString('hex')}-01` }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Seconds, as systems send it; dates are not used by any of ours. */
function retryAfterMillis(header: string | undefined): number | null {
  const seconds = Number.parseFloat(header ?? '');
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
