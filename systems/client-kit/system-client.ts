import { bulkhead, CircuitState, CountBreaker, circuitBreaker, ExponentialBackoff, handleWhen } from 'cockatiel';
import { Pool } from 'undici';
import type { z } from 'zod';
import { sleep } from '../../platform/clock.ts';
import { type ErrorDetails, isCommerceError } from '../../platform/errors.ts';
import { type ExchangeRequest, exchange } from './exchange.ts';
import { aborted, badResponse, isSystemFault, timedOut, unavailable } from './failure.ts';
import { createRetryBudget, retryPauseMillis } from './retry-budget.ts';
import { type Circuit, createStatisticsRecorder, type SystemStatistics } from './statistics.ts';
import { withinBudget } from './time-budget.ts';

/** What every `create<Name>Client` takes. */
export interface SystemClientOptions {
  /** e.g. `http://127.0.0.1:7003`. */
  readonly baseUrl: string;
  readonly token: string;
  /** Budget of one call in milliseconds: waiting for a place, all attempts, and the pauses between them. */
  readonly timeoutMillis: number;
  /** Calls in progress at most. Default 16. */
  readonly concurrency?: number;
  /** Calls that may wait for a place; more are refused at once. Default 256. */
  readonly queue?: number;
  /** Largest answer read. Default 8 MiB. */
  readonly maxResponseBytes?: number;
  /** Attempts of a repeatable call. Default 3. */
  readonly attempts?: number;
  /** The circuit opens when more than half of the last `size` calls failed, but not before `minimumCalls`. Default 20 and 10. */
  readonly breaker?: { readonly size: number; readonly minimumCalls: number };
  /** First pause of an open circuit before one call is tried; doubles up to five times as much. Default 1000. */
  readonly halfOpenAfterMillis?: number;
  /**
   * How the system tells a refusal under a status of success: its code (`systemCode`) and numbers, null when the answer is
   * none. Default: a body with `error` is an answer in an unknown format.
   */
  readonly refusalIn?: (answer: unknown) => ErrorDetails | null;
  /** Called when the circuit opens, half-opens or closes. */
  readonly onCircuitChange?: (circuit: Circuit) => void;
}

export interface SystemCall<Answer extends z.ZodType> {
  readonly method: ExchangeRequest['method'];
  /** Path below the base URL; encode parameters with `encodeURIComponent`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
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
  const {
    concurrency = 16,
    attempts = 3,
    halfOpenAfterMillis = 1_000,
    breaker = { size: 20, minimumCalls: 10 },
  } = options;
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/$/, '');
  const pool = new Pool(base.origin, {
    connections: concurrency + FEED_CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: { timeout: options.timeoutMillis },
    headersTimeout: 0, // our own budget covers connect, headers and body together
    bodyTimeout: 0,
    maxResponseSize: options.maxResponseBytes ?? 8 * 1024 * 1024,
  });
  const statistics = createStatisticsRecorder(system);
  const budget = createRetryBudget();
  const places = bulkhead(concurrency, options.queue ?? 256);
  const circuit = circuitBreaker(handleWhen(isSystemFault), {
    breaker: new CountBreaker({ threshold: 0.5, size: breaker.size, minimumNumberOfCalls: breaker.minimumCalls }),
    halfOpenAfter: new ExponentialBackoff({ initialDelay: halfOpenAfterMillis, maxDelay: halfOpenAfterMillis * 5 }),
  });
  circuit.onStateChange((state) => options.onCircuitChange?.(circuitOf(state)));
  let quietUntil = 0; // the system asked everyone to slow down (429)

  /** One attempt through the breaker, recorded. */
  async function attempt<Answer extends z.ZodType>(
    call: SystemCall<Answer>,
    path: string,
    signal: AbortSignal,
    budgetMillis: number,
    isPoll: boolean,
  ) {
    return circuit.execute(async () => {
      const started = performance.now();
      const latency = () => (isPoll ? null : performance.now() - started);
      try {
        const raw = await exchange(pool, system, {
          method: call.method,
          path,
          body: call.body,
          authorization: call.authorization === undefined ? `Bearer ${options.token}` : call.authorization,
          refusalIn: options.refusalIn ?? null,
          traceId: call.traceId ?? null,
          signal,
        });
        const parsed = call.answer.safeParse(raw);
        if (!parsed.success)
          throw badResponse(system, `shape of ${parsed.error.issues[0]?.path.join('.') || 'the answer'}`);
        statistics.answered(latency());
        budget.earn();
        return parsed.data;
      } catch (error) {
        if (call.signal?.aborted) throw aborted(system);
        const failure = signal.aborted ? timedOut(system, budgetMillis) : error;
        if (isSystemFault(failure)) statistics.failed(failure.code, latency());
        else if (isCommerceError(failure)) statistics.answered(latency());
        throw failure;
      }
    });
  }

  /** Attempts until one succeeds, the failure is final, or time or the retry budget is spent. */
  async function repeatedly<Answer extends z.ZodType>(
    call: SystemCall<Answer>,
    path: string,
    signal: AbortSignal,
    deadline: number,
  ) {
    for (let count = 1; ; count += 1) {
      const quiet = quietUntil - Date.now();
      if (quiet > 0) {
        if (Date.now() + quiet >= deadline) throw unavailable(system, 'rate-limited');
        await sleep(quiet, signal);
      }
      try {
        return await attempt(call, path, signal, options.timeoutMillis, false);
      } catch (error) {
        const slowDown = isCommerceError(error) && error.details.status === 429;
        if (slowDown) quietUntil = Math.max(quietUntil, Date.now() + Number(error.details.retryAfterMillis ?? 1_000));
        const pause = slowDown ? quietUntil - Date.now() : retryPauseMillis(count);
        const maySucceed = slowDown || (call.repeatable && isSystemFault(error)); // 429: it was not handled
        if (!maySucceed || count >= attempts || Date.now() + pause >= deadline || !budget.take()) throw error;
        statistics.retried();
        await sleep(pause, signal);
      }
    }
  }

  return {
    call(call) {
      const deadline = Date.now() + options.timeoutMillis;
      const path = prefix + call.path + queryOf(call.query);
      return withinBudget(system, options.timeoutMillis, call.signal, (signal) =>
        places.execute(() => repeatedly(call, path, signal, deadline), signal),
      );
    },
    poll(call, waitSeconds) {
      const wait = circuit.state === CircuitState.Closed ? waitSeconds : 0;
      const millis = wait * 1_000 + options.timeoutMillis;
      const path = prefix + call.path + queryOf({ ...call.query, wait });
      return withinBudget(system, millis, call.signal, (signal) =>
        attempt({ ...call, method: 'GET', repeatable: false }, path, signal, millis, true),
      );
    },
    statistics: () => statistics.read(circuitOf(circuit.state)),
    close: () => pool.destroy(),
  };
}

function queryOf(query: SystemCall<z.ZodType>['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search.toString()}`;
}

function circuitOf(state: CircuitState): Circuit {
  if (state === CircuitState.Closed) return 'CLOSED';
  return state === CircuitState.HalfOpen ? 'HALF_OPEN' : 'OPEN';
}
