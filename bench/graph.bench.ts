import { parseArgs } from 'node:util';
import { cpuSecondsOf } from './capture/cpu.ts';
import { type RunningGateway, startBenchGateway } from './capture/gateway.ts';
import { report } from './capture/options.ts';
import { SKUS, startWorld } from './capture/world.ts';
import { addOrders, completeGoods } from './edge/assortment.ts';
import { load } from './edge/load.ts';
import { ShopClient } from './edge/shop-client.ts';
import { isFound, mixedVisit, type Visit, visit } from './edge/visits.ts';

// `npm run bench:graph`: our own graph, as a shop asks for it, with answers kept and without, by one gateway process and by several.
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    clients: { type: 'string', default: '50' },
    processes: { type: 'string', default: '2' },
  },
});
const seconds = Number(values.seconds);
const clients = Number(values.clients);
const sizes = { goods: SKUS, orders: 10_000 };
const KINDS: readonly (Visit | 'mixed')[] = ['listing', 'product page', 'order page', 'mixed'];

const world = await startWorld();
await completeGoods(world.knex);
await addOrders(world.knex, 1, sizes.orders);
await world.knex.raw('vacuum analyze');

interface Row {
  readonly kind: string;
  readonly way: string;
  readonly perSecond: number;
  readonly cells: readonly string[];
}
const rows: Row[] = [];
try {
  await measure('nothing kept', 1, '0');
  await measure('answers kept', 1, '64');
  await measure(`answers kept, ${values.processes} processes`, Number(values.processes), '64');
  const head = [
    'traffic',
    'way',
    'per second',
    'to nothing kept',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'gateway CPU ms',
    'PostgreSQL CPU ms',
  ];
  const sorted = KINDS.flatMap((kind) => rows.filter((row) => row.kind === kind));
  const lines = sorted.map((row) => {
    const base = rows.find(({ kind }) => kind === row.kind)?.perSecond ?? Number.NaN;
    return [row.kind, row.way, row.perSecond.toFixed(0), `${(row.perSecond / base).toFixed(2)}×`, ...row.cells];
  });
  const table = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  report(
    'graph',
    `${clients} clients, ${sizes.goods} goods at random, ${sizes.orders} orders; CPU per request.\n\n${table}`,
  );
} finally {
  await world.stop();
}

async function measure(way: string, processes: number, megabytes: string): Promise<void> {
  const gateways: RunningGateway[] = [];
  for (let index = 0; index < processes; index++) {
    gateways.push(await startBenchGateway(world, 1, { env: { CACHE_MEGABYTES: megabytes } }));
  }
  const shops = gateways.map(({ url, key }) => new ShopClient(url, key, clients));
  let next = 0;
  const send = (kind: Visit | 'mixed') => () =>
    visit(shops[next++ % shops.length] as ShopClient, kind === 'mixed' ? mixedVisit() : kind, sizes);
  const cpu = () => gateways.reduce((sum, { pid }) => sum + cpuSecondsOf(pid, false), 0);
  try {
    await load(20, Math.min(4, seconds), send('mixed'), isFound); // compiled code and cached plans, as in a running shop
    for (const kind of KINDS) {
      const [ours, theirs] = [cpu(), cpuSecondsOf(world.postmaster, true)];
      const { good, perSecond, p50, p95, p99, failedPerSecond } = await load(clients, seconds, send(kind), isFound);
      if (failedPerSecond > 0)
        throw new Error(`${kind}, ${way}: ${failedPerSecond.toFixed(1)} per second did not find what they asked for`);
      const each = [cpu() - ours, cpuSecondsOf(world.postmaster, true) - theirs].map((used) => (used * 1_000) / good);
      rows.push({
        kind,
        way,
        perSecond,
        cells: [...[p50, p95, p99].map((value) => value.toFixed(0)), ...each.map((value) => value.toFixed(2))],
      });
    }
  } finally {
    for (const shop of shops) await shop.close();
    for (const gateway of gateways) await gateway.stop();
  }
}
