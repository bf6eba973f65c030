import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sleep } from '../../platform/clock.ts';
import { checkHistory, report } from './check.ts';
import { carryOut } from './client.ts';
import { type CrashableDatabase, startCrashableDatabase } from './database.ts';
import { readHistory, writeHistory } from './history.ts';
import { planOrders } from './plan.ts';
import { chooseGoods, untilGoodsKnown, untilQuiet } from './shop.ts';
import { startStorm } from './storm.ts';
import { startTopology, type Topology } from './topology.ts';

// Usage: see README.md. Exit code 0 only when nothing was lost, doubled, oversold or left behind.
const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '50' },
    crashes: { type: 'string', default: '5' },
    clients: { type: 'string', default: '16' },
    lanes: { type: 'string', default: '2' },
    'pay-within': { type: 'string', default: '20' },
    'every-ms': { type: 'string', default: '2500' },
    seed: { type: 'string', default: process.env.SEED ?? String(Math.floor(Math.random() * 2 ** 31)) },
    keep: { type: 'boolean', default: false },
  },
});
const number = (
  name: 'orders' | 'kills' | 'crashes' | 'clients' | 'lanes' | 'pay-within' | 'every-ms' | 'seed',
): number => {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} must be a whole number, not ${values[name]}`);
  return value;
};

/** How long the shop may take to come to rest after the last fault, in milliseconds. */
const REST_MILLIS = 600_000;
/** How far the clients may be ahead of the faults, as a share of all orders: what comes after the last proves nothing. */
const AHEAD = 0.05;

const startedAt = Date.now();
const say = (text: string) =>
  process.stdout.write(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${text}\n`);

const folder = mkdtempSync(join(tmpdir(), 'commerce-chaos-'));
// Run by root, the database server is another user, who must be able to pass.
chmodSync(folder, 0o755);
let database: CrashableDatabase | undefined;
let topology: Topology | undefined;
let exitCode = 1;
try {
  database = await startCrashableDatabase(folder);
  say(`seed ${number('seed')}; history and logs in ${folder}`);
  // Orders that wait for their payment are kept from their nodes: else they would have left before it is due.
  const paymentsFile = join(folder, 'payments.yaml');
  writeFileSync(paymentsFile, `default: exempt\nchannels:\n  WEB: { within: ${number('pay-within') / 3_600}, holdUntilPaid: true }\n`); // biome-ignore format: one thought
  topology = await startTopology({
    ...{ databaseUrl: database.url, folder, lanes: number('lanes'), paceMillis: 100, paymentsFile },
  });
  say(`${topology.processes.length} processes are up`);
  exitCode = await run(database, topology);
} finally {
  await Promise.all(topology?.processes.map((process) => process.stop()) ?? []);
  await database?.stop();
  if (exitCode === 0 && !values.keep) rmSync(folder, { recursive: true, force: true });
  else say(`kept: ${folder}`);
}
process.exit(exitCode);

async function run(server: CrashableDatabase, { processes, gateways }: Topology): Promise<number> {
  const orders = number('orders');
  const { hot, spread, bundles, stock } = await chooseGoods(server.url, orders);
  await untilGoodsKnown(gateways, [...hot, ...spread, ...bundles]);
  const file = join(folder, 'history.jsonl');
  const history = writeHistory(file);
  history.write({ type: 'begin', seed: number('seed'), stock, payWithin: number('pay-within') });
  const plans = planOrders(number('seed'), orders, hot, spread, bundles);
  say(`${orders} wishes for ${hot.length} scarce and ${spread.length} other SKUs, and ${bundles.length} bundles`);

  const storm = startStorm({
    kills: number('kills'),
    crashes: number('crashes'),
    everyMillis: number('every-ms'),
    processes,
    database: server,
    history,
  });
  let next = 0;
  const errands: Promise<void>[] = [];
  const client = async (name: string) => {
    for (let index = next++; index < plans.length; index = next++) {
      while (index / orders > storm.progress + AHEAD) await sleep(100);
      const plan = plans[index];
      if (plan) await carryOut({ name, gateways, history, payWithin: number('pay-within'), later: (errand) => void errands.push(errand) }, plan); // biome-ignore format: one thought
    }
  };
  const progress = setInterval(() => say(`${Math.min(next, orders)} wishes, ${storm.kills} kills, ${storm.crashes} crashes`), 15_000); // biome-ignore format: one thought
  await Promise.all([
    storm.over,
    ...Array.from({ length: number('clients') }, (_, index) => client(`client-${index + 1}`)),
  ]);
  await Promise.all(errands);
  clearInterval(progress);
  await history.close();
  say(`clients are done after ${storm.kills} kills and ${storm.crashes} crashes of the database`);
  await Promise.all(processes.map((process) => process.untilUp()));
  const rest = await untilQuiet(server.url, REST_MILLIS);
  say(rest === null ? 'the shop did not come to rest' : `the shop came to rest ${(rest / 1_000).toFixed(1)} s later`);
  for (const { name, deaths } of processes) if (deaths > 0) say(`${name} ended by itself ${deaths} times`);
  const findings = await checkHistory(await readHistory(file), server.url);
  process.stdout.write(report(findings));
  return findings.some((finding) => finding.faults.length > 0) ? 1 : 0;
}
