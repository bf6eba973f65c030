import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { withStore } from '../../cli/store.ts';
import { sleep } from '../../platform/clock.ts';
import type { Knex } from '../../platform/db/database.ts';
import { CHANNEL, LINES_PER_ORDER, reportText, seedOrders } from './seed.ts';
import { percentile, storefrontLatencies } from './storefront.ts';

/** Alone and beside the batch by turns, so that what else the machine does falls on both. */
const ROUNDS = 5;
const ALONE_MILLIS = 8_000;
const START_MILLIS = 120_000;
const LOOK_MILLIS = 500;

/**
 * Starts the platform as `npm start` does, in a folder of its own, asks its storefront at a steady rate, first alone, then
 * while its own settlement worker takes in and matches a report that is put into its folder. Prints both.
 *
 * @throws Error when the platform does not start, or a line was not looked at
 */
export async function besideTheBatch(folder: string, lines: number): Promise<void> {
  const drop = join(folder, 'drop');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { ...process.env, DATA_DIR: join(folder, 'platform'), PORT: String(port), LOG_LEVEL: 'warn', SETTLEMENT_DROP_DIR: drop }; // biome-ignore format: one thought
  delete (env as NodeJS.ProcessEnv).DATABASE_URL;
  const platform = spawn(process.execPath, ['--enable-source-maps', 'dist/app/main.js'], { env, stdio: ['ignore', 'ignore', 'inherit'] }); // biome-ignore format: one thought
  try {
    await untilReady(url, platform);
    process.env.DATA_DIR = env.DATA_DIR;
    await withStore(async ({ knex }) => {
      await seedOrders(knex, Math.ceil(lines / LINES_PER_ORDER));
      await measured(url, () => sleep(ALONE_MILLIS)); // Warms up: the first requests are planned and compiled.
      const [alone, beside]: [number[], number[]] = [[], []];
      let seconds = 0;
      for (let round = 1; round <= ROUNDS; round++) {
        alone.push(...(await measured(url, () => sleep(ALONE_MILLIS))));
        const started = performance.now();
        beside.push(...(await measured(url, () => settle(knex, drop, round, Math.ceil(lines / ROUNDS)))));
        seconds += (performance.now() - started) / 1e3;
      }
      console.log(`beside the storefront: ${lines.toLocaleString('en')} lines in ${seconds.toFixed(1)} s, ${Math.round(lines / seconds).toLocaleString('en')} lines/s`); // biome-ignore format: one thought
      console.log(`storefront alone:            ${summary(alone.sort(ascending))}`);
      console.log(`storefront beside the batch: ${summary(beside.sort(ascending))}`);
      console.log(`ratio of p95: ${(percentile(beside, 0.95) / percentile(alone, 0.95)).toFixed(2)}`);
    });
  } finally {
    platform.kill('SIGTERM');
    if (platform.exitCode === null) await once(platform, 'exit');
  }
}

/** Puts a report into the platform's folder and waits until every line of it was looked at. */
async function settle(knex: Knex, drop: string, round: number, lines: number): Promise<void> {
  const place = join(drop, CHANNEL, 'canonical');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, '.report'), [...reportText(lines, `beside-${round}`)].join(''));
  renameSync(join(place, '.report'), join(place, `${round}.csv`));
  for (let seen = 0; seen < lines; await sleep(LOOK_MILLIS)) {
    const { rows } = await knex.raw<{ rows: { seen: number; refused: number }[] }>(
      `select (select coalesce(sum(line_count), 0)::int from settlement.statement where channel_code = ? and external_id = ? and state <> 'LOADING'
         and not exists (select from settlement.match_due)) as seen, (select count(*)::int from settlement.report_refusal) as refused`,
      [CHANNEL, `beside-${round}`],
    );
    if ((rows[0]?.refused ?? 0) > 0) throw new Error('the report was refused');
    seen = rows[0]?.seen ?? 0;
  }
}

async function measured(url: string, work: () => Promise<unknown>): Promise<number[]> {
  const stopping = new AbortController();
  const latencies = storefrontLatencies(url, stopping.signal);
  await work().finally(() => stopping.abort());
  return latencies;
}

const ascending = (a: number, b: number) => a - b;

function summary(latencies: readonly number[]): string {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((part) => percentile(latencies, part).toFixed(0));
  return `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, ${latencies.length} requests`;
}

async function untilReady(url: string, platform: ReturnType<typeof spawn>): Promise<void> {
  const until = Date.now() + START_MILLIS;
  while (Date.now() < until && platform.exitCode === null) {
    const ready = await fetch(`${url}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return;
    await sleep(LOOK_MILLIS);
  }
  throw new Error('the platform did not start');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
