import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createLogger } from '../../platform/logger.ts';
import { projectFile } from '../../platform/paths.ts';
import { createProductFeed, createProductSubgraph } from '../../subgraphs/product/index.ts';
import { categoryFact, goods, priceFact } from '../contract/product-source.harness.ts';
import { createTestDatabase } from '../helpers/database.ts';
import globalSetup from '../helpers/global-setup.ts';
import globalTeardown from '../helpers/global-teardown.ts';
import { ask } from '../helpers/subgraph.ts';
import { requestCounter } from './calls.ts';
import { BENCHED, type BenchedWorld } from './worlds.ts';

// `npm run bench:systems`: what goods cost to read, by the adapter and as projected. See bench/README.md.
const { values } = parseArgs({
  options: { products: { type: 'string', default: '50' }, rounds: { type: 'string', default: '20' }, systems: { type: 'string' } }, // biome-ignore format: one thought
});
const COUNT = Number(values.products);
const ROUNDS = Number(values.rounds);
const { signal } = new AbortController();
const PAGE = `{ products(first: ${COUNT}) { edges { node { title variants(first: 1) { nodes { sku price { amount { amount } } } } } } } }`;

/** Calls that reached the system, and how long it took. */
interface Cost {
  readonly calls: number;
  readonly millis: number;
}

interface Row {
  readonly system: string;
  readonly all: Cost;
  readonly idle: Cost;
  readonly change: Cost;
  readonly page: Cost;
}

async function measure(system: string, start: () => Promise<BenchedWorld>): Promise<Row> {
  const database = await createTestDatabase(['product', 'integration', 'inventory']);
  const { world, statements = () => 0 } = await start();
  const counter = requestCounter();
  const calls = () => counter.count() + statements();
  const cost = async (work: () => Promise<unknown>): Promise<Cost> => {
    const before = calls();
    const begun = performance.now();
    await work();
    return { calls: calls() - before, millis: performance.now() - begun };
  };
  try {
    await world.putCategory(categoryFact('R100'));
    const prices = Array.from({ length: COUNT }, (_, index) =>
      priceFact(skuOf(index), 1_000 + index, { key: `C-${index}` }),
    );
    for (const [index, price] of prices.entries()) {
      const [product, variant] = goods(skuOf(index), `Lantern ${index}`, undefined, {
        categoryKeys: ['R100'],
        brand: 'Glow',
      });
      if (product?.kind !== 'product' || variant?.kind !== 'variant') throw new Error('no goods');
      await world.putGoods({ product, variants: [variant] });
      await world.putPrice(price);
    }
    const feed = createProductFeed({ knex: database.knex, source: world.source, logger: createLogger({ level: 'silent', component: 'bench' }), onRejected: async () => undefined }); // biome-ignore format: one thought
    const all = await cost(() => feed.catchUp(signal));
    const subgraph = createProductSubgraph({ knex: database.knex });
    const read = async () => {
      const answer = await ask(subgraph, PAGE);
      const edges = (answer.data as { products: { edges: { node: { variants: { nodes: { price: { amount: { amount: string } } | null }[] } } }[] } }).products.edges; // biome-ignore format: one thought
      return edges.map(({ node }) => node.variants.nodes[0]?.price?.amount.amount ?? null);
    };
    const told = await read();
    if (told.length !== COUNT || told.includes(null)) throw new Error(`${system}: a page of ${told.length}, some without a price`); // biome-ignore format: one thought
    const idle = await medianOf(ROUNDS, () => cost(() => feed.catchUp(signal)));
    let amount = 5_000n;
    const [first] = prices;
    const change = await medianOf(Math.ceil(ROUNDS / 2), async () => {
      amount += 1n;
      if (first) await world.putPrice({ ...first, amountMinor: amount });
      return cost(() => feed.catchUp(signal));
    });
    const shown = (Number(amount) / 100).toFixed(2);
    if (!(await read()).includes(shown)) throw new Error(`${system}: the changed price did not come`);
    const page = await medianOf(ROUNDS, () => cost(read));
    return { system, all, idle, change, page };
  } finally {
    counter.stop();
    await world.stop();
    await database.drop();
  }
}

const skuOf = (index: number) => `B${String(index).padStart(3, '0')}`;

async function medianOf(rounds: number, measureOnce: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let round = 0; round < rounds; round += 1) costs.push(await measureOnce());
  const middle = (pick: (cost: Cost) => number) => costs.map(pick).sort((a, b) => a - b)[Math.floor(costs.length / 2)] ?? 0; // biome-ignore format: one thought
  return { calls: middle(({ calls }) => calls), millis: middle(({ millis }) => millis) };
}

function table(rows: readonly Row[]): string {
  const head = ['system', `calls for all ${COUNT}`, 'ms', 'calls of a look', 'ms', 'calls for one price', 'ms', `calls of a page of ${COUNT}`, 'ms']; // biome-ignore format: a table
  const cells = rows.map(({ system, ...costs }) => [system, ...[costs.all, costs.idle, costs.change, costs.page].flatMap(({ calls, millis }) => [String(calls), millis.toFixed(1)])]); // biome-ignore format: one thought
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const wanted = values.systems?.split(',');
const chosen = BENCHED.filter(({ name }) => wanted === undefined || wanted.includes(name));
await globalSetup(undefined, { testMatch: chosen.map(({ name }) => name) });
const rows: Row[] = [];
try {
  for (const { name, start } of chosen) rows.push(await measure(name, start));
} finally {
  await globalTeardown();
}
const [cpu] = cpus();
const text = `# systems\n\n${cpus().length} cores (${cpu?.model.trim()}), Node ${process.version}, ${new Date().toISOString()}\n\n${COUNT} products with a price each; medians of ${ROUNDS} looks and pages, and of ${Math.ceil(ROUNDS / 2)} changes.\n\n${table(rows)}\n`;
process.stdout.write(`${text}\n`);
if (wanted === undefined) writeFileSync(projectFile('bench', 'results', 'systems.md'), text);
process.exit(0);
