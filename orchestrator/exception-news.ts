import type { EventData } from '../events/contracts/index.ts';
import type { StoredEvent } from '../events/port.ts';
import { isCommerceError } from '../platform/errors.ts';
import type { OrchestratorDeps } from './port.ts';

/** The events that tell of exceptions. */
export const EXCEPTION_NEWS = ['integration-exception-raised.v1', 'integration-exception-moved.v1'] as const;

export type ExceptionNews = StoredEvent<(typeof EXCEPTION_NEWS)[number]>;

/**
 * Puts what becomes of an exception on the timeline of the order that it concerns, wherever it came from: a step, a feed, a
 * notice to a channel. Once per event. One that concerns no order, or none that is here, is passed over: the desk has it.
 */
export async function noteException(event: ExceptionNews, { orders }: Pick<OrchestratorDeps, 'orders'>): Promise<void> {
  const news = newsOf(event);
  const { orderId, system = 'commerce' } = event.data;
  if (news === null || orderId == null) return;
  const entry = { ...news, system, occurredAt: new Date(event.occurredAt) };
  try {
    await orders.note(orderId, { key: `exception:${event.id}`, traceId: event.traceId, timeline: [entry] });
  } catch (error) {
    if (!isCommerceError(error) || error.code !== 'NOT_FOUND') throw error;
  }
}

/** Null of an event by an earlier release, which did not say what had failed. */
function newsOf(event: ExceptionNews): { readonly type: string; readonly message: string } | null {
  if (event.type === 'integration-exception-moved.v1') return moved(event.data);
  const { operation, cause, message } = event.data;
  return operation === undefined
    ? null
    : { type: 'EXCEPTION_OPENED', message: `On the exception desk: ${operation} (${cause}). ${message}` };
}

function moved({ change, operation, attempts, cause, by, message }: EventData<'integration-exception-moved.v1'>) {
  const type = `EXCEPTION_${change}`;
  switch (change) {
    case 'FAILED_AGAIN':
      return { type, message: `Attempt ${attempts} of ${operation} failed (${cause}). ${message}` };
    case 'RETRY_REQUESTED':
      return { type, message: `${by} asked for another attempt of ${operation}` };
    case 'CORRECTED':
      return { type, message: `${by} corrected what ${operation} failed on: ${message}` };
    case 'RESOLVED':
      return { type, message: `The exception of ${operation} is closed, by ${by}` };
    case 'DISMISSED':
      return { type, message: `${by} dismissed the exception of ${operation}: ${message}` };
  }
}
