import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { projectFile } from '../platform/paths.ts';
import { type Measured, measure } from './capture/measure.ts';
import { readOptions, report } from './capture/options.ts';
import type { Point } from './capture/point.ts';
import { table } from './capture/table.ts';
import { verifyLedger } from './capture/verify.ts';
import { startWorld } from './capture/world.ts';

// `npm run bench:scale-out`: the same number of clients, spread over 1, 2 and 4 order processes on one database. After
// each run the books are counted: several processes keep every guarantee of one.
const ONE = '1 process';
const { seconds, clients, loads } = readOptions();
const world = await startWorld();
const rows: Measured[] = [];
/** CPU of the order processes in all runs so far. */
let cpuSeconds = 0;

interface Told {
  readonly point: Point;
  readonly toldAgain: number;
  readonly cpuSeconds: number;
}

async function message(child: ChildProcess): Promise<Told> {
  const [told] = await once(child, 'message');
  return told as Told;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}

async function start(processes: number, count: number, load: string): Promise<ChildProcess[]> {
  const script = projectFile('dist', 'bench', 'capture', 'order-process.js');
  const args = [world.url, String(Math.ceil(count / processes)), String(seconds), load];
  const children = Array.from({ length: processes }, () => fork(script, args));
  await Promise.all(children.map(message));
  return children;
}

async function runAll(children: readonly ChildProcess[]): Promise<Point> {
  let toldAgain = 0;
  const points = await Promise.all(
    children.map(async (child) => {
      const told = message(child);
      child.send('go');
      const { point, ...rest } = await told;
      toldAgain += rest.toldAgain;
      cpuSeconds += rest.cpuSeconds;
      return point;
    }),
  );
  return {
    done: points.reduce((sum, { done }) => sum + done, 0),
    perSecond: points.reduce((sum, { perSecond }) => sum + perSecond, 0),
    p50: Math.max(...points.map(({ p50 }) => p50)),
    p95: Math.max(...points.map(({ p95 }) => p95)),
    p99: Math.max(...points.map(({ p99 }) => p99)),
    toldAgain,
  };
}

try {
  for (const load of loads) {
    for (const count of clients) {
      for (const processes of [1, 2, 4]) {
        const children = await start(processes, count, load);
        const way = processes === 1 ? ONE : `${processes} processes`;
        const run = () => runAll(children);
        rows.push(await measure(world, 'orders', { way, load, clients: count }, () => cpuSeconds, run));
        await Promise.all(children.map(end));
        await verifyLedger(world.knex);
        console.error(table(rows.slice(-1), ONE));
      }
    }
  }
  report('scale-out', table(rows, ONE));
} finally {
  await world.stop();
}
