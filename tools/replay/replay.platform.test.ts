import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { siblingDatabase } from '../../platform/db/database-url.ts';
import { projectFile } from '../../platform/paths.ts';
import { parseOrderLines } from '../../systems/sample-data/order-lines.ts';
import { createEmptyDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { type PlatformProcess, startPlatform } from '../../test/helpers/platform.ts';
import { renderAccount } from './account.ts';
import { createApi } from './api.ts';
import { createGraphQLShop } from './graphql-shop.ts';
import { createProgress } from './progress.ts';
import { replay } from './replay.ts';

let database: TestDatabase;
let platform: PlatformProcess;

beforeAll(async () => {
  database = await createEmptyDatabase();
  platform = await startPlatform('all', [], {
    DATABASE_URL: database.url,
    DEMO_PACE_MS: '50',
    DATA_DIR: '/nonexistent',
    SUBGRAPH_SECRET: 'a secret for tests that is long enough',
  });
}, 90_000);

afterAll(async () => {
  await (platform as PlatformProcess | undefined)?.stop();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  for (const name of ['erp', 'oms', 'wms', 'carrier', 'channel', 'dbos']) {
    const sibling = siblingDatabase(database.url, `${new URL(database.url).pathname.slice(1)}_${name}`);
    await client.query(`drop database if exists ${new URL(sibling).pathname.slice(1)} with (force)`);
  }
  await client.end();
  await database.drop();
}, 30_000);

/** Of the real file: an order with postage, two credits on orders, one on none, a voucher up, two down, a gift. */
const INVOICES = [
  '536370',
  '536488',
  'C536506',
  'C536379',
  '536414',
  '536589',
  '537028',
  '537140',
  'C537143',
  '537197',
];

it('brings real lines through the running platform, and a second run finds them there', async () => {
  const file = readFileSync(projectFile('data', 'online-retail', 'order-lines.csv'), 'utf8');
  const lines = parseOrderLines(file).filter((line) => INVOICES.includes(line.invoiceNo));
  const api = createApi({
    url: `http://127.0.0.1:${String(platform.up.port)}`,
    patienceMillis: 20_000,
    pauseMillis: 50,
  });
  const run = async () => {
    const { outcomes, orders } = await replay(lines, {
      shop: createGraphQLShop(api),
      progress: createProgress({ write: () => true }),
      width: 4,
      pauseMillis: 200,
      stallMillis: 30_000,
    });
    return { entries: outcomes.all(), text: renderAccount(outcomes.all(), orders) };
  };

  const first = await run();
  const counts = new Map<string, number>();
  for (const { outcome } of first.entries) {
    const what = outcome.kind === 'done' ? outcome.deed : outcome.kind === 'refused' ? outcome.code : outcome.why;
    // Which of the two it is depends on how fast the warehouse is.
    const fate = what === 'CANCELLED' || what === 'RETURNED' ? 'CANCELLED or RETURNED' : what;
    counts.set(fate, (counts.get(fate) ?? 0) + 1);
  }
  expect(Object.fromEntries(counts)).toEqual({
    ORDERED: 107,
    'CANCELLED or RETURNED': 2,
    STOCK_FOUND: 1,
    WRITTEN_OFF: 1,
    NOT_IN_STOCK: 1,
    NOT_GOODS: 5,
  });
  expect(first.entries).toHaveLength(lines.length);
  expect((await run()).text).toBe(first.text);
}, 90_000);
