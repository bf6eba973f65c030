/** What came of one run of a piece of work. */
export type RunResult =
  /** The lane goes on with the next. */
  | { readonly kind: 'settled' }
  /** The same again after this time; the lane waits, the others do not. */
  | { readonly kind: 'again'; readonly afterMillis: number };

interface Lane<Work> {
  readonly name: string;
  readonly queue: Work[];
}

/**
 * Runs work in lanes: in order and one at a time within a lane, side by side across lanes.
 * A lane that waits for its repetition takes no place from the others.
 */
export class Lanes<Work> {
  readonly #run: (work: Work) => Promise<RunResult>;
  readonly #concurrency: number;
  readonly #lanes = new Map<string, Lane<Work>>();
  readonly #ready: Lane<Work>[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #running = 0;
  #stopped = false;
  #whenIdle: (() => void)[] = [];

  /**
   * @param concurrency runs at the same time, at least 1
   * @param run must not reject
   */
  constructor(concurrency: number, run: (work: Work) => Promise<RunResult>) {
    this.#concurrency = concurrency;
    this.#run = run;
  }

  add(lane: string, work: Work): void {
    const present = this.#lanes.get(lane);
    if (present) {
      present.queue.push(work);
      return;
    }
    const created = { name: lane, queue: [work] };
    this.#lanes.set(lane, created);
    this.#ready.push(created);
    this.#pump();
  }

  /** Begins nothing more. @returns when what runs has ended */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (this.#running > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #pump(): void {
    while (!this.#stopped && this.#running < this.#concurrency) {
      const lane = this.#ready.shift();
      const work = lane?.queue[0];
      if (!lane || work === undefined) return;
      this.#running += 1;
      void this.#run(work).then((result) => this.#ended(lane, result));
    }
  }

  #ended(lane: Lane<Work>, result: RunResult): void {
    this.#running -= 1;
    if (result.kind === 'settled') {
      lane.queue.shift();
      if (lane.queue.length > 0) this.#ready.push(lane);
      else this.#lanes.delete(lane.name);
    } else if (!this.#stopped) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#ready.push(lane);
        this.#pump();
      }, result.afterMillis);
      this.#timers.add(timer);
    }
    this.#pump();
    if (this.#running === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
