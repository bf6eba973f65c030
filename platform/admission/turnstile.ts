import { Lane, type Waiting } from './lane.ts';
import { LONGEST_WAIT, overloaded } from './overloaded.ts';
import { type TurnLimits, TurnPace } from './turn-pace.ts';

/** Told of what goes on at a turnstile: changes, by +1 or -1. */
export interface TurnstileObserver {
  waits(change: number): void;
  works(change: number): void;
  refuses(): void;
}

export interface TurnstileOptions<Item, Result> {
  readonly limits: TurnLimits;
  /** @param giveWay lets the next one in before it is done: called when it only waits from now on */
  readonly work: (item: Item, giveWay: () => void) => Promise<Result>;
  readonly observer: TurnstileObserver;
  /** Called when nobody waits and nothing is worked on any more. */
  readonly onIdle?: () => void;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

/** The width may have grown without anybody coming or leaving. */
const MOST_BETWEEN_LOOKS_MILLIS = 100;

/**
 * Lets a number of items in at a time, in the order of their coming. Who would have to wait too long is refused before
 * any work, who has waited too long as well, and who gives up is forgotten.
 */
export class Turnstile<Item, Result> {
  readonly #options: TurnstileOptions<Item, Result>;
  readonly #pace: TurnPace;
  readonly #now: () => number;
  readonly #lane: Lane<Item, Result>;
  #working = 0;
  #watched = false;

  constructor(options: TurnstileOptions<Item, Result>) {
    this.#options = options;
    this.#pace = new TurnPace(options.limits);
    this.#now = options.now ?? (() => performance.now());
    this.#lane = new Lane(() => 1, options.observer.waits);
  }

  /** @throws CommerceError OVERLOADED before any work, REQUEST_ABORTED; otherwise what the work throws */
  pass(item: Item, signal?: AbortSignal): Promise<Result> {
    return new Promise((resolve, reject) => this.enter({ item, signal, resolve, reject, tries: 0, isBegun: false }));
  }

  /** The same for one whose caller waits already. */
  enter(waiting: Waiting<Item, Result>): void {
    if (this.isFull && !waiting.isBegun) {
      this.#refuse(waiting);
      return;
    }
    this.#lane.add(waiting, this.#now());
    this.#advance();
  }

  /** See `Lane.leave`. */
  leave(waiting: Waiting<Item, Result>): boolean {
    return this.#lane.leave(waiting);
  }

  /** Whether the next one is refused. */
  get isFull(): boolean {
    return this.#lane.size >= this.#pace.waiting;
  }

  get load(): { waiting: number; working: number; limit: number } {
    return { waiting: this.#lane.size, working: this.#working, limit: this.#pace.waiting };
  }

  #advance(): void {
    while (this.#working < this.#options.limits.width) {
      const waiting = this.#lane.take();
      if (!waiting) break;
      void this.#work(waiting);
    }
    this.#watch();
    if (this.#lane.size + this.#working === 0) this.#options.onIdle?.();
  }

  async #work({ item, resolve, reject }: Waiting<Item, Result>): Promise<void> {
    const startedAt = this.#now();
    this.#working++;
    this.#options.observer.works(1);
    let isInside = true;
    const leave = () => {
      if (!isInside) return;
      isInside = false;
      this.#working--;
      this.#options.observer.works(-1);
      // How long it was inside: that is what the next ones wait for.
      this.#pace.observe(this.#now() - startedAt);
      this.#advance();
    };
    try {
      resolve(await this.#options.work(item, leave));
    } catch (error) {
      reject(error);
    }
    leave();
  }

  #watch(): void {
    if (this.#watched || this.#lane.size === 0) return;
    this.#watched = true;
    const { patienceMillis } = this.#options.limits;
    setTimeout(
      () => {
        this.#watched = false;
        this.#lane.dropOlder(this.#now() - patienceMillis * LONGEST_WAIT, (waiting) => this.#refuse(waiting));
        this.#advance();
      },
      Math.min(patienceMillis / 4, MOST_BETWEEN_LOOKS_MILLIS),
    ).unref();
  }

  #refuse({ reject }: Waiting<Item, Result>): void {
    this.#options.observer.refuses();
    reject(overloaded());
  }
}
