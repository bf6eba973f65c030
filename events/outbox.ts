import type { Knex } from 'knex';
import { change } from '../platform/db/query.ts';
import { CommerceError } from '../platform/errors.ts';
import { type EventType, eventContracts } from './contracts/index.ts';
import type { FanOut } from './port.ts';
import { OUTBOX_FILLED } from './wake-topics.ts';

/** An event to be written. The envelope's id, source and time are added on the way. */
export interface NewEvent {
  type: EventType;
  /** Id of the aggregate, as the contract names it. Events of one subject keep their order. */
  subject: string;
  /** Counts the events of this subject: 1, 2, 3 … without a gap. Counted under the row lock of the aggregate. */
  version: number;
  /** Sales channel it belongs to, or null. */
  channelCode: string | null;
  /** W3C trace id of the request that causes the change. */
  traceId: string;
  /** Checked against the contract of the type. Values are kept as JSON: no bigint, no Date. */
  data: object;
}

/**
 * Writes events in the transaction of the change they tell of: both are committed, or neither.
 * One statement, whatever the number.
 *
 * Write the events of one subject only while holding the row lock that guards its version: that lock is what makes the
 * order of commits, and so the order in the log, the order of the versions.
 *
 * @throws CommerceError INTERNAL_SERVER_ERROR when an event breaks its contract. The message names the fields, not their values.
 */
export async function writeEvents(trx: Knex.Transaction, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const data = events.map((event) => JSON.stringify(checked(event)));
  await change(
    trx,
    `insert into integration.outbox (type, source, subject, version, channel_code, trace_id, data)
     select type, source, subject, version, channel_code, trace_id, data
     from unnest(?::text[], ?::text[], ?::text[], ?::int[], ?::text[], ?::text[], ?::jsonb[])
       with ordinality as e (type, source, subject, version, channel_code, trace_id, data, place)
     order by place`,
    [
      events.map((event) => event.type),
      events.map((event) => sourceOf(event.type)),
      events.map((event) => event.subject),
      events.map((event) => event.version),
      events.map((event) => event.channelCode),
      events.map((event) => event.traceId),
      data,
    ],
  );
  wakeAfterCommit(trx);
}

/** The `source` of the envelope: who writes events of this type. */
export function sourceOf(type: EventType): string {
  return `/commerce/${eventContracts[type].sender}`;
}

/** The data as the contract has it. @throws CommerceError INTERNAL_SERVER_ERROR */
export function checked(event: NewEvent): object {
  if (!Number.isSafeInteger(event.version) || event.version < 1) throw broken(event, 'version');
  if (event.subject === '') throw broken(event, 'subject');
  const parsed = eventContracts[event.type].schema.safeParse(event.data);
  // Values stay out of the message: an event may carry the id of a customer.
  if (!parsed.success)
    throw broken(event, ...parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.code}`));
  return parsed.data;
}

function broken(event: NewEvent, ...places: string[]): CommerceError {
  return new CommerceError('INTERNAL_SERVER_ERROR', `event ${event.type} breaks its contract: ${places.join(', ')}`);
}

/** Who to wake, by database. knex gives a transaction the same `config` object as the handle it was begun on. */
const wakers = new WeakMap<object, FanOut>();

/**
 * Lets every transaction of this handle that wrote events wake the relay when it has committed, and none that was
 * rolled back. Without it the relay finds the events by itself, at its next look. Call it once, where the process is composed.
 */
export function wakeRelayAfterCommit(knex: Knex, fanOut: FanOut): void {
  wakers.set(knex.client.config, fanOut);
}

/** Wakes the relay for events that a statement of its own has committed (`integration.append_events`). */
export function wakeRelay(knex: Knex): void {
  void wakers.get(knex.client.config)?.publish([OUTBOX_FILLED]);
}

const woken = new WeakSet<Knex.Transaction>();

function wakeAfterCommit(trx: Knex.Transaction): void {
  const fanOut = wakers.get(trx.client.config);
  if (!fanOut || woken.has(trx)) return;
  woken.add(trx);
  trx.executionPromise.then(
    () => fanOut.publish([OUTBOX_FILLED]),
    () => undefined, // rolled back: the one who began the transaction gets the error
  );
}
