import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { report } from '../chaos/check.ts';
import { type CrashableDatabase, startCrashableDatabase } from '../chaos/database.ts';
import { untilQuiet } from '../chaos/shop.ts';
import { checkWeek } from './checks.ts';
import { friday, monday, saturday, thursday, tuesday, type Week, wednesday } from './days.ts';
import { night } from './faults.ts';
import { chooseGoods, isStockKnown } from './goods.ts';
import { openRetailer, type Retailer, until } from './retailer.ts';

// Usage: see README.md. Exit code 0 only when everybody's books agree and nothing is left but what only people can do.
const { values } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, faults: { type: 'boolean', default: false } },
});

/** How long the shop may take to come to rest on Sunday. */
const REST_MILLIS = 180_000;

const startedAt = Date.now();
const say = (text: string) => process.stdout.write(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${text}\n`); // biome-ignore format: one thought

const folder = mkdtempSync(join(tmpdir(), 'commerce-week-'));
// Run by root, the database server is another user, who must be able to pass.
chmodSync(folder, 0o755);
let database: CrashableDatabase | undefined;
let retailer: Retailer | undefined;
let exitCode = 1;
try {
  database = await startCrashableDatabase(folder);
  retailer = await openRetailer({ databaseUrl: database.url, folder });
  say('two warehouses, five stores and a third party are open');
  exitCode = await live(retailer, database.url);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
} finally {
  await retailer?.close();
  await database?.stop();
  if (exitCode === 0 && !values.keep) rmSync(folder, { recursive: true, force: true });
  else say(`kept: ${folder}`);
}
process.exit(exitCode);

async function days(week: Week): Promise<void> {
  await monday(week);
  await tuesday(week);
  const waiting = await wednesday(week);
  await thursday(week);
  await friday(week);
  await saturday(week, waiting);
}

async function live(open: Retailer, databaseUrl: string): Promise<number> {
  let week: Week | undefined;
  await until('the catalogue and the stock are known', async () => {
    if (!(await isStockKnown(open))) return false;
    try {
      week = { retailer: open, goods: await chooseGoods(open), diary: { decisions: new Map(), returns: { restocked: 0, count: 0 }, left: {} }, say }; // biome-ignore format: one thought
    } catch {
      return false;
    }
    return true;
  });
  const own = week as Week;
  // All week long: everything twice, and each page from its end.
  await open.faults('carrier', [{ route: '/scans', kind: 'duplicate', value: 2 }, { route: '/scans', kind: 'reorder' }]); // biome-ignore format: a table
  if (!values.faults) await days(own);
  await night(own);
  const rest = await untilQuiet(databaseUrl, REST_MILLIS);
  say(rest === null ? 'the shop did not come to rest' : 'Sunday: the shop is at rest');
  await until('the marketplace has taken everything', async () => (await open.inStore('select from orders.channel_notice where taken_at is null')).length === 0); // biome-ignore format: one thought
  await until('every event was heard', async () => (await open.inStore('select from integration.event_consumer, integration.event_log_state where position < head')).length === 0); // biome-ignore format: one thought
  say('everything was heard; counting');
  const findings = await checkWeek(open, databaseUrl, own.diary);
  process.stdout.write(report(findings).replace('Chaos checks', 'Checks of the week'));
  for (const { owner, message } of await open.inStore<{ owner: string; message: string }>(`select owner, message from integration.exception where state = 'OPEN'`)) say(`left for ${owner}: ${message}`); // biome-ignore format: one thought
  return findings.some(({ faults }) => faults.length > 0) ? 1 : 0;
}
