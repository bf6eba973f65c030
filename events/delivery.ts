import { isCommerceError, isRetryable } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { backoff, DEFAULT_RETRY } from './backoff.ts';
import type { EventType } from './contracts/index.ts';
import type { RunResult } from './lanes.ts';
import type { Consumption, StoredEvent } from './port.ts';

/** One event on its way through a handler. */
export interface Delivery<Type extends EventType> {
  readonly event: StoredEvent<Type>;
  readonly settle: () => void;
  /** Runs that have failed in the present phase: of the handler, then of `onDead`. */
  failures: number;
  /** Why the handler was given up; null while it has not been. */
  dead: { readonly error: unknown } | null;
}

/** Once leadership is lost nothing is begun any more; the lanes are about to be stopped. */
const NOT_NOW: RunResult = { kind: 'again', afterMillis: 1_000 };

/**
 * One run: the handler, or `onDead` once the handler was given up. Never rejects.
 *
 * @param signal aborts when this process no longer leads: what failed because of it is no failure of the event
 */
export async function deliver<Type extends EventType>(
  delivery: Delivery<Type>,
  consumption: Consumption<Type>,
  signal: AbortSignal,
  logger: Logger,
): Promise<RunResult> {
  if (signal.aborted) return NOT_NOW;
  const { event } = delivery;
  const retry = consumption.retry ?? DEFAULT_RETRY;
  if (delivery.dead === null) {
    try {
      await consumption.handler(event, signal);
      delivery.settle();
      return { kind: 'settled' };
    } catch (error) {
      if (signal.aborted) return NOT_NOW;
      delivery.failures += 1;
      logger.warn({ ...about(consumption, event), failures: delivery.failures, ...cause(error) }, 'event not handled');
      if (isRetryable(error) && delivery.failures < retry.attempts) {
        return { kind: 'again', afterMillis: backoff(delivery.failures, retry) };
      }
      delivery.dead = { error };
      delivery.failures = 0;
    }
  }
  try {
    await consumption.onDead(event, delivery.dead.error);
    logger.error({ ...about(consumption, event), ...cause(delivery.dead.error) }, 'event given up');
    delivery.settle();
    return { kind: 'settled' };
  } catch (error) {
    if (signal.aborted) return NOT_NOW;
    delivery.failures += 1;
    logger.error({ ...about(consumption, event), ...cause(error) }, 'given up event not stored');
    return { kind: 'again', afterMillis: backoff(delivery.failures, DEFAULT_RETRY) };
  }
}

function about<Type extends EventType>(consumption: Consumption<Type>, event: StoredEvent<Type>) {
  const { type, id, sequence, traceId } = event;
  return { group: consumption.group, eventType: type, eventId: id, sequence, traceId };
}

/** The message of an unregistered error may hold values of the event: only its kind is logged. */
function cause(error: unknown): { code: string } | { failure: string } {
  if (isCommerceError(error)) return { code: error.code };
  return { failure: error instanceof Error ? error.name : typeof error };
}
