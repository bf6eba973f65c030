import { CommerceError } from '../errors.ts';
import { BatchMetrics } from './batch-metrics.ts';
import { Pace, type PaceLimits } from './pace.ts';

/** Stands for the result of an item that a batch could not settle: it is tried alone. */
export const ALONE = Symbol('alone');

export interface MicroBatcherOptions<Item, Result> {
  /** What is batched, in a word, for the metrics. */
  readonly name: string;
  /**
   * Settles all items in one go. Returns a result for each, in their order, or `ALONE` for one that has to be tried
   * alone. When it throws, nothing of the batch may have been done that trying each item alone would do again.
   */
  readonly settle: (items: readonly Item[]) => Promise<readonly (Result | typeof ALONE)[]>;
  /** Settles one item with everything that can be said about it. Its failure reaches this item's caller only. */
  readonly alone: (item: Item) => Promise<Result>;
  /** What an item costs, 1 or more. */
  readonly weight: (item: Item) => number;
  readonly limits: PaceLimits;
  /** Items that are tried alone at the same time: each takes a connection. */
  readonly aloneWidth: number;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening to the caller's signal: from now on the item is worked on, whoever waits. */
  leave: () => void;
}

/**
 * Collects items while batches are in flight and settles them together. Nothing waits for company: an item that finds
 * no batch in flight goes at once. The queue is bounded, and who would have to wait too long is refused before any work.
 * Everything is in this process's memory and nothing is lost with it: an item is acknowledged when its batch is settled.
 */
export class MicroBatcher<Item, Result> {
  readonly #options: MicroBatcherOptions<Item, Result>;
  readonly #pace: Pace;
  readonly #metrics: BatchMetrics;
  readonly #now: () => number;
  readonly #queue = new Set<Waiting<Item, Result>>();
  readonly #lone = new Set<Waiting<Item, Result>>();
  readonly #idle: (() => void)[] = [];
  #queuedWeight = 0;
  #batches = 0;
  #lonely = 0;
  #planned = false;
  #closed = false;

  constructor(options: MicroBatcherOptions<Item, Result>) {
    this.#options = options;
    this.#pace = new Pace(options.limits);
    this.#metrics = new BatchMetrics(options.name);
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * @param how `alone` skips the batch, for what a batch cannot settle; `signal` gives the place in the queue up, and
   *   does nothing once the item is being settled
   * @throws CommerceError OVERLOADED before any work, REQUEST_ABORTED; otherwise what settling the item alone throws
   */
  submit(item: Item, how: { readonly alone?: boolean; readonly signal?: AbortSignal } = {}): Promise<Result> {
    if (this.#closed || this.#queue.size + this.#lone.size >= this.#pace.waiting) {
      this.#metrics.refuses();
      return Promise.reject(
        new CommerceError('OVERLOADED', 'Too many requests are waiting. Repeat it after the time given.', {
          retryAfterSeconds: 1,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const lane = how.alone ? this.#lone : this.#queue;
      const waiting: Waiting<Item, Result> = { item, resolve, reject, leave: () => undefined };
      const { signal } = how;
      if (signal) {
        const giveUp = () => {
          this.#leave(lane, waiting);
          reject(new CommerceError('REQUEST_ABORTED', 'The request was cancelled before it was begun.'));
        };
        if (signal.aborted) {
          giveUp();
          return;
        }
        signal.addEventListener('abort', giveUp, { once: true });
        waiting.leave = () => signal.removeEventListener('abort', giveUp);
      }
      lane.add(waiting);
      this.#metrics.waits(1);
      if (lane === this.#queue) this.#queuedWeight += this.#options.weight(item);
      this.#plan();
    });
  }

  #leave(lane: Set<Waiting<Item, Result>>, waiting: Waiting<Item, Result>): void {
    if (!lane.delete(waiting)) return;
    this.#metrics.waits(-1);
    if (lane === this.#queue) this.#queuedWeight -= this.#options.weight(waiting.item);
  }

  /** Takes nothing more, and resolves when everything taken is settled. */
  close(): Promise<void> {
    this.#closed = true;
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  /** What is going on, for metrics. */
  get load(): { waiting: number; inFlight: number; size: number; width: number; limit: number } {
    return {
      waiting: this.#queue.size + this.#lone.size,
      inFlight: this.#batches + this.#lonely,
      size: this.#pace.size,
      width: this.#pace.width,
      limit: this.#pace.waiting,
    };
  }

  /** At the end of this turn of the event loop: what arrived in the same packet goes together. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      while (this.#mayDepart()) void this.#settleBatch();
      while (this.#lone.size > 0 && this.#lonely < this.#options.aloneWidth) void this.#settleAlone();
      this.#tellIdle();
    });
  }

  /** At once when nothing is in flight. Beside another batch only when worth it: a batch has a price of its own. */
  #mayDepart(): boolean {
    if (this.#queue.size === 0 || this.#batches >= this.#pace.width) return false;
    return this.#batches === 0 || this.#queuedWeight >= this.#options.limits.size[0];
  }

  async #settleBatch(): Promise<void> {
    const { batch, weight } = this.#take();
    const full = this.#queue.size > 0;
    const startedAt = this.#now();
    this.#batches++;
    this.#metrics.flies('batch', 1);
    let results: readonly (Result | typeof ALONE)[] = [];
    try {
      results = await this.#options.settle(batch.map(({ item }) => item));
    } catch {
      // One of them may be the reason. Alone, each gets its own answer, and only the guilty one the error.
    }
    this.#batches--;
    this.#metrics.flies('batch', -1);
    const now = this.#now();
    this.#metrics.settled(batch.length, now - startedAt);
    this.#pace.observe({ items: batch.length, weight, millis: now - startedAt, full }, now);
    batch.forEach((waiting, index) => {
      const result = index < results.length ? (results[index] as Result | typeof ALONE) : ALONE;
      if (result === ALONE) {
        this.#lone.add(waiting);
        this.#metrics.waits(1);
      } else waiting.resolve(result);
    });
    this.#plan();
  }

  #take(): { batch: Waiting<Item, Result>[]; weight: number } {
    const batch: Waiting<Item, Result>[] = [];
    let weight = 0;
    for (const waiting of this.#queue) {
      const more = this.#options.weight(waiting.item);
      if (batch.length > 0 && weight + more > this.#pace.size) break;
      this.#leave(this.#queue, waiting);
      waiting.leave();
      batch.push(waiting);
      weight += more;
    }
    return { batch, weight };
  }

  async #settleAlone(): Promise<void> {
    const [waiting] = this.#lone;
    if (!waiting) return;
    this.#leave(this.#lone, waiting);
    waiting.leave();
    this.#lonely++;
    this.#metrics.flies('alone', 1);
    try {
      waiting.resolve(await this.#options.alone(waiting.item));
    } catch (error) {
      waiting.reject(error);
    }
    this.#lonely--;
    this.#metrics.flies('alone', -1);
    this.#plan();
  }

  #tellIdle(): void {
    if (this.#queue.size + this.#lone.size + this.#batches + this.#lonely > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
