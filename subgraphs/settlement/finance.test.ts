import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { until } from '../../test/helpers/processes.ts';
import { askEntities, callerOf } from '../../test/helpers/subgraph.ts';
import { memoryFinanceSystem } from './adapters/memory.ts';
import { saveDocumentStates } from './feeds.ts';
import {
  createDocumentFeed,
  createFinance,
  createJournalFeed,
  createSettlementSubgraph,
  loadPostingRules,
  loadSettlementSettings,
} from './index.ts';

const signal = new AbortController().signal;
const erp = memoryFinanceSystem();
let database: TestDatabase;
let finance: ReturnType<typeof createFinance>;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
  const known = loadSettlementSettings();
  const channel = (code: string) => ({ ...known.channel(code), remitsTax: code === 'WALMART' });
  finance = createFinance({ knex: database.knex, erp, rules: loadPostingRules(), settings: { ...known, channel } });
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

/** What the feeds set aside. */
const aside: string[] = [];
const feeds = () => {
  const deps = { knex: database.knex, erp, report: async (_trx: unknown, { key, message }: { key: string; message: string }) => void aside.push(`${key} ${message}`), onFailure: (_feed: string, error: unknown) => { throw error; } }; // biome-ignore format: short
  return { documents: createDocumentFeed(deps), journal: createJournalFeed(deps) };
};
const follow = async () => {
  const { documents, journal } = feeds();
  await documents.catchUp(signal);
  await journal.catchUp(signal);
};

it('goes on past a posting that cannot be stored: it is kept, and told of', async () => {
  const posting = (sequence: number, description: string) => ({ sequence, number: `SA${sequence}`, documentNumber: 'D', description, postedAt: new Date(), lines: [] }); // biome-ignore format: a table
  const told = [posting(1, 'one'), posting(2, 'a null \0 byte'), posting(3, 'three')];
  const postings = async (after: number) => ({ entries: told.filter(({ sequence }) => sequence > after), next: 3 });
  const reported: object[] = [];
  const own = { ...erp, postings };
  const report = async (_: unknown, entry: object) => void reported.push(entry);
  const fail = (_feed: string, error: unknown) => { throw error; }; // biome-ignore format: short
  const feed = createJournalFeed({ knex: database.knex, erp: own, report, onFailure: fail });
  await feed.catchUp(signal);
  const stored = () =>
    query(database.knex, "select number from settlement.journal_entry where number like 'SA%' order by 1");
  expect(await stored()).toEqual([{ number: 'SA1' }, { number: 'SA3' }]);
  expect(reported).toEqual([
    { key: 'settlement:erp-postings:2', system: 'erp', operation: 'read-entry', setAside: { by: 'settlement:erp-postings', id: '2' }, message: expect.stringMatching(/^Entry 2 of the feed could not be taken: it holds a value that cannot be stored/) }, // biome-ignore format: a table
  ]);
  expect(await feed.takeAgain(2, signal)).toMatchObject({ kind: 'failed', cause: 'MAPPING' });
  told[1] = posting(2, 'two');
  expect(await feed.takeAgain(2, signal)).toEqual({ kind: 'handled' });
  expect(await stored()).toHaveLength(3);
  const [kept] = await query<{ entry: string }>(database.knex, 'select entry, handled_at is not null as handled from integration.set_aside_entry'); // biome-ignore format: one thought
  expect(kept).toMatchObject({ handled: true });
  expect(JSON.parse(kept?.entry ?? '')).toMatchObject({ number: 'SA2', description: 'a null \0 byte' });
  await query(database.knex, "delete from settlement.journal_entry where number like 'SA%'");
  await query(database.knex, "update integration.feed_cursor set position = 0 where feed = 'settlement:erp-postings'");
});

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

it('lets a posting and its document find each other that come in the same moment', async () => {
  const waiting = async () => {
    const [row] = await query<{ n: number }>(database.knex, "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"); // biome-ignore format: one thought
    return row?.n ?? 0;
  };
  const blocker = await database.knex.transaction();
  await blocker.raw('lock table integration.outbox in access exclusive mode');
  const recorded = finance.postInvoice(document('i-meet', 'o-meet'), signal); // stops at its event, not committed
  await until(async () => (await waiting()) === 1);
  let isRead = false;
  const read = feeds().journal.catchUp(signal).finally(() => { isRead = true; }); // biome-ignore format: short
  await until(async () => isRead || (await waiting()) === 2);
  await blocker.rollback();
  const [{ number }] = await Promise.all([recorded, read]);
  expect(
    await query(database.knex, 'select order_id from settlement.journal_entry where document_number = ?', [number]),
  ).toEqual([{ order_id: 'o-meet' }]);
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

it('clears to the account of whoever has the money: the payment provider, or the marketplace and the tax it keeps', async () => {
  await query(
    database.knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code)
     select code, 'MARKETPLACE', code, code, 'GBP' from unnest(?::text[]) as code`,
    [['EBAY', 'WALMART']],
  );
  const cleared = async (channelCode: string, kind: 'invoice' | 'memo') => {
    const of = { ...document(`${channelCode}-${kind}`, `o-${channelCode}-${kind}`), channelCode, returnId: 'ret_2' };
    const id =
      kind === 'invoice'
        ? (await finance.postInvoice(of, signal)).invoiceId
        : (await finance.postCreditMemo(of, signal)).creditMemoId;
    await finance.clear(id, signal);
    const { entries } = await erp.postings(0, 0, signal);
    return entries.at(-1)?.lines.map((line) => `${line.account} ${line.side} ${line.amountMinor}`);
  };
  expect(await cleared('WEB', 'invoice')).toEqual(['1460 DEBIT 678', '1200 CREDIT 678']);
  expect(await cleared('WEB', 'memo')).toEqual(['1200 DEBIT 678', '1460 CREDIT 678']);
  expect(await cleared('EBAY', 'invoice')).toEqual(['1361 DEBIT 678', '1200 CREDIT 678']);
  expect(await cleared('WALMART', 'invoice')).toEqual(['1361 DEBIT 565', '1777 DEBIT 113', '1200 CREDIT 678']);
  expect(await cleared('WALMART', 'memo')).toEqual(['1200 DEBIT 678', '1361 CREDIT 565', '1777 CREDIT 113']);
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
