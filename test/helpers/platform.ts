import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { projectFile } from '../../platform/paths.ts';
import { until } from './processes.ts';

type Env = Readonly<Record<string, string>>;
type LogLine = Readonly<Record<string, unknown>>;

/** A process of the platform that has said that it is up. */
export interface PlatformProcess {
  /** The line with which it said so. */
  readonly up: LogLine;
  /** Everything it logged. */
  readonly log: readonly LogLine[];
  /** Everything it wrote, as text. */
  output(): string;
  /** kill -9. */
  kill(): Promise<void>;
  /** kill -STOP and kill -CONT: it stands still, with all its connections open. */
  freeze(): void;
  thaw(): void;
  /** As Ctrl-C. @returns the exit code */
  stop(): Promise<number | null>;
}

const SCRIPTS = {
  all: 'app/main.ts',
  gateway: 'app/gateway.ts',
  subgraph: 'app/subgraph.ts',
  worker: 'app/worker-process.ts',
  system: 'app/system.ts',
};
const UP: Readonly<Record<keyof typeof SCRIPTS, string>> = {
  all: 'gateway listens',
  gateway: 'gateway listens',
  subgraph: 'subgraph listens',
  worker: 'worker runs',
  system: 'system listens',
};

/** Starts an entry point from the sources and waits until it is up. @throws Error with its output when it ends before */
export async function startPlatform(
  entry: keyof typeof SCRIPTS,
  args: readonly string[],
  env: Env,
): Promise<PlatformProcess> {
  const loader = new URL(`file://${projectFile('test', 'helpers', 'run-typescript.js')}`).href;
  const child = spawn(process.execPath, ['--import', loader, projectFile(SCRIPTS[entry]), ...args], {
    env: { PATH: process.env.PATH ?? '', LOG_LEVEL: 'info', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  let text = '';
  createInterface(child.stdout).on('line', (line) => {
    text += `${line}\n`;
    if (line.startsWith('{')) log.push(JSON.parse(line) as LogLine);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const ended = once(child, 'exit');
  let exited = false;
  void ended.then(() => {
    exited = true;
  });
  let up: LogLine | undefined;
  await until(() => {
    up = log.find((line) => line.msg === UP[entry]);
    if (exited && !up) throw new Error(`${entry} ${args.join(' ')} ended before it was up:\n${text}`);
    return up !== undefined;
  }, 240_000).catch((error: unknown) => {
    // One that is not up in time would go on for nobody.
    child.kill('SIGKILL');
    throw error;
  });
  return {
    up: up as LogLine,
    log,
    output: () => text,
    kill: () => end(child, 'SIGKILL', ended).then(() => undefined),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop: () => end(child, 'SIGINT', ended),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals, ended: Promise<unknown[]>): Promise<number | null> {
  child.kill(signal);
  const [code] = await ended;
  return code as number | null;
}

export type Answer = {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
  data: any;
  errors?: { message: string; extensions: { code: string; retryable?: boolean } }[];
  extensions?: object;
};

/** Sends one operation with a key, as a channel would. */
export async function send(url: string, key: string, query: string, variables: object = {}): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}
