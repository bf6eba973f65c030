import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sleep } from '../../platform/clock.ts';
import { projectFile } from '../../platform/paths.ts';

export interface ProcessPlan {
  /** Such as `order-2`. */
  readonly name: string;
  /** Built entry point, e.g. `subgraph`. */
  readonly entry: string;
  readonly args: readonly string[];
  /** Node's own options. */
  readonly nodeArgs?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it logs when it is up. */
  readonly up: string;
}

/** A process of the built platform that is started again whenever it ends, as an orchestrator of containers would. */
export interface KeptProcess {
  readonly name: string;
  readonly isUp: boolean;
  /** How often it ended without being killed by us. */
  readonly deaths: number;
  untilUp(): Promise<void>;
  /** kill -9. @returns false when it was not running */
  kill(): boolean;
  /** kill -STOP and kill -CONT: it stands still, with all its connections open. */
  freeze(): void;
  thaw(): void;
  /** Ends it for good. */
  stop(): Promise<void>;
}

const START_MILLIS = 300_000;
/** A restart takes a moment anywhere. */
const RESTART_MILLIS = 200;

export function keepProcess(plan: ProcessPlan, logFolder: string): KeptProcess {
  const log = createWriteStream(join(logFolder, `${plan.name}.log`), { flags: 'a' });
  let child: ChildProcess | null = null;
  let up = false;
  let killed = false;
  let stopping = false;
  let deaths = 0;
  const life = live();

  async function live(): Promise<void> {
    while (!stopping) {
      child = spawn(
        process.execPath,
        [
          ...(plan.nodeArgs ?? []),
          '--enable-source-maps',
          projectFile('dist', 'app', `${plan.entry}.js`),
          ...plan.args,
        ],
        {
          env: { PATH: process.env.PATH ?? '', ...plan.env },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      const ended = once(child, 'exit');
      child.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
      if (child.stdout)
        createInterface(child.stdout).on('line', (line) => {
          log.write(`${line}\n`);
          if (line.includes(`"msg":"${plan.up}"`)) up = true;
        });
      await ended;
      up = false;
      if (!killed && !stopping) deaths += 1;
      killed = false;
      if (!stopping) await sleep(RESTART_MILLIS);
    }
  }

  return {
    name: plan.name,
    get isUp() {
      return up;
    },
    get deaths() {
      return deaths;
    },
    async untilUp() {
      for (const deadline = Date.now() + START_MILLIS; !up; await sleep(50))
        if (Date.now() > deadline) throw new Error(`${plan.name} did not come up; see its log in ${logFolder}`);
    },
    kill() {
      killed = child?.kill('SIGKILL') ?? false;
      return killed;
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async stop() {
      stopping = true;
      child?.kill('SIGKILL');
      await life;
      log.end();
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
