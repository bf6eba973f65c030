import { overloaded } from '../../platform/admission/overloaded.ts';

interface Waiting {
  /** When it came, in milliseconds. */
  readonly since: number;
  readonly open: () => void;
  readonly refuse: (error: Error) => void;
}

/** How long requests are begun before the event loop gets on with everything else, in milliseconds. */
const SLICE_MILLIS = 10;
/** Requests that may be begun in one turn of the event loop. */
const SLICE_REQUESTS = 16;

/**
 * Lets requests begin in slices. A thousand that arrive together would otherwise be parsed, validated and planned in one
 * turn of the event loop, and nobody is answered before it ends: neither health checks nor those who wait too long.
 *
 * A request that finds nobody waiting begins at once.
 */
export class Doorway {
  readonly #patienceMillis: number;
  readonly #now: () => number;
  /** Who may write and who only looks, in turns: a crowd of the one kind keeps none of the other out. */
  readonly #queues: readonly [writers: Waiting[], readers: Waiting[]] = [[], []];
  #isTurnUsed = false;
  #isTurnOfWriters = false;

  /** @param patienceMillis who has waited so long is refused */
  constructor(patienceMillis: number, now: () => number = () => performance.now()) {
    this.#patienceMillis = patienceMillis;
    this.#now = now;
  }

  /**
   * Resolves when the request may begin.
   * @param mayWrite begun in turns with those that only look
   * @throws CommerceError OVERLOADED when that takes too long; nothing was done
   */
  async enter(mayWrite = false): Promise<void> {
    if (this.#isTurnUsed) {
      const [writers, readers] = this.#queues;
      return new Promise((open, refuse) => (mayWrite ? writers : readers).push({ since: this.#now(), open, refuse }));
    }
    this.#isTurnUsed = true;
    setImmediate(() => this.#endTurn());
  }

  /** What a request does until it waits for something runs between two of these callbacks. */
  #beginTurn(): void {
    let startedAt: number | null = null;
    const openNext = () => {
      startedAt ??= this.#now();
      if (this.#now() - startedAt >= SLICE_MILLIS) return;
      this.#isTurnOfWriters = !this.#isTurnOfWriters;
      const [writers, readers] = this.#queues;
      const [first, second] = this.#isTurnOfWriters ? [writers, readers] : [readers, writers];
      (first.shift() ?? second.shift())?.open();
    };
    for (let n = Math.min(SLICE_REQUESTS, this.#waiting); n > 0; n--) setImmediate(openNext);
    setImmediate(() => this.#endTurn());
  }

  get #waiting(): number {
    return this.#queues[0].length + this.#queues[1].length;
  }

  #endTurn(): void {
    const oldest = this.#now() - this.#patienceMillis;
    for (const queue of this.#queues) {
      while (queue[0] && queue[0].since < oldest) queue.shift()?.refuse(overloaded());
    }
    this.#isTurnUsed = this.#waiting > 0;
    if (this.#isTurnUsed) this.#beginTurn();
  }
}
