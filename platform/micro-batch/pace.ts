/** Bounds within which batches find their size and number by themselves. Weight: what an item costs, e.g. its lines. */
export interface PaceLimits {
  /** How long a batch should take, in milliseconds: the longest that an item waits for the one before. */
  readonly targetMillis: number;
  /** Least and greatest weight of a batch. A heavier item makes a batch of its own. */
  readonly size: readonly [least: number, greatest: number];
  /** Least weight of a batch that departs while another is in flight. */
  readonly beside: number;
  /** Most batches in flight. */
  readonly width: number;
  /** An item that would have to wait longer is refused at once, in milliseconds. */
  readonly patienceMillis: number;
  /**
   * Longest that a caller waits for an answer of any kind, in milliseconds: batches that it goes into again, connections
   * and locks included.
   */
  readonly answerMillis: number;
  /** Items that may wait whatever was measured, before a full batch was measured, and the most that may ever wait. */
  readonly waiting: readonly [least: number, unmeasured: number, greatest: number];
  /** Items that are tried alone at the same time: each takes a connection. */
  readonly aloneWidth: number;
}

/**
 * For what is written to the stock of the shop. Weight: lines, and one for the order or the hold. The greatest keeps the
 * key locks of a batch far from what PostgreSQL has room for. Every request is answered before a subgraph's time is up
 * (SUBGRAPH_TIMEOUT_MS, 10 s).
 */
export const STOCK_PACE: PaceLimits = {
  targetMillis: 50,
  size: [256, 768],
  beside: 64,
  width: 4,
  patienceMillis: 1_500,
  answerMillis: 7_000,
  waiting: [64, 1_000, 10_000],
  aloneWidth: 10,
};

/** One settled batch, as it was measured. */
export interface BatchMeasure {
  /** Without those that have to come again. */
  readonly items: number;
  readonly weight: number;
  readonly millis: number;
  /** Whether items were left behind because the batch was full. */
  readonly full: boolean;
}

/** Batches after which a width is judged. */
const TRIAL = 16;
/** What counts as better, so that noise does not. */
const BETTER = 1.05;
/** Share of a new measure in the running rate. */
const SMOOTHING = 0.2;

/**
 * How large batches are, how many are in flight and how many items may wait, learnt from the batches so far. README.md
 * tells the rule. Pure: the time of an observation is an argument.
 */
export class Pace {
  readonly #limits: PaceLimits;
  #size: number;
  #width: number;
  #step = 1;
  #trial: { since: number; batches: number; weight: number } | null = null;
  #lastRate = 0;
  #itemsPerMilli = 0;
  #isMeasured = false;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
    this.#size = limits.size[0];
    this.#width = Math.min(2, limits.width);
  }

  /** Greatest weight of the next batch. */
  get size(): number {
    return Math.round(this.#size);
  }

  /** Batches that may be in flight together. */
  get width(): number {
    return this.#width;
  }

  /** Items that may wait. */
  get waiting(): number {
    const [least, unmeasured, greatest] = this.#limits.waiting;
    const within = Math.floor(this.#itemsPerMilli * this.#limits.patienceMillis);
    return Math.min(greatest, Math.max(this.#isMeasured ? least : unmeasured, within));
  }

  /** Learns from a batch that has just been settled. @param now milliseconds, from any origin */
  observe(batch: BatchMeasure, now: number): void {
    this.#measure(batch);
    this.#resize(batch);
    this.#judgeWidth(batch, now);
  }

  /** A batch that was not full shows a rate that is reached at least: a larger one costs little more. */
  #measure({ items, millis, full }: BatchMeasure): void {
    const rate = (items * this.#width) / Math.max(millis, 0.1);
    const first = full && !this.#isMeasured;
    if (first) this.#itemsPerMilli = rate;
    else if (full || rate > this.#itemsPerMilli) this.#itemsPerMilli += (rate - this.#itemsPerMilli) * SMOOTHING;
    this.#isMeasured ||= full;
  }

  /** Towards the target time, at most by half or double. A batch that was not full says nothing about a larger one. */
  #resize({ millis, full }: BatchMeasure): void {
    const { targetMillis, size } = this.#limits;
    const factor = Math.min(2, Math.max(0.5, targetMillis / Math.max(millis, 0.1)));
    if (factor < 1 || full) this.#size = Math.min(size[1], Math.max(size[0], this.#size * factor));
  }

  /** Hill climbing: while a backlog lasts, goes on in the direction that settles more per time, else turns back. */
  #judgeWidth({ weight, full }: BatchMeasure, now: number): void {
    if (!full) {
      this.#trial = null;
      return;
    }
    this.#trial ??= { since: now, batches: -1, weight: -weight };
    this.#trial.batches++;
    this.#trial.weight += weight;
    if (this.#trial.batches < TRIAL) return;
    const rate = this.#trial.weight / Math.max(now - this.#trial.since, 0.1);
    if (rate < this.#lastRate * BETTER) this.#step = -this.#step;
    this.#lastRate = rate;
    const next = this.#width + this.#step;
    if (next < 1 || next > this.#limits.width) this.#step = -this.#step;
    else this.#width = next;
    this.#trial = null;
  }
}
