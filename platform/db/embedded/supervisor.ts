import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Binaries } from './binaries.ts';
import { type ServerUser, serverEnvironment } from './server-user.ts';

/**
 * Runs the server as the child of a shell that holds one end of a pipe and this process the other. When the pipe
 * closes, for whatever reason (stop, crash, kill -9), the shell's guard asks the server for a fast shutdown, and insists
 * after 30 seconds. The shell collects its child only at its own end, so the id cannot have been given away meanwhile.
 *
 * The server steps back a little: its dozens of processes would otherwise take each turn of the one thread that answers
 * clients, which wakes one of them with every statement.
 */
const SHELL = `
exec 3<&0 </dev/null
nice -n 5 "$@" 3<&- & server=$!
{
  read -r _ <&3
  kill -INT $server
  left=30
  while [ $left -gt 0 ] && kill -0 $server; do sleep 1; left=$((left - 1)); done
  kill -QUIT $server
} 2>/dev/null & guard=$!
wait $server; code=$?
kill $guard 2>/dev/null
exit $code`;

/** The same for Windows, which has no shell: there `pg_ctl` carries the request to shut down. */
const SCRIPT = `
const { spawn, spawnSync } = require('node:child_process');
const [pgCtl, cluster, program, ...args] = process.argv.slice(1);
spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }).on('exit', (code) => process.exit(code ?? 1));
process.stdin.resume().on('end', () => spawnSync(pgCtl, ['stop', '-D', cluster, '-m', 'fast']));`;

export interface SupervisedServer {
  /** Settles when the server has ended, however it came to that. */
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  /** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
  stop(): Promise<void>;
}

export function superviseServer(options: {
  binaries: Binaries;
  cluster: string;
  user: ServerUser;
  args: readonly string[];
  logFile: string;
}): SupervisedServer {
  const log = openSync(options.logFile, 'a', 0o600);
  const server = [options.binaries.postgres, '-D', options.cluster, ...options.args];
  const [program, args] =
    process.platform === 'win32'
      ? [process.execPath, ['-e', SCRIPT, options.binaries.pgCtl, options.cluster, ...server]]
      : ['/bin/sh', ['-c', SHELL, 'sh', ...server]];
  // Detached: a Ctrl-C in the terminal reaches this process, which then stops the server when it no longer needs it.
  const child = spawn(program, args, {
    ...options.user,
    cwd: '/',
    env: serverEnvironment(),
    detached: true,
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  return supervised(child);
}

function supervised(child: ChildProcess): SupervisedServer {
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const done = () => {
      over = true;
      resolve();
    };
    child.once('exit', done);
    child.once('error', done);
  });
  // Writing is never attempted, but a pipe to a process that died must not become an unhandled error.
  child.stdin?.on('error', () => undefined);
  // The server must not keep this process alive.
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  return {
    ended,
    hasEnded: () => over,
    async stop() {
      child.ref();
      child.stdin?.end();
      await ended;
    },
  };
}
