import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface RunningTryton {
  readonly url: string;
  /** Of the process: tests freeze it. */
  readonly pid: number;
  readonly folder: string;
}

const STOP_ATTEMPTS = 100;
/** Records of this run of jest; the worker's own number follows. */
const prefixOf = () => `commerce-tryton-${process.env.TEST_RUN ?? ''}-`;

/** The worker's server, started by its first suite: each suite has modules of its own, so that a file says where it is. */
export async function sharedTryton(
  start: (folder: string) => Promise<Pick<RunningTryton, 'url' | 'pid'>>,
): Promise<RunningTryton> {
  const record = join(tmpdir(), `${prefixOf()}${process.env.JEST_WORKER_ID ?? '1'}.json`);
  if (!existsSync(record)) {
    const folder = await mkdtemp(join(tmpdir(), 'tryton-'));
    const { url, pid } = await start(folder);
    writeFileSync(record, JSON.stringify({ url, pid, folder } satisfies RunningTryton));
  }
  return JSON.parse(readFileSync(record, 'utf8')) as RunningTryton;
}

/** Ends the servers of this run, whoever started them. */
export async function stopTestTrytons(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefixOf())) continue;
    const { pid, folder } = JSON.parse(readFileSync(join(tmpdir(), name), 'utf8')) as RunningTryton;
    for (const signal of ['SIGCONT', 'SIGTERM'] as const) if (isAlive(pid)) process.kill(pid, signal);
    for (let attempt = 0; attempt < STOP_ATTEMPTS && isAlive(pid); attempt += 1) await pause(100);
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
    await rm(join(tmpdir(), name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
