import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../platform/clock.ts';
import { siblingDatabase } from '../../platform/db/database-url.ts';
import { projectFile } from '../../platform/paths.ts';
import { itemCodeOf } from '../../systems/wms/article-number.ts';
import { createWmsClient } from '../../systems/wms/client.ts';
import { report } from '../chaos/check.ts';
import { type CrashableDatabase, startCrashableDatabase } from '../chaos/database.ts';
import { untilGoodsKnown, untilQuiet, withDatabase } from '../chaos/shop.ts';
import { startTopology, type Topology, WMS_TOKEN } from '../chaos/topology.ts';
import { countEffects } from './count.ts';
import { killedAt } from './points.ts';
import { replayEverything } from './replay.ts';
import { openShop } from './shop.ts';
import { type Goods, stories } from './stories.ts';

// Usage: see README.md. Exit code 0 only when workers died at every moment, and nothing was lost or done twice.
const KEEP = process.argv.includes('--keep');
/** How long the shop may take to come to rest after the last story, in milliseconds. */
const REST_MILLIS = 600_000;
const STORIES_WITH_PLENTY = 15;

const startedAt = Date.now();
const say = (text: string) =>
  process.stdout.write(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${text}\n`);

const folder = mkdtempSync(join(tmpdir(), 'commerce-crash-'));
// Run by root, the database server is another user, who must be able to pass.
chmodSync(folder, 0o755);
const marks = join(folder, 'killed');
mkdirSync(marks);
let database: CrashableDatabase | undefined;
let topology: Topology | undefined;
let exitCode = 1;
try {
  database = await startCrashableDatabase(folder);
  say(`logs in ${folder}`);
  topology = await startTopology({
    databaseUrl: database.url,
    folder,
    lanes: 1,
    paceMillis: 100,
    workers: {
      nodeArgs: ['--import', projectFile('test', 'crash', 'killer.js')],
      args: ['--role', 'orders'],
      env: { CRASH_DIR: marks, DESK_JOBS_PER_SECOND: '1000' },
    },
  });
  say(`${topology.processes.length} processes are up`);
  exitCode = await run(database.url, topology);
} finally {
  await Promise.all(topology?.processes.map((process) => process.stop()) ?? []);
  await database?.stop();
  if (exitCode === 0 && !KEEP) rmSync(folder, { recursive: true, force: true });
  else say(`kept: ${folder}`);
}
process.exit(exitCode);

async function run(databaseUrl: string, { gateways, wms: wmsUrl, processes }: Topology): Promise<number> {
  await holdReturns(databaseUrl);
  const goods = await chooseGoods(databaseUrl);
  await untilGoodsKnown(gateways, [...goods.plenty, ...goods.scarce.map(({ sku }) => sku)]);
  const wms = createWmsClient({ baseUrl: wmsUrl, token: WMS_TOKEN, timeoutMillis: 10_000 });
  const shop = openShop({ gateway: gateways[0] ?? '', databaseUrl, wms, marks });
  const progress = setInterval(() => say(`workers died at ${killedAt(marks).length} moments`), 15_000);
  const told = stories(shop, goods);
  const ends = await Promise.all(
    told.map(async ([what, live]) => {
      try {
        await live();
        say(`an order ${what}`);
        return [];
      } catch (error) {
        const why = `${what}: ${error instanceof Error ? error.message : String(error)}`;
        say(`an order did not come to its end: ${why}`);
        return [why];
      }
    }),
  );
  clearInterval(progress);
  await wms.close();
  await Promise.all(processes.map((process) => process.untilUp()));
  await untilNothingRuns(databaseUrl);
  const rest = await untilQuiet(databaseUrl, REST_MILLIS);
  say(rest === null ? 'the shop did not come to rest' : `the shop came to rest ${(rest / 1_000).toFixed(1)} s later`);
  const replayed = await replayEverything(databaseUrl, processes);
  await untilNothingRuns(databaseUrl);
  await untilQuiet(databaseUrl, REST_MILLIS);
  say('everything was replayed twice');
  const findings = [
    ...replayed,
    { invariant: 'I9', what: 'stories that did not come to their end', counted: told.length, faults: ends.flat() },
    ...(await countEffects(databaseUrl, killedAt(marks))),
  ];
  process.stdout.write(report(findings));
  return findings.some(({ faults }) => faults.length > 0) ? 1 : 0;
}

/** Waits until every workflow has ended: an order may be delivered while its invoice is still to be posted. */
async function untilNothingRuns(databaseUrl: string): Promise<void> {
  await withDatabase(siblingDatabase(databaseUrl, 'commerce_dbos'), async (client) => {
    for (const deadline = Date.now() + REST_MILLIS; Date.now() < deadline; await sleep(500)) {
      const { rows } = await client.query("select 1 from dbos.workflow_status where status in ('PENDING', 'ENQUEUED') limit 1"); // biome-ignore format: one thought
      if (rows.length === 0) return;
    }
    say('workflows have not ended');
  });
}

/** What comes back stands still until its carrier is said to have scanned it, as goods do in this warehouse until staff act. */
async function holdReturns(databaseUrl: string): Promise<void> {
  await withDatabase(siblingDatabase(databaseUrl, 'commerce_carrier'), (client) =>
    client.query(`
      create function carrier.hold_return() returns trigger language plpgsql as $$ begin new.due_at := null; return new; end $$;
      create trigger held before insert on carrier.consignment for each row when (new.service = 'RETURN') execute function carrier.hold_return()`),
  );
}

/** In this warehouse nothing moves until staff act. @returns goods that are there in plenty, and such of which few are */
async function chooseGoods(databaseUrl: string): Promise<Goods> {
  const rows = await withDatabase(siblingDatabase(databaseUrl, 'commerce_wms'), async (client) => {
    await client.query("update wms.site set floor_mode = 'MANUAL'");
    const result = await client.query<{ article_no: string; sites: number; units: number; site: string }>(
      `select article_no, count(*) filter (where quantity >= 50)::int as sites, sum(quantity)::int as units, min(site.code) as site
       from wms.stock join wms.site on site.code = stock.site where site_type <> 'ST' and quantity > 0 group by 1 order by 1`,
    );
    return result.rows;
  });
  const bySku = rows.flatMap((row) => {
    const sku = itemCodeOf(row.article_no);
    return sku === null ? [] : [{ ...row, sku }];
  });
  const plenty = bySku.filter(({ sites }) => sites > 1).slice(0, STORIES_WITH_PLENTY);
  const scarce = bySku.filter(({ units }) => units >= 4 && units <= 20).slice(0, 2);
  const [{ site } = { site: '' }] = plenty;
  if (plenty.length < STORIES_WITH_PLENTY || scarce.length < 2) throw new Error('the sample data has no fitting goods');
  return { plenty: plenty.map(({ sku }) => sku), scarce, site };
}
