import { sleep } from '../platform/clock.ts';
import { isCommerceError } from '../platform/errors.ts';
import { backoff } from './backoff.ts';
import { createBell } from './bell.ts';
import type { EventLog, FanOut, StoredEvent, Topics } from './port.ts';
import { topicsOf } from './topics.ts';
import { LOG_GREW } from './wake-topics.ts';

/** The live end of the log, read once per process for as many listeners as there are. */
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
   * @param onLost called once when the tail cannot go on where it was, because the log was replaced under it. The
   *   listener is detached then: it must begin anew.
   * @returns ends the listening; the other listeners stay
   */
  attach(topics: Topics, listener: (event: StoredEvent) => void, onLost?: (error: Error) => void): () => void;

  /** Stops reading. The listeners hear no more. */
  close(): Promise<void>;
}

interface Listener {
  readonly topics: Topics;
  readonly hear: (event: StoredEvent) => void;
  readonly onLost: ((error: Error) => void) | undefined;
  /** False once detached, which may happen while an event is handed out. */
  active: boolean;
}

export interface TailOptions {
  /** Longest wait before it looks by itself, in milliseconds. */
  readonly pollMillis?: number;
  /** Told when the log could not be read (it tries again), and when a listener threw. */
  readonly onError?: (error: unknown) => void;
}

const PAGE = 500;
const TROUBLE = { firstDelayMillis: 100, maxDelayMillis: 2_000 };

/**
 * Begins at the present end of the log. From the moment this resolves no event is missed.
 *
 * @throws CommerceError when the log cannot be read at the start
 */
export async function createTail(log: EventLog, fanOut: FanOut, options: TailOptions = {}): Promise<Tail> {
  const onError = options.onError ?? (() => undefined);
  const bell = createBell(fanOut, LOG_GREW);
  const listeners = createIndex(onError);
  const closing = new AbortController();
  let position = await log.head().catch((error: unknown) => {
    bell.close();
    throw error;
  });

  async function follow(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const heard = bell.position();
      try {
        const page = await log.read({ after: position, limit: PAGE });
        for (const event of page.events) {
          if (signal.aborted) return;
          position = event.sequence;
          listeners.dispatch(event);
        }
        position = page.next;
        failures = 0;
        if (!page.more) await bell.heard(heard, options.pollMillis ?? 1_000, signal);
      } catch (error) {
        onError(error);
        failures += 1;
        if (isCommerceError(error) && error.code === 'REPLAY_EXPIRED') {
          const head = await log.head().catch(() => null);
          if (head !== null) {
            position = head;
            listeners.lose(error);
          }
        }
        await sleep(backoff(failures, TROUBLE), signal);
      }
    }
  }

  const running = follow(closing.signal);
  return {
    head: () => position,
    attach: (topics, hear, onLost) => listeners.add({ topics, hear, onLost, active: true }),
    async close() {
      closing.abort();
      await running;
      bell.close();
    },
  };
}

/** The listeners by topic: the cost of an event depends on who wants it, not on how many listen. */
function createIndex(onError: (error: unknown) => void) {
  const byTopic = new Map<string, Set<Listener>>();
  const all = new Set<Listener>();

  function placesOf(listener: Listener): { topic: string | null }[] {
    return listener.topics === 'all' ? [{ topic: null }] : listener.topics.map((topic) => ({ topic }));
  }

  function remove(listener: Listener): void {
    listener.active = false;
    for (const { topic } of placesOf(listener)) {
      if (topic === null) all.delete(listener);
      else {
        const place = byTopic.get(topic);
        place?.delete(listener);
        if (place?.size === 0) byTopic.delete(topic);
      }
    }
  }

  return {
    add(listener: Listener): () => void {
      for (const { topic } of placesOf(listener)) {
        if (topic === null) all.add(listener);
        else byTopic.set(topic, (byTopic.get(topic) ?? new Set()).add(listener));
      }
      return () => remove(listener);
    },

    dispatch(event: StoredEvent): void {
      // Collected first: an event with two topics of one listener is still one event, and listeners come and go meanwhile.
      const wanted = new Set(all);
      for (const topic of topicsOf(event)) for (const listener of byTopic.get(topic) ?? []) wanted.add(listener);
      for (const listener of wanted) {
        try {
          if (listener.active) listener.hear(event);
        } catch (error) {
          onError(error);
        }
      }
    },

    lose(error: Error): void {
      const lost = new Set([...all, ...[...byTopic.values()].flatMap((place) => [...place])]);
      for (const listener of lost) {
        remove(listener);
        listener.onLost?.(error);
      }
    },
  };
}
