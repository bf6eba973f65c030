import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { createLogger } from '../../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { startErp, type TestErp } from '../../../test/helpers/erp.ts';
import { startProcess } from '../../../test/helpers/processes.ts';
import { openBooks } from '../../../test/helpers/settlement-books.ts';
import { canonicalFile, sourceOf } from '../../../test/helpers/settlement-files.ts';
import { lineOf, reportOf, storeReport } from '../../../test/helpers/settlement-report.ts';
import { ask as askSubgraph, callerOf } from '../../../test/helpers/subgraph.ts';
import { loadOwnership } from '../../operations/index.ts';
import { ownerOf } from '../../operations/model.ts';
import { erpFinanceSystem } from '../adapters/erp.ts';
import { erpFinanceAudit } from '../adapters/erp-audit.ts';
import { reopenDifference } from '../differences/reopen.ts';
import { resolveDifference } from '../differences/resolve.ts';
import { createSettlementSubgraph } from '../index.ts';
import { ingestReport } from '../ingest/ingest.ts';
import { appendEntries } from '../ledger/append.ts';
import { closePeriod } from '../ledger/close-period.ts';
import type { NewLedgerEntry } from '../ledger/model.ts';
import { loadPostingRules } from '../ledger/posting-rules.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { openSettlement } from '../main.ts';
import { loadSettlementSettings } from '../matching/settings.ts';
import { takeBankStatement } from '../payouts/receipts.ts';
import { recordStatementPayout } from '../payouts/statement-payout.ts';
import type { FinanceSystem } from '../port.ts';
import type { SettlementLine } from '../reports/model.ts';
import { NO_THROTTLE } from '../throttle.ts';
import { voucherComparison } from './comparison.ts';
import type { VoucherScope } from './model.ts';
import { prepareVouchers } from './prepare.ts';
import { readOpenVouchers, readUnposted } from './read.ts';
import { readRunVouchers, readVoucherRun, requestVoucherRun } from './run.ts';
import { sendVoucher } from './send.ts';
import { createVoucherWork } from './worker.ts';

