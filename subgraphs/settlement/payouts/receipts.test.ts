import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { query } from '../../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { openBooks } from '../../../test/helpers/settlement-books.ts';
import { canonicalFile, sourceOf } from '../../../test/helpers/settlement-files.ts';
import { reopenDifference } from '../differences/reopen.ts';
import { resolveDifference } from '../differences/resolve.ts';
import { ingestReport } from '../ingest/ingest.ts';
import { closePeriod } from '../ledger/close-period.ts';
import { loadPostingRules } from '../ledger/posting-rules.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { loadSettlementSettings } from '../matching/settings.ts';
import { advanceStatements } from '../statements/advance.ts';
import { createStatementReader } from '../statements/read.ts';
import { readTransfers, takeTransfers } from './amazon-transfers.ts';
import type { BankFormat } from './bank/model.ts';
import { matchReceiptByHand, releaseByHand } from './by-hand.ts';
import { shareOut } from './carried.ts';
import { findMissingPayouts } from './missing.ts';
import { createPayoutReader } from './read.ts';
import { takeBankStatement } from './receipts.ts';
import { showUnexplainedCredits } from './unexplained.ts';

const rules = loadPostingRules();
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
  database.knex.raw('truncate settlement.statement_line, settlement.difference, settlement.payout, settlement.statement, settlement.report_file, settlement.bank_receipt, settlement.bank_statement cascade'),
); // biome-ignore format: one thought

const announce = (externalId: string, amountMinor: number) =>
  ingestReport(database.knex, sourceOf(canonicalFile(externalId, [{ class: 'SALE', amountMinor }])));
const take = (text: string, format: BankFormat = 'CAMT_053') =>
  takeBankStatement(database.knex, rules, { format, actor: 'test', bytes: async function* () { yield Buffer.from(text); } }); // biome-ignore format: one thought
const payouts = () =>
  query(
    database.knex,
    `select p.external_id as "externalId", p.state, r.amount_minor as received from settlement.payout p left join settlement.bank_receipt r on r.payout_id = p.id order by 1`,
  );
const entry = (reference: string, amount: string, text: string, more = '') =>
  `<Ntry><Amt Ccy="GBP">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-17</Dt></BookgDt><AcctSvcrRef>${reference}</AcctSvcrRef>
   <NtryDtls><TxDtls><RmtInf><Ustrd>${text}</Ustrd></RmtInf></TxDtls></NtryDtls>${more}</Ntry>`;
const debit = (reference: string, amount: string, text: string) =>
  entry(reference, amount, text).replace('CRDT', 'DBIT');
