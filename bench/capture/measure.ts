import { cpuSecondsOf } from './cpu.ts';
import { timesToldAgain } from './patiently.ts';
import type { Point } from './point.ts';
import { readBooks, verify } from './verify.ts';
import type { BenchWorld } from './world.ts';

export interface Measured extends Point {
  readonly way: string;
  readonly load: string;
  readonly clients: number;
  /** CPU milliseconds per acknowledged request; NaN when it cannot be told. */
  readonly cpu: { readonly database: number; readonly node: number };
  /** How often clients were told to come again, and did. */
  readonly toldAgain: number;
}

/** Runs a load and says what it cost; the books are counted before and after, so that the number cannot lie. */
export async function measure(
  world: BenchWorld,
  what: 'orders' | 'holds' | 'nothing',
  about: Pick<Measured, 'way' | 'load' | 'clients'>,
  /** The process whose CPU counts as ours; null for none. */
  node: number | null,
  run: () => Promise<Point>,
): Promise<Measured> {
  await rest(world);
  const before = await readBooks(world.knex);
  const [databaseBefore, nodeBefore] = [
    cpuSecondsOf(world.postmaster, true),
    node === null ? 0 : cpuSecondsOf(node, false),
  ];
  const toldBefore = timesToldAgain();
  const point = await run();
  const database = cpuSecondsOf(world.postmaster, true) - databaseBefore;
  const ours = node === null ? 0 : cpuSecondsOf(node, false) - nodeBefore;
  verify(what, point.done, before, await readBooks(world.knex));
  return {
    ...about,
    ...point,
    toldAgain: timesToldAgain() - toldBefore,
    cpu: { database: (database * 1_000) / point.done, node: (ours * 1_000) / point.done },
  };
}

/** What the points before left to be tidied up is not charged to the next one. */
async function rest({ knex }: BenchWorld): Promise<void> {
  await knex.raw('vacuum (analyze)');
  await knex.raw('checkpoint');
}
