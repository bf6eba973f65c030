import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { latencyOf, type Point } from './point.ts';
import { type BenchWorld, HOT } from './world.ts';

/** Connections pgbench may open: the shipped server takes 200. More clients than this would only queue in a pool anyway. */
export const MAX_CONNECTIONS = 150;

const MISSING = `pgbench was not found. It is the yardstick of this bench and comes with PostgreSQL's client programs:
  Debian, Ubuntu: apt-get install postgresql-contrib   (pgbench is then in /usr/lib/postgresql/<version>/bin)
  macOS: brew install libpq                             Fedora: dnf install postgresql-contrib
or say where it is: PGBENCH=/path/to/pgbench npm run bench:orders`;

/** @throws Error that says how to install it */
export function findPgbench(): string {
  if (process.env.PGBENCH) return process.env.PGBENCH;
  const debian = '/usr/lib/postgresql';
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...(existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : []),
  ];
  const found = folders.map((folder) => join(folder, 'pgbench')).find((file) => existsSync(file));
  if (!found) throw new Error(MISSING);
  return found;
}

/**
 * Runs `bench.<call>` by pgbench in a closed loop on each connection, one transaction per call. It may name three goods `:a`, `:b`
 * and `:c`; `hot`: the first is the one that all want.
 */
export async function runPgbench(
  world: BenchWorld,
  call: string,
  options: { readonly hot?: boolean; readonly connections: number; readonly seconds: number },
): Promise<Point> {
  const folder = mkdtempSync(join(tmpdir(), 'pgbench-'));
  try {
    const script = join(folder, 'script.sql');
    // The second and third are drawn from ranges of their own: three different goods without a loop.
    const [third, half] = [Math.floor(HOT / 3), Math.floor(HOT / 2)];
    writeFileSync(
      script,
      `\\set a ${options.hot ? HOT : `random(1, ${third})`}
\\set b random(${third + 1}, ${half})
\\set c random(${half + 1}, ${HOT - 1})
select bench.${call};
`,
    );
    const { connections } = options;
    const { host, port, user, password } = world.host;
    const log = join(folder, 'log');
    const { stdout } = await promisify(execFile)(
      findPgbench(),
      ['-n', '-M', 'prepared', '-c', String(connections), '-j', String(Math.min(connections, cpus().length))].concat(
        ['-T', String(options.seconds), '-l', `--log-prefix=${log}`, '-f', script],
        ['-h', host, '-p', String(port), '-U', user, 'commerce'],
      ),
      { env: { ...process.env, PGPASSWORD: password } },
    );
    const done = Number(/transactions actually processed: (\d+)/.exec(stdout)?.[1]);
    const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    const millis = readdirSync(folder)
      .filter((name) => name.startsWith('log'))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
      .map((line) => Number(line.split(' ')[2]) / 1_000);
    return { done, perSecond, ...latencyOf(millis) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
