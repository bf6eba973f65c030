import { Lane, type Waiting } from '../admission/lane.ts';
import { LONGEST_WAIT, overloaded, stillRunning } from '../admission/overloaded.ts';
import { Turnstile } from '../admission/turnstile.ts';
import { isCommerceError } from '../errors.ts';
import { BatchMetrics } from './batch-metrics.ts';
import { Pace, type PaceLimits } from './pace.ts';

/** Stands for the result of an item that a batch cannot settle: it is tried alone. */
export const ALONE = Symbol('alone');

/** Stands for the result of an item that met others in its batch: the next batch may settle it. */
export const AGAIN = Symbol('again');

/** What a batch says of one of its items. */
export type Settled<Result> = Result | typeof ALONE | typeof AGAIN;

export interface MicroBatcherOptions<Item, Result> {
  /** What is batched, in a word, for the metrics. */
  readonly name: string;
  /**
   * Settles all items in one go. Returns for each, in their order, its result, or `AGAIN` or `ALONE` for one of which
   * nothing was done. When it throws, nothing of the batch may have been done that settling its items again would do again.
   */
  readonly settle: (items: readonly Item[]) => Promise<readonly Settled<Result>[]>;
  /** Settles one item with everything that can be said about it. Its failure reaches this item's caller only. */
  readonly alone: (item: Item) => Promise<Result>;
  /** What an item costs, 1 or more. */
  readonly weight: (item: Item) => number;
  readonly limits: PaceLimits;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

/** Batches that an item goes into before it is tried alone. */
const TRIES = 3;

/**
 * Collects items while batches are in flight and settles them together. Nothing waits for company: an item that finds
 * no batch in flight goes at once. The queues are bounded, and who would have to wait too long is refused before any work.
 * Everything is in this process's memory and nothing is lost with it: an item is acknowledged when its batch is settled.
 */
export class MicroBatcher<Item, Result> {
  readonly #options: MicroBatcherOptions<Item, Result>;
  readonly #pace: Pace;
  readonly #metrics: BatchMetrics;
  readonly #now: () => number;
  readonly #queue: Lane<Item, Result>;
  readonly #lone: Turnstile<Item, Result>;
  readonly #idle: (() => void)[] = [];
  #batches = 0;
  #planned = false;
  #watched = false;
  #closed = false;

