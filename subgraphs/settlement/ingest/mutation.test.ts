import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { projectFile } from '../../../platform/paths.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { canonicalFile } from '../../../test/helpers/settlement-files.ts';
import { ask, callerOf } from '../../../test/helpers/subgraph.ts';
import { createSettlementSubgraph } from '../index.ts';

let database: TestDatabase;
let subgraph: ReturnType<typeof createSettlementSubgraph>;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
  subgraph = createSettlementSubgraph({ knex: database.knex });
  await query(
    database.knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'AMAZON', 'GBP')`,
  );
});
afterAll(() => database.drop());

const finance = callerOf({ contract: 'finance', clientId: 'finance', channel: null });
const INGEST = `mutation ($input: SettlementIngestInput!) {
  settlementIngest(input: $input) {
    duplicate
    settlement { externalId channel { code } state periodStart periodEnd total { amount currencyCode } totals { sales { amount } refunds { amount } fees { amount } other { amount } matchedLineCount exceptionLineCount } lines(first: 2) { nodes { kind description amount { amount } matchState } pageInfo { hasNextPage } } }
    userErrors { code field lineNumber }
  }
}`;
const ingest = async (key: string, content: string, overrides: object = {}) => {
  const answer = await ask(subgraph, INGEST, { input: { idempotencyKey: key, channelCode: 'AMAZON', format: 'CANONICAL_CSV', content, ...overrides } }, finance); // biome-ignore format: one thought
  expect(answer.errors).toBeUndefined();
  return {
    ...(answer.data as { settlementIngest: Record<string, unknown> }).settlementIngest,
    extensions: answer.extensions,
  };
};
const file = canonicalFile('s-1', [
  { class: 'SALE', amountMinor: 1250, orderId: '1-2-3' },
  { class: 'REFUND', amountMinor: -250, orderId: '1-2-2' },
  { class: 'COMMISSION', amountMinor: -188, orderId: '1-2-3' },
  { class: 'RESERVE', amountMinor: -112 },
]);
const settlement = {
  externalId: 's-1',
  channel: { code: 'AMAZON' },
  state: 'INGESTED',
  periodStart: '2026-11-01T00:00:00.000Z',
  periodEnd: '2026-11-15T00:00:00.000Z',
  total: { amount: '7.00', currencyCode: 'GBP' },
  totals: { sales: { amount: '12.50' }, refunds: { amount: '-2.50' }, fees: { amount: '-1.88' }, other: { amount: '-1.12' }, matchedLineCount: 0, exceptionLineCount: 0 },
  lines: {
    nodes: [
      { kind: 'ORDER', description: 'SALE', amount: { amount: '12.50' }, matchState: 'PENDING' },
      { kind: 'REFUND', description: 'REFUND', amount: { amount: '-2.50' }, matchState: 'PENDING' },
    ],
    pageInfo: { hasNextPage: true },
  },
}; // biome-ignore format: a table

it('takes a report in, answers the same again for its key, and knows the file under another key', async () => {
  expect(await ingest('k1', file)).toMatchObject({ duplicate: false, settlement, userErrors: [] });
  expect(await ingest('k1', file)).toMatchObject({
    duplicate: false,
    settlement,
    extensions: { idempotentReplay: true },
  });
  expect(await ingest('k2', file)).toMatchObject({ duplicate: true, settlement, userErrors: [] });
  expect(await query(database.knex, 'select count(*)::int as count from settlement.statement_line')).toEqual([
    { count: 4 },
  ]);
  const audited = `select client_id, action, subject from integration.audit`;
  expect(await query(database.knex, audited)).toEqual([
    { client_id: 'finance', action: 'settlementIngest', subject: expect.stringMatching(/^stl_/) },
  ]);
});

it("takes in Amazon's published transactions, and refuses the page that names a next one", async () => {
  const published = readFileSync(projectFile('data', 'amazon-sp-api', 'listTransactions.json'), 'utf8');
  const whole = published.replace('"Next token value"', 'null');
  expect(await ingest('f1', published, { format: 'AMAZON_FINANCES_2024' })).toMatchObject({
    settlement: null,
    userErrors: [{ code: 'UNREADABLE' }],
  });
  expect(await ingest('f2', whole, { format: 'AMAZON_FINANCES_2024' })).toMatchObject({
    duplicate: false,
    settlement: {
      externalId: '4MVaHcsAfaYAlwlaPWrXJxrfUiKfYZ2ooWtY7528FUA',
      total: { amount: '10.00', currencyCode: 'USD' },
    },
    userErrors: [],
  });
});

it.each([
  ['k1', file.replace('s-1', 's-2'), {}, { code: 'IDEMPOTENCY_CONFLICT', field: ['input', 'idempotencyKey'], lineNumber: null }],
  ['k3', file.replace('7.00', '7.01').replace('s-1', 's-3'), {}, { code: 'TOTAL_MISMATCH', field: ['input', 'content'], lineNumber: 2 }],
  ['k4', file.replace('-1.88', '-1.8x').replace('s-1', 's-4'), {}, { code: 'UNREADABLE', field: ['input', 'content'], lineNumber: 4 }],
  ['k5', file.replace('s-1', 's-5'), { format: 'AMAZON_SETTLEMENT_V2' }, { code: 'UNREADABLE', field: ['input', 'content'], lineNumber: 1 }],
  ['k6', file, { channelCode: 'NOWHERE' }, { code: 'UNKNOWN_CHANNEL', field: ['input', 'channelCode'], lineNumber: null }],
  ['k7', file.replace('1-2-3', '1-2-4'), {}, { code: 'CONTENT_CHANGED', field: ['input', 'content'], lineNumber: null }],
])('refuses with what is wrong and where: %#', async (key, content, overrides, error) => {
  const before = await query(database.knex, 'select * from settlement.statement');
  expect(await ingest(key, content, overrides)).toMatchObject({ duplicate: false, settlement: null, userErrors: [error] });
  expect(await query(database.knex, 'select * from settlement.statement')).toEqual(before);
}); // biome-ignore format: a table
