import { sleep } from '../platform/clock.ts';
import type { Terminal } from './terminal.ts';

interface Job {
  readonly state: 'RUNNING' | 'FINISHED';
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Systems whose open circuit is waited for. */
  readonly waitsFor?: readonly string[];
}

const LOOK_MILLIS = 500;
/** After so long without any progress the person is told that a worker has to run. */
const SILENT_MILLIS = 10_000;

/** Waits until a job of a worker is finished and notes its progress. @returns the job as it ended */
export async function followJob<Kind extends Job>(terminal: Terminal, read: () => Promise<Kind | null>): Promise<Kind> {
  let told = '';
  let since = Date.now();
  for (;;) {
    const job = await read();
    if (!job) throw new Error('the job is gone');
    const waits = job.waitsFor?.length ? `; waits until ${job.waitsFor.join(', ')} may be asked (circuit open)` : '';
    const progress = `${job.done} done, ${job.failed} failed of ${job.total}${waits}`;
    if (progress !== told) {
      terminal.note(progress);
      since = Date.now();
    } else if (Date.now() - since > SILENT_MILLIS) {
      terminal.note('no progress; a worker has to run for it (npm start, or npm run start:worker)');
      since = Date.now();
    }
    told = progress;
    if (job.state === 'FINISHED') return job;
    await sleep(LOOK_MILLIS);
  }
}
