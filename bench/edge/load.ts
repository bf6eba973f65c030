import { setTimeout as sleep } from 'node:timers/promises';
import { latencyOf } from '../capture/point.ts';
import type { Outcome } from './shop-client.ts';

/** One load over one stretch of time. */
export interface Measure {
  readonly good: number;
  readonly perSecond: number;
  /** Told to come later, per second. */
  readonly refusedPerSecond: number;
  /** Neither answered nor told so, per second: what must not happen. */
  readonly failedPerSecond: number;
  /** Milliseconds, of the good ones. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Who was refused comes again after so long, as `Retry-After` says, in milliseconds; not all at the same moment. */
const COMES_AGAIN_MILLIS = 1_000;

/**
 * So many clients, each sending its next request when the last one is answered.
 * @param isGood whether an answer is what was asked for
 */
export async function load(
  clients: number,
  seconds: number,
  send: () => Promise<Outcome>,
  isGood: (outcome: Outcome) => boolean = ({ data, codes }) => data !== null && codes.length === 0,
): Promise<Measure> {
  const millis: number[] = [];
  let refused = 0;
  let failed = 0;
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  const client = async () => {
    while (performance.now() < until) {
      const outcome = await send().catch(() => null);
      if (outcome && isGood(outcome)) millis.push(outcome.millis);
      else if (outcome?.codes.every((code) => code === 'OVERLOADED') && outcome.codes.length > 0) {
        refused++;
        await sleep(COMES_AGAIN_MILLIS * (0.5 + Math.random()));
      } else failed++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const elapsed = (performance.now() - startedAt) / 1_000;
  return {
    good: millis.length,
    perSecond: millis.length / elapsed,
    refusedPerSecond: refused / elapsed,
    failedPerSecond: failed / elapsed,
    ...latencyOf(millis),
  };
}