const signal = new AbortController().signal;
const rules = loadPostingRules();
let database: TestDatabase;
let erp: TestErp;
let finance: FinanceSystem;
let channelCode = '';
let channels = 0;
const desk = { resolved: [] as string[] };
beforeAll(async () => {
  [database, erp] = await Promise.all([createTestDatabase(['integration', 'settlement']), startErp()]);
  finance = erpFinanceSystem(erp.erp);
});
beforeEach(async () => {
  channelCode = `V${++channels}`;
  desk.resolved.length = 0;
  await query(
    database.knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code) values (?, 'MARKETPLACE', ?, ?, 'GBP')`,
    [channelCode, channelCode, channelCode],
  );
});
afterAll(async () => {
  await erp.stop();
  await database.drop();
});

const workOver = (system: FinanceSystem, mostEntries?: number) =>
  createVoucherWork({
    knex: database.knex,
    erp: system,
    ...(mostEntries === undefined ? {} : { mostEntries }),
    desk: {
      raise: async () => undefined,
      resolve: async (key) => void desk.resolved.push(key),
    },
    onFailure: () => undefined,
  });
const ask = (scope: Partial<VoucherScope> = {}) =>
  requestVoucherRun(database.knex, { period: null, channelCode, ...scope }, 'ann');
async function post(scope: Partial<VoucherScope> = {}, mostEntries?: number) {
  const id = await ask(scope);
  expect(await workOver(finance, mostEntries).step(signal)).toBe(true);
  return (await readRunVouchers(database.knex, id)).map(({ period, currencyCode, number, outcome }) => `${period} ${currencyCode} ${number} ${outcome}`); // biome-ignore format: one thought
}
const entryOf = (cause: string, overrides: Partial<NewLedgerEntry> = {}): NewLedgerEntry => ({
  cause: `${channelCode}:${cause}`,
  event: 'SETTLEMENT',
  erp: 'VOUCHER',
  bookedAt: new Date('2026-10-05T10:00:00Z'),
  description: cause,
  channelCode,
  orderId: null,
  statementId: null,
  reversalOf: null,
  actor: 'system',
  lines: rules.lines('SETTLEMENT', 'SALE', 1000n, 'GBP'),
  ...overrides,
});
const append = (...entries: NewLedgerEntry[]) =>
  inTransaction(database.knex, (trx) => appendEntries(trx, rules, entries));
const documentsOfErp = async () => (await erp.system.counters.effects()).glDocuments;
const unposted = () => readUnposted(database.knex, { period: null, channelCode });
const stateOf = async (id: string) =>
  (await query<{ state: string }>(database.knex, 'select state from settlement.statement where id = ?', [id]))[0]?.state; // biome-ignore format: one thought

/** Has the bank show a credit with the name of a settlement in its text. */
function takeMoney(amount: string, settlement: string) {
  const bytes = async function* () {
    yield Buffer.from(`booked_on,amount,currency,remittance\n2026-11-17,${amount},GBP,"${settlement}, thanks"\n`);
  };
  return takeBankStatement(database.knex, rules, { format: 'BANK_CSV', actor: 'test', bytes });
}

/** Balances per account and currency in both books, without the memorandum accounts; accounts at zero are left out. */
async function bothBooks() {
  const ours = await query<{ account: string; net: string }>(
    database.knex,
    `select account || ' ' || currency_code as account, sum(debit_minor - credit_minor)::text as net from settlement.account_balance
     where account not like '09%' group by 1 having sum(debit_minor - credit_minor) <> 0 order by 1`,
  );
  const { rows: theirs } = await erp.database.knex.raw<{ rows: { account: string; net: string }[] }>(
    `select account || ' ' || currency as account, sum(case debit_credit when 'S' then amount_minor else -amount_minor end)::text as net
     from erp.accounting_line join erp.accounting_document using (accounting_doc_no) group by 1
     having sum(case debit_credit when 'S' then amount_minor else -amount_minor end) <> 0 order by 1`,
  );
  const table = (rows: typeof ours) => Object.fromEntries(rows.map(({ account, net }) => [account, net]));
  return { ours: table(ours), theirs: table(theirs) };
}

it('gives the ERP the same balances as the channel ledger, from the invoice to the money at the bank', async () => {
  const books = openBooks(database.knex, channelCode, finance);
  const line = { sku: 'A1', quantity: 2, netMinor: 1_000n, taxMinor: 200n };
  const orders = [
    { orderId: 'o1', channelOrderId: '1-1-1', lines: [line] },
    { orderId: 'o2', channelOrderId: '2-2-2', currencyCode: 'EUR', lines: [line] },
  ];
  for (const order of orders) {
    await books.place(order);
    await books.clear((await books.invoice(order)).invoiceId);
  }
  const returned = await books.credit(orders[0]!, undefined, new Map([['A1', 1]]));
  await books.clear(returned.creditMemoId);
  const lines: SettlementLine[] = [
    lineOf({ channelOrderId: '1-1-1', sku: 'A1', quantity: 2, amountMinor: 2_400n }),
    lineOf({ channelOrderId: '1-1-1', sku: 'A1', class: 'COMMISSION', words: { transaction: 'Order', type: 'ItemFees', description: 'Commission' }, amountMinor: -360n }),
    lineOf({ channelOrderId: '1-1-1', sku: 'A1', quantity: 1, class: 'REFUND', kind: 'REFUND', amountMinor: -1_200n }),
    lineOf({ channelOrderId: '2-2-2', sku: 'A1', quantity: 2, amountMinor: 2_050n, original: { amountMinor: 2_400n, currencyCode: 'EUR' } }),
    lineOf({ class: 'FEE', kind: 'FEE', words: { transaction: 'other', type: 'other', description: 'Subscription Fee' }, amountMinor: -390n }),
  ].map((one, index) => ({ ...one, lineNumber: index + 2 })); // biome-ignore format: a table
  const report = reportOf('settlement-1', lines, { channelCode });
  const statementId = await storeReport(database.knex, report, lines);
  await inTransaction(database.knex, (trx) => recordStatementPayout(trx, rules, statementId, report, 'test'));
  await books.settle();
  expect(await books.differences()).toEqual([]);
  expect(await stateOf(statementId)).toBe('MATCHED');
  expect(await post()).toEqual(['2026-11 EUR 1 ACCEPTED', '2026-11 GBP 1 ACCEPTED']);
  expect(await stateOf(statementId)).toBe('POSTED');

  expect(await takeMoney('25.00', report.externalId)).toMatchObject({ matched: 1, differing: 0 });
  expect(await stateOf(statementId)).toBe('RECONCILED');
  // What came after the first voucher is in the next one.
  expect(await post()).toEqual(['2026-11 GBP 2 ACCEPTED']);
  expect(await post()).toEqual([]);
  const { ours, theirs } = await bothBooks();
  expect(theirs).toEqual(ours);
  expect(ours).toEqual({
    '1365 EUR': '2400',
    '1365 GBP': '-2040',
    '1776 EUR': '-400',
    '1776 GBP': '-200',
    '1800 GBP': '2500',
    '4840 GBP': '-10',
    '6770 GBP': '360',
    '6771 GBP': '390',
    '8400 EUR': '-2000',
    '8400 GBP': '-1000',
  });
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('keeps both sides of an account, and leaves out what the ERP booked itself and what is memorandum', async () => {
  await append(
    entryOf('sale'),
    entryOf('refund', { lines: rules.lines('SETTLEMENT', 'REFUND', -400n, 'GBP') }),
    entryOf('mirror', { erp: 'MIRROR' }),
    entryOf('memo', { erp: 'NONE' }),
  );
  expect(await post()).toEqual(['2026-10 GBP 1 ACCEPTED']);
  const { accountingDocuments } = await erp.erp.accountingChanges({ after: 0 });
  expect(accountingDocuments.at(-1)).toMatchObject({
    headerText: `${channelCode} 2026-10 GBP no. 1`,
    lines: [
      { account: '1361', debitCredit: 'S', amount: '4.00' },
      { account: '1362', debitCredit: 'S', amount: '10.00' },
      { account: '1361', debitCredit: 'H', amount: '10.00' },
      { account: '1362', debitCredit: 'H', amount: '4.00' },
    ],
  });
  expect(await unposted()).toEqual({ entries: 0, vouchers: 0 });
});

it('posts nothing twice when it fails between the acceptance of the ERP and our note of it', async () => {
  await append(entryOf('a'), entryOf('b'), entryOf('c'));
  const before = Number(await documentsOfErp());
  const broken: FinanceSystem = {
    ...finance,
    async postVoucher(voucher, at) {
      await finance.postVoucher(voucher, at);
      throw new Error('the answer was lost');
    },
  };
  const id = await ask();
  for (let accepted = 1; accepted <= 2; accepted++) {
    await expect(workOver(broken, 1).step(signal)).rejects.toThrow('the answer was lost');
    expect(Number(await documentsOfErp())).toBe(before + accepted);
  }
  expect(await readVoucherRun(database.knex, id)).toMatchObject({
    state: 'RUNNING',
    waitingFor: 'INTERNAL_SERVER_ERROR',
  });
  expect(await workOver(finance, 1).step(signal)).toBe(true);
  expect((await readRunVouchers(database.knex, id)).map((one) => one.outcome)).toEqual(['ACCEPTED', 'ACCEPTED', 'ACCEPTED']); // biome-ignore format: one thought
  expect(Number(await documentsOfErp())).toBe(before + 3);
  expect(await readVoucherRun(database.knex, id)).toMatchObject({ state: 'DONE', waitingFor: null });
});

it('posts once what two workers send at the same time', async () => {
  await append(entryOf('a'));
  const before = Number(await documentsOfErp());
  const runId = await ask();
  await prepareVouchers(database.knex, { period: null, channelCode }, runId);
  const [voucher] = await readOpenVouchers(database.knex, { period: null, channelCode });
  const deps = { knex: database.knex, erp: finance, desk: { raise: async () => undefined, resolve: async () => undefined } }; // biome-ignore format: one thought
  const send = () => sendVoucher(deps, voucher!, runId, signal);
  expect(await Promise.all([send(), send(), send()])).toEqual([true, true, true]);
  expect(Number(await documentsOfErp())).toBe(before + 1);
  expect(await query(database.knex, 'select state from settlement.voucher_change where run_id = ? order by position', [runId])).toEqual([{ state: 'PREPARED' }, { state: 'SENT' }, { state: 'ACCEPTED' }]); // biome-ignore format: one thought
  await workOver(finance).step(signal);
});

it('posts nothing twice when its process is killed there', async () => {
  await append(entryOf('a'), entryOf('b'), entryOf('c'));
  const before = Number(await documentsOfErp());
  const id = await ask();
  const killed = await startProcess('test/contract/voucher-process.ts', [
    database.url,
    erp.system.url,
    erp.system.token,
  ]);
  expect(killed.report).toEqual({ accepted: 2 });
  await killed.killHard();
  expect(Number(await documentsOfErp())).toBe(before + 2);
  // The server notices the end of a killed client when it next looks at the connection: until then its lock stands.
  const work = workOver(finance, 1);
  while (!(await work.step(signal)));
  expect(await readRunVouchers(database.knex, id)).toHaveLength(3);
  expect(Number(await documentsOfErp())).toBe(before + 3);
  expect(await unposted()).toEqual({ entries: 0, vouchers: 0 });
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('shows finance what the ERP refuses, and sends it again with the next run', async () => {
  const lines = [lineOf({ channelOrderId: '9', amountMinor: 1_000n })];
  const statementId = await storeReport(database.knex, reportOf('r', lines, { channelCode }), lines);
  await append(entryOf('a', { statementId }), entryOf('b', { bookedAt: new Date('2026-09-05T10:00:00Z') }));
  await change(database.knex, `update settlement.statement set state = 'MATCHED' where id = ?`, [statementId]);
  await change(database.knex, 'delete from settlement.match_due');
  await erp.erp.putPostingPeriod('2026-10', { status: 'CLOSED' });
  const id = await ask();
  const raised: object[] = [];
  const alarm = { raise: async (one: object) => void raised.push(one), resolve: async () => undefined };
  const { vouchersOver } = openSettlement({ knex: database.knex, system: { adapter: 'reference-erp', erp: erp.erp }, logger: createLogger({ level: 'silent', component: 'test' }), alarm, report: async () => {} }); // biome-ignore format: one thought
  expect(await vouchersOver(database.knex, NO_THROTTLE).step(signal)).toBe(true);
  expect((await readRunVouchers(database.knex, id)).map((one) => `${one.period} ${one.outcome}`)).toEqual(['2026-09 ACCEPTED', '2026-10 REFUSED']); // biome-ignore format: one thought
  const key = expect.stringMatching(/^voucher:vch_/);
  const message = expect.stringMatching(/2026-10 GBP no\. 1 \(vch_.*PERIOD_CLOSED/);
  expect(raised).toEqual([{ key, message, channelCode, system: 'erp', operation: 'post-voucher' }]);
  expect(ownerOf(loadOwnership(), 'erp', 'post-voucher')).toBe('finance');
  expect(await stateOf(statementId)).toBe('MATCHED');
  expect(await unposted()).toEqual({ entries: 0, vouchers: 1 });
  await erp.erp.putPostingPeriod('2026-10', { status: 'OPEN' });
  expect(await post()).toEqual(['2026-10 GBP 1 ACCEPTED']);
  expect(desk.resolved).toContainEqual((raised[0] as { key: string }).key);
  expect(await stateOf(statementId)).toBe('POSTED');
});

it('reconciles a posted settlement once the difference of its payout is decided', async () => {
  const lines = [lineOf({ class: 'FEE', kind: 'FEE', amountMinor: 1_000n })];
  const report = reportOf(`short-${channelCode}`, lines, { channelCode });
  const statementId = await storeReport(database.knex, report, lines);
  await inTransaction(database.knex, (trx) => recordStatementPayout(trx, rules, statementId, report, 'test'));
  await change(database.knex, 'delete from settlement.match_due');
  await change(database.knex, `update settlement.statement set state = 'MATCHED' where id = ?`, [statementId]);
  await takeMoney('9.90', report.externalId);
  await post();
  expect(await stateOf(statementId)).toBe('POSTED');
  const [difference] = await query<{ id: string }>(database.knex, 'select id from settlement.difference where channel_code = ?', [channelCode]); // biome-ignore format: one thought
  const deps = { rules, settings: loadSettlementSettings() };
  await inTransaction(database.knex, (trx) =>
    resolveDifference(trx, deps, difference?.id ?? '', { resolution: 'ACCEPT_ACTUAL', note: 'a bank fee' }, 'ann'),
  );
  expect(await stateOf(statementId)).toBe('RECONCILED');
  await inTransaction(database.knex, (trx) =>
    reopenDifference(trx, deps, difference?.id ?? '', 'it was no fee', 'ann'),
  );
  expect(await stateOf(statementId)).toBe('POSTED');
  await post();
  expect(await stateOf(statementId)).toBe('POSTED');
});

it.each(['bank', 'matching'])('says the same of a settlement whose payout is short: %s first', async (first) => {
  const { matcher } = openBooks(database.knex, channelCode, finance);
  const take = async (externalId: string, amountMinor: bigint) => {
    const words = { transaction: 'other', type: 'other', description: 'Subscription Fee' };
    const lines = [lineOf({ class: 'FEE', kind: 'FEE', words, amountMinor })];
    const report = reportOf(externalId, lines, { channelCode });
    const id = await storeReport(database.knex, report, lines);
    await inTransaction(database.knex, (trx) => recordStatementPayout(trx, rules, id, report, 'test'));
    return id;
  };
  const [short, owed] = [`lacks-${channelCode}`, `owed-${channelCode}`];
  if (first === 'bank') await takeMoney('9.00', short);
  const shortId = await take(short, 1_000n);
  await matcher.catchUp(signal);
  if (first === 'matching') await takeMoney('9.00', short);
  expect(await query(database.knex, 'select state from settlement.difference where channel_code = ?', [channelCode])).toEqual([{ state: 'OPEN' }]); // biome-ignore format: one thought
  expect(await stateOf(shortId)).toBe('MATCHED');
  await post();
  expect(await stateOf(shortId)).toBe('POSTED');
  const owedId = await take(owed, -100n);
  await matcher.catchUp(signal);
  expect(await stateOf(shortId)).toBe('RECONCILED');
  await post();
  expect([await stateOf(shortId), await stateOf(owedId)]).toEqual(['RECONCILED', 'RECONCILED']);
});

it('shows the vouchers of a settlement, of a channel and of a month, and what a month lacks', async () => {
  const lines = [lineOf({ channelOrderId: '9', amountMinor: 1_000n })];
  const statementId = await storeReport(database.knex, reportOf('g', lines, { channelCode }), lines);
  const august = new Date('2026-08-05T10:00:00Z');
  await append(entryOf('a', { statementId, bookedAt: august }), entryOf('b', { bookedAt: august }), entryOf('c'));
  await post({ period: '2026-08' }, 1);
  await append(entryOf('d', { bookedAt: august }));
  const subgraph = createSettlementSubgraph({ knex: database.knex });
  const graph = async (text: string) => {
    const answer = await askSubgraph(subgraph, text, {}, callerOf({ contract: 'finance', channel: null }));
    expect(answer.errors).toBeUndefined();
    return answer.data;
  };
  const first = { number: 1, month: '2026-08', channel: { code: channelCode }, state: 'ACCEPTED', total: { amount: '10.00' }, entryCount: 1, refusal: null }; // biome-ignore format: one thought
  const fields = 'number month channel { code } state total { amount } entryCount refusal';
  expect(await graph(`{ settlement(id: "${statementId}") { vouchers { ${fields} documentNumber lines { account side amount { amount currencyCode } } } } }`)).toEqual({
    settlement: {
      vouchers: [
        {
          ...first,
          documentNumber: expect.stringMatching(/^01\d{8}$/),
          lines: [
            { account: '1362', side: 'DEBIT', amount: { amount: '10.00', currencyCode: 'GBP' } },
            { account: '1361', side: 'CREDIT', amount: { amount: '10.00', currencyCode: 'GBP' } },
          ],
        },
      ],
    },
  }); // biome-ignore format: a table
  const page = (more: string) => graph(`{ journalVouchers(${more}filter: { channelCode: "${channelCode}", month: "2026-08", state: [ACCEPTED] }) { nodes { number } pageInfo { hasNextPage endCursor } } }`); // biome-ignore format: one thought
  const newest = (await page('first: 1, ')) as { journalVouchers: { pageInfo: { endCursor: string } } };
  expect(newest).toMatchObject({ journalVouchers: { nodes: [{ number: 2 }], pageInfo: { hasNextPage: true } } });
  expect(await page(`after: "${newest.journalVouchers.pageInfo.endCursor}", `)).toMatchObject({
    journalVouchers: { nodes: [{ number: 1 }], pageInfo: { hasNextPage: false } },
  });
  expect(await graph('{ accountingPeriod(month: "2026-08") { month closedAt entriesWithoutVoucherCount vouchersNotAcceptedCount } }')).toEqual({
    accountingPeriod: { month: '2026-08', closedAt: null, entriesWithoutVoucherCount: 1, vouchersNotAcceptedCount: 0 },
  }); // biome-ignore format: one thought
  await post();
});

it('takes a posted settlement back by a voucher of its own, when two clients ask for it, and leaves its closed month alone', async () => {
  const words = { transaction: 'Fee', type: '', description: 'Subscription' };
  const day = (text: string) => new Date(`2026-05-${text}T00:00:00Z`);
  const lines = [lineOf({ class: 'FEE', kind: 'FEE', words, amountMinor: -3_900n, postedAt: day('05') })];
  const report = reportOf(`back-${channelCode}`, lines, { channelCode, periodStart: day('01'), periodEnd: day('15') });
  const settlementId = await storeReport(database.knex, report, lines);
  const { matcher } = openBooks(database.knex, channelCode, finance);
  const match = () => matcher.catchUp(signal);
  await match();
  expect(await post()).toEqual(['2026-05 GBP 1 ACCEPTED']);
  expect(await stateOf(settlementId)).toBe('POSTED');
  await closePeriod(database.knex, '2026-05', 'ann', new Date('2026-06-02T00:00:00Z'));
  const ofMay = () => query(database.knex, `select account, debit_minor, credit_minor from settlement.account_balance where channel_code = ? and period = '2026-05' order by 1`, [channelCode]); // biome-ignore format: one thought
  const [before, documents] = [await ofMay(), Number(await documentsOfErp())];

  const subgraph = createSettlementSubgraph({ knex: database.knex });
  const reverse = async (clientId: string, idempotencyKey: string) => {
    const text = `mutation { settlementReverse(settlementId: "${settlementId}", input: { idempotencyKey: "${idempotencyKey}", note: "the channel corrected it" }) {
      settlement { state reversal { note proposedBy approvedBy } } userErrors { code field } } }`;
    const answer = await askSubgraph(subgraph, text, {}, callerOf({ contract: 'finance', channel: null, clientId }));
    expect(answer.errors).toBeUndefined();
    return (answer.data as { settlementReverse: object }).settlementReverse;
  };
  const proposed = {
    settlement: {
      state: 'POSTED',
      reversal: { note: 'the channel corrected it', proposedBy: 'ann', approvedBy: null },
    },
    userErrors: [{ code: 'SECOND_APPROVER_REQUIRED', field: ['settlementId'] }],
  };
  expect([await reverse('ann', 'a'), await reverse('ann', 'b')]).toEqual([proposed, proposed]);
  await match();
  expect(await unposted()).toEqual({ entries: 0, vouchers: 0 });
  expect(await reverse('ben', 'c')).toMatchObject({ settlement: { state: 'REVERSED', reversal: { approvedBy: 'ben' } }, userErrors: [] }); // biome-ignore format: one thought
  expect(await reverse('cid', 'd')).toMatchObject({ userErrors: [{ code: 'ALREADY_REVERSED' }] });
  const audit = await query(database.knex, `select client_id as actor, reason from integration.audit where subject = ? order by position`, [settlementId]); // biome-ignore format: one thought
  expect(audit).toEqual([
    { actor: 'ann', reason: 'proposed: the channel corrected it' },
    { actor: 'ann', reason: 'proposed: the channel corrected it' },
    { actor: 'ben', reason: 'approved: the channel corrected it' },
  ]);
  await match();
  expect(await post()).toEqual(['2026-06 GBP 1 ACCEPTED']);
  expect([Number(await documentsOfErp()), await ofMay()]).toEqual([documents + 1, before]);
  expect(await query(database.knex, `select account from settlement.account_balance where channel_code = ? group by 1 having sum(debit_minor - credit_minor) <> 0`, [channelCode])).toEqual([]); // biome-ignore format: one thought

  const corrected = canonicalFile(`back-${channelCode}`, [{ class: 'FEE', amountMinor: -3_500 }]);
  expect(await ingestReport(database.knex, sourceOf(corrected, { channelCode }))).toMatchObject({ kind: 'INGESTED' });
  await change(database.knex, 'delete from settlement.match_due');
  expect(await stateOf(settlementId)).toBe('REVERSED');
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('closes a month only when the ERP accepted all of it', async () => {
  await append(entryOf('a'));
  const later = new Date('2026-11-20T00:00:00Z');
  const refusal = { code: 'ILLEGAL_TRANSITION', details: { month: '2026-10', entriesWithoutVoucher: 1, vouchersNotAccepted: 0 } }; // biome-ignore format: one thought
  await expect(closePeriod(database.knex, '2026-10', 'ann', later)).rejects.toMatchObject(refusal);
  await expect(closePeriod(database.knex, '2026-10', 'ann', later)).rejects.toThrow(
    /cannot be closed: entries in no voucher: 1 \(of 2026-10; run: npx commerce settlement post\)\./,
  );
  await erp.erp.putPostingPeriod('2026-10', { status: 'CLOSED' });
  await post();
  await expect(closePeriod(database.knex, '2026-10', 'ann', later)).rejects.toThrow(
    /vouchers that the ERP has not accepted: 1/,
  );
  await erp.erp.putPostingPeriod('2026-10', { status: 'OPEN' });
  await post();
  expect(await closePeriod(database.knex, '2026-10', 'ann', later)).toMatchObject({ month: '2026-10' });
});

it.each([
  [
    'an entry in a second voucher',
    `insert into settlement.voucher_entry select entry_id, currency_code, voucher_id from settlement.voucher_entry limit 1`,
    /voucher_entry_pkey/,
  ],
  [
    'a voucher of something else than its entries',
    `with v as (insert into settlement.voucher (id, period, channel_code, currency_code, number, state, total_minor, entry_count) values ('x', '2026-11', 'V1', 'GBP', 99, 'PREPARED', 5, 1) returning id)
     insert into settlement.voucher_line select v.id, a, s, 5 from v, (values ('1361', 'DEBIT'), ('1362', 'CREDIT')) as l(a, s)`,
    /its lines are not the sums of its entries/,
  ],
  [
    'what the ERP booked itself',
    `with v as (insert into settlement.voucher (id, period, channel_code, currency_code, number, state, total_minor, entry_count)
       select 'x', period, channel_code, 'GBP', 99, 'PREPARED', 1000, 1 from settlement.ledger_entry where erp = 'MIRROR' and cause like '%:mirror' returning id),
     m as (insert into settlement.voucher_entry select e.id, 'GBP', v.id from v, settlement.ledger_entry e where e.cause like '%:mirror' returning voucher_id)
     insert into settlement.voucher_line select m.voucher_id, l.account, l.side, l.amount_minor from m, settlement.ledger_line l join settlement.ledger_entry e on e.id = l.entry_id where e.cause like '%:mirror'`,
    /an entry that does not belong in it/,
  ],
  ['a voucher that was accepted and is sent again', `update settlement.voucher set state = 'SENT', erp_number = null`, /cannot change so: ACCEPTED to SENT/],
  ['another amount', `update settlement.voucher_line set amount_minor = 1`, /append-only/],
])('lets the database refuse %s', async (_what, statement, why) => {
  await expect(query(database.knex, statement)).rejects.toThrow(why);
}); // biome-ignore format: a table

it("compares accepted vouchers with the ERP's journal: other sums, another number, gone", async () => {
  await append(entryOf('a', { bookedAt: new Date('2026-11-05T10:00:00Z') }));
  await post();
  const [voucher] = await query<{ id: string; number: string }>(database.knex, `select id, erp_number as number from settlement.voucher where channel_code = ?`, [channelCode]); // biome-ignore format: one thought
  const { id, number } = voucher ?? { id: '', number: '' };
  const compared = voucherComparison({ knex: database.knex, erp: erpFinanceAudit(erp.erp) });
  const look = async () => {
    const differences: string[] = [];
    let cursor: string | null = null;
    const keys: string[] = [];
    do {
      const page = await compared.theirs(cursor, signal);
      keys.push(...page.keys);
      differences.push(...page.differences.map(({ what }) => what));
      cursor = page.next;
    } while (cursor !== null);
    const all = (await compared.ours(null)).keys;
    expect(all).toContain(id);
    return [...differences, ...(await compared.missing(all.filter((key) => !keys.includes(key)), signal)).map(({ what }) => what)]; // biome-ignore format: one thought
  };
  const inErp = (statement: string) => erp.database.knex.raw(`set session_replication_role = replica; ${statement}; set session_replication_role = origin`); // biome-ignore format: one thought
  expect(await look()).toEqual([]);
  await inErp(`update erp.accounting_line set amount_minor = amount_minor + 1 where accounting_doc_no = '${number}'`);
  expect(await look()).toEqual([
    `Voucher ${channelCode} 2026-11 GBP no. 1, ${number} in the ERP: 1361 CREDIT 10.01 GBP, 1362 DEBIT 10.01 GBP there, 1361 CREDIT 10.00 GBP, 1362 DEBIT 10.00 GBP here`,
  ]);
  await inErp(`update erp.accounting_line set amount_minor = amount_minor - 1 where accounting_doc_no = '${number}'`);
  await inErp(`update erp.gl_document set external_ref = 'other' where external_ref = '${id}'; update erp.accounting_document set change_no = -change_no where accounting_doc_no = '${number}'`); // biome-ignore format: one thought
  expect(await look()).toEqual([`Voucher ${channelCode} 2026-11 GBP no. 1 (${id}): accepted as ${number} here, unknown to the ERP`]); // biome-ignore format: one thought
  await inErp(`update erp.gl_document set external_ref = '${id}' where external_ref = 'other'; update erp.accounting_document set change_no = -change_no where accounting_doc_no = '${number}'`); // biome-ignore format: one thought
});

it('asks for a month and a channel that there are', async () => {
  await expect(ask({ period: '2026-13' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  await expect(ask({ channelCode: 'NOBODY' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
});
