import type { Logger } from '../../platform/logger.ts';
import type { Bell } from './bell.ts';

export interface Worker {
  /** Resolves when the round in progress has ended. */
  stop(): Promise<void>;
}

/** How long a worker with nothing to do trusts the bell before it looks by itself. */
const LOOK_AGAIN_MILLIS = 500;
const BACKOFF_MILLIS = { first: 100, most: 5_000 };

/**
 * Runs rounds of work one after the other until stopped. What is due is decided by times in the database, so a worker
 * that is killed and started again continues where it stopped.
 *
 * `round` does what is due now and returns the milliseconds until more is due: 0 for "more right now", null for
 * "nothing known". A round that throws is logged and tried again, with a growing pause.
 */
export function startWorker(options: {
  readonly name: string;
  readonly logger: Logger;
  /** Rung when new work was written. */
  readonly bell: Bell;
  round(signal: AbortSignal): Promise<number | null>;
}): Worker {
  const stopping = new AbortController();
  const run = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const position = options.bell.position();
      let pause: number;
      try {
        pause = Math.min((await options.round(stopping.signal)) ?? LOOK_AGAIN_MILLIS, LOOK_AGAIN_MILLIS);
        failures = 0;
        await options.bell.heard(position, pause, stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        pause = Math.min(BACKOFF_MILLIS.first * 2 ** failures, BACKOFF_MILLIS.most);
        failures += 1;
        options.logger.warn({ worker: options.name, err: error, pauseMillis: pause }, 'round failed, trying again');
        await options.bell.heard(options.bell.position(), pause, stopping.signal);
      }
    }
  };
  const ended = run();
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
