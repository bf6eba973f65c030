import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Numbers about all batchers of this process for Prometheus. The label says what is batched, in a word of ours. */
export const batchMetrics = new Registry();

const registers = [batchMetrics];
const labelNames = ['batcher'] as const;

const waiting = new Gauge({
  name: 'batcher_waiting',
  help: 'Requests that wait for their batch, or to be tried alone.',
  labelNames,
  registers,
});
const inFlight = new Gauge({
  name: 'batcher_in_flight',
  help: 'Batches that are being settled, and requests that are being tried alone.',
  labelNames: [...labelNames, 'kind'],
  registers,
});
const size = new Histogram({
  name: 'batcher_batch_size',
  help: 'Requests that were settled together.',
  labelNames,
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  registers,
});
const seconds = new Histogram({
  name: 'batcher_batch_duration_seconds',
  help: 'Time to settle a batch.',
  labelNames,
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers,
});
const alone = new Counter({
  name: 'batcher_alone_total',
  help: 'Requests that were tried alone: they fit no batch, or theirs did not take them.',
  labelNames,
  registers,
});
const refused = new Counter({
  name: 'batcher_refused_total',
  help: 'Requests that were refused with OVERLOADED because too many waited.',
  labelNames,
  registers,
});

/** The numbers of one batcher. Those with the same name are added up. */
export class BatchMetrics {
  readonly #batcher: string;

  constructor(batcher: string) {
    this.#batcher = batcher;
    refused.inc({ batcher }, 0); // a rate needs a first value
    alone.inc({ batcher }, 0);
  }

  /** @param change +1 for each that begins to wait, -1 for each that no longer does */
  waits(change: number): void {
    waiting.inc({ batcher: this.#batcher }, change);
  }

  flies(kind: 'batch' | 'alone', change: number): void {
    inFlight.inc({ batcher: this.#batcher, kind }, change);
    if (kind === 'alone' && change > 0) alone.inc({ batcher: this.#batcher }, change);
  }

  settled(items: number, millis: number): void {
    size.observe({ batcher: this.#batcher }, items);
    seconds.observe({ batcher: this.#batcher }, millis / 1_000);
  }

  refuses(): void {
    refused.inc({ batcher: this.#batcher });
  }
}
