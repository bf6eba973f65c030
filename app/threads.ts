import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { sleep } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { ProcessBase } from './process.ts';

/** What every thread is told by the process; it opens its own connections and clients. */
export interface ThreadData {
  readonly config: Config;
  readonly secret: string;
}

const AFTER_FAILURE_MILLIS = 5_000;

/**
 * Runs `<entry>.ts` of this folder in a thread: what it computes holds up no request of this process. Runs until it is
 * stopped; a thread that fails is started again.
 */
export function keepThread<Data extends ThreadData>(
  { config, logger }: ProcessBase,
  entry: string,
  workerData: Data,
): { stop(): Promise<void> } {
  const stopping = new AbortController();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const failure = await ended(startThread(entry, workerData), stopping.signal, config.shutdownGraceMillis);
      if (stopping.signal.aborted) return;
      logger.error({ err: failure, thread: entry }, 'a thread ended; it is started again');
      await sleep(AFTER_FAILURE_MILLIS, stopping.signal);
    }
  }
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Starts `<entry>.ts` of this folder in a thread. It may post messages. */
export function startThread<Data extends ThreadData>(entry: string, workerData: Data): Worker {
  return new Worker(new URL(`./${entry}${extname(import.meta.url)}`, import.meta.url), { name: entry, workerData });
}

/** Resolves when the thread has ended, with why when nobody stopped it. Aborting asks it to end, then insists. */
export function ended(thread: Worker, signal: AbortSignal, graceMillis: number): Promise<unknown> {
  const stop = () => {
    thread.postMessage('stop');
    setTimeout(() => void thread.terminate(), graceMillis).unref();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return new Promise((resolve) => {
    let failure: unknown;
    thread.on('error', (error) => {
      failure = error;
    });
    thread.on('exit', () => {
      signal.removeEventListener('abort', stop);
      resolve(failure);
    });
  });
}
