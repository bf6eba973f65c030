import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface TrytonServer {
  /** e.g. `http://127.0.0.1:8100`. */
  readonly url: string;
  /** Of the process: tests freeze it and kill it. */
  readonly pid: number;
  /** Ends the process; resolves when it is gone. */
  stop(): Promise<void>;
}

const START_MILLIS = 60_000;
const STOP_MILLIS = 10_000;

/**
 * Starts Tryton's server as a process of its own, on this machine only.
 * @param folder its configuration, log and databases; made when it is missing
 * @param port 0 takes a free one
 */
export async function startTryton({ folder, port = 0 }: { folder: string; port?: number }): Promise<TrytonServer> {
  const databases = join(folder, 'databases');
  await mkdir(databases, { recursive: true });
  const at = port === 0 ? await freePort() : port;
  const configuration = join(folder, 'trytond.conf');
  await writeFile(configuration, configurationOf(at, databases));
  const log = await open(join(folder, 'trytond.log'), 'a');
  const child = spawn('trytond', ['-c', configuration], { stdio: ['ignore', log.fd, log.fd] });
  const url = `http://127.0.0.1:${at}`;
  try {
    await answering(child, url);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`Tryton did not start; see ${join(folder, 'trytond.log')}`, { cause: error });
  } finally {
    await log.close();
  }
  return { url, pid: child.pid ?? 0, stop: () => end(child) };
}

/** Configuration of a server; also the one that makes databases reads it. */
export function configurationOf(port: number, databases: string): string {
  return `[web]\nlisten = 127.0.0.1:${port}\nroot = /nonexistent\n\n[database]\nuri = sqlite://\npath = ${databases}\nlist = False\n`;
}

/** Puts a copy of a database file under a name into a server's folder, where the running server finds it. With `keep`, only where there is none. */
export async function addDatabase(
  folder: string,
  name: string,
  file: string,
  options?: { readonly keep: boolean },
): Promise<void> {
  const target = join(folder, 'databases', `${name}.sqlite`);
  if (!options?.keep || !existsSync(target)) await copyFile(file, target);
}

async function answering(child: ChildProcess, url: string): Promise<void> {
  for (const until = Date.now() + START_MILLIS; Date.now() < until; await pause(50)) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error('the process ended');
    const body = JSON.stringify({ id: 0, method: 'common.server.version', params: [] });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(2_000) }).catch(
      () => null,
    );
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

/** Removes a database from a server's folder. */
export async function dropDatabase(folder: string, name: string): Promise<void> {
  await rm(join(folder, 'databases', `${name}.sqlite`), { force: true });
}
