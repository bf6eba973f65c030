import { sleep } from '../platform/clock.ts';
import type { FanOut } from './port.ts';

/** Lets one reader wait for a wake-up of one topic. A lost wake-up costs the time of the wait, nothing else. */
export interface Bell {
  /** Take it before looking, give it to `heard`: a wake-up in between is then not missed. */
  position(): number;
  /**
   * Resolves on a wake-up after `position`, when the time is over, or on abort. Never rejects.
   * The first wake-up after a quiet time is heard at once; those that follow each other closely are heard as one.
   */
  heard(position: number, millis: number, signal: AbortSignal): Promise<void>;
  /** Stops listening. A wait that is under way ends by time or abort. */
  close(): void;
}

/** Under load a reader looks two hundred times a second and finds many events, not a thousand times and finds one. */
const GATHER_MILLIS = 5;

export function createBell(fanOut: FanOut, topic: string): Bell {
  let rings = 0;
  let lastHeard = 0;
  const waiting = new Set<() => void>();
  const close = fanOut.subscribe((topics) => {
    if (!topics.includes(topic)) return;
    rings += 1;
    for (const wake of waiting) wake();
  });
  const rung = (millis: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, millis);
      waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  return {
    position: () => rings,
    async heard(position, millis, signal) {
      if (rings === position && !signal.aborted) await rung(millis, signal);
      const early = lastHeard + GATHER_MILLIS - performance.now();
      if (early > 0) await sleep(early, signal);
      lastHeard = performance.now();
    },
    close,
  };
}
