import type { StoredEvent } from '../../events/port.ts';
import type { Caller } from '../../platform/caller.ts';

/** Reads from the whole graph (fields of every audience included) with the rights of the subscriber. */
export type Ask = (query: string, variables: Readonly<Record<string, unknown>>) => Promise<Record<string, unknown>>;

/** The fields of a message that depend on the field watched; the hub adds sequence, occurredAt and snapshot. */
export type MessageBody = Readonly<Record<string, unknown>>;

/** The state at the start of a subscription. */
export interface PresentState {
  /** One message each, in this order. */
  readonly bodies: readonly MessageBody[];
  /** Per subject of events: the version of the last event that this state already contains. */
  readonly versions: ReadonlyMap<string, number>;
}

/** One subscription field with its arguments, for one caller. */
export interface Watch {
  /** Where its events are found (events/topics.ts); `change` chooses among them. */
  readonly topics: readonly string[];
  /** The message for an event, or null when the event is none of this watch's. */
  change(event: StoredEvent): MessageBody | null;
  /** Null when the field has no state of its own. @throws CommerceError NOT_FOUND */
  readonly present: ((ask: Ask) => Promise<PresentState>) | null;
  /** Asked before a resumed watch starts, which reads no state. Null when anybody who sees the field may watch. @throws CommerceError NOT_FOUND */
  readonly permit: ((ask: Ask) => Promise<void>) | null;
}

/** A field of the Subscription type. */
export interface WatchedField {
  readonly name: string;
  /**
   * @param args the field's arguments, coerced by the schema, without `after`
   * @throws CommerceError BAD_USER_INPUT | FORBIDDEN
   */
  watch(args: Readonly<Record<string, unknown>>, caller: Caller): Watch;
}
