import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withStore } from '../../cli/store.ts';
import type { Knex } from '../../platform/db/database.ts';
import {
  createSettlementBatch,
  ingestReport,
  loadPostingRules,
  loadSettlementSettings,
  NO_THROTTLE,
} from '../../subgraphs/settlement/index.ts';
import { plainCopyAndJoin } from './baseline.ts';
import { besideTheBatch } from './beside.ts';
import { CHANNEL, ERROR_EVERY, LINES_PER_ORDER, reportText, seedOrders } from './seed.ts';

// `npm run bench:settlement [-- --lines 1000000 --storefront-lines 50000]`: the batch alone on a database of its own, against a
// plain COPY and join; then the storefront of a platform of its own, alone and beside the batch.
const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    'storefront-lines': { type: 'string', default: '50000' },
  },
});
const lines = Number(values.lines);
const storefrontLines = Number(values['storefront-lines']);

const scratch = mkdtempSync(join(tmpdir(), 'bench-settlement-'));
process.env.DATA_DIR = join(scratch, 'batch');
delete process.env.DATABASE_URL;
try {
  if (lines > 0) await withStore(async ({ knex }) => run(knex));
  if (storefrontLines > 0) await besideTheBatch(scratch, storefrontLines);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function run(knex: Knex): Promise<void> {
  const orders = Math.max(100_000, Math.ceil(lines / LINES_PER_ORDER));
  await seedOrders(knex, orders);
  console.log(`${lines.toLocaleString('en')} lines against ${orders.toLocaleString('en')} orders`);
  const yardstick = await plainCopyAndJoin(knex, lines);
  const result = await settle(knex);
  const plain = yardstick.copySeconds + yardstick.joinSeconds;
  line(
    'plain COPY, then one SQL join',
    plain,
    `copy ${yardstick.copySeconds.toFixed(1)} s, join ${yardstick.joinSeconds.toFixed(1)} s`,
  );
  console.log(`ratio of ingest and match to the plain COPY and join: ${(result.seconds / plain).toFixed(1)}`);
  console.log(`memory (RSS of this process, peak): ${Math.round(result.peakBytes / 1e6)} MB`);
  const expected = Math.floor(Math.ceil(lines / LINES_PER_ORDER) / ERROR_EVERY);
  if (result.differences !== expected || yardstick.differing < expected || result.open !== 0 || result.seen !== lines) {
    throw new Error(`wrong counts: ${JSON.stringify(result)}, ${expected} differences expected`);
  }
  console.log(`counts: ${result.seen} lines looked at, ${result.differences} differences found of ${expected} planted`);
}

interface Result {
  seconds: number;
  peakBytes: number;
  differences: number;
  open: number;
  seen: number;
}

async function settle(knex: Knex): Promise<Result> {
  let peakBytes = 0;
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
  }, 50);
  const settlementId = `bench-${Date.now()}`;
  const started = performance.now();
  const outcome = await ingestReport(knex, {
    channelCode: CHANNEL,
    format: 'CANONICAL_CSV',
    fileName: null,
    receivedBy: 'bench',
    bytes: async function* () {
      for (const text of reportText(lines, settlementId)) yield Buffer.from(text);
    },
  });
  if (outcome.kind !== 'INGESTED') throw new Error(JSON.stringify(outcome));
  const ingested = performance.now();
  const { matcher } = createSettlementBatch({
    knex,
    rules: loadPostingRules(),
    settings: loadSettlementSettings(),
    throttle: NO_THROTTLE,
    desk: { raise: async () => undefined, resolve: async () => undefined },
    onFault: async () => undefined,
    onSound: async () => undefined,
    onFailure: () => undefined,
  });
  await matcher.catchUp(new AbortController().signal);
  const matched = performance.now();
  clearInterval(sampler);
  line('ingest', (ingested - started) / 1e3);
  line('match', (matched - ingested) / 1e3);
  const { rows } = await knex.raw<{ rows: Omit<Result, 'seconds' | 'peakBytes'>[] }>(
    `select (select count(*)::int from settlement.difference where statement_id = ?) as differences,
       (select count(*)::int from settlement.match_due) as open, (select count(*)::int from settlement.line_match where statement_id = ?) as seen`,
    [outcome.settlementId, outcome.settlementId],
  );
  return { seconds: (matched - started) / 1e3, peakBytes, ...(rows[0] ?? { differences: -1, open: -1, seen: -1 }) };
}

function line(name: string, seconds: number, note = ''): void {
  console.log(`${name.padEnd(32)} ${seconds.toFixed(1).padStart(8)} s ${Math.round(lines / seconds).toLocaleString('en').padStart(10)} lines/s  ${note}`); // biome-ignore format: one thought
}
