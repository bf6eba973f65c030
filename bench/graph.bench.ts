import { parseArgs } from 'node:util';
import { report } from './capture/options.ts';
import { SKUS, startWorld } from './capture/world.ts';
import { addOrders, completeGoods } from './edge/assortment.ts';
import { SHOP_TRAFFIC, type ShopLoad, ShopSide } from './edge/shop-side.ts';

// `npm run bench:graph`: our own graph, as a shop asks for it, with answers kept and without, by one gateway process and by several.
// The ways take turns within one run, each with the same visits: a machine that slows down does so for all of them.
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    clients: { type: 'string', default: '50' },
    processes: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    traffic: { type: 'string', default: SHOP_TRAFFIC.join(',') },
  },
});
const [seconds, clients, processes, rounds] = [values.seconds, values.clients, values.processes, values.rounds].map(
  Number,
) as [number, number, number, number];
const traffic = SHOP_TRAFFIC.filter((kind) => values.traffic.split(',').includes(kind));
const sizes = { goods: SKUS, orders: 10_000 };

const world = await startWorld();
const sides: ShopSide[] = [];
try {
  await completeGoods(world.knex);
  await addOrders(world.knex, 1, sizes.orders);
  await world.knex.raw('vacuum analyze');
  for (const count of new Set([1, processes])) {
    const suffix = count === 1 ? '' : `, ${count} processes`;
    for (const [way, megabytes] of [
      ['nothing kept', 0],
      ['answers kept', 64],
    ] as const) {
      sides.push(await ShopSide.start(world, { name: `${way}${suffix}`, processes: count, megabytes, clients, sizes }));
    }
  }
  for (const side of sides) await side.load('mixed', Math.min(4, seconds), 0); // compiled code and cached plans
  const lines: string[][] = [];
  for (const kind of traffic) {
    const loads = new Map<ShopSide, ShopLoad[]>(sides.map((side) => [side, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const [side, done] of loads) {
        await side.load(kind, 1, round); // what is kept for seconds only was lost while the others had their turn
        done.push(await side.load(kind, seconds, round + rounds));
      }
    }
    lines.push(...rowsOf(kind, loads));
  }
  const head = [
    'traffic',
    'way',
    'per second',
    'to nothing kept',
    'found kept',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'gateway CPU ms',
    'PostgreSQL CPU ms',
  ];
  const table = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  report(
    'graph',
    `${clients} clients, ${sizes.goods} goods, number k asked for about 1/k as often as number 1, ${sizes.orders} orders. Medians of ${rounds} rounds of ${seconds} s, in which the ways take turns; CPU per request.\n\n${table}`,
  );
} finally {
  for (const side of sides) await side.stop();
  await world.stop();
}

function rowsOf(kind: string, loads: ReadonlyMap<ShopSide, readonly ShopLoad[]>): string[][] {
  const all = [...loads];
  return all.map(([side, done]) => {
    const [, base = []] = all.find(([{ processes: count }]) => count === side.processes) ?? [];
    // Round by round: neighbours in time are compared, then the median of the ratios is taken.
    const ratio = median(done.map(({ perSecond }, round) => perSecond / (base[round]?.perSecond ?? Number.NaN)));
    const of = (name: keyof ShopLoad) => median(done.map((load) => load[name]));
    return [
      kind,
      side.name,
      of('perSecond').toFixed(0),
      `${ratio.toFixed(2)}×`,
      side.keeps ? `${(of('found') * 100).toFixed(0)} %` : '',
      ...[of('p50'), of('p95'), of('p99')].map((value) => value.toFixed(0)),
      ...[of('gatewayMillis'), of('databaseMillis')].map((value) => value.toFixed(2)),
    ];
  });
}

function median(of: readonly number[]): number {
  const sorted = of.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
