import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../../clock.ts';
import { CommerceError } from '../../errors.ts';
import type { ServerHome } from './server-home.ts';

const STOP_TIMEOUT_MILLIS = 60_000;

/**
 * Ends a server that still runs in this home although its owner is gone. It may be about to stop by itself (its
 * supervisor saw the owner die) or run unwatched (the supervisor was killed as well). Going on with it would be a race
 * with the first kind, so both are shut down in order; nothing that was committed is lost.
 *
 * @returns true when there was one
 */
export async function stopOrphan(home: ServerHome): Promise<boolean> {
  const pidFile = join(home.cluster, 'postmaster.pid');
  const pid = readPid(pidFile);
  if (pid === null) return false;
  const deadline = Date.now() + STOP_TIMEOUT_MILLIS;
  let found = false;
  for (;;) {
    const state = stateOf(pid, home.cluster);
    if (state === 'gone') return found;
    if (state === 'other') {
      // The process id was given to something else. PostgreSQL would take that for a living server and refuse to start.
      rmSync(pidFile, { force: true });
      return found;
    }
    if (Date.now() > deadline) {
      throw new CommerceError('DATABASE_UNAVAILABLE', `A database server left behind (process ${pid}) does not stop.`, {
        pid,
      });
    }
    if (!found) signal(pid);
    found = true;
    await sleep(50);
  }
}

function readPid(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/** A server works inside its data directory. Where that cannot be seen (no /proc), the process id is believed. */
function stateOf(pid: number, cluster: string): 'server' | 'other' | 'gone' {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'gone';
  }
  if (process.platform !== 'linux') return 'server';
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster) ? 'server' : 'other';
  } catch (error) {
    // A process that cannot be looked at belongs to another user and is not the server; a zombie has no directory.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'other';
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // It ended meanwhile.
  }
}
