import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { canonicalFile, sourceOf } from '../../../test/helpers/settlement-files.ts';
import { loadPostingRules } from '../ledger/posting-rules.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { createMatcher } from '../matching/matcher.ts';
import { loadSettlementSettings } from '../matching/settings.ts';
import { takeBankStatement } from '../payouts/receipts.ts';
import { reverseByTwo } from '../statements/reversal.ts';
import { ingestReport } from './ingest.ts';
import type { ReportSource } from './source.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
  await query(
    database.knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'AMAZON', 'GBP')`,
  );
});
afterAll(() => database.drop());
beforeEach(() =>
  database.knex.raw(
    `truncate settlement.statement_line, settlement.line_match, settlement.match_due, settlement.payout, settlement.payout_change, settlement.bank_receipt,
       settlement.statement, settlement.report_file_part, settlement.report_file, settlement.report_refusal,
       settlement.posted_group, settlement.difference, settlement.reversal cascade`,
  ),
);

const ingest = (source: ReportSource) => ingestReport(database.knex, source);
const stored = async () => {
  const [row] = await query<object>(
    database.knex,
    `select (select count(*)::int from settlement.statement) as statements, (select count(*)::int from settlement.statement_line) as lines,
       (select count(*)::int from settlement.report_file) as files, (select count(*)::int from settlement.payout) as payouts,
       (select count(*)::int from settlement.report_refusal) as refusals`,
  );
  return row;
};
const NOTHING = { statements: 0, lines: 0, files: 0, payouts: 0 };
const rows = [
  { class: 'SALE', amountMinor: 1250, orderId: '1-2-3', sku: 'A1' },
  { class: 'COMMISSION', amountMinor: -188, orderId: '1-2-3' },
  { class: 'FEE', amountMinor: -62 },
];

it('stores the lines, the statement, the payout and the bytes as they came', async () => {
  const text = canonicalFile('s-1', rows);
  const outcome = await ingest(sourceOf(text));
  expect(outcome).toMatchObject({ kind: 'INGESTED', lineCount: 3 });
  expect(await stored()).toEqual({ statements: 1, lines: 3, files: 1, payouts: 1, refusals: 0 });
  const [statement] = await query(
    database.knex,
    `select s.id, s.external_id as "externalId", s.state, s.total_minor as total, s.line_count as lines, p.state as payout, p.amount_minor as amount
     from settlement.statement s join settlement.payout p on p.statement_id = s.id`,
  );
  expect(statement).toEqual({
    id: outcome.kind === 'INGESTED' ? outcome.settlementId : '',
    externalId: 's-1',
    state: 'INGESTED',
    total: '1000',
    lines: '3',
    payout: 'SCHEDULED',
    amount: '1000',
  });
  const [file] = await query<{ sha256: string; content: Buffer }>(
    database.knex,
    `select encode(f.sha256, 'hex') as sha256, p.content from settlement.report_file f join settlement.report_file_part p on p.file_id = f.id`,
  );
  expect(file).toEqual({ sha256: createHash('sha256').update(text).digest('hex'), content: Buffer.from(text) });
});

it('knows a file that is sent again, from another name too', async () => {
  const first = await ingest(sourceOf(canonicalFile('s-1', rows)));
  const again = await ingest(sourceOf(canonicalFile('s-1', rows), { fileName: 'copy.csv' }));
  expect(again).toEqual({ kind: 'DUPLICATE', settlementId: first.kind === 'INGESTED' ? first.settlementId : '' });
  expect(await stored()).toEqual({ statements: 1, lines: 3, files: 1, payouts: 1, refusals: 0 });
});

it('gives a statement the same id whenever its file is read', async () => {
  const first = await ingest(sourceOf(canonicalFile('s-1', rows)));
  await database.knex.raw(
    'truncate settlement.statement_line, settlement.payout, settlement.statement, settlement.report_file cascade',
  );
  expect(await ingest(sourceOf(canonicalFile('s-1', rows)))).toEqual(first);
});

it('refuses a settlement that comes again with one byte changed, and keeps the first', async () => {
  await ingest(sourceOf(canonicalFile('s-1', rows)));
  const changed = canonicalFile('s-1', rows).replace('A1', 'A2');
  expect(await ingest(sourceOf(changed))).toMatchObject({ kind: 'REFUSED', code: 'CONTENT_CHANGED' });
  expect(await stored()).toEqual({ statements: 1, lines: 3, files: 1, payouts: 1, refusals: 1 });
});

it('takes a corrected file in once the first settlement is reversed', async () => {
  await ingest(sourceOf(canonicalFile('s-1', rows)));
  await query(database.knex, `update settlement.statement set state = 'REVERSED'`);
  expect(await ingest(sourceOf(canonicalFile('s-1', rows).replace('A1', 'A2')))).toMatchObject({ kind: 'INGESTED' });
  await query(database.knex, `update settlement.statement set state = 'REVERSED'`);
  expect(await ingest(sourceOf(canonicalFile('s-1', rows)))).toMatchObject({ kind: 'INGESTED' });
});

it('refuses a file whose lines do not add up, and keeps nothing of it but the refusal', async () => {
  const many = Array.from({ length: 12_000 }, () => ({ class: 'SALE', amountMinor: 1 }));
  expect(await ingest(sourceOf(canonicalFile('s-2', many, { total: '119.99' })))).toEqual({
    kind: 'REFUSED',
    code: 'TOTAL_MISMATCH',
    message: expect.stringContaining('119.99 GBP, but the lines add up to 120.00 GBP'),
    lineNumber: 2,
    column: null,
  });
  expect(await stored()).toEqual({ ...NOTHING, refusals: 1 });
});

it.each([
  [sourceOf('no,report\n'), 'UNREADABLE'],
  [sourceOf(canonicalFile('s-3', rows), { channelCode: 'EBAY' }), 'UNKNOWN_CHANNEL'],
  [
    sourceOf(canonicalFile('s-3', [{ ...rows[0], class: 'SALE', amountMinor: 1, orderId: 'x'.repeat(5_000) }])),
    'UNREADABLE',
  ],
])('keeps the refusal of what it cannot use, and nothing else: %#', async (source, code) => {
  expect(await ingest(source)).toMatchObject({ kind: 'REFUSED', code });
  expect(await stored()).toEqual({ ...NOTHING, refusals: 1 });
});

it('carries forward what is owed to the channel', async () => {
  await ingest(sourceOf(canonicalFile('s-4', [{ class: 'FEE', amountMinor: -3900 }])));
  expect(await query(database.knex, 'select state, amount_minor as amount from settlement.payout')).toEqual([
    { state: 'CARRIED_FORWARD', amount: '-3900' },
  ]);
});

it('lets one of two ingests of one file in, whichever is first', async () => {
  const source = sourceOf(canonicalFile('s-5', rows));
  const outcomes = await Promise.allSettled([ingest(source), ingest(source), ingest(source)]);
  const kinds = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.kind : outcome.reason.code));
  expect(kinds.filter((kind) => kind === 'INGESTED')).toHaveLength(1);
  expect(kinds.every((kind) => ['INGESTED', 'DUPLICATE', 'OVERLOADED'].includes(kind))).toBe(true);
  expect(await stored()).toMatchObject({ statements: 1, lines: 3 });
});

it('shows nothing while it loads, and begins anew after an interruption', async () => {
  const many = Array.from({ length: 12_000 }, () => ({ class: 'SALE', amountMinor: 1 }));
  const whole = sourceOf(canonicalFile('s-6', many));
  let seen: unknown;
  let pass = 0;
  const broken = {
    ...whole,
    bytes: async function* () {
      pass += 1;
      for await (const piece of whole.bytes()) yield piece;
      if (pass === 2) {
        seen = await query(database.knex, `select state, (select count(*)::int > 0 from settlement.statement_line) as lines from settlement.statement`); // biome-ignore format: one thought
        throw new Error('the disk is gone');
      }
    },
  };
  await expect(ingest(broken)).rejects.toThrow('the disk is gone');
  expect(seen).toEqual([{ state: 'LOADING', lines: true }]);
  expect(await stored()).toEqual({ ...NOTHING, refusals: 0 });
  expect(await ingest(whole)).toMatchObject({ kind: 'INGESTED', lineCount: 12_000 });
});

it('does all of it in a transaction that is given, and nothing when that fails', async () => {
  const failed = inTransaction(database.knex, async (trx) => {
    expect(await ingestReport(trx, sourceOf(canonicalFile('s-7', rows)))).toMatchObject({ kind: 'INGESTED' });
    expect(await ingestReport(trx, sourceOf('nonsense'))).toMatchObject({ kind: 'REFUSED' });
    throw new Error('elsewhere');
  });
  await expect(failed).rejects.toThrow('elsewhere');
  expect(await stored()).toEqual({ ...NOTHING, refusals: 0 });
});

const rules = loadPostingRules();
const matcher = () =>
  createMatcher({ knex: database.knex, rules, settings: loadSettlementSettings(), now: () => new Date() });
const askToReverse = (id: string, actor: string) => inTransaction(database.knex, (trx) => reverseByTwo(trx, rules, id, 'corrected', actor)); // biome-ignore format: one thought
/** Two people ask for it. @returns why it was not done */
const reverse = async (id: string) => (await askToReverse(id, 'ann')) && (await askToReverse(id, 'ben'));
const takenIn = async (text: string) => {
  const outcome = await ingest(sourceOf(text));
  await matcher().catchUp(new AbortController().signal);
  return outcome.kind === 'INGESTED' ? outcome.settlementId : '';
};
const booksOf = (id: string) =>
  query<{ account: string; net: string }>(
    database.knex,
    `select l.account, sum(case l.side when 'DEBIT' then l.amount_minor else -l.amount_minor end)::text as net
     from settlement.ledger_entry e join settlement.ledger_line l on l.entry_id = e.id where e.statement_id = ?
     group by 1 having sum(case l.side when 'DEBIT' then l.amount_minor else -l.amount_minor end) <> 0 order by 1`,
    [id],
  );

it('takes a settlement back with its postings, differences and payout, and takes the corrected file in', async () => {
  const first = await takenIn(canonicalFile('s-8', rows));
  expect(await booksOf(first)).not.toEqual([]);
  expect(await reverse(first)).toBeNull();
  expect(await reverse(first)).toMatchObject({ code: 'ALREADY_REVERSED' });
  await matcher().catchUp(new AbortController().signal);
  expect(await booksOf(first)).toEqual([]);
  const states = 'select distinct state from settlement.difference where statement_id = ?';
  expect(await query(database.knex, states, [first])).toEqual([{ state: 'RESOLVED' }]);
  const corrected = await takenIn(canonicalFile('s-8', [...rows, { class: 'FEE', amountMinor: -1100 }]));
  expect(
    await query(
      database.knex,
      `select state, amount_minor as amount, statement_id as "statementId" from settlement.payout`,
    ),
  ).toEqual([{ state: 'CARRIED_FORWARD', amount: '-100', statementId: corrected }]);
  expect(await booksOf(first)).toEqual([]);
  expect(await booksOf(corrected)).not.toEqual([]);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('takes no settlement back whose money is at the bank', async () => {
  const id = await takenIn(canonicalFile('s-paid', rows));
  const bank = 'booked_on,amount,currency,remittance\n2026-11-17,10.00,GBP,s-paid\n';
  await takeBankStatement(database.knex, rules, { format: 'BANK_CSV', actor: 'test', bytes: async function* () { yield Buffer.from(bank); } }); // biome-ignore format: one thought
  const before = await booksOf(id);
  expect(await reverse(id)).toMatchObject({
    code: 'PAYOUT_SETTLED',
    message: expect.stringContaining('The bank has settled the payout'),
  });
  expect(await booksOf(id)).toEqual(before);
  expect(await query(database.knex, `select 1 from settlement.statement where state = 'REVERSED'`)).toEqual([]);
  expect(await reverse('stl_none')).toMatchObject({ code: 'NOT_FOUND' });
});
