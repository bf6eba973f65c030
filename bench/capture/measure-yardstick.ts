import { type Measured, measure } from './measure.ts';
import { MAX_CONNECTIONS, runPgbench } from './pgbench.ts';
import type { BenchWorld } from './world.ts';

/**
 * Measures the yardstick for so many clients at several numbers of connections: who writes it by hand puts a small pool
 * before one hot row, and so it is allowed one.
 * @returns a row for each number; the best of them, first, has the name of the yardstick
 */
export async function measureYardstick(
  world: BenchWorld,
  call: 'place_order' | 'hold',
  about: Pick<Measured, 'way' | 'load' | 'clients'>,
  seconds: number,
): Promise<Measured[]> {
  const what = call === 'hold' ? 'holds' : 'orders';
  const hot = about.load === 'hot';
  const rows: { connections: number; row: Measured }[] = [];
  for (const connections of new Set(
    [4, 16, about.clients].map((one) => Math.min(one, about.clients, MAX_CONNECTIONS)),
  )) {
    const run = () => runPgbench(world, `${call}(:a, :b, :c)`, { hot, connections, seconds });
    rows.push({ connections, row: await measure(world, what, about, null, run) });
  }
  rows.sort((one, other) => other.row.perSecond - one.row.perSecond);
  return rows.map(({ connections, row }, rank) =>
    rank === 0 ? row : { ...row, way: `${row.way}, ${connections} connections` },
  );
}
