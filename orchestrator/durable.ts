import { DBOS, DBOSWorkflowConflictError } from '@dbos-inc/dbos-sdk';
import { isCommerceError, isRetryable } from '../platform/errors.ts';
import { pastOpenCircuits } from '../platform/open-circuit.ts';
import { causeOf } from './failure.ts';
import { Places } from './places.ts';
import type { OrchestratorDeps } from './port.ts';

/** What every step of a workflow knows about the work it belongs to. */
export interface WorkContext {
  readonly orderId: string | null;
  readonly channelCode: string | null;
  readonly traceId: string;
}

export interface StepOptions {
  /** Verb and noun, e.g. `release-work`. With the workflow's id it names the step's exception. */
  readonly name: string;
  /** The system of record that the step calls, or `commerce` for our own store. */
  readonly system: string;
  /** Longest time one attempt may take, in milliseconds. */
  readonly timeoutMillis?: number;
}

/** Runs a durable step of the workflow at hand. */
export type RunStep = <Result>(options: StepOptions, run: (signal: AbortSignal) => Promise<Result>) => Promise<Result>;

/** Quick attempts before a failure is shown on the exception desk. */
const QUICK_ATTEMPTS = 5;
const DEFAULT_TIMEOUT_MILLIS = 10_000;

/**
 * Steps of this process that run at the same time: fewer than it has connections. After an outage a thousand orders go on
 * at once; all of them together would let each other's time run out, for ever, and leave the desk full of exceptions.
 */
const places = new Places(16);

/**
 * How long the attempts of a further round wait for an open circuit in all, in milliseconds: two of its longest pauses. Those of the
 * first do not wait, so that people hear of an outage within seconds.
 */
const CIRCUIT_PATIENCE_MILLIS = 12_000;

/** Pause between rounds of attempts once an exception is open, in seconds: 15, 30, 60 … at most 15 minutes. */
const FIRST_PAUSE_SECONDS = 15;
const MAX_PAUSE_SECONDS = 900;

/** How long a system may take to decide before somebody is told, in seconds: taking its time is no failure. */
const PATIENCE_SECONDS = 900;
/** Pause between two looks whether it has decided, in seconds: 1, 2, 4 … at most a minute. */
const MAX_LOOK_SECONDS = 60;

/** Topic on which a person's retry reaches the waiting workflow. */
export const RETRY_TOPIC = 'retry';

/**
 * Runs one durable step: completed steps never run again after a crash, so only the step in flight repeats.
 * Retryable failures are repeated quickly, then an exception is raised and the step is tried again at growing intervals,
 * or at once when somebody asks for it: not against our own open circuit, whose pause is waited for. A system that has not decided yet (SYSTEM_PENDING) is asked again and again, and is
 * shown only when it takes a quarter of an hour; the order's timeline hears of it from the desk. The step must be idempotent at the system it calls.
 *
 * Must be called from inside a DBOS workflow.
 */
export async function durableStep<Result>(
  deps: Pick<OrchestratorDeps, 'exceptions'>,
  work: WorkContext,
  options: StepOptions,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const workflowId = DBOS.workflowID ?? null;
  const key = `${workflowId ?? 'none'}:${options.name}`;
  let patience = PATIENCE_SECONDS;
  for (let round = 0; ; round++) {
    try {
      const pastCircuits = pastOpenCircuits(round === 0 ? 0 : CIRCUIT_PATIENCE_MILLIS);
      const result = await DBOS.runStep(
        () =>
          pastCircuits(() =>
            places.run(() => run(AbortSignal.timeout(options.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS))),
          ),
        {
          name: options.name,
          retriesAllowed: true,
          maxAttempts: QUICK_ATTEMPTS,
          intervalSeconds: 0.2,
          backoffRate: 2,
          shouldRetry: isRetryable,
        },
      );
      if (round > 0)
        await DBOS.runStep(() => deps.exceptions.resolve(key), {
          name: `${options.name}:resolved`,
          retriesAllowed: true,
          maxAttempts: 10,
        });
      return result;
    } catch (error) {
      // Another worker has taken the workflow over: the engine parks this run of it. Nothing failed.
      if (error instanceof DBOSWorkflowConflictError) throw error;
      const failure = rootCause(error);
      const isPending = isCommerceError(failure) && failure.code === 'SYSTEM_PENDING';
      const isShown = !isPending || patience <= 0;
      // The same steps in either case: what a worker recorded of the workflow stays true.
      await DBOS.runStep(
        async () => {
          if (!isShown) return;
          await deps.exceptions.raise({
            key,
            ...toldOf(failure),
            error: failure,
            system: options.system,
            operation: options.name,
            ...work,
            workflowId,
          });
        },
        { name: `${options.name}:raise`, retriesAllowed: true, maxAttempts: 10 },
      );
      const timeoutSeconds = isShown
        ? Math.min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** round)
        : Math.min(MAX_LOOK_SECONDS, 2 ** round);
      patience -= timeoutSeconds;
      await DBOS.recv(RETRY_TOPIC, { timeoutSeconds });
    }
  }
}

/** DBOS wraps the last error of a step that ran out of attempts; the cause is what an operator needs. */
function rootCause(error: unknown): unknown {
  if (error instanceof Error && 'errors' in error && Array.isArray(error.errors) && error.errors.length > 0)
    return rootCause(error.errors.at(-1));
  return error;
}

const UNKNOWN_FAILURE =
  'The step failed for a reason that is not known. The log has it under the trace id: give both to those who look after the platform.';

function toldOf(failure: unknown): ReturnType<typeof causeOf> {
  const { cause, message } = causeOf(failure, UNKNOWN_FAILURE);
  return { cause, message: `${message} It is tried again by itself, at growing intervals.` };
}
