import { parseArgs } from 'node:util';
import { startBenchGateway } from './capture/gateway.ts';
import { report } from './capture/options.ts';
import { latencyOf } from './capture/point.ts';
import { SKUS, startWorld } from './capture/world.ts';
import { addGoods, addOrders, completeGoods } from './edge/assortment.ts';
import { chance } from './edge/chance.ts';
import { ShopClient } from './edge/shop-client.ts';
import { isFound, type Visit, visit } from './edge/visits.ts';

// `npm run bench:growth`: the same visits at ten thousand goods and orders and at a million. Nothing is kept: what is measured
// is the graph and its database. A lone client, so that latencies are those of the work and not of a queue.
const { values } = parseArgs({
  options: { sizes: { type: 'string', default: '10000,100000,1000000' }, visits: { type: 'string', default: '300' } },
});
const sizes = values.sizes.split(',').map(Number);
const KINDS: readonly Visit[] = ['listing', 'search', 'by price', 'product page', 'cart', 'order page', 'order'];
/** Ten thousand goods are there from the start. */
if ((sizes[0] ?? 0) < SKUS) throw new Error(`sizes begin with ${SKUS} or more`);

const world = await startWorld();
const results = new Map<Visit, { p50: number; p95: number }[]>(KINDS.map((kind) => [kind, []]));
try {
  await completeGoods(world.knex);
  let [goods, orders] = [SKUS, 0];
  for (const size of sizes) {
    if (size > goods) await addGoods(world.knex, goods + 1, size);
    await addOrders(world.knex, orders + 1, size);
    [goods, orders] = [size, size];
    await world.knex.raw('vacuum analyze');
    await measure(size);
  }
  const head = ['visit', ...sizes.flatMap((size) => [`${size} p50 ms`, 'p95 ms']), 'last to first, p50', 'p95'];
  const lines = KINDS.map((kind) => {
    const points = results.get(kind) ?? [];
    const ratio = (of: 'p50' | 'p95') =>
      `${((points.at(-1)?.[of] ?? Number.NaN) / (points[0]?.[of] ?? Number.NaN)).toFixed(2)}×`;
    return [kind, ...points.flatMap(({ p50, p95 }) => [p50.toFixed(1), p95.toFixed(1)]), ratio('p50'), ratio('p95')];
  });
  const table = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  report(
    'growth',
    `So many goods and as many orders; one client, nothing kept, ${values.visits} visits each.\n\n${table}`,
  );
} finally {
  await world.stop();
}

async function measure(size: number): Promise<void> {
  const gateway = await startBenchGateway(world, 1, { env: { CACHE_MEGABYTES: '0' } });
  const client = new ShopClient(gateway.url, gateway.key, 1);
  try {
    for (const kind of KINDS) {
      const random = chance(1);
      const any = () => 1 + Math.floor(random() * size); // evenly: seldom what was read just before
      const send = () => visit(client, kind, { good: any, order: any });
      for (let time = 0; time < 60; time++) await send(); // compiled code, cached plans, pages in memory
      const millis: number[] = [];
      for (let time = 0; time < Number(values.visits); time++) {
        const outcome = await send();
        if (!isFound(outcome))
          throw new Error(`${kind} at ${size} did not find what it asked for: ${outcome.codes.join(', ')}`);
        millis.push(outcome.millis);
      }
      results.get(kind)?.push(latencyOf(millis));
    }
  } finally {
    await client.close();
    await gateway.stop();
  }
}
