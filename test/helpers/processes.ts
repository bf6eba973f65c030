import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { sleep } from '../../platform/clock.ts';
import { projectFile } from '../../platform/paths.ts';

/** A process of our own sources that has reported that it is up. */
export interface TestProcess {
  readonly pid: number;
  /** First line it wrote, parsed as JSON. */
  readonly report: unknown;
  /** Ends it without a chance to clean up. */
  killHard(): Promise<void>;
}

/**
 * Runs `file` (relative to the project) and waits for its first line of output.
 * @throws Error with what it wrote to standard error, when it ends before
 */
export async function startProcess(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<TestProcess> {
  const loader = new URL(`file://${projectFile('test', 'helpers', 'run-typescript.js')}`).href;
  const child = spawn(process.execPath, ['--import', loader, projectFile(file), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => String(text)),
    ended.then(([code]) => {
      throw new Error(`${file} ended with ${code}: ${errors}`);
    }),
  ]);
  return { pid: pidOf(child), report: JSON.parse(line), killHard: () => killHard(child, ended) };
}

async function killHard(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process was not started');
  return child.pid;
}

/** A dead process that nobody has collected yet counts as gone. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

export function parentOf(pid: number): number {
  if (process.platform !== 'linux')
    return Number(execFileSync('/bin/ps', ['-o', 'ppid=', '-p', `${pid}`], { encoding: 'utf8' }));
  return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
}

export function childrenOf(pid: number): number[] {
  const list =
    process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      : execFileSync('/usr/bin/pgrep', ['-P', `${pid}`], { encoding: 'utf8' });
  return list.trim().split(/\s+/).map(Number);
}

/** Waits until the condition holds. @throws Error after `millis` */
export async function until(condition: () => boolean | Promise<boolean>, millis = 10_000): Promise<void> {
  const deadline = Date.now() + millis;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${millis} ms: ${condition}`);
    await sleep(20);
  }
}
