import type { IncomingHttpHeaders } from 'node:http';
import { Pool } from 'undici';
import type { z } from 'zod';
import type { ErrorDetails } from '../../platform/errors.ts';
import { type CallPolicyOptions, createCallPolicy, DEFAULT_CONCURRENCY } from './call-policy.ts';
import { type ExchangeRequest, exchange } from './exchange.ts';
import { badResponse } from './failure.ts';
import type { SystemStatistics } from './statistics.ts';

/** What every `create<Name>Client` takes. */
export interface SystemClientOptions extends CallPolicyOptions {
  /** e.g. `http://127.0.0.1:7003`. */
  readonly baseUrl: string;
  readonly token: string;
  /** Largest answer read. Default 8 MiB. */
  readonly maxResponseBytes?: number;
  /**
   * How the system tells a refusal under a status of success: its code (`systemCode`) and numbers, null when the answer is
   * none. Default: a body with `error` is an answer in an unknown format.
   */
  readonly refusalIn?: (answer: unknown) => ErrorDetails | null;
  /** An error answer in the form `{ error: { code } }`, where the system wraps it otherwise. Codes and numbers only. */
  readonly errorIn?: (answer: unknown) => unknown;
  /** How long the system asks not to be called again, in milliseconds, from the headers of any answer. Default: Retry-After. */
  readonly pauseIn?: (headers: IncomingHttpHeaders) => number | null;
}

export interface SystemCall<Answer extends z.ZodType> {
  readonly method: ExchangeRequest['method'];
  /** Path below the base URL, with its query where `query` is not given; encode parameters with `encodeURIComponent`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON, URLSearchParams as a form. */
  readonly body?: unknown;
  /** Beside those of every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer is text, such as a report in CSV, and no JSON. */
  readonly isText?: boolean;
  /** Hears the headers of every answer, also of a refusal. */
  readonly onHeaders?: ((headers: IncomingHttpHeaders) => void) | undefined;
  readonly answer: Answer;
  /** True for reads and for writes that the system recognises by their reference: only these are repeated. */
  readonly repeatable: boolean;
  /** Value of the header in place of the token; null sends none. */
  readonly authorization?: string | null;
  readonly signal?: AbortSignal | undefined;
  /** W3C trace id of the work this call belongs to. */
  readonly traceId?: string | undefined;
}

/**
 * Calls one system of record under its policy: budget of time, places, breaker, retry where it is safe.
 * Every failure is a CommerceError: SYSTEM_TIMEOUT, SYSTEM_UNAVAILABLE (down, circuit open, no place, asked to slow
 * down), SYSTEM_REJECTED (its refusal; code in `details.systemCode`), SYSTEM_BAD_RESPONSE, or REQUEST_ABORTED.
 */
export interface SystemClient {
  call<Answer extends z.ZodType>(call: SystemCall<Answer>): Promise<z.output<Answer>>;
  /**
   * Reads a feed, waiting up to `waitSeconds` for news. Takes no place from other calls and is not repeated: the
   * reader comes again anyway. While the circuit is not closed it does not wait, so that it can be the trial call.
   */
  poll<Answer extends z.ZodType>(
    call: Omit<SystemCall<Answer>, 'method' | 'repeatable'>,
    waitSeconds: number,
  ): Promise<z.output<Answer>>;
  statistics(): SystemStatistics;
  /** Cuts what is in progress. */
  close(): Promise<void>;
}

/** Connections above `concurrency`, for long polls. */
const FEED_CONNECTIONS = 8;

/** @param system name in errors and statistics, e.g. WMS */
export function createSystemClient(system: string, options: SystemClientOptions): SystemClient {
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/$/, '');
  const pool = new Pool(base.origin, {
    connections: (options.concurrency ?? DEFAULT_CONCURRENCY) + FEED_CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: { timeout: options.timeoutMillis },
    headersTimeout: 0, // our own budget covers connect, headers and body together
    bodyTimeout: 0,
    maxResponseSize: options.maxResponseBytes ?? 8 * 1024 * 1024,
  });
  const policy = createCallPolicy(system, options);

  async function send<Answer extends z.ZodType>(
    call: Omit<SystemCall<Answer>, 'repeatable'>,
    path: string,
    signal: AbortSignal,
  ): Promise<z.output<Answer>> {
    const raw = await exchange(pool, system, {
      method: call.method,
      path,
      body: call.body,
      authorization: call.authorization === undefined ? `Bearer ${options.token}` : call.authorization,
      headers: call.headers ?? {},
      refusalIn: options.refusalIn ?? null,
      errorIn: options.errorIn ?? null,
      pauseIn: options.pauseIn ?? null,
      onPause: policy.keepQuiet,
      onHeaders: call.onHeaders ?? null,
      isText: call.isText ?? false,
      traceId: call.traceId ?? null,
      signal,
    });
    const parsed = call.answer.safeParse(raw);
    if (!parsed.success)
      throw badResponse(system, `shape of ${parsed.error.issues[0]?.path.join('.') || 'the answer'}`);
    return parsed.data;
  }

  return {
    call(call) {
      const path = prefix + call.path + queryOf(call.query);
      return policy.run((signal) => send(call, path, signal), call);
    },
    poll: (call, waitSeconds) =>
      policy.poll(
        (wait, signal) =>
          send({ ...call, method: 'GET' }, prefix + call.path + queryOf({ ...call.query, wait }), signal),
        waitSeconds,
        call.signal,
      ),
    statistics: policy.statistics,
    close: () => pool.destroy(),
  };
}

function queryOf(query: SystemCall<z.ZodType>['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search.toString()}`;
}