const camt = (...entries: string[]) => camtOf('', ...entries);
const camtOf = (id: string, ...entries: string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>${id === '' ? '' : `<Id>${id}</Id>`}<Acct><Id><IBAN>GB33BUKB20201555555555</IBAN></Id></Acct>${entries.join('')}</Stmt></BkToCstmrStmt></Document>`;

it('matches the money to its payout, posts it once, and knows the statement again', async () => {
  await announce('settlement-177', 100000);
  await announce('settlement-178', 100000);
  const statement = camt(
    entry('b1', '1000.00', 'AMAZON PAYMENTS SETTLEMENT 177'),
    entry('b2', '12.00', 'SOMEBODY ELSE'),
  );
  expect(await take(statement)).toEqual({
    received: 2,
    known: 0,
    matched: 1,
    differing: 0,
    takenBack: 0,
    waiting: 0,
    unmatched: 1,
    contradictions: [],
  });
  expect(await take(statement)).toEqual({
    received: 0,
    known: 2,
    matched: 0,
    differing: 0,
    takenBack: 0,
    waiting: 0,
    unmatched: 1,
    contradictions: [],
  });
  expect(await payouts()).toEqual([
    { externalId: 'settlement-177', state: 'PAID', received: '100000' },
    { externalId: 'settlement-178', state: 'SCHEDULED', received: null },
  ]);
  const balances = await query(
    database.knex,
    `select account, sum(debit_minor - credit_minor)::text as balance from settlement.account_balance where channel_code = 'AMAZON' group by account order by account`,
  );
  expect(balances).toEqual(
    [
      { account: rules.account('bank'), balance: '100000' },
      { account: rules.account('channel-balance'), balance: '-100000' },
      { account: rules.account('payout-in-transit'), balance: '0' },
    ].sort((a, b) => (a.account < b.account ? -1 : 1)),
  );
  expect(await query(database.knex, 'select distinct account_tail as tail from settlement.bank_receipt')).toEqual([{ tail: '5555' }]); // biome-ignore format: one thought
});

it('makes a difference of money that is short, with what was expected and what arrived', async () => {
  await announce('settlement-179', 131240);
  expect(await take(camt(entry('b3', '1000.00', 'Settlement-179')))).toMatchObject({ matched: 1, differing: 1 });
  expect(await query(database.knex, 'select reason, expected_minor as expected, actual_minor as actual, difference_minor as difference, explanation from settlement.difference')).toEqual([
    {
      reason: 'AMOUNT_DIFFERENCE',
      expected: '131240',
      actual: '100000',
      difference: '-31240',
      explanation: 'The statement pays 1312.40 GBP; 1000.00 GBP arrived at the bank on 2026-11-17.',
    },
  ]); // biome-ignore format: one thought
});

it('finds the money of a payout that is announced after it arrived', async () => {
  await take('booked_on,amount,currency,remittance\n2026-11-17,55.00,GBP,"settlement-180, thanks"\n', 'BANK_CSV');
  await announce('settlement-180', 5500);
  expect(await payouts()).toEqual([{ externalId: 'settlement-180', state: 'PAID', received: '5500' }]);
});

it('takes off the next payout what an earlier settlement owes the channel', async () => {
  await ingestReport(database.knex, sourceOf(canonicalFile('settlement-183', [{ class: 'FEE', amountMinor: -3900 }])));
  await announce('settlement-184', 10000);
  expect(await take(camt(entry('b11', '61.00', 'settlement-184')))).toMatchObject({ matched: 1, differing: 0 });
  expect(
    await query(
      database.knex,
      `select p.external_id as "externalId", p.state, i.external_id as into from settlement.payout p left join settlement.payout i on i.id = p.carried_into order by 1`,
    ),
  ).toEqual([
    { externalId: 'settlement-183', state: 'CARRIED_FORWARD', into: 'settlement-184' },
    { externalId: 'settlement-184', state: 'PAID', into: null },
  ]);
});

it('lets people decide about money that is short', async () => {
  // A line that a rule explains: no difference but that of the payout.
  await ingestReport(
    database.knex,
    sourceOf(canonicalFile('settlement-187', [{ class: 'RESERVE', amountMinor: 10000 }])),
  );
  await take(camt(entry('b13', '99.00', 'settlement-187')));
  const [difference] = await query<{ id: string }>(database.knex, 'select id from settlement.difference');
  const decided = await database.knex.transaction((trx) =>
    resolveDifference(trx, { rules, settings: loadSettlementSettings() }, difference?.id ?? '', { resolution: 'WRITE_OFF', orderId: null, note: 'fee of the bank' }, 'ann'),
  ); // biome-ignore format: one thought
  expect(decided).toMatchObject({ userErrors: [], entryId: expect.any(String) });
  const lines = await query(
    database.knex,
    'select account, side, amount_minor as amount from settlement.ledger_line where entry_id = ? order by position',
    [decided.entryId],
  );
  expect(lines).toEqual([
    { account: rules.account('write-off'), side: 'DEBIT', amount: '100' },
    { account: rules.account('payout-in-transit'), side: 'CREDIT', amount: '100' },
  ]);

  // What compares orders has nothing to say about a payout.
  const { settle } = openBooks(database.knex, 'AMAZON');
  const state = async () =>
    (await query<{ state: string; transit: string }>(database.knex, `select d.state, (select coalesce(sum(debit_minor - credit_minor), 0)::text from settlement.account_balance where account = ?) as transit from settlement.difference d`, [rules.account('payout-in-transit')]))[0]; // biome-ignore format: one thought
  const before = await state();
  await settle();
  expect(await state()).toEqual({ ...before, state: 'WRITTEN_OFF' });
  await database.knex.transaction((trx) =>
    reopenDifference(trx, { rules, settings: loadSettlementSettings() }, difference?.id ?? '', 'the bank paid it back', 'ann'),
  ); // biome-ignore format: one thought
  await settle();
  expect(await state()).toEqual({ transit: String(Number(before?.transit) + 100), state: 'OPEN' });
});

it('closes a difference that an earlier settlement explains which comes to light later', async () => {
  await announce('settlement-186', 10000);
  expect(await take(camt(entry('b12', '61.00', 'settlement-186')))).toMatchObject({ matched: 1, differing: 1 });
  const states = () => query(database.knex, 'select state, difference_minor as difference from settlement.difference');
  expect(await states()).toEqual([{ state: 'OPEN', difference: '-3900' }]);
  await ingestReport(database.knex, sourceOf(canonicalFile('settlement-185', [{ class: 'FEE', amountMinor: -3900 }])));
  expect(await states()).toEqual([{ state: 'RESOLVED', difference: '-3900' }]);
});

const tell = (settlementId: string, amount: number, status = 'IN_TRANSIT') =>
  takeTransfers(
    database.knex,
    rules,
    'AMAZON',
    readTransfers(
      JSON.stringify({
        payouts: [
          {
            id: `p-${settlementId}`,
            currentStatus: status,
            amount: { currencyCode: 'GBP', currencyAmount: amount },
            relatedIdentifiers: [{ relatedIdentifierName: 'SETTLEMENT_ID', relatedIdentifierValue: settlementId }],
          },
        ],
      }),
    ),
    'test',
  );
const differences = () =>
  query(
    database.knex,
    `select state, expected_minor as expected, actual_minor as actual, difference_minor as difference, explanation from settlement.difference order by difference_minor`,
  );
const inTransit = async () => {
  const [row] = await query<{ net: string }>(
    database.knex,
    `select sum(case l.side when 'DEBIT' then l.amount_minor else -l.amount_minor end)::text as net
     from settlement.payout p join settlement.ledger_entry e on starts_with(e.cause, 'payout:' || p.id) join settlement.ledger_line l on l.entry_id = e.id
     where l.account = ?`,
    [rules.account('payout-in-transit')],
  );
  return row?.net;
};

it('expects what the channel announced, which is its statement less what was carried forward', async () => {
  await ingestReport(database.knex, sourceOf(canonicalFile('settlement-191', [{ class: 'FEE', amountMinor: -5000 }])));
  await announce('settlement-192', 463166);
  await tell('settlement-192', 4581.66);
  expect(await differences()).toEqual([]);
  expect(await take(camt(entry('b21', '4269.26', 'settlement-192')))).toMatchObject({ matched: 1, differing: 1 });
  expect(await differences()).toEqual([
    {
      state: 'OPEN',
      expected: '458166',
      actual: '426926',
      difference: '-31240',
      explanation:
        'The statement pays 4631.66 GBP; -50.00 GBP was carried forward from earlier settlements; the channel announced a payout of 4581.66 GBP; 4269.26 GBP arrived at the bank on 2026-11-17.',
    },
  ]);
  expect(await inTransit()).toBe('31240');
});

it('makes what was carried forward and what nothing explains two amounts of a payout that is short', async () => {
  await ingestReport(database.knex, sourceOf(canonicalFile('settlement-189', [{ class: 'FEE', amountMinor: -4567 }])));
  await announce('settlement-190', 463166);
  await announce('settlement-199', 90000);
  expect(await take(camt(entry('b9', '4319.26', 'settlement-190')))).toMatchObject({ matched: 1, differing: 1 });
  expect(await differences()).toEqual([
    {
      state: 'OPEN',
      expected: '458599',
      actual: '431926',
      difference: '-26673',
      explanation:
        'The statement pays 4631.66 GBP; -45.67 GBP counts as carried forward from earlier settlements; 4319.26 GBP arrived at the bank on 2026-11-17: 266.73 GBP is missing beside that.',
    },
  ]);
  const reader = createPayoutReader(database.knex);
  const told = async () => {
    const { nodes } = await reader.list({}, { first: 9 });
    const parts = await reader.parts(nodes.map(({ id }) => id));
    return nodes
      .map(({ id, externalId, state, difference, isCarriedExactly }) => ({ externalId, state, difference: difference?.amountMinor, isCarriedExactly, parts: (parts.get(id) ?? []).map(({ kind, amount }) => `${kind} ${amount.amountMinor}`) }))
      .sort((a, b) => (a.externalId < b.externalId ? -1 : 1));
  }; // biome-ignore format: a table
  const owing = { externalId: 'settlement-189', state: 'CARRIED_FORWARD', difference: undefined, isCarriedExactly: false, parts: [] }; // biome-ignore format: one thought
  const short = { externalId: 'settlement-190', state: 'PARTIALLY_PAID', difference: -31240n, isCarriedExactly: false, parts: ['CARRIED_FORWARD -4567', 'ARRIVAL -26673'] }; // biome-ignore format: one thought
  expect((await told()).slice(0, 2)).toEqual([owing, short]);
  expect(await inTransit()).toBe('26673');
  // Its lines are matched, and its totals tell nevertheless that something of it is open.
  const [statement] = await query<{ id: string }>(database.knex, `select id from settlement.statement where external_id = 'settlement-190'`); // biome-ignore format: one thought
  const totals = await createStatementReader(database.knex).totals([statement?.id ?? '']);
  expect([...totals.values()]).toMatchObject([{ exceptionLineCount: 0, openDifferenceCount: 1, openDifference: { amountMinor: -26673n } }]); // biome-ignore format: one thought

  // Another payout lacks just that: it was taken off there.
  await take(camt(entry('b10', '854.33', 'settlement-199')));
  expect(await told()).toEqual([
    owing,
    { ...short, parts: ['ARRIVAL -31240'] },
    { externalId: 'settlement-199', state: 'PAID', difference: -4567n, isCarriedExactly: true, parts: ['CARRIED_FORWARD -4567'] },
  ]); // biome-ignore format: a table
  expect(await inTransit()).toBe('31240');
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('takes a payout for paid short once what it lacks is given up, until that is taken back', async () => {
  await announce('settlement-198', 10_000);
  await take(camt(entry('b49', '98.00', 'settlement-198')));
  const [found] = await query<{ id: string }>(database.knex, 'select id from settlement.difference');
  const deps = { rules, settings: loadSettlementSettings() };
  const decide = (resolution: 'RAISE_DISPUTE' | 'WRITE_OFF') =>
    database.knex.transaction((trx) => resolveDifference(trx, deps, found?.id ?? '', { resolution, note: 'told by phone' }, 'ann')); // biome-ignore format: one thought
  await decide('RAISE_DISPUTE');
  expect(await payouts()).toMatchObject([{ state: 'PARTIALLY_PAID' }]);
  await decide('WRITE_OFF');
  expect(await payouts()).toMatchObject([{ state: 'PAID_SHORT' }]);
  await database.knex.transaction((trx) => reopenDifference(trx, deps, found?.id ?? '', 'they pay it after all', 'ann')); // biome-ignore format: one thought
  expect(await payouts()).toMatchObject([{ state: 'PARTIALLY_PAID' }]);
  await decide('WRITE_OFF');
  await take(camt(entry('b51', '2.00', 'settlement-198')));
  expect(await payouts()).toMatchObject([{ state: 'PAID' }, { state: 'PAID' }]);
  expect(await query(database.knex, 'select d.state, c.state as decision from settlement.difference d join settlement.decision c on c.exception_id = d.id order by c.made_at desc limit 1')).toEqual([{ state: 'RESOLVED', decision: 'UNDONE' }]); // biome-ignore format: one thought
  const moves = await query<{ state: string }>(
    database.knex,
    `select c.state from settlement.payout_change c order by position`,
  );
  expect(moves.map(({ state }) => state)).toEqual(['SCHEDULED', 'PARTIALLY_PAID', 'PAID_SHORT', 'PARTIALLY_PAID', 'PAID_SHORT', 'PAID']); // biome-ignore format: one thought
  expect(await inTransit()).toBe('0');
});

it('makes a difference of its own of an announcement that nothing explains, and closes it when it is announced anew', async () => {
  await announce('settlement-193', 10000);
  await tell('settlement-193', 90);
  const explanation =
    'The statement pays 100.00 GBP; the channel announced a payout of 90.00 GBP: nothing explains that it announced another amount.';
  expect(await differences()).toEqual([{ state: 'OPEN', expected: '10000', actual: '9000', difference: '-1000', explanation }]); // biome-ignore format: one thought
  await take(camt(entry('b22', '85.00', 'settlement-193')));
  expect(await differences()).toMatchObject([
    { state: 'OPEN', difference: '-1000', explanation: expect.stringContaining('; 85.00 GBP arrived at the bank on ') },
    { state: 'OPEN', expected: '9000', actual: '8500', difference: '-500' },
  ]);
  expect(await inTransit()).toBe('1500');
  await tell('settlement-193', 100);
  expect(await differences()).toMatchObject([
    { state: 'OPEN', difference: '-1500' },
    { state: 'RESOLVED', difference: '-1000' },
  ]);
});

it('keeps what was decided about missing money when the channel then announces just what arrived', async () => {
  await announce('settlement-197', 111_857);
  await take(camt(entry('b48', '806.17', 'settlement-197')));
  const [found] = await query<{ id: string }>(database.knex, 'select id from settlement.difference');
  const deps = { rules, settings: loadSettlementSettings() };
  for (const person of ['ann', 'bob'])
    await database.knex.transaction((trx) => resolveDifference(trx, deps, found?.id ?? '', { resolution: 'ACCEPT_ACTUAL', note: 'agreed' }, person)); // biome-ignore format: one thought
  const decided = () => query(database.knex, 'select d.state, d.difference_minor as difference, c.state as decision from settlement.difference d join settlement.decision c on c.exception_id = d.id'); // biome-ignore format: one thought
  expect(await decided()).toEqual([{ state: 'RESOLVED', difference: '-31240', decision: 'TAKEN' }]);
  await tell('settlement-197', 806.17);
  expect(await decided()).toEqual([{ state: 'RESOLVED', difference: '-31240', decision: 'TAKEN' }]);
  expect(await differences()).toHaveLength(1);
});

it('asks about a payout that never arrives, until its money comes', async () => {
  await announce('settlement-500', 25_000);
  const deps = { rules, settings: loadSettlementSettings() };
  const on = (day: string) => findMissingPayouts(database.knex, deps, new Date(`${day}T12:00:00Z`));
  const close = () => closePeriod(database.knex, '2026-11', 'ann', new Date('2026-12-24T00:00:00Z'));
  const balance = async (account: string) =>
    (await query<{ net: string }>(database.knex, `select coalesce(sum(debit_minor - credit_minor), 0)::text as net from settlement.account_balance where account = ?`, [rules.account(account)]))[0]?.net; // biome-ignore format: one thought
  const before = {
    owed: Number(await balance('channel-balance')),
    transit: Number(await balance('payout-in-transit')),
  };

  const states = async () =>
    (await query<{ state: string }>(database.knex, 'select state from settlement.difference order by state')).map(({ state }) => state); // biome-ignore format: one thought

  // No day was told: it is waited for from the end of the period.
  expect(await on('2026-11-22')).toBe(0);
  expect(await on('2026-11-23')).toBe(1);
  expect(await on('2026-11-23')).toBe(0);
  const explanation = 'The statement pays 250.00 GBP; nothing arrived at the bank by 2026-11-22.';
  expect(await differences()).toEqual([{ state: 'OPEN', expected: '25000', actual: '0', difference: '-25000', explanation }]); // biome-ignore format: one thought
  await expect(close()).rejects.toThrow(/differences nobody decided about: 1/);
  const reader = createPayoutReader(database.knex);
  const [payout] = (await reader.list({}, { first: 1 })).nodes;
  expect(payout).toMatchObject({ state: 'SCHEDULED', difference: { amountMinor: -25_000n } });
  expect([...(await reader.parts([payout?.id ?? ''])).values()]).toMatchObject([[{ kind: 'ARRIVAL', amount: { amountMinor: -25_000n } }]]); // biome-ignore format: one thought

  // What nobody sent is written off where it stands; once it is sent, that is another question.
  const [found] = await query<{ id: string }>(database.knex, 'select id from settlement.difference');
  for (const person of ['ann', 'bob'])
    await database.knex.transaction((trx) => resolveDifference(trx, deps, found?.id ?? '', { resolution: 'WRITE_OFF', note: 'the channel is gone' }, person)); // biome-ignore format: one thought
  expect(await differences()).toMatchObject([{ state: 'WRITTEN_OFF' }]);
  expect(await balance('channel-balance')).toBe(String(before.owed - 25_000));
  await tell('settlement-500', 250);
  expect(await states()).toEqual(['OPEN', 'RESOLVED']);
  expect(await balance('channel-balance')).toBe(String(before.owed - 25_000));
  expect(await balance('payout-in-transit')).toBe(String(before.transit + 25_000));

  await take(camt(entry('b500', '250.00', 'settlement-500')));
  expect(await differences()).toMatchObject([{ state: 'RESOLVED' }, { state: 'RESOLVED' }]);
  expect(await payouts()).toEqual([{ externalId: 'settlement-500', state: 'PAID', received: '25000' }]);
  expect(await balance('payout-in-transit')).toBe(String(before.transit));

  // The bank took it back: it has its time again.
  await take(camt(debit('b500', '250.00', 'settlement-500')));
  expect(await differences()).toMatchObject([{ state: 'RESOLVED' }, { state: 'RESOLVED' }]);
  expect(await on('2026-11-24')).toBe(0);
  expect(await on('2026-11-26')).toBe(1);
  expect(await states()).toEqual(['OPEN', 'RESOLVED']);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('matches money without a reference to the only payout of its amount about the end of the period, where no date was told', async () => {
  await announce('settlement-194', 6100);
  await announce('settlement-195', 6200);
  const early = entry('b23', '62.00', 'WALMART').replace('2026-11-17', '2026-10-20');
  expect(await take(camt(entry('b24', '61.00', 'WALMART'), early))).toMatchObject({ received: 2, matched: 1 });
  expect(await payouts()).toEqual([
    { externalId: 'settlement-194', state: 'PAID', received: '6100' },
    { externalId: 'settlement-195', state: 'SCHEDULED', received: null },
  ]);
});

it('guesses nothing where two payouts could be meant, and has a debit that names one count for nothing', async () => {
  await announce('settlement-181', 7000);
  await announce('settlement-182', 7000);
  const leaving = debit('b9', '70.00', 'settlement-181');
  const pending = entry('b10', '70.00', 'settlement-181').replace('BOOK', 'PDNG');
  expect(await take(camt(entry('b8', '70.00', 'AMAZON'), leaving, pending))).toEqual({
    received: 2,
    known: 0,
    matched: 0,
    differing: 0,
    takenBack: 0,
    waiting: 1,
    unmatched: 1,
    contradictions: [],
  });
  expect(await payouts()).toMatchObject([{ state: 'SCHEDULED', received: null }, { state: 'SCHEDULED', received: null }]); // biome-ignore format: one thought
});

const balance = async (account: string) => {
  const [row] = await query<{ net: string }>(database.knex, `select coalesce(sum(debit_minor - credit_minor), 0)::text as net from settlement.account_balance where account = ?`, [rules.account(account)]); // biome-ignore format: one thought
  return Number(row?.net);
};
const receiptIds = async () =>
  (await query<{ id: string }>(database.knex, 'select id from settlement.bank_receipt order by bank_reference, amount_minor')).map(({ id }) => id); // biome-ignore format: one thought

it('takes money that comes in two parts for one payout: partly paid until the sum is there', async () => {
  await announce('settlement-200', 131_240);
  const [bank, transit] = [await balance('bank'), await balance('payout-in-transit')];
  expect(await take(camt(entry('b40', '1000.00', 'settlement-200')))).toMatchObject({ matched: 1, differing: 1 });
  expect(await payouts()).toEqual([{ externalId: 'settlement-200', state: 'PARTIALLY_PAID', received: '100000' }]);
  expect(await differences()).toMatchObject([{ state: 'OPEN', difference: '-31240' }]);
  expect(await take(camt(entry('b41', '312.40', 'SETTLEMENT 200')))).toMatchObject({ matched: 1, differing: 0, unmatched: 0 }); // biome-ignore format: one thought
  expect(await payouts()).toMatchObject([{ state: 'PAID' }, { state: 'PAID' }]);
  expect(await differences()).toMatchObject([{ state: 'RESOLVED' }]);
  expect([(await balance('bank')) - bank, (await balance('payout-in-transit')) - transit]).toEqual([131_240, 0]);
  // All of it is there: more is of something else. In another order the whole is found as well, and the other let go.
  expect(await take(camt(entry('b42', '5.00', 'settlement-200')))).toMatchObject({ matched: 0, unmatched: 1 });
  await announce('settlement-201', 7_000);
  await take(camt(entry('b43', '5.00', 'settlement-201')));
  expect(await take(camt(entry('b44', '70.00', 'settlement-201')))).toMatchObject({ matched: 1, differing: 0, unmatched: 2 }); // biome-ignore format: one thought
  expect([(await balance('bank')) - bank, (await balance('payout-in-transit')) - transit]).toEqual([138_240, 0]);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('lets people say which payout money is of, and take it back, each with reason, person and posting', async () => {
  await announce('settlement-202', 10_000);
  await announce('settlement-203', 10_000);
  await take(camt(entry('b45', '60.00', 'AMAZON'), entry('b46', '40.00', 'AMAZON')));
  const [sixty = '', forty = ''] = await receiptIds();
  const [payout] = await query<{ id: string }>(database.knex, `select id from settlement.payout where external_id = 'settlement-203'`); // biome-ignore format: one thought
  const match = (receiptId = '', payoutId = payout?.id ?? '') =>
    database.knex.transaction((trx) => matchReceiptByHand(trx, rules, receiptId, { payoutId, note: 'told by phone' }, 'ann')); // biome-ignore format: one thought
  const letGo = (receiptId = '') => database.knex.transaction((trx) => releaseByHand(trx, rules, receiptId, 'a mistake', 'bob')); // biome-ignore format: one thought
  const [bank, transit] = [await balance('bank'), await balance('payout-in-transit')];
  expect(await match(sixty)).toMatchObject({ entryId: expect.any(String), userErrors: [] });
  expect((await payouts())[1]).toEqual({ externalId: 'settlement-203', state: 'PARTIALLY_PAID', received: '6000' });
  await match(forty);
  expect((await payouts()).map((one) => (one as { state: string }).state)).toEqual(['SCHEDULED', 'PAID', 'PAID']);
  expect([(await balance('bank')) - bank, (await balance('payout-in-transit')) - transit]).toEqual([10_000, 0]);

  expect(await match(forty)).toMatchObject({ userErrors: [{ code: 'ALREADY_MATCHED' }] });
  expect(await match(sixty, 'nobody')).toMatchObject({ userErrors: [{ code: 'ALREADY_MATCHED' }] });
  expect(await match('nothing')).toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] });
  expect(await letGo(forty)).toMatchObject({ entryId: expect.any(String), userErrors: [] });
  expect(await letGo(forty)).toMatchObject({ userErrors: [{ code: 'NOT_MATCHED' }] });
  expect(await match(forty, 'nobody')).toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] });
  await letGo(sixty);
  expect((await payouts())[1]).toEqual({ externalId: 'settlement-203', state: 'IN_TRANSIT', received: null });
  expect(await differences()).toMatchObject([{ state: 'RESOLVED' }]);
  expect((await balance('bank')) - bank).toBe(0);
  // What a person let go nothing matches by itself; a person may again, and it is posted anew.
  expect(await take(camt(entry('b47', '1.00', 'SOMEBODY')))).toMatchObject({ matched: 0, unmatched: 3 });
  await match(sixty);
  expect((await balance('bank')) - bank).toBe(6_000);
  const decisions = await query(
    database.knex,
    `select d.kind, d.actor, d.note, e.actor as by, e.reversal_of is not null as reversal from settlement.receipt_decision d join settlement.ledger_entry e on e.id = d.entry_id where receipt_id = ? order by made_at`,
    [sixty],
  );
  const matched = { kind: 'MATCH', actor: 'ann', note: 'told by phone', by: 'ann', reversal: false };
  expect(decisions).toEqual([matched, { kind: 'RELEASE', actor: 'bob', note: 'a mistake', by: 'bob', reversal: true }, matched]); // biome-ignore format: one thought
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

const booked = () =>
  query<{ name: string; currency: string; minor: number }>(
    database.knex,
    `select n.name, b.currency_code as currency, sum(b.debit_minor - b.credit_minor)::float as minor
     from settlement.account_balance b join unnest(?::text[], ?::text[]) as n (name, account) on n.account = b.account group by 1, 2 order by 1, 2`,
    [BALANCES, BALANCES.map((name) => rules.account(name))],
  );
const BALANCES = ['bank', 'channel-balance', 'exchange-clearing', 'payout-in-transit'];

it('takes money that the bank converted for a payout in another currency only when a person says so, and back', async () => {
  await ingestReport(database.knex, sourceOf(canonicalFile('settlement-240', [{ class: 'SALE', amountMinor: 45_387 }], { currency: 'USD' }))); // biome-ignore format: one thought
  await query(database.knex, `update settlement.statement set state = 'POSTED'`);
  expect(await take(camt(entry('b120', '358.00', 'WALMART settlement-240')))).toMatchObject({
    matched: 0,
    unmatched: 1,
  });
  const [receiptId = ''] = await receiptIds();
  const [payout] = (await createPayoutReader(database.knex).list({}, { first: 1 })).nodes;
  const match = (payoutAmount?: string, by = rules) =>
    database.knex.transaction((trx) => matchReceiptByHand(trx, by, receiptId, { payoutId: payout?.id ?? '', note: 'converted', payoutAmount }, 'ann')); // biome-ignore format: one thought
  const letGo = () => database.knex.transaction((trx) => releaseByHand(trx, rules, receiptId, 'a mistake', 'ann'));
  const now = async () => (await createPayoutReader(database.knex).list({}, { first: 1 })).nodes[0];
  const statement = async () => (await createStatementReader(database.knex).statements({}, { first: 1 })).nodes[0]?.state; // biome-ignore format: one thought
  const usd = (amountMinor: bigint) => ({ amountMinor, currencyCode: 'USD' });
  const before = await booked();
  const posted = async () => (await booked()).flatMap((one) => {
    const was = before.find(({ name, currency }) => name === one.name && currency === one.currency)?.minor ?? 0;
    return one.minor === was ? [] : [`${one.name} ${one.minor - was} ${one.currency}`];
  }); // biome-ignore format: one thought

  const older = { ...rules, has: () => false };
  expect(await match(undefined, older)).toMatchObject({ userErrors: [{ code: 'CURRENCY_DIFFERS', message: expect.stringContaining('CREDITED') }] }); // biome-ignore format: one thought
  for (const none of ['0', '-1.00'])
    expect(await match(none)).toMatchObject({ userErrors: [{ code: 'AMOUNT_INVALID' }] });
  await expect(match('1.001')).rejects.toThrow('at most 2 digits');
  expect(await posted()).toEqual([]);

  // All that it lacks.
  expect(await match()).toMatchObject({ entryId: expect.any(String), userErrors: [] });
  expect(await now()).toMatchObject({ state: 'PAID', received: usd(45_387n), difference: usd(0n) });
  expect(await statement()).toBe('RECONCILED');
  const all = ['bank 35800 GBP', 'channel-balance -45387 USD', 'exchange-clearing -35800 GBP', 'exchange-clearing 45387 USD']; // biome-ignore format: one thought
  expect(await posted()).toEqual(all);
  expect(await createPayoutReader(database.knex).receiptsById([receiptId])).toEqual(new Map([[receiptId, expect.objectContaining({ amount: { amountMinor: 35_800n, currencyCode: 'GBP' }, payoutAmount: usd(45_387n) })]])); // biome-ignore format: one thought
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
  await query(database.knex, 'update settlement.bank_receipt set payout_minor = 45386');
  expect((await verifyLedger(database.knex)).faults).toContainEqual(expect.stringMatching(/^receipt brc_\w+ of payout pay_\w+ is 45386 minor units, 45387 were posted$/)); // biome-ignore format: one thought
  await query(database.knex, 'update settlement.bank_receipt set payout_minor = 45387');
  await letGo();
  expect(await now()).toMatchObject({ state: 'IN_TRANSIT', received: usd(0n) });
  expect(await statement()).toBe('POSTED');
  expect(await posted()).toEqual(['channel-balance -45387 USD', 'payout-in-transit 45387 USD']);

  // A part; the bank then brings the rest in dollars, and takes what it converted back.
  await match('400.00');
  expect(await now()).toMatchObject({ state: 'PARTIALLY_PAID', received: usd(40_000n), difference: usd(-5_387n) });
  expect(await query(database.knex, `select explanation from settlement.difference where state = 'OPEN'`)).toEqual([
    { explanation: 'The statement pays 453.87 USD; 400.00 USD (358.00 GBP as the bank converted it) arrived at the bank on 2026-11-17.' },
  ]); // biome-ignore format: one thought
  await take('booked_on,amount,currency,remittance\n2026-11-18,53.87,USD,settlement-240\n', 'BANK_CSV');
  expect(await now()).toMatchObject({ state: 'PAID', received: usd(45_387n), difference: usd(0n) });
  await take(camt(debit('b121', '358.00', 'settlement-240 returned')));
  expect(await now()).toMatchObject({ state: 'PARTIALLY_PAID', received: usd(5_387n), difference: usd(-40_000n) });
  expect(await posted()).toEqual(['bank 5387 USD', 'channel-balance -45387 USD', 'payout-in-transit 40000 USD']);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('takes an entry that the bank tells again with another amount for no money, and says what was and what is', async () => {
  await announce('settlement-204', 25_000);
  await take(camt(entry('b50', '100.00', 'settlement-204')));
  const bank = await balance('bank');
  const changed = await take(camt(entry('b50', '150.00', 'settlement-204')));
  const [first, second] = await receiptIds();
  expect(changed).toEqual({ received: 1, known: 0, matched: 0, differing: 0, takenBack: 0, waiting: 0, unmatched: 0, contradictions: [{ receiptId: second, conflict: 'CHANGED' }] }); // biome-ignore format: one thought
  expect(await balance('bank')).toBe(bank);
  expect(await payouts()).toEqual([{ externalId: 'settlement-204', state: 'PARTIALLY_PAID', received: '10000' }]);

  const desk = new Map<string, string>();
  const look = () =>
    showUnexplainedCredits(
      database.knex,
      { raise: async ({ key, message }) => void desk.set(key, message), resolve: async (key) => void desk.delete(key) },
      7,
      new Date('2026-11-18T00:00:00Z'),
    );
  expect(await look()).toEqual({ shown: 1, explained: 0 });
  expect([...desk.values()][0]).toContain(`The bank says 150.00 GBP on 2026-11-17 (${second}) of an entry that it said was 100.00 GBP on 2026-11-17 (${first}). Only the first counts.`); // biome-ignore format: one thought

  // The second is right: the first is let go first.
  const [payout] = await query<{ id: string }>(database.knex, 'select id from settlement.payout');
  const match = () =>
    database.knex.transaction((trx) => matchReceiptByHand(trx, rules, second ?? '', { payoutId: payout?.id ?? '', note: 'corrected' }, 'ann')); // biome-ignore format: one thought
  expect(await match()).toMatchObject({ userErrors: [{ code: 'CONTRADICTED' }] });
  await database.knex.transaction((trx) => releaseByHand(trx, rules, first ?? '', 'corrected', 'ann'));
  expect(await match()).toMatchObject({ userErrors: [] });
  expect((await balance('bank')) - bank).toBe(5_000);
  expect(await look()).toEqual({ shown: 0, explained: 1 });
  expect(desk.size).toBe(0);
  // In a table the reference counts for its day.
  const csv = (day: string, amount: string) => `booked_on,amount,currency,remittance,bank_reference
${day},${amount},GBP,x,r1
`; // biome-ignore format: one thought
  await take(csv('2026-11-17', '1.00'), 'BANK_CSV');
  expect(await take(csv('2026-11-17', '2.00'), 'BANK_CSV')).toMatchObject({
    contradictions: [{ conflict: 'CHANGED' }],
  });
  expect(await take(csv('2026-11-18', '3.00'), 'BANK_CSV')).toMatchObject({ received: 1, contradictions: [] });
});

it('compares a statement that comes again with what it said, entry by entry', async () => {
  await announce('settlement-205', 10_000);
  // No references: only the statement's own id tells that it is the same.
  const plain = (amount: string, text: string) => entry('NONREF', amount, text);
  const taken = (id: string, ...entries: string[]) => take(camtOf(id, ...entries));
  expect(await taken('S-1', plain('100.00', 'settlement-205'), plain('7.00', 'SOMEBODY'))).toMatchObject({ received: 2, matched: 1, contradictions: [] }); // biome-ignore format: one thought
  const again = camtOf('S-1', plain('100.00', 'settlement-205'), plain('7.00', 'SOMEBODY')).replace('<Stmt>', '<Stmt><CreDtTm>2026-11-18T00:00:00</CreDtTm>'); // biome-ignore format: one thought
  expect(await take(again)).toMatchObject({ received: 0, known: 2, contradictions: [] });
  const changed = await taken('S-1', plain('90.00', 'settlement-205'), plain('8.00', 'NEW'));
  expect(changed.contradictions.map(({ conflict }) => conflict)).toEqual(['CHANGED', 'ADDED', 'MISSING']);
  expect(changed).toMatchObject({ received: 2, matched: 0, unmatched: 0 });
  expect(await payouts()).toEqual([{ externalId: 'settlement-205', state: 'PAID', received: '10000' }]);
  // As it was: what was missing is there. Another statement may have the same lines.
  await taken('S-1', plain('100.00', 'settlement-205'), plain('7.00', 'SOMEBODY'));
  const conflicts = () =>
    query(
      database.knex,
      'select amount_minor as minor, conflict from settlement.bank_receipt order by amount_minor::int',
    );
  expect(await conflicts()).toEqual([
    { minor: '700', conflict: null },
    { minor: '800', conflict: 'ADDED' },
    { minor: '9000', conflict: 'CHANGED' },
    { minor: '10000', conflict: null },
  ]);
  expect(await taken('S-2', plain('6.00', 'SOMEBODY'))).toMatchObject({
    received: 1,
    contradictions: [],
    unmatched: 2,
  });
});

it.each([
  ['a document type', '<!DOCTYPE d [<!ENTITY a "x">]><Document/>'],
  ['entities that grow', '<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'],
  ['a file of another machine', '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>'],
  ['an entity that is not of XML', camt(entry('b', '1.00', '&nbsp;'))],
  ['a file that is cut off', camt(entry('b', '1.00', 'x')).slice(0, 200)],
  ['no statement', '<Document><Other/></Document>'],
  ['an amount that is none', camt(entry('b', '1,00', 'x'))],
  ['no XML', 'booked_on;amount'],
  ['a day that there is not', camt(entry('b', '1.00', 'x')).replace('2026-11-17', '2026-11-31')],
  ['a debit that is written as a negative amount', camt(entry('b', '-1.00', 'x'))],
])('refuses %s and stores nothing', async (_name, text) => {
  await expect(take(text)).rejects.toMatchObject({ code: 'UNREADABLE' });
  expect(await query(database.knex, 'select 1 from settlement.bank_receipt')).toEqual([]);
});

it('refuses an entry in another currency than its account, and says which', async () => {
  const text = camt(entry('b60', '1.00', 'x'), entry('b61', '1.00', 'x').replace('GBP', 'EUR')).replace('</Id></Acct>', '</Id><Ccy>GBP</Ccy></Acct>'); // biome-ignore format: one thought
  await expect(take(text)).rejects.toMatchObject({ code: 'CURRENCY_MISMATCH', message: expect.stringContaining('entry 2 is in EUR, its account in GBP') }); // biome-ignore format: one thought
  expect(await query(database.knex, 'select 1 from settlement.bank_receipt')).toEqual([]);
});

const payment = (reference: string, amount: string, text: string) =>
  `<TxDtls><Refs><AcctSvcrRef>${reference}</AcctSvcrRef></Refs><Amt Ccy="GBP">${amount}</Amt><RmtInf><Ustrd>${text}</Ustrd></RmtInf></TxDtls>`;
const batch = (amount: string, ...payments: string[]) =>
  entry('b62', amount, '').replace(/<NtryDtls>.*<\/NtryDtls>/s, `<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>${payments.join('')}</NtryDtls>`); // biome-ignore format: one thought

it('takes the payments of an entry that books several apart, where their amounts add up', async () => {
  await announce('settlement-206', 103_944);
  const both = [payment('t1', '1039.44', 'AMAZON settlement-206'), payment('t2', '500.00', 'a tenant')];
  const statement = camt(batch('1539.44', ...both));
  expect(await take(statement)).toMatchObject({ received: 2, matched: 1, differing: 0, unmatched: 1 });
  expect(await payouts()).toEqual([{ externalId: 'settlement-206', state: 'PAID', received: '103944' }]);
  expect(await take(statement)).toMatchObject({ received: 0, known: 2 });
  expect(await take(camt(batch('1600.00', ...both)).replace('b62', 'b63'))).toMatchObject({ received: 1, matched: 0 });
});

it('keeps two entries of a statement that have one name and amount', async () => {
  const statement = camt(entry('b64', '5.00', 'SOMEBODY'), entry('b64', '5.00', 'SOMEBODY'));
  expect(await take(statement)).toMatchObject({ received: 2, unmatched: 2 });
  expect(await take(statement)).toMatchObject({ received: 0, known: 2, unmatched: 2 });
});

it.each([
  ['says that it is a reversal', (text: string) => text.replace('<Sts>', '<RvslInd>true</RvslInd><Sts>'), 'b66'],
  ['says so with a 1', (text: string) => text.replace('<Sts>', '<RvslInd>1</RvslInd><Sts>'), 'b66'],
  ['has the name of what it takes back', (text: string) => text, 'b65'],
  ['has its amount, and names the payout', (text: string) => text, 'b66'],
])('takes a payout that the bank took back for failed: the entry %s', async (how, mark, reference) => {
  const id = `settlement-207-${how.length}`;
  await announce(id, 15_740);
  const credit = entry('b65', '157.40', id);
  const back = mark(entry(reference, '157.40', `${id} returned`).replace('CRDT', 'DBIT'));
  const [bank, transit] = [await balance('bank'), await balance('payout-in-transit')];
  const statement = async () =>
    (await createStatementReader(database.knex).statements({}, { first: 1 })).nodes[0]?.state;
  await query(database.knex, `update settlement.statement set state = 'POSTED'`);
  await take(camt(credit));
  expect(await payouts()).toEqual([{ externalId: id, state: 'PAID', received: '15740' }]);
  expect(await statement()).toBe('RECONCILED');
  expect(await take(camt(back))).toMatchObject({ received: 1, unmatched: 0 });
  expect(await statement()).toBe('POSTED');
  await advanceStatements(database.knex);
  expect(await statement()).toBe('POSTED');
  expect(await take(camt(back))).toMatchObject({ received: 0, known: 1 });
  const [payout] = (await createPayoutReader(database.knex).list({}, { first: 1 })).nodes;
  expect(payout).toMatchObject({ state: 'FAILED', received: { amountMinor: 0n }, difference: null });
  expect([(await balance('bank')) - bank, (await balance('payout-in-transit')) - transit]).toEqual([0, 0]);
  expect(await differences()).toEqual([]);

  const desk = new Map<string, string>();
  const raise = async ({ key, message }: { key: string; message: string }) => void desk.set(key, message);
  const look = () => showUnexplainedCredits(database.knex, { raise, resolve: async (key) => void desk.delete(key) }, 7, new Date('2026-11-18T00:00:00Z')); // biome-ignore format: one thought
  await look();
  expect([...desk.values()]).toEqual([
    expect.stringMatching(/^The bank took 157\.40 GBP of payout pay_\w+ back on 2026-11-17/),
  ]);
  // The channel repeats what it said before; then it sends the money again.
  await tell(id, 157.4);
  expect(await payouts()).toMatchObject([{ state: 'FAILED' }, { state: 'FAILED' }]);
  await take(camt(entry('b67', '157.40', id)));
  expect((await payouts())[0]).toMatchObject({ state: 'PAID' });
  expect(await statement()).toBe('RECONCILED');
  expect([(await balance('bank')) - bank, (await balance('payout-in-transit')) - transit]).toEqual([15_740, 0]);
  await look();
  expect(desk.size).toBe(0);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('takes a part of a payout that the bank took back for missing, and the reversal of a debit for money', async () => {
  await announce('settlement-208', 10_000);
  await take(camt(entry('b68', '60.00', 'settlement-208'), entry('b69', '40.00', 'settlement-208')));
  await take(
    camt(entry('b70', '40.00', 'returned').replace('CRDT', 'DBIT').replace('<Sts>', '<RvslInd>true</RvslInd><Sts>')),
  );
  expect(await differences()).toEqual([
    {
      state: 'OPEN',
      expected: '10000',
      actual: '6000',
      difference: '-4000',
      explanation:
        'The statement pays 100.00 GBP; 100.00 GBP arrived at the bank in 2 credits, the last on 2026-11-17; the bank took 40.00 GBP back, the last on 2026-11-17.',
    },
  ]);
  const reversedDebit = entry('b71', '40.00', 'settlement-208').replace('<Sts>', '<RvslInd>true</RvslInd><Sts>');
  await take(camt(reversedDebit));
  expect(await differences()).toMatchObject([{ state: 'RESOLVED' }]);
});

it('counts a part that the bank took back for the payout that it names, and nothing for another of that amount', async () => {
  await announce('settlement-211', 30_000);
  await announce('settlement-212', 10_000);
  await take(camt(entry('b80', '300.00', 'settlement-211'), entry('b81', '100.00', 'settlement-212')));
  await take(camt(debit('b82', '100.00', 'settlement-211 recalled').replace('<Sts>', '<RvslInd>true</RvslInd><Sts>')));
  const seen = async () => (await createPayoutReader(database.knex).list({}, { first: 5 })).nodes.map((one) => [one.externalId, one.state, one.received.amountMinor]).sort(); // biome-ignore format: one thought
  expect(await seen()).toEqual([['settlement-211', 'PARTIALLY_PAID', 20_000n], ['settlement-212', 'PAID', 10_000n]]); // biome-ignore format: one thought
  expect(await differences()).toMatchObject([{ state: 'OPEN', difference: '-10000' }]);
  // The whole amount once more is too much, and the part that went back still counts.
  await take(camt(entry('b83', '300.00', 'settlement-211')));
  expect(await seen()).toMatchObject([['settlement-211', 'PAID', 50_000n], ['settlement-212', 'PAID', 10_000n]]); // biome-ignore format: one thought
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('shows an unmarked debit that names a payout and has another amount, and has a person say what it is', async () => {
  await announce('settlement-213', 15_000);
  await take(camtOf('S-9', entry('b84', '150.00', 'settlement-213')));
  const part = debit('b85', '50.00', 'AMAZON SETTLEMENT 213');
  const rent = debit('b86', '900.00', 'RENT');
  expect(await take(camt(part, rent))).toMatchObject({ received: 1, matched: 0, contradictions: [] });
  expect(await take(camt(part, rent))).toMatchObject({ received: 0, known: 1 });
  expect((await payouts())[0]).toEqual({ externalId: 'settlement-213', state: 'PAID', received: '15000' });
  const desk: string[] = [];
  const look = () => showUnexplainedCredits(database.knex, { raise: async ({ message }) => void desk.push(message), resolve: async () => void desk.pop() }, 7, new Date('2026-11-18T00:00:00Z')); // biome-ignore format: one thought
  expect(await look()).toEqual({ shown: 1, explained: 0 });
  expect(desk).toEqual([expect.stringMatching(/^50\.00 GBP left the bank on 2026-11-17 \(brc_\w+\)/)]);
  const [{ receipt, payout } = { receipt: '', payout: '' }] = await query<{ receipt: string; payout: string }>(
    database.knex,
    'select r.id as receipt, p.id as payout from settlement.bank_receipt r, settlement.payout p where r.amount_minor < 0',
  );
  await database.knex.transaction((trx) => matchReceiptByHand(trx, rules, receipt, { payoutId: payout, note: 'recalled' }, 'ann')); // biome-ignore format: one thought
  expect(await differences()).toMatchObject([{ state: 'OPEN', difference: '-5000' }]);
  // In a statement that comes again it is shown, and is no contradiction: whether it was there before is not known.
  expect(await take(camtOf('S-9', entry('b84', '150.00', 'settlement-213'), debit('b87', '150.00', 'settlement-213')))).toMatchObject({ received: 1, contradictions: [] }); // biome-ignore format: one thought
  expect(await look()).toEqual({ shown: 1, explained: 0 });
});

it('takes an entry for the same whatever way the bank tells it, as often as it tells it', async () => {
  await announce('settlement-214', 150_000);
  const table = (header: string, ...rows: string[]) => take([`booked_on,amount,currency,remittance${header}`, ...rows].join('\n'), 'BANK_CSV'); // biome-ignore format: one thought
  const counts = async () => (await query<{ counts: string }>(database.knex, `select coalesce(sum(amount_minor) filter (where conflict is null), 0)::text as counts from settlement.bank_receipt`))[0]?.counts; // biome-ignore format: one thought
  // By its name, from a table to camt.053 and back.
  const named = '2026-11-17,1000.00,GBP,AMAZON settlement-214,BX1,GB33BUKB20201555555555';
  expect(await table(',bank_reference,account', named)).toMatchObject({ received: 1, matched: 1 });
  const same = entry('BX1', '1000.00', 'AMAZON settlement-214');
  expect(await take(camt(same))).toMatchObject({ received: 0, known: 1, contradictions: [] });
  expect(await payouts()).toEqual([{ externalId: 'settlement-214', state: 'PARTIALLY_PAID', received: '100000' }]);
  await take(camt(entry('BX2', '11.00', 'SOMEBODY')));
  expect(await table(',bank_reference,account', named, '2026-11-17,11.00,GBP,SOMEBODY,BX2,GB33BUKB20201555555555')).toMatchObject({ received: 0, known: 2 }); // biome-ignore format: one thought
  // Without a name or an account; the next day's export has the rows elsewhere.
  const row = '2026-11-17,20.00,GBP,AMAZON XYZ part';
  expect(await table('', row, row)).toMatchObject({ received: 2 });
  expect(await table('', '2026-11-18,5.00,GBP,OTHER', row, row, row)).toMatchObject({ received: 2, known: 2 });
  expect(await table(',bank_reference', `${row},REFA`)).toMatchObject({ received: 0, known: 1 });
  expect(await take(camt(entry('REFB', '20.00', 'AMAZON XYZ part')))).toMatchObject({ received: 0, known: 1 });
  expect(await counts()).toBe('107600');
  // Another name or amount by the other way is no more money until somebody says so.
  for (const other of [entry('BX9', '1000.00', 'AMAZON settlement-214'), entry('BX1', '999.00', 'AMAZON settlement-214')]) {
    expect((await take(camt(other))).contradictions).toMatchObject([{ conflict: 'CHANGED' }]);
    expect(await counts()).toBe('107600');
  } // biome-ignore format: one thought
});

it('finds records that say something else than what was posted of them', async () => {
  await announce('settlement-209', 10_000);
  await take(camt(entry('b72', '98.00', 'settlement-209')));
  const faults = async () => (await verifyLedger(database.knex)).faults;
  expect(await faults()).toEqual([]);
  const tampered = async (change: string, back: string) => {
    // Past the triggers, as whoever owns the database can.
    const past = (statement: string) => database.knex.transaction(async (trx) => {
      await trx.raw('set local session_replication_role = replica');
      await trx.raw(statement);
    }); // biome-ignore format: one thought
    await past(change);
    const found = await faults();
    await past(back);
    return found;
  };
  const stands = (is: string, due: string) => expect.stringMatching(new RegExp(`^payout pay_\\w+ is ${is}, and its money, what was taken off it and what is undecided make it ${due}$`)); // biome-ignore format: one thought
  expect(await tampered('update settlement.bank_receipt set amount_minor = 1', 'update settlement.bank_receipt set amount_minor = 9800')).toEqual([
    expect.stringMatching(/^receipt brc_\w+ of payout pay_\w+ is 1 minor units, 9800 were posted$/),
    expect.stringMatching(/^payout pay_\w+ differs by -9999 minor units from its statement, -200 of them are explained$/),
  ]); // biome-ignore format: one thought
  expect(await tampered(`update settlement.difference set state = 'RESOLVED'`, `update settlement.difference set state = 'OPEN'`)).toEqual([expect.stringMatching(/-200 minor units from its statement, 0 of them are explained$/), stands('PARTIALLY_PAID', 'PAID_SHORT')]); // biome-ignore format: one thought
  expect(await tampered(`update settlement.payout set state = 'PAID'`, `update settlement.payout set state = 'PARTIALLY_PAID'`)).toEqual([stands('PAID', 'PARTIALLY_PAID')]); // biome-ignore format: one thought
  expect(await tampered('update settlement.statement_line set amount_minor = amount_minor - 100', 'update settlement.statement_line set amount_minor = amount_minor + 100')).toEqual([expect.stringMatching(/^settlement stl_\w+ pays 10000 minor units, its lines add up to 9900$/)]); // biome-ignore format: one thought
  const line = `('led_none', 1, '1800', 'DEBIT', 100, 'GBP')`;
  expect(await tampered(`insert into settlement.ledger_line (entry_id, position, account, side, amount_minor, currency_code) values ${line}`, `delete from settlement.ledger_line where entry_id = 'led_none'`)).toContain('line 1 of entry led_none is of no entry'); // biome-ignore format: one thought
  const from = `update settlement.bank_receipt set payout_id = (select id from settlement.payout)`;
  expect(await tampered('update settlement.bank_receipt set payout_id = null', from)).toEqual([expect.stringMatching(/^entry led_\w+ posted receipt brc_\w+ of payout pay_\w+, which is not of it any more$/), stands('PARTIALLY_PAID', 'not paid')]); // biome-ignore format: one thought
  expect(await faults()).toEqual([]);
});

it('shows money that no payout explains once it is old, and takes it off the desk when one does', async () => {
  const desk = { open: new Map<string, string>(), raised: 0 };
  const look = (day: string) =>
    showUnexplainedCredits(
      database.knex,
      {
        raise: async ({ key, message }) => {
          desk.raised += 1;
          desk.open.set(key, message);
        },
        resolve: async (key) => void desk.open.delete(key),
      },
      7,
      new Date(`${day}T12:00:00Z`),
    );
  await take(camt(entry('b30', '88.00', 'settlement-196 Mr Somebody'), entry('b31', '5.00', 'SOMEBODY ELSE')));
  expect(await look('2026-11-24')).toEqual({ shown: 0, explained: 0 });
  expect(await look('2026-11-25')).toEqual({ shown: 2, explained: 0 });
  expect(await look('2026-11-26')).toEqual({ shown: 0, explained: 0 });
  const [message] = [...desk.open.values()].filter((text) => text.startsWith('88.00 GBP'));
  expect(message).toMatch(/^88\.00 GBP came to the bank on 2026-11-17 \(brc_\w+\), and no payout explains it within 7 days\./);
  expect(message).not.toContain('Somebody');
  await announce('settlement-196', 8800);
  expect(await look('2026-11-26')).toEqual({ shown: 0, explained: 1 });
  expect([desk.raised, [...desk.open.values()].map((text) => text.slice(0, 8))]).toEqual([2, ['5.00 GBP']]);
  expect(await look('2026-12-31')).toEqual({ shown: 0, explained: 0 });
}); // biome-ignore format: one thought

const claimant = (id: string, at: number, lacks: number, more: { announced?: number; isDecided?: boolean } = {}) => ({
  id,
  at,
  isDecided: more.isDecided ?? false,
  facts: {
    statementMinor: 1_000n,
    receivedMinor: BigInt(1_000 - lacks),
    announcedMinor: more.announced === undefined ? null : BigInt(1_000 - more.announced),
  },
});
const owed = (id: string, at: number, minor: number, takenBy: string | null = null) => ({ id, at, minor: -BigInt(minor), takenBy }); // biome-ignore format: one thought

/** Who took what; with a question mark where it is not certain. */
const shared = (...given: Parameters<typeof shareOut>) =>
  Object.fromEntries([...shareOut(...given)].map(([id, { payoutId, isCertain }]) => [id, `${payoutId}${isCertain ? '' : '?'}`])); // biome-ignore format: one thought

it('takes what just one payout lacks off that one before it adds several up, and goes by money before announcements', () => {
  const both = [owed('c1', 1, 12), owed('c2', 5, 13)];
  expect(shared([claimant('p1', 14, 25), claimant('p2', 15, 12), claimant('p3', 15, 13)], both)).toEqual({ c1: 'p2', c2: 'p3' }); // biome-ignore format: one thought
  expect(shared([claimant('p1', 14, 30, { announced: 25 }), claimant('p2', 15, 12), claimant('p3', 15, 13)], both)).toEqual({ c1: 'p2', c2: 'p3' }); // biome-ignore format: one thought
  expect(shared([claimant('p1', 14, 25)], both)).toEqual({ c1: 'p1', c2: 'p1' });
  // Between what p1 took off lies what p2 did.
  const apart = [owed('c1', 1, 10, 'p1'), owed('c2', 2, 3, 'p2'), owed('c3', 3, 20)];
  expect(shared([claimant('p1', 14, 30, { isDecided: true }), claimant('p2', 15, 3)], apart)).toEqual({ c1: 'p1', c2: 'p2', c3: 'p1' }); // biome-ignore format: one thought
});

it('leaves a payout that people decided about what they went by, where another only might have taken it off', () => {
  const held = [owed('c1', 1, 12, 'p2')];
  const decided = claimant('p2', 15, 300, { isDecided: true });
  expect(shared([claimant('p1', 14, 13), decided], held)).toEqual({ c1: 'p2?' });
  expect(shared([claimant('p1', 14, 12), decided], held)).toEqual({ c1: 'p1' });
  // Another lacks just that too: the one that was decided about goes without, and keeps what it has where there are other ways.
  expect(shared([claimant('p1', 14, 12, { isDecided: true }), claimant('p2', 15, 12)], [owed('c1', 1, 12)])).toEqual({ c1: 'p2?' }); // biome-ignore format: one thought
  expect(shared([claimant('p1', 14, 12), decided], [...held, owed('c2', 2, 12)])).toEqual({ c1: 'p2?', c2: 'p1?' });
});

it('calls nothing certain that could be meant otherwise, and finds what is not consecutive', () => {
  const two = [claimant('p1', 14, 12), claimant('p2', 15, 12)];
  expect(shared(two, [owed('c1', 1, 12)])).toEqual({ c1: 'p1?' });
  expect(shared(two, [owed('c1', 1, 12), owed('c2', 2, 12)])).toEqual({ c1: 'p1', c2: 'p2' });
  expect(shared(two.slice(1), [owed('c1', 1, 12), owed('c2', 2, 12)])).toEqual({ c1: 'p2?' });
  const parts = [owed('c1', 1, 10), owed('c2', 2, 3), owed('c3', 3, 20), owed('c4', 4, 5)];
  expect(shared([claimant('p1', 14, 30)], parts)).toEqual({ c1: 'p1', c3: 'p1' });
  expect(shared([claimant('p1', 14, 35)], parts)).toEqual({ c1: 'p1', c3: 'p1', c4: 'p1' });
  // 10 + 5 = 15, and 12 + 3 as well.
  expect(shared([claimant('p1', 14, 15)], [...parts, owed('c5', 5, 12)])).toEqual({ c1: 'p1?', c4: 'p1?' });
});

it('shares out the same in whatever order it is told, each once, and calls certain only what comes to the cent', () => {
  const lacks = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 });
  const owes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(lacks, owes, fc.infiniteStream(fc.nat()), (lacking, owing, chance) => {
      const claimants = lacking.map((lack, index) => claimant(`p${index}`, 14 + index, lack));
      const carried = owing.map((minor, index) => owed(`c${index}`, index, minor));
      const shuffled = <One>(all: readonly One[]) =>
        all.map((one) => ({ one, by: chance.next().value as number })).sort((a, b) => a.by - b.by).map(({ one }) => one); // biome-ignore format: one thought
      const found = shared(claimants, carried);
      expect(shared(shuffled(claimants), shuffled(carried))).toEqual(found);
      for (const { id, facts } of claimants) {
        const off = carried.filter((one) => found[one.id]?.replace('?', '') === id);
        const left = facts.receivedMinor - facts.statementMinor - off.reduce((sum, { minor }) => sum + minor, 0n);
        expect(left <= 0n).toBe(true);
        if (left !== 0n) expect(off.map((one) => found[one.id])).toEqual(off.map(() => `${id}?`));
      }
    }),
    { numRuns: 200 },
  );
});
