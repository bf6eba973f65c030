import { cpus } from 'node:os';
import { busySeconds, cpuSecondsOf } from './cpu.ts';
import { timesToldAgain } from './patiently.ts';
import type { Point } from './point.ts';
import { readBooks, verify } from './verify.ts';
import type { BenchWorld } from './world.ts';

export interface Measured extends Point {
  readonly way: string;
  readonly load: string;
  readonly clients: number;
  /** CPU milliseconds per acknowledged request; NaN when it cannot be told, null where no process of ours works. */
  readonly cpu: { readonly database: number; readonly node: number | null };
  /** How often clients were told to come again, and did. */
  readonly toldAgain: number;
  /** Share of the machine that others took meanwhile, 0 to 1; NaN when it cannot be told. */
  readonly others: number;
}

/** With more than this taken by others a point is measured again, so often at most. */
const QUIET = 0.1;
const ATTEMPTS = 3;

type Ours = number | (() => number) | null;
type What = 'orders' | 'holds' | 'nothing';
type About = Pick<Measured, 'way' | 'load' | 'clients'>;

/**
 * Runs a load and says what it cost; the books are counted before and after, so that the number cannot lie. While others use
 * the machine it is run again: of such attempts the one that they disturbed least counts, whatever its number.
 * @param node the process whose CPU counts as ours, or how many seconds of it there were so far; null for none
 */
export async function measure(
  world: BenchWorld,
  what: What,
  about: About,
  node: Ours,
  run: () => Promise<Point>,
): Promise<Measured> {
  let best = await attempt(world, what, about, node, run);
  for (let attempts = 1; best.others > QUIET && attempts < ATTEMPTS; attempts++) {
    const next = await attempt(world, what, about, node, run);
    if (next.others < best.others) best = next;
  }
  return best;
}

async function attempt(
  world: BenchWorld,
  what: What,
  about: About,
  node: Ours,
  run: () => Promise<Point>,
): Promise<Measured> {
  await rest(world);
  const before = await readBooks(world.knex);
  const nodeSeconds = typeof node === 'number' ? () => cpuSecondsOf(node, false) : node;
  const [databaseBefore, nodeBefore] = [cpuSecondsOf(world.postmaster, true), nodeSeconds?.() ?? 0];
  const toldBefore = timesToldAgain();
  const [busyBefore, oursBefore, begun] = [busySeconds(), cpuSecondsOf(process.pid, true), performance.now()];
  const point = await run();
  const elapsed = (performance.now() - begun) / 1_000;
  const foreign = busySeconds() - busyBefore - (cpuSecondsOf(process.pid, true) - oursBefore);
  const database = cpuSecondsOf(world.postmaster, true) - databaseBefore;
  const ours = nodeSeconds && nodeSeconds() - nodeBefore;
  verify(what, point.done, before, await readBooks(world.knex));
  return {
    ...about,
    ...point,
    toldAgain: point.toldAgain ?? timesToldAgain() - toldBefore,
    others: Math.max(0, foreign) / (elapsed * cpus().length),
    cpu: { database: (database * 1_000) / point.done, node: ours && (ours * 1_000) / point.done },
  };
}

/** What the points before left to be tidied up is not charged to the next one. */
async function rest({ knex }: BenchWorld): Promise<void> {
  await knex.raw('vacuum (analyze)');
  await knex.raw('checkpoint');
}
