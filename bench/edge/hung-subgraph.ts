import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { projectFile } from '../../platform/paths.ts';
import { startBenchGateway } from '../capture/gateway.ts';
import type { BenchWorld } from '../capture/world.ts';
import { load } from './load.ts';
import { type Outcome, ShopClient } from './shop-client.ts';
import { row, tableOf } from './table.ts';

const TITLES = 'query Titles($skus: [String!]!) { productVariants(skus: $skus) { sku title } }';
const CLIENTS = 64;

/**
 * Gateway, product and inventory as processes of their own; inventory is stopped (SIGSTOP), as a process that hangs: it
 * takes connections and answers nothing. What needs it loses that part of the answer; what does not must not notice.
 */
export async function hungSubgraph(world: BenchWorld, seconds: number, skus: () => string[]): Promise<string> {
  const secret = randomUUID();
  const started = await Promise.all(['product', 'inventory'].map((name) => startSubgraph(world, name, secret)));
  const [product, inventory] = started;
  if (!product || !inventory) throw new Error('the subgraphs did not start');
  const gateway = await startBenchGateway(world, 1, {
    entry: 'app/gateway.js',
    env: { SUBGRAPH_SECRET: secret, PRODUCT_URL: product.url, INVENTORY_URL: inventory.url, CACHE_MEGABYTES: '0' },
  });
  const client = new ShopClient(gateway.url, gateway.key, 2 * CLIENTS);
  const titles = () => client.ask(TITLES, { skus: skus() });
  const carts = () => client.ask('CartAvailability', { skus: skus() });
  /** The catalogue's part is there, whatever became of the stock. */
  const hasTitles = ({ data }: Outcome) => (data?.productVariants as unknown[] | null | undefined)?.[0] != null;
  const both = async () => Promise.all([load(CLIENTS, seconds, titles), load(CLIENTS, seconds, carts, hasTitles)]);
  try {
    await both();
    const [titlesBefore, cartsBefore] = await both();
    inventory.child.kill('SIGSTOP');
    const [titlesFirst, cartsFirst] = await both();
    const [titlesLater, cartsLater] = await both();
    inventory.child.kill('SIGCONT');
    await load(CLIENTS, 3, carts);
    const [titlesAfter, cartsAfter] = await both();
    const rows = [
      row('titles (product only), all well', titlesBefore, titlesBefore.perSecond),
      row(`… the first ${seconds} s with inventory hung`, titlesFirst, titlesBefore.perSecond),
      row(`… the next ${seconds} s`, titlesLater, titlesBefore.perSecond),
      row('… inventory is back', titlesAfter, titlesBefore.perSecond),
      row('carts (product and inventory), all well', cartsBefore, cartsBefore.perSecond),
      row(`… the first ${seconds} s, without stock`, cartsFirst, cartsBefore.perSecond),
      row(`… the next ${seconds} s, without stock`, cartsLater, cartsBefore.perSecond),
      row('… inventory is back', cartsAfter, cartsBefore.perSecond),
    ];
    return `## A subgraph that hangs\n\n${CLIENTS} clients each; a cart counts when its titles came.\n\n${tableOf('of all well', rows)}`;
  } finally {
    await client.close();
    await gateway.stop();
    for (const { child } of started) {
      child.kill('SIGCONT');
      child.kill('SIGINT');
      await once(child, 'exit');
    }
  }
}

async function startSubgraph(
  world: BenchWorld,
  name: string,
  secret: string,
): Promise<{ child: ChildProcess; url: string }> {
  const nowhere = 'http://127.0.0.1:9';
  const child = spawn(process.execPath, [projectFile('dist', 'app', 'subgraph.js'), name], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      SUBGRAPH_SECRET: secret,
      DATABASE_URL: world.url,
      DATA_DIR: world.dataDir,
      SUBGRAPH_PORT: '0',
      LOG_LEVEL: 'info',
      ERP_URL: nowhere,
      OMS_URL: nowhere,
      WMS_URL: nowhere,
      CARRIER_URL: nowhere,
      CHANNEL_URL: nowhere,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      const entry = line.startsWith('{') ? (JSON.parse(line) as { msg?: string; url?: string }) : {};
      if (entry.msg === 'subgraph listens' && entry.url) resolve(entry.url);
    });
    child.once('exit', (code) => reject(new Error(`subgraph ${name} ended with ${code}`)));
  });
  return { child, url };
}
