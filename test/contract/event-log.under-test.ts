import type { NewEvent } from '../../events/outbox.ts';
import type { EventLog, FanOut } from '../../events/port.ts';

/** The same log, as one process has it. */
export interface LogMember {
  readonly log: EventLog;
  readonly fanOut: FanOut;
  stop(): Promise<void>;
}

/** A new, empty log. */
export interface LogUnderTest extends LogMember {
  /** Brings events into the log the way the adapter does it. */
  publish(events: readonly NewEvent[]): Promise<void>;
  /** Forgets the oldest events, as retention would. */
  forget(count: number): Promise<void>;
  /** Another process on the same log. */
  join(): Promise<LogMember>;
}
