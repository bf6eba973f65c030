/** What an item is taken to cost before it was measured, in milliseconds. */
const UNMEASURED_MILLIS = 20;
/** Share of a new measure in the running mean. */
const SMOOTHING = 0.2;

export interface TurnLimits {
  /** Items that have their turn at the same time. */
  readonly width: number;
  /** An item that would have to wait longer for its turn is refused at once, in milliseconds. */
  readonly patienceMillis: number;
}

/** How many items may wait for their turn: those that get it within the patience, as it was measured. */
export class TurnPace {
  readonly #limits: TurnLimits;
  #millis = UNMEASURED_MILLIS;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Items that may wait; never fewer than have their turn at the same time. */
  get waiting(): number {
    const { width, patienceMillis } = this.#limits;
    return Math.max(width, Math.floor((width * patienceMillis) / this.#millis));
  }

  /** Learns from an item whose turn is over. */
  observe(millis: number): void {
    this.#millis = Math.max(0.1, this.#millis + (millis - this.#millis) * SMOOTHING);
  }
}
