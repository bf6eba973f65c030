import {
  bulkhead,
  CircuitState,
  CountBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  type IBackoffFactory,
  isBrokenCircuitError,
} from 'cockatiel';
import { sleep } from '../../platform/clock.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { aborted, isSystemFault, timedOut, unavailable } from './failure.ts';
import { createRetryBudget, retryPauseMillis } from './retry-budget.ts';
import { type Circuit, createStatisticsRecorder, type SystemStatistics } from './statistics.ts';
import { withinBudget } from './time-budget.ts';

export interface CallPolicyOptions {
  /** Budget of one call in milliseconds: waiting for a place, all attempts, and the pauses between them. */
  readonly timeoutMillis: number;
  /** Calls in progress at most. Default 16. */
  readonly concurrency?: number;
  /** Calls that may wait for a place; more are refused at once. Default 256. */
  readonly queue?: number;
  /** Attempts of a repeatable call. Default 3. */
  readonly attempts?: number;
  /** The circuit opens when more than half of the last `size` calls failed, but not before `minimumCalls`. Default 20 and 10. */
  readonly breaker?: { readonly size: number; readonly minimumCalls: number };
  /** First pause of an open circuit before one call is tried; doubles up to five times as much. Default 1000. */
  readonly halfOpenAfterMillis?: number;
  /** Called when the circuit opens, half-opens or closes. */
  readonly onCircuitChange?: (circuit: Circuit) => void;
}

/** One exchange with the system. Fails with a CommerceError, or with anything once its signal aborted. */
type Exchange<T> = (signal: AbortSignal) => Promise<T>;

/** The policy of all calls to one system, whatever it is spoken to by: HTTP, or SQL. */
export interface CallPolicy {
  /** @throws CommerceError as `SystemClient` says */
  run<T>(
    exchange: Exchange<T>,
    call: { readonly repeatable: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
  /** One exchange that may wait for news, without a place of its own and never repeated. `exchange` is told how long it may wait. */
  poll<T>(
    exchange: (waitSeconds: number, signal: AbortSignal) => Promise<T>,
    waitSeconds: number,
    signal: AbortSignal | undefined,
  ): Promise<T>;
  /** The system asks not to be called for so long. */
  keepQuiet(millis: number): void;
  statistics(): SystemStatistics;
}

/** Calls in progress at most, unless a system wants fewer. */
export const DEFAULT_CONCURRENCY = 16;

/** @param system name in errors and statistics, e.g. WMS */
export function createCallPolicy(system: string, options: CallPolicyOptions): CallPolicy {
  const { timeoutMillis, attempts = 3, halfOpenAfterMillis = 1_000, breaker = { size: 20, minimumCalls: 10 } } = options; // biome-ignore format: one thought
  const statistics = createStatisticsRecorder(system);
  const budget = createRetryBudget();
  const places = bulkhead(options.concurrency ?? DEFAULT_CONCURRENCY, options.queue ?? 256);
  let askableAt = 0; // when the open circuit lets a call through
  const circuit = circuitBreaker(handleWhen(isSystemFault), {
    breaker: new CountBreaker({ threshold: 0.5, size: breaker.size, minimumNumberOfCalls: breaker.minimumCalls }),
    halfOpenAfter: noting(
      new ExponentialBackoff({ initialDelay: halfOpenAfterMillis, maxDelay: halfOpenAfterMillis * 5 }),
      (pauseMillis) => {
        askableAt = Date.now() + pauseMillis;
      },
    ),
  });
  let circuitClosedAt: Date | null = null;
  circuit.onStateChange((state) => {
    if (state === CircuitState.Closed) circuitClosedAt = new Date();
    options.onCircuitChange?.(circuitOf(state));
  });
  let quietUntil = 0; // the system asked everyone to slow down
  const keepQuiet = (millis: number) => {
    quietUntil = Math.max(quietUntil, Date.now() + millis);
  };

  /** Says of a call that the circuit refused when one is let through: whoever has time may wait for it. */
  function refusedByCircuit(error: unknown): never {
    if (!isBrokenCircuitError(error)) throw error;
    throw unavailable(system, 'circuit-open', undefined, { retryAfterMillis: Math.max(1, askableAt - Date.now()) });
  }

  /** One attempt through the breaker, recorded. */
  async function attempt<T>(
    exchange: Exchange<T>,
    caller: AbortSignal | undefined,
    signal: AbortSignal,
    budgetMillis: number,
    isPoll: boolean,
  ): Promise<T> {
    return circuit.execute(async () => {
      const started = performance.now();
      const latency = () => (isPoll ? null : performance.now() - started);
      try {
        const answer = await exchange(signal);
        statistics.answered(latency());
        budget.earn();
        return answer;
      } catch (error) {
        if (caller?.aborted) throw aborted(system);
        const failure = signal.aborted ? timedOut(system, budgetMillis) : error;
        if (isSystemFault(failure)) statistics.failed(failure.code, latency());
        else if (isCommerceError(failure)) statistics.answered(latency());
        throw failure;
      }
    });
  }

  /** Attempts until one succeeds, the failure is final, or time or the retry budget is spent. */
  async function repeatedly<T>(
    exchange: Exchange<T>,
    call: { readonly repeatable: boolean; readonly signal?: AbortSignal | undefined },
    signal: AbortSignal,
    deadline: number,
  ): Promise<T> {
    for (let count = 1; ; count += 1) {
      const quiet = quietUntil - Date.now();
      if (quiet > 0) {
        if (Date.now() + quiet >= deadline) throw unavailable(system, 'rate-limited');
        await sleep(quiet, signal);
      }
      try {
        return await attempt(exchange, call.signal, signal, timeoutMillis, false);
      } catch (error) {
        const slowDown = isCommerceError(error) && error.details.status === 429;
        if (slowDown) keepQuiet(Number(error.details.retryAfterMillis ?? 1_000));
        const pause = slowDown ? quietUntil - Date.now() : retryPauseMillis(count);
        const maySucceed = slowDown || (call.repeatable && isSystemFault(error)); // 429: it was not handled
        if (!maySucceed || count >= attempts || Date.now() + pause >= deadline || !budget.take()) throw error;
        statistics.retried();
        await sleep(pause, signal);
      }
    }
  }

  return {
    run(exchange, call) {
      const deadline = Date.now() + timeoutMillis;
      return withinBudget(system, timeoutMillis, call.signal, (signal) =>
        places.execute(() => repeatedly(exchange, call, signal, deadline), signal).catch(refusedByCircuit),
      );
    },
    poll(exchange, waitSeconds, caller) {
      const wait = circuit.state === CircuitState.Closed ? waitSeconds : 0;
      const millis = wait * 1_000 + timeoutMillis;
      return withinBudget(system, millis, caller, (signal) =>
        attempt((until) => exchange(wait, until), caller, signal, millis, true).catch(refusedByCircuit),
      );
    },
    keepQuiet,
    statistics: () => ({ ...statistics.read(circuitOf(circuit.state)), circuitClosedAt }),
  };
}

function circuitOf(state: CircuitState): Circuit {
  if (state === CircuitState.Closed) return 'CLOSED';
  return state === CircuitState.HalfOpen ? 'HALF_OPEN' : 'OPEN';
}

/** The same pauses, each told when it begins. */
function noting(pauses: IBackoffFactory<unknown>, tell: (millis: number) => void): IBackoffFactory<unknown> {
  return {
    next(context) {
      const pause = pauses.next(context);
      tell(pause.duration);
      return { duration: pause.duration, next: noting(pause, tell).next };
    },
  };
}
