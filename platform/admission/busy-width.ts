import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** Time between two looks, in milliseconds. */
const LOOK_MILLIS = 100;
/** Share of the time in which the process works: above this it has no rest, below that it has. */
const BUSY = 0.95;
const IDLE = 0.8;
/** Below this it does little but wait: whatever it waits for, others need not. */
const WAITING = 0.5;
/** Enough to keep a process busy whose subgraphs are near; what is fetched for more of them is not gone before memory is cleaned. */
const FEWEST = 8;
const FIRST = 32;

/**
 * How many operations are worked on at a time: fewer while the process has no rest, more while it waits for others. A
 * process that works all the time gets no more done by having more begun; it only keeps each of them longer, and what
 * comes in another lane behind all of them.
 */
export class BusyWidth {
  readonly #most: number;
  readonly #fewest: number;
  readonly #now: () => number;
  readonly #utilization: () => number;
  #width: number;
  #lookedAt: number;
  #isBusy = false;

  /**
   * @param most however idle the process is
   * @param utilization share of the time since the last call in which the process worked, 0 to 1
   */
  constructor(most: number, utilization: () => number = eventLoopUtilization(), now = () => performance.now()) {
    this.#most = most;
    this.#fewest = Math.min(most, FEWEST);
    this.#width = Math.min(most, FIRST);
    this.#utilization = utilization;
    this.#now = now;
    this.#lookedAt = now();
  }

  get width(): number {
    this.#look();
    return this.#width;
  }

  /** Whether the process had little rest when it was looked at last. */
  get isBusy(): boolean {
    this.#look();
    return this.#isBusy;
  }

  #look(): void {
    if (this.#now() - this.#lookedAt < LOOK_MILLIS) return;
    this.#lookedAt = this.#now();
    this.#learn(this.#utilization());
  }

  #learn(utilization: number): void {
    const width = this.#width;
    this.#isBusy = utilization >= IDLE;
    if (utilization > BUSY) this.#width = Math.max(this.#fewest, Math.floor(width * 0.75));
    else if (utilization < WAITING) this.#width = Math.min(this.#most, 2 * width);
    else if (utilization < IDLE) this.#width = Math.min(this.#most, width + Math.ceil(width / 8));
  }
}

function eventLoopUtilization(): () => number {
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
