import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { askEntities, callerOf } from '../../test/helpers/subgraph.ts';
import { memoryFinanceSystem } from './adapters/memory.ts';
import { saveDocumentStates } from './feeds.ts';
import { createDocumentFeed, createFinance, createJournalFeed, createSettlementSubgraph } from './index.ts';

const signal = new AbortController().signal;
const erp = memoryFinanceSystem();
let database: TestDatabase;
let finance: ReturnType<typeof createFinance>;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
  finance = createFinance({ knex: database.knex, erp });
});
afterAll(() => database.drop());

const document = (key: string, orderId: string) => ({
  key,
  orderId,
  orderNumber: `N-${orderId}`,
  channelCode: 'WEB',
  customerId: null,
  currencyCode: 'GBP',
  lines: [{ lineId: 'l1', sku: 'A1', quantity: 2, netMinor: 565n, taxMinor: 113n }],
  paid: true,
  traceId: '0'.repeat(32),
});

async function order(id: string, caller = callerOf()) {
  const subgraph = createSettlementSubgraph({ knex: database.knex });
  const answer = await askEntities(
    subgraph,
    [{ __typename: 'Order', id }],
    '{ invoices { number status total { amount } } refunds { amount { amount } status creditMemoNumber } }',
    caller,
  );
  expect(answer.errors).toBeUndefined();
  return (answer.data as { _entities: unknown[] })._entities[0];
}

const follow = async () => {
  const deps = { knex: database.knex, erp, onFailure: (_feed: string, error: unknown) => { throw error; } }; // biome-ignore format: short
  await createDocumentFeed(deps).catchUp(signal);
  await createJournalFeed(deps).catchUp(signal);
};

it('records an invoice once per key; its state follows the ERP', async () => {
  const first = await finance.postInvoice(document('i1', 'o1'), signal);
  expect(await finance.postInvoice(document('i1', 'o1'), signal)).toEqual(first);
  expect(await order('o1')).toEqual({
    invoices: [{ number: first.number, status: 'POSTED', total: { amount: '6.78' } }],
    refunds: [],
  });
  expect(await finance.clear(first.invoiceId, signal)).toBe(true);
  await follow();
  expect(await order('o1')).toMatchObject({ invoices: [{ status: 'PAID' }] });
  expect(
    await query(
      database.knex,
      `select count(*)::int as events from integration.outbox where type = 'invoice-posted.v1'`,
    ),
  ).toEqual([{ events: 1 }]);
});

it('refunds with a credit memo, once, and the refund is settled when it is paid out', async () => {
  const memo = { ...document('c1', 'o2'), returnId: 'ret_1' };
  const first = await finance.postCreditMemo(memo, signal);
  expect(await finance.postCreditMemo(memo, signal)).toEqual(first);
  expect(await order('o2')).toEqual({
    invoices: [],
    refunds: [{ amount: { amount: '6.78' }, status: 'PENDING', creditMemoNumber: first.number }],
  });
  await finance.clear(first.creditMemoId, signal);
  await follow();
  expect(await order('o2')).toMatchObject({ refunds: [{ status: 'SETTLED' }] });
});

it('never lets an older state win, within a page or after it', async () => {
  const { number } = await finance.postInvoice(document('i3', 'o3'), signal);
  const state = (status: 'POSTED' | 'PAID', sequence: number) => ({ number, status, issuedAt: new Date(), sequence });
  await database.knex.transaction((trx) => saveDocumentStates(trx, [state('PAID', 1_000), state('POSTED', 999)]));
  await database.knex.transaction((trx) => saveDocumentStates(trx, [state('POSTED', 998)]));
  expect(await order('o3')).toMatchObject({ invoices: [{ status: 'PAID' }] });
});

it('shows no invoice to another channel', async () => {
  const other = callerOf({
    channel: { ...(callerOf().channel as NonNullable<ReturnType<typeof callerOf>['channel']>), code: 'B2B' },
  });
  expect(await order('o1', other)).toMatchObject({ invoices: [] });
});
