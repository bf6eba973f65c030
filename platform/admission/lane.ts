import { CommerceError } from '../errors.ts';

/** An item whose caller waits for its result. */
export interface Waiting<Item, Result> {
  readonly item: Item;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  /** Batches that left it untouched. */
  tries: number;
  /** Whether something may have been done for it, as when a connection broke: to call it refused would be a guess. */
  isBegun: boolean;
}

interface Place {
  /** When it came into the lane, in milliseconds. */
  readonly since: number;
  readonly leave: () => void;
}

/**
 * Items in the order in which their turn comes. One leaves when it is taken, when its caller gives up, or when it has
 * waited too long: in the last two cases its caller is told, and nothing is done for it.
 */
export class Lane<Item, Result> {
  readonly #first = new Map<Waiting<Item, Result>, Place>();
  readonly #rest = new Map<Waiting<Item, Result>, Place>();
  readonly #weigh: (item: Item) => number;
  readonly #onSize: (change: number) => void;
  #weight = 0;

  /** @param onSize told by how many the lane grew or shrank */
  constructor(weigh: (item: Item) => number, onSize: (change: number) => void) {
    this.#weigh = weigh;
    this.#onSize = onSize;
  }

  get size(): number {
    return this.#first.size + this.#rest.size;
  }

  /** Of all items that wait. */
  get weight(): number {
    return this.#weight;
  }

  /** @param ahead before all that came by themselves: it had its turn before */
  add(waiting: Waiting<Item, Result>, now: number, ahead = false): void {
    const { signal } = waiting;
    const giveUp = () => {
      this.#remove(waiting);
      waiting.reject(new CommerceError('REQUEST_ABORTED', 'The request was cancelled before it was begun.'));
    };
    if (signal?.aborted) {
      giveUp();
      return;
    }
    signal?.addEventListener('abort', giveUp, { once: true });
    const leave = () => signal?.removeEventListener('abort', giveUp);
    (ahead ? this.#first : this.#rest).set(waiting, { since: now, leave });
    this.#weight += this.#weigh(waiting.item);
    this.#onSize(1);
  }

  /** The item whose turn it is, if there is one and it is not heavier than `room`. It no longer listens to its caller. */
  take(room = Number.POSITIVE_INFINITY): Waiting<Item, Result> | undefined {
    const [waiting] = this.#first.size > 0 ? this.#first.keys() : this.#rest.keys();
    if (!waiting || this.#weigh(waiting.item) > room) return undefined;
    this.#remove(waiting);
    return waiting;
  }

  /** Takes out who came before `time`, and hands each to `refuse`; not those for whom something may have been done. */
  dropOlder(time: number, refuse: (waiting: Waiting<Item, Result>) => void): void {
    for (const places of [this.#first, this.#rest]) {
      for (const [waiting, { since }] of places) {
        if (since >= time) break; // in the order of their coming
        if (waiting.isBegun) continue;
        this.#remove(waiting);
        refuse(waiting);
      }
    }
  }

  /** Takes one out whose caller waits no longer, unless something may have been done for it. @returns whether it waited */
  leave(waiting: Waiting<Item, Result>): boolean {
    if (!this.#first.has(waiting) && !this.#rest.has(waiting)) return false;
    if (!waiting.isBegun) this.#remove(waiting);
    return true;
  }

  #remove(waiting: Waiting<Item, Result>): void {
    for (const places of [this.#first, this.#rest]) {
      const place = places.get(waiting);
      if (!place) continue;
      places.delete(waiting);
      place.leave();
      this.#weight -= this.#weigh(waiting.item);
      this.#onSize(-1);
    }
  }
}
