import type { GraphQLFormattedError } from 'graphql';
import { LiveError } from './live-error.ts';
import type { LiveMessage } from './live-message.ts';

/** How a stream of messages ended. */
export type StreamEnd =
  /** The client asked for it. */
  | { readonly kind: 'completed' }
  /** The subscription cannot go on. The client is told why. */
  | { readonly kind: 'failed'; readonly errors: readonly GraphQLFormattedError[] }
  /** This process stops. The client is not told "complete", so that it reconnects. */
  | { readonly kind: 'interrupted' };

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };

/**
 * The messages that one subscriber has not taken yet: one writer, one reader, bounded.
 *
 * Not an async generator: `return()` of a generator waits until its pending `next()` settles, which here is the
 * next event, so an unsubscribed client would hold its place until something happens to the order it no longer watches.
 */
export class MessageQueue implements AsyncIterableIterator<LiveMessage> {
  /** Resolves once with the way the stream ended. */
  readonly ended: Promise<StreamEnd>;
  readonly #limit: number;
  readonly #markEnded: (end: StreamEnd) => void;
  #items: LiveMessage[] = [];
  #end: StreamEnd | null = null;
  #failureTold = false;
  #reader: { resolve(result: IteratorResult<LiveMessage>): void; reject(error: unknown): void } | null = null;
  #writer: (() => void) | null = null;

  /** @param limit messages held for a reader that does not take them, at least 1 */
  constructor(limit: number) {
    this.#limit = limit;
    const { promise, resolve } = promiseOf<StreamEnd>();
    this.ended = promise;
    this.#markEnded = resolve;
  }

  get size(): number {
    return this.#items.length;
  }

  get isEnded(): boolean {
    return this.#end !== null;
  }

  /** Adds a message. @returns false when the queue is full: the message was not taken. */
  push(message: LiveMessage): boolean {
    if (this.#end) return true; // nobody reads any more: dropping it is what the reader asked for
    if (this.#reader) {
      const reader = this.#reader;
      this.#reader = null;
      reader.resolve({ value: message, done: false });
      return true;
    }
    if (this.#items.length >= this.#limit) return false;
    this.#items.push(message);
    return true;
  }

  /**
   * Waits until at least half of the queue is free, or the stream ended.
   * @returns false when the reader took nothing for `patienceMillis`
   */
  async room(patienceMillis: number): Promise<boolean> {
    if (this.#end || this.#items.length < this.#limit / 2) return true;
    const { promise, resolve } = promiseOf<boolean>();
    const timer = setTimeout(() => resolve(false), patienceMillis);
    this.#writer = () => resolve(true);
    const found = await promise;
    clearTimeout(timer);
    this.#writer = null;
    return found;
  }

  /**
   * Ends the stream. Messages not taken yet are still handed out, except after a failure: a reader that is too slow
   * must not have to take a thousand messages before it learns so.
   */
  end(end: StreamEnd): void {
    if (this.#end) return;
    this.#end = end;
    if (end.kind === 'failed') this.#items = [];
    this.#markEnded(end);
    this.#writer?.();
    const reader = this.#reader;
    this.#reader = null;
    if (!reader) return;
    if (end.kind === 'failed') {
      this.#failureTold = true;
      reader.reject(new LiveError(end.errors));
    } else reader.resolve(DONE);
  }

  /** @throws LiveError once, after a failure */
  async next(): Promise<IteratorResult<LiveMessage>> {
    const item = this.#items.shift();
    if (item) {
      if (this.#items.length < this.#limit / 2) this.#writer?.();
      return { value: item, done: false };
    }
    if (this.#end?.kind === 'failed' && !this.#failureTold) {
      this.#failureTold = true;
      throw new LiveError(this.#end.errors);
    }
    if (this.#end) return DONE;
    const { promise, resolve, reject } = promiseOf<IteratorResult<LiveMessage>>();
    this.#reader = { resolve, reject };
    return promise;
  }

  /** The reader is gone. Settles at once. */
  async return(): Promise<IteratorResult<LiveMessage>> {
    this.#items = [];
    this.end({ kind: 'completed' });
    return DONE;
  }

  async throw(error: unknown): Promise<IteratorResult<LiveMessage>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

// Promise.withResolvers is not in Node 20.
function promiseOf<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
