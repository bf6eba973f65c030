import type { PaceLimits } from './pace.ts';

/** What trying an item alone is taken to cost before it was measured, in milliseconds. */
const UNMEASURED_MILLIS = 20;
/** Share of a new measure in the running mean. */
const SMOOTHING = 0.2;

/** How many items may wait to be tried alone: those that are settled within the patience, as it was measured. */
export class LonePace {
  readonly #limits: Pick<PaceLimits, 'aloneWidth' | 'patienceMillis'>;
  #millis = UNMEASURED_MILLIS;

  constructor(limits: Pick<PaceLimits, 'aloneWidth' | 'patienceMillis'>) {
    this.#limits = limits;
  }

  /** Items that may wait; never fewer than are tried at the same time. */
  get waiting(): number {
    const { aloneWidth, patienceMillis } = this.#limits;
    return Math.max(aloneWidth, Math.floor((aloneWidth * patienceMillis) / this.#millis));
  }

  /** Learns from an item that was just tried. */
  observe(millis: number): void {
    this.#millis = Math.max(0.1, this.#millis + (millis - this.#millis) * SMOOTHING);
  }
}
