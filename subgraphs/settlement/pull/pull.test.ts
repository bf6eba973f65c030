import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { payoutJson, startAmazon } from '../../../test/helpers/amazon.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { WRITERS } from '../../../tools/generate-settlement/write.ts';
import { amazonReports } from '../adapters/amazon.ts';
import type { IngestOutcome } from '../ingest/source.ts';
import { loadPostingRules } from '../ledger/posting-rules.ts';
import { reverseByTwo } from '../statements/reversal.ts';
import { NO_THROTTLE } from '../throttle.ts';
import { createPull, type PullDeps } from './pull.ts';

let database: TestDatabase;
let amazon: Awaited<ReturnType<typeof startAmazon>>;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
  await query(
    database.knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'AMAZON', 'GBP')`,
  );
  amazon = await startAmazon();
});
afterAll(async () => {
  await amazon.stop();
  await database.drop();
});

const signal = new AbortController().signal;
const day = (number: number) => new Date(Date.UTC(2026, 10, number, 12));
const fetched: [string, IngestOutcome['kind']][] = [];
const pull = (overrides: Partial<PullDeps> = {}) =>
  createPull({
    knex: database.knex,
    channelCode: 'AMAZON',
    source: amazonReports(amazon.client),
    rules: loadPostingRules(),
    throttle: NO_THROTTLE,
    now: () => day(28),
    onFetched: async ({ id }, { kind }) => void fetched.push([id, kind]),
    ...overrides,
  });
const look = (overrides: Partial<PullDeps> = {}) => {
  fetched.length = 0;
  return pull(overrides).look(signal);
};
const report = (externalId: string, amountMinor = 1_000n) =>
  WRITERS['amazon-v2']({ externalId, currencyCode: 'GBP', periodStart: day(1), periodEnd: day(15) }, [
    { class: 'SALE', channelOrderId: '203-1-1', sku: 'A1', quantity: 1, amountMinor, postedAt: day(3), key: 'k', unknownWords: false },
  ]); // biome-ignore format: one thought
const add = (reportId: string, createdAt: Date, content: string) =>
  amazon.account.reports.push({ reportId, createdAt, status: 'DONE', content });
const statements = () =>
  query(database.knex, 'select external_id as id, total_minor as total from settlement.statement order by external_id');

it('takes in what is new over all pages, once, and waits when it is asked to', async () => {
  for (const number of [1, 2, 3]) add(`r${number}`, day(number), report(`10${number}`, BigInt(number) * 1_000n));
  amazon.account.payouts.push({ createdAt: day(16), json: payoutJson('102', 'STARTED', day(16), '20.00') });
  amazon.server.throttle(2);
  expect(await look()).toEqual({ ingested: 3, duplicate: 0, refused: 0, payouts: { added: 0, moved: 1 } });
  // As often as Amazon says that it may be asked: once in two seconds.
  expect(amazon.pauses).toEqual([2_000, 2_000]);
  expect(fetched).toEqual(['1', '2', '3'].map((number) => [`document-r${number}`, 'INGESTED']));
  const before = await statements();
  expect(before).toEqual([1, 2, 3].map((number) => ({ id: `10${number}`, total: String(number * 1_000) })));
  const downloads = () => amazon.server.calls['/download/r'];
  const asked = downloads();
  expect(asked).toBe(3);
  expect(await look()).toMatchObject({ ingested: 0, duplicate: 0, refused: 0 });
  expect(downloads()).toBe(asked);
  expect(await statements()).toEqual(before);
});

it('knows a resent statement, refuses a changed one and goes on, and finds one that comes late', async () => {
  add('r4', day(20), report('101', 1_000n));
  add('r5', day(21), report('102', 1_999n));
  add('r6', day(22), report('106').replace('10.00', '10.01'));
  add('r7', day(23), report('107'));
  expect(await look()).toMatchObject({ ingested: 1, duplicate: 1, refused: 2 });
  expect(fetched).toEqual([
    ['document-r4', 'DUPLICATE'],
    ['document-r5', 'REFUSED'],
    ['document-r6', 'REFUSED'],
    ['document-r7', 'INGESTED'],
  ]);
  add('late', day(12), report('108'));
  expect(await look()).toMatchObject({ ingested: 1, duplicate: 0, refused: 0 });
  expect(fetched).toEqual([['document-late', 'INGESTED']]);
});

it('takes what was refused when the way is free: after a reversal by itself, otherwise when a person asks', async () => {
  const [{ id } = { id: '' }] = await query<{ id: string }>(database.knex, `select id from settlement.statement where external_id = '102'`); // biome-ignore format: one thought
  const rules = loadPostingRules();
  for (const person of ['ann', 'bob'])
    await inTransaction(database.knex, (trx) => reverseByTwo(trx, rules, id, 'corrected by the channel', person));
  expect(await look()).toMatchObject({ ingested: 1, duplicate: 0, refused: 1 });
  expect(fetched).toEqual([
    ['document-r5', 'INGESTED'],
    ['document-r6', 'REFUSED'],
  ]);
  expect(await look()).toMatchObject({ ingested: 0, refused: 0 });

  const r6 = amazon.account.reports.find(({ reportId }) => reportId === 'r6');
  if (r6) r6.content = report('106');
  expect(await look()).toMatchObject({ ingested: 0 });
  expect(await pull().look(signal, true)).toMatchObject({ ingested: 1, duplicate: 0, refused: 0 });
});

it('looks again some hours later at what could not be read', async () => {
  add('r8', day(24), '');
  expect(await look()).toMatchObject({ ingested: 0, refused: 1 });
  const r8 = amazon.account.reports.find(({ reportId }) => reportId === 'r8');
  if (r8) r8.content = report('110');
  expect(await look()).toMatchObject({ ingested: 0, refused: 0 });
  await query(database.knex, `update settlement.pulled_statement set pulled_at = pulled_at - interval '7 hours' where document_id = 'document-r8'`); // biome-ignore format: one thought
  expect(await look()).toMatchObject({ ingested: 1, refused: 0 });
});

it('goes on where it was stopped: what was taken in but not noted is recognised', async () => {
  add('r9', day(24), report('109'));
  await expect(look({ onFetched: () => Promise.reject(new Error('killed here')) })).rejects.toThrow('killed here');
  expect(await look()).toMatchObject({ ingested: 0, duplicate: 1, refused: 0 });
  expect(await look()).toMatchObject({ ingested: 0, duplicate: 0, refused: 0 });
});

it('asks for a new token when the old one is refused, and gives up a refused account with a reason', async () => {
  amazon.server.expireTokens();
  expect(await look()).toMatchObject({ ingested: 0 });
  const stranger = await startAmazon({ refreshToken: 'of somebody else' });
  await expect(look({ source: amazonReports(stranger.client) })).rejects.toMatchObject({
    code: 'SYSTEM_REJECTED',
    details: { system: 'AMAZON', status: 400, systemCode: 'INVALID_GRANT' },
  });
  await stranger.stop();
});

it('leaves it to another process that is at it, and notes nothing for a channel that is not there', async () => {
  await database.knex.transaction(async (trx) => {
    await query(trx, `select pg_advisory_xact_lock(hashtextextended('settlement.pull:AMAZON', 0))`);
    expect(await look()).toBeNull();
  });
  await expect(look({ channelCode: 'NOWHERE' })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  expect(
    await query(database.knex, `select 1 from settlement.pulled_statement where channel_code = 'NOWHERE'`),
  ).toEqual([]);
});
