import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { openBooks } from '../../../test/helpers/settlement-books.ts';
import { canonicalFile, sourceOf } from '../../../test/helpers/settlement-files.ts';
import { reopenDifference } from '../differences/reopen.ts';
import { resolveDifference } from '../differences/resolve.ts';
import { ingestReport } from '../ingest/ingest.ts';
import { loadPostingRules } from '../ledger/posting-rules.ts';
import { loadSettlementSettings } from '../matching/settings.ts';
import { readTransfers, takeTransfers } from './amazon-transfers.ts';
import type { BankFormat } from './bank/model.ts';
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
  database.knex.raw('truncate settlement.statement_line, settlement.difference, settlement.payout, settlement.statement, settlement.report_file, settlement.bank_receipt cascade'),
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
const camt = (...entries: string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>GB33BUKB20201555555555</IBAN></Id></Acct>${entries.join('')}</Stmt></BkToCstmrStmt></Document>`;

it('matches the money to its payout, posts it once, and knows the statement again', async () => {
  await announce('settlement-177', 100000);
  await announce('settlement-178', 100000);
  const statement = camt(
    entry('b1', '1000.00', 'AMAZON PAYMENTS SETTLEMENT 177'),
    entry('b2', '12.00', 'SOMEBODY ELSE'),
  );
  expect(await take(statement)).toEqual({ received: 2, known: 0, matched: 1, differing: 0, unmatched: 1 });
  expect(await take(statement)).toEqual({ received: 0, known: 2, matched: 0, differing: 0, unmatched: 1 });
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
  await announce('settlement-187', 10000);
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

it('makes a difference of its own of an announcement that nothing explains, and closes it when it is announced anew', async () => {
  await announce('settlement-193', 10000);
  await tell('settlement-193', 90);
  const explanation =
    'The statement pays 100.00 GBP; the channel announced a payout of 90.00 GBP: nothing explains that it announced another amount.';
  expect(await differences()).toEqual([{ state: 'OPEN', expected: '10000', actual: '9000', difference: '-1000', explanation }]); // biome-ignore format: one thought
  await take(camt(entry('b22', '85.00', 'settlement-193')));
  expect(await differences()).toMatchObject([
    { state: 'OPEN', difference: '-1000' },
    { state: 'OPEN', expected: '9000', actual: '8500', difference: '-500' },
  ]);
  expect(await inTransit()).toBe('1500');
  await tell('settlement-193', 100);
  expect(await differences()).toMatchObject([
    { state: 'OPEN', difference: '-1500' },
    { state: 'RESOLVED', difference: '-1000' },
  ]);
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

it('guesses nothing where two payouts could be meant, and keeps no debit', async () => {
  await announce('settlement-181', 7000);
  await announce('settlement-182', 7000);
  const debit = entry('b9', '70.00', 'settlement-181').replace('CRDT', 'DBIT');
  const pending = entry('b10', '70.00', 'settlement-181').replace('BOOK', 'PDNG');
  expect(await take(camt(entry('b8', '70.00', 'AMAZON'), debit, pending))).toEqual({
    received: 1,
    known: 0,
    matched: 0,
    differing: 0,
    unmatched: 1,
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
])('refuses %s and stores nothing', async (_name, text) => {
  await expect(take(text)).rejects.toMatchObject({ code: 'UNREADABLE' });
  expect(await query(database.knex, 'select 1 from settlement.bank_receipt')).toEqual([]);
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