  constructor(options: MicroBatcherOptions<Item, Result>) {
    this.#options = options;
    this.#pace = new Pace(options.limits);
    this.#metrics = new BatchMetrics(options.name);
    this.#now = options.now ?? (() => performance.now());
    const waits = (change: number) => this.#metrics.waits(change);
    this.#queue = new Lane(options.weight, waits);
    this.#lone = new Turnstile({
      limits: { width: options.limits.aloneWidth, patienceMillis: options.limits.patienceMillis },
      work: options.alone,
      observer: {
        waits,
        works: (change) => this.#metrics.flies('alone', change),
        refuses: () => this.#metrics.refuses(),
      },
      onIdle: () => this.#tellIdle(),
      now: this.#now,
    });
  }

  /**
   * @param how `alone` skips the batch, for what a batch cannot settle; `signal` gives the place in the queue up, and
   *   does nothing while the item is being settled
   * @throws CommerceError OVERLOADED before any work, REQUEST_ABORTED; otherwise what settling the item alone throws
   */
  submit(item: Item, how: { readonly alone?: boolean; readonly signal?: AbortSignal } = {}): Promise<Result> {
    return new Promise((settled, failed) => {
      const answered = () => clearTimeout(timer);
      const resolve = (result: Result) => {
        answered();
        settled(result);
      };
      const reject = (error: unknown) => {
        answered();
        failed(error);
      };
      const waiting: Waiting<Item, Result> = { item, signal: how.signal, resolve, reject, tries: 0, isBegun: false };
      const timer = setTimeout(() => this.#answerLate(waiting), this.#options.limits.answerMillis).unref();
      if (this.#closed) this.#refuse(waiting);
      else if (how.alone) this.#lone.enter(waiting);
      else if (this.#queue.size >= this.#pace.waiting) this.#refuse(waiting);
      else this.#queue.add(waiting, this.#now());
      this.#plan();
    });
  }

  /** Takes nothing more, and resolves when everything taken is settled. */
  close(): Promise<void> {
    this.#closed = true;
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  /** What is going on. `limit` and `loneLimit` are how many may wait for a batch, and to be tried alone. */
  get load(): { waiting: number; inFlight: number; size: number; width: number; limit: number; loneLimit: number } {
    return {
      waiting: this.#queue.size + this.#lone.load.waiting,
      inFlight: this.#batches + this.#lone.load.working,
      size: this.#pace.size,
      width: this.#pace.width,
      limit: this.#pace.waiting,
      loneLimit: this.#lone.load.limit,
    };
  }

  #refuse({ reject }: Waiting<Item, Result>): void {
    this.#metrics.refuses();
    reject(overloaded());
  }

  /** However often it came again, and whatever holds it up: its caller hears of it before a time-out says nothing. */
  #answerLate(waiting: Waiting<Item, Result>): void {
    const waits = this.#queue.leave(waiting) || this.#lone.leave(waiting);
    if (waits && !waiting.isBegun) this.#refuse(waiting);
    else waiting.reject(stillRunning());
    this.#plan();
  }

  /** At the end of this turn of the event loop: what arrived in the same packet goes together. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      while (this.#mayDepart()) void this.#settleBatch();
      this.#watch();
      this.#tellIdle();
    });
  }

  /** Refuses who has waited too long, whatever the pace had promised: a time-out would come without a reason. */
  #watch(): void {
    if (this.#watched || this.#queue.size === 0) return;
    this.#watched = true;
    const { patienceMillis } = this.#options.limits;
    setTimeout(() => {
      this.#watched = false;
      this.#queue.dropOlder(this.#now() - patienceMillis * LONGEST_WAIT, (waiting) => this.#refuse(waiting));
      this.#plan();
    }, patienceMillis / 4).unref();
  }

  /** At once when nothing is in flight. Beside another batch only when worth it: a batch has a price of its own. */
  #mayDepart(): boolean {
    if (this.#queue.size === 0 || this.#batches >= this.#pace.width) return false;
    return this.#batches === 0 || this.#queue.weight >= this.#options.limits.beside;
  }

  /**
   * Greatest weight of the batch that departs now: half of what waits where the other half is worth a batch beside it. Callers
   * who all wait for one batch come back together, and then process and database only ever work by turns.
   */
  #room(): number {
    const half = Math.ceil(this.#queue.weight / 2);
    const isWorthTwo = half >= this.#options.limits.beside && this.#batches + 1 < this.#pace.width;
    return isWorthTwo ? Math.min(half, this.#pace.size) : this.#pace.size;
  }

  async #settleBatch(): Promise<void> {
    const room = this.#room();
    const batch = this.#takeBatch(room);
    this.#batches++;
    this.#metrics.flies('batch', 1);
    await this.#settle(batch, this.#queue.size > 0 && room === this.#pace.size);
    this.#batches--;
    this.#metrics.flies('batch', -1);
    this.#plan();
  }

  /** @param full whether items were left behind because the batch was full */
  async #settle(batch: readonly Waiting<Item, Result>[], full: boolean): Promise<void> {
    const startedAt = this.#now();
    let results: readonly Settled<Result>[] = [];
    let isPoisoned = false;
    try {
      results = await this.#options.settle(batch.map(({ item }) => item));
    } catch (error) {
      for (const waiting of batch) waiting.isBegun = true;
      // A failure with a code of ours is of the database, and halves would meet it too. Any other is of one of the items.
      isPoisoned = batch.length > 1 && !isCommerceError(error);
    }
    const now = this.#now();
    this.#metrics.settled(batch.length, now - startedAt);
    const items = batch.length - results.filter((result) => result === AGAIN).length;
    this.#pace.observe({ items, weight: this.#weightOf(batch), millis: now - startedAt, full }, now);
    if (isPoisoned) {
      const middle = Math.ceil(batch.length / 2);
      await this.#settle(batch.slice(0, middle), false);
      await this.#settle(batch.slice(middle), false);
      return;
    }
    batch.forEach((waiting, index) => {
      const result = index < results.length ? (results[index] as Settled<Result>) : ALONE;
      if (result === AGAIN && ++waiting.tries < TRIES) this.#queue.add(waiting, now, true);
      else if (result === AGAIN || result === ALONE) this.#lone.enter(waiting);
      else waiting.resolve(result);
    });
  }

  #weightOf(batch: readonly Waiting<Item, Result>[]): number {
    return batch.reduce((sum, { item }) => sum + this.#options.weight(item), 0);
  }

  #takeBatch(room: number): Waiting<Item, Result>[] {
    const batch: Waiting<Item, Result>[] = [];
    let weight = 0;
    for (;;) {
      const waiting = this.#queue.take(batch.length === 0 ? undefined : room - weight);
      if (!waiting) return batch;
      batch.push(waiting);
      weight += this.#options.weight(waiting.item);
    }
  }

  #tellIdle(): void {
    const { waiting, working } = this.#lone.load;
    if (this.#queue.size + this.#batches + waiting + working > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
