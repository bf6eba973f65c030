import type { EventData, EventType } from './contracts/index.ts';

/**
 * An event as it is kept in the log (CloudEvents 1.0 attributes in our spelling).
 * A union over the event types: `switch (event.type)` gives `event.data` its form.
 */
export type StoredEvent<Type extends EventType = EventType> = Type extends EventType
  ? {
      /**
       * Place in the log. Opaque to clients; fixed width, so that within one log the order of the strings is the order
       * of the events. The same for every adapter over the same log.
       */
      readonly sequence: string;
      /** Unique together with `source`. Consumers recognise a repetition by it. */
      readonly id: string;
      readonly type: Type;
      /** Who wrote it, such as `/commerce/order`. */
      readonly source: string;
      /** Id of the aggregate: what the contract names as its subject. */
      readonly subject: string;
      /** Counts the events of one subject: 1, 2, 3 … without a gap. */
      readonly version: number;
      /** Sales channel it belongs to, such as WEB. Null where it belongs to none or to all. */
      readonly channelCode: string | null;
      /** When the change was written, RFC 3339 in UTC with milliseconds, by the clock of the database. */
      readonly occurredAt: string;
      /** W3C trace id (32 hex digits) of the request that caused the change. */
      readonly traceId: string;
      readonly data: EventData<Type>;
    }
  : never;

/** Topics to look for (see topics.ts), or every event of the log. */
export type Topics = readonly string[] | 'all';

/** Where and how much to read. */
export interface ReadRequest {
  /** Continue behind this sequence; null begins with the oldest event that is kept. */
  readonly after: string | null;
  /** Events looked at, 1 to 1,000. With `types`, fewer may be returned although more follow. */
  readonly limit: number;
  /** Only these. All when left out. */
  readonly types?: readonly EventType[];
}

export interface LogPage {
  /** In the order of the log. */
  readonly events: readonly StoredEvent[];
  /** Continue here: the `after` of the next read. Equal to the present one when nothing was there. */
  readonly next: string;
  /** False when the page ended because the log did. */
  readonly more: boolean;
}

/** How a failed event is repeated. */
export interface RetryBudget {
  /** Runs of the handler for one event, the first included. */
  readonly attempts: number;
  /** Upper bound of the wait before the first repetition, in milliseconds. Doubles with each; the wait is drawn at random below it. */
  readonly firstDelayMillis: number;
  readonly maxDelayMillis: number;
}

/** A durable group of readers: together, over restarts, they handle each event of these types. */
export interface Consumption<Type extends EventType> {
  /** Name of the group; its position is kept under it. Never reuse a name for another purpose. */
  readonly group: string;
  readonly types: readonly Type[];
  /**
   * Handles one event. At least once: make it one effect with `once`, or with a key of the receiving system.
   * Events of one subject come in order and one at a time; events of different subjects at the same time.
   *
   * @param signal aborts when this process no longer leads the group; what is begun may be finished
   */
  readonly handler: (event: StoredEvent<Type>, signal: AbortSignal) => Promise<void>;
  /**
   * Takes an event whose handler failed to the end of its budget, or failed with an error that repetition cannot help.
   * It must store it; when it fails, it is called again until it succeeds. Only then the subject goes on.
   */
  readonly onDead: (event: StoredEvent<Type>, error: unknown) => Promise<void>;
  /** Ends the consumption: nothing new is begun, what runs is finished, the position is saved. */
  readonly signal: AbortSignal;
  /** Events read at once. 200 when left out. */
  readonly batchSize?: number;
  /** Handlers that run at the same time. 8 when left out. */
  readonly concurrency?: number;
  readonly retry?: RetryBudget;
}

/** The history of events: complete, in order, kept for a while. Written through `writeEvents` and the relay. */
export interface EventLog {
  /** Which adapter this is, for health and logs. No credentials. */
  describe(): string;

  /** Sequence of the newest event. Valid as `after`, also when the log is empty. */
  head(): Promise<string>;

  /**
   * Reads what follows a place. Never skips: an event that becomes visible later has a later sequence.
   *
   * @throws CommerceError REPLAY_EXPIRED when `after` lies before the history that is kept, or is no sequence of this log
   */
  read(request: ReadRequest): Promise<LogPage>;

  /**
   * The first `limit` events behind `after` that have one of the topics, in order. Fewer only when there are no more.
   *
   * @throws CommerceError REPLAY_EXPIRED as `read` does
   */
  readByTopics(topics: Topics, after: string, limit: number): Promise<readonly StoredEvent[]>;

  /** Below, equal or above zero when `a` comes before, is, or comes after `b`. Both are sequences of this log. */
  compare(a: string, b: string): number;

  /**
   * Takes part in a group until the signal aborts. Of several processes one leads and handles; when it dies,
   * another takes over. A new group begins with the oldest event that is kept.
   *
   * @returns when the signal has aborted and everything begun is finished. Never rejects.
   */
  consume<Type extends EventType>(consumption: Consumption<Type>): Promise<void>;
}

/**
 * Wakes those who wait for something, across processes. Lossy and without order: a wake-up only says "look now",
 * and whoever waits also looks by itself from time to time.
 */
export interface FanOut {
  /** Which adapter this is, for health and logs. No credentials. */
  describe(): string;

  /** Wakes the listeners of every process, this one included. Call it after the commit. Never throws, never waits. */
  publish(topics: readonly string[]): void;

  /** @returns ends the listening; the other listeners stay */
  subscribe(listener: (topics: readonly string[]) => void): () => void;

  /** Ends every listening and frees connections. What was published just before may be lost. */
  close(): Promise<void>;
}
