import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { sleep } from '../platform/clock.ts';
import type { SystemName } from '../platform/config.ts';
import type { ProcessBase } from './process.ts';
import type { SettlementThreadData } from './settlement-thread.ts';

const AFTER_FAILURE_MILLIS = 5_000;

/**
 * Posting, matching, vouchers for the ERP and taking in reports, in a thread of their own: what they compute holds up no request of this process.
 * Runs until it is stopped; a thread that fails is started again.
 */
export function startSettlementWork(
  { config, secret, logger }: ProcessBase,
  databases: { readonly url: string; readonly kind: 'embedded' | 'external' },
  systemUrls: Readonly<Record<SystemName, string | null>>,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const workerData: SettlementThreadData = {
    config,
    secret,
    systemUrls,
    databaseUrl: databases.url,
    isDatabaseHere: databases.kind === 'embedded',
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const failure = await oneThread(workerData, stopping.signal, config.shutdownGraceMillis);
      if (stopping.signal.aborted) return;
      logger
        .child({ component: 'settlement' })
        .error({ err: failure }, 'the thread of the settlement work ended; it is started again');
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

/** Runs one thread to its end. @returns why it ended, when nobody stopped it */
function oneThread(workerData: SettlementThreadData, signal: AbortSignal, graceMillis: number): Promise<unknown> {
  const entry = new URL(`./settlement-thread${extname(import.meta.url)}`, import.meta.url);
  const thread = new Worker(entry, { name: 'settlement', workerData });
  const stop = () => {
    thread.postMessage('stop');
    setTimeout(() => void thread.terminate(), graceMillis).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
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
