import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { projectFile } from '../../../platform/paths.ts';
import type { InstalledVendure } from './install.ts';

export interface VendureAccount {
  readonly user: string;
  readonly password: string;
}

export interface VendureServer {
  /** Of the administrators' API, e.g. `http://127.0.0.1:8300/admin-api`. */
  readonly url: string;
  /** Of the process: tests freeze it and kill it. */
  readonly pid: number;
  /** Ends the process; resolves when it is gone. */
  stop(): Promise<void>;
}

/** It loads some thousands of files: on a busy machine that takes its time. */
const START_MILLIS = 180_000;
const STOP_MILLIS = 10_000;

/**
 * Starts Vendure as a process of its own, on this machine only.
 * @param folder of its log
 * @param database file of its database; made when it is missing
 * @param port 0 takes a free one
 * @param keepsChanges true: what changes is written into the file at once; false: the file stays as it is
 * @param session how long one lasts, such as `2s`; a year when left out
 */
export async function startVendure(
  installed: InstalledVendure,
  options: {
    readonly folder: string;
    readonly database: string;
    readonly account: VendureAccount;
    readonly port?: number;
    readonly keepsChanges: boolean;
    readonly session?: string;
  },
): Promise<VendureServer> {
  const { folder, database, account, port = 0, keepsChanges, session } = options;
  const at = port === 0 ? await freePort() : port;
  const log = await open(join(folder, 'vendure.log'), 'a');
  const child = spawn(process.execPath, [projectFile('systems', 'vendure', 'server', 'serve.cjs')], {
    cwd: installed.folder,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      PATH: process.env.PATH,
      PORT: String(at),
      DATABASE: database,
      VENDURE_USER: account.user,
      VENDURE_PASSWORD: account.password,
      COOKIE_SECRET: account.password,
      KEEP: String(keepsChanges),
      ...(session === undefined ? {} : { SESSION: session }),
    },
  });
  try {
    await answering(child, `http://127.0.0.1:${at}/health`);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`Vendure did not start; see ${join(folder, 'vendure.log')}`, { cause: error });
  } finally {
    await log.close();
  }
  return { url: `http://127.0.0.1:${at}/admin-api`, pid: child.pid ?? 0, stop: () => end(child) };
}

async function answering(child: ChildProcess, url: string): Promise<void> {
  for (const until = Date.now() + START_MILLIS; Date.now() < until; await pause(100)) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error('the process ended');
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    if (answer?.ok) return;
  }
  throw new Error('it does not answer');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MILLIS);
  await gone;
  clearTimeout(late);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
