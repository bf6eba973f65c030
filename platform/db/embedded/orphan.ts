import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../../clock.ts';
import { CommerceError } from '../../errors.ts';
import { lookAt } from './process-state.ts';

const PATIENCE_MILLIS = 30_000;

/**
 * Ends a server that still runs on this data directory although its owner is gone. It may be about to stop by itself
 * (its supervisor saw the owner die) or run unwatched (the supervisor was killed as well). Going on with it would be a
 * race with the first kind, so both are shut down in order; nothing that was committed is lost.
 *
 * @returns true when there was one
 */
export async function stopOrphan(cluster: string): Promise<boolean> {
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = readPid(pidFile);
  // Windows does not say what a process is; there the server itself decides whether the file is stale.
  if (pid === null || process.platform === 'win32') return false;
  if (!isServer(pid, cluster)) {
    const other = lookAt(pid);
    // The id may belong to something else by now. PostgreSQL would take that for a living server and refuse to start.
    // A server under another name for this directory is left to PostgreSQL, which must see the file to refuse.
    if (other && !other.command.includes('postgres')) rmSync(pidFile, { force: true });
    return false;
  }
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    send(pid, signal);
    const deadline = Date.now() + PATIENCE_MILLIS;
    while (Date.now() < deadline) {
      if (!isServer(pid, cluster)) return true;
      await sleep(25);
    }
  }
  const message = `A database server that was left behind (process ${pid}) does not stop. End it, then start again.`;
  throw new CommerceError('DATABASE_UNAVAILABLE', message, { pid });
}

function readPid(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/** Its command line names the data directory. */
function isServer(pid: number, cluster: string): boolean {
  return `${lookAt(pid)?.command ?? ''} `.includes(` -D ${cluster} `);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Ended meanwhile; anything else shows when it does not stop.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') return;
  }
}
