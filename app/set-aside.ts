import type { EventLog, StoredEvent } from '../events/port.ts';
import { placeBefore } from '../events/sequences.ts';
import type { Taker } from '../events/taker.ts';
import { causeOf } from '../orchestrator/failure.ts';
import { isCommerceError } from '../platform/errors.ts';
import { type PastOpenCircuits, pastOpenCircuits, untilAskable } from '../platform/open-circuit.ts';
import type { TakeAgain } from '../subgraphs/operations/index.ts';
import type { createNoticeSender } from '../subgraphs/order/index.ts';
import { NOTICE_SENDER } from '../subgraphs/order/index.ts';

/** Takes an entry of a feed that was set aside again, by its place. */
export type TakeEntryAgain = (id: string) => ReturnType<TakeAgain>;

/** Names an event that a consumer could not handle on the exception desk. */
export function setAsideKey(consumer: string, event: Pick<StoredEvent, 'id'>): string {
  return `${consumer}:${event.id}`;
}

/** Longest time a consumer may take for an event that is taken again, in milliseconds. */
const TIMEOUT_MILLIS = 30_000;
/** How long all that is taken again in one turn waits for open circuits, in milliseconds: the longest pause of one, and a little. */
const CIRCUIT_PATIENCE_MILLIS = 6_000;

/** Of one turn: the first wait for the circuit of a system that is back; of one that is still down, the others fail at once. */
export const patienceOfATurn = (): PastOpenCircuits => pastOpenCircuits(CIRCUIT_PATIENCE_MILLIS);

/**
 * Hands events that were set aside to their consumer once more, and entries of feeds to their feed. Both are idempotent:
 * each event has one effect.
 * @param feeds who takes an entry, by the name of its feed
 * @param patience with open circuits
 */
export function takeEventsAgain(
  log: EventLog,
  takers: readonly Taker[],
  feeds: Readonly<Record<string, TakeEntryAgain>> = {},
  patience: PastOpenCircuits = patienceOfATurn(),
): TakeAgain {
  return async ({ by, id }) => {
    const feed = feeds[by];
    if (feed)
      return patience(() => feed(id)).catch((error: unknown) => ({ kind: 'failed' as const, ...reasonOf(error) }));
    const taker = takers.find(({ group }) => group === by);
    const event = taker && (await eventAt(log, id));
    if (!taker || !event || !taker.types.includes(event.type)) return { kind: 'gone' };
    try {
      await patience(() => taker.take(event, AbortSignal.timeout(TIMEOUT_MILLIS)));
      return { kind: 'handled' };
    } catch (error) {
      return { kind: 'failed', ...reasonOf(error) };
    }
  };
}

/** The event at a place of the log. Undefined when it is not kept any more. */
async function eventAt(log: EventLog, sequence: string): Promise<StoredEvent | undefined> {
  try {
    const { events } = await log.read({ after: placeBefore(sequence), limit: 1 });
    return events.find((event) => event.sequence === sequence);
  } catch (error) {
    if (isCommerceError(error) && error.code === 'REPLAY_EXPIRED') return undefined;
    throw error;
  }
}

/** What an operator may read of a failure: only registered texts, an unknown one may hold anything. */
export function reasonOf(error: unknown): ReturnType<typeof causeOf> {
  return causeOf(
    error,
    'An event could not be handled and was set aside. The log has the reason under the trace id: give both to those who look after the platform, and retry once it is mended.',
  );
}

/** As {@link reasonOf}, of what somebody else did not take from us. */
export function refusalOf(error: unknown): ReturnType<typeof causeOf> {
  return causeOf(
    error,
    'It failed for a reason that is not known. The log has it under the trace id: give both to those who look after the platform.',
  );
}

/** Sends notices to channels that were given up once more; whatever else was set aside, the other one takes. */
export function takeNoticesAgain(
  sender: Pick<ReturnType<typeof createNoticeSender>, 'sendAgain'>,
  otherwise: TakeAgain,
  patience: PastOpenCircuits = patienceOfATurn(),
): TakeAgain {
  return async (setAside) => {
    if (setAside.by !== NOTICE_SENDER) return otherwise(setAside);
    const sent = await patience(async () => {
      const answer = await sender.sendAgain(setAside.id);
      if (answer.kind === 'failed' && untilAskable(answer.error) !== null) throw answer.error;
      return answer;
    }).catch((error: unknown) => {
      if (untilAskable(error) === null) throw error;
      return { kind: 'failed' as const, error };
    });
    return sent.kind === 'failed' ? { kind: 'failed', ...refusalOf(sent.error) } : sent;
  };
}
