import type { EventLog, FanOut, StoredEvent, Topics } from './port.ts';

/** The live end of the log, for as many listeners as there are. */
export interface Tail {
  /** Sequence of the last event handed out. */
  head(): string;

  /**
   * Hands every event behind `head()` that has one of the topics to the listener: in order, once, none skipped.
   * The listener runs synchronously and must not throw or block.
   *
   * To join history and live events without a gap: attach first and hold what comes, then read history
   * (`log.head()` or `log.readByTopics`), then drop from what was held everything up to where the history ended.
   *
   * @param onLost called once when the tail can no longer continue where it was (the log was replaced); detached then
   * @returns ends the listening; the other listeners stay
   */
  attach(topics: Topics, listener: (event: StoredEvent) => void, onLost?: (error: Error) => void): () => void;

  close(): Promise<void>;
}
export type CreateTail = (log: EventLog, fanOut: FanOut) => Promise<Tail>;
