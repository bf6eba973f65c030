import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { appendEntries } from './append.ts';
import { condensed, type NewLedgerEntry, reversed } from './model.ts';
import { loadPostingRules } from './posting-rules.ts';
import { readEntries, reversalOf } from './read.ts';
import { verifyLedger } from './verify.ts';

const rules = loadPostingRules();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['settlement']);
});
afterAll(() => database.drop());

const entryOf = (cause: string, overrides: Partial<NewLedgerEntry> = {}): NewLedgerEntry => ({
  cause,
  event: 'SETTLEMENT',
  erp: 'VOUCHER',
  bookedAt: new Date('2026-11-05T10:00:00Z'),
  description: `for ${cause}`,
  channelCode: 'AMAZON',
  orderId: null,
  statementId: null,
  reversalOf: null,
  actor: 'system',
  lines: rules.lines('SETTLEMENT', 'SALE', 1000n, 'GBP'),
  ...overrides,
});
const append = (...entries: NewLedgerEntry[]) =>
  inTransaction(database.knex, (trx) => appendEntries(trx, rules, entries));
const balances = () =>
  query(
    database.knex,
    `select account, period, currency_code as currency, (debit_minor - credit_minor)::text as net from settlement.account_balance order by 1, 2, 3`,
  );

it('posts each cause once, chained, and keeps balances that are the sums of the lines', async () => {
  const first = await append(entryOf('a'), entryOf('b', { lines: rules.lines('SETTLEMENT', 'FEE', -150n, 'GBP') }));
  expect(await append(entryOf('b'), entryOf('a'))).toEqual(first);
  expect(await balances()).toEqual([
    { account: '1361', period: '2026-11', currency: 'GBP', net: '-1000' },
    { account: '1362', period: '2026-11', currency: 'GBP', net: '850' },
    { account: '6771', period: '2026-11', currency: 'GBP', net: '150' },
  ]);
  expect(await verifyLedger(database.knex)).toMatchObject({ entries: 2, faults: [] });
});

it('takes an entry back by another one, at most once', async () => {
  const ids = await append(entryOf('c'));
  const [entry] = [...(await readEntries(database.knex, [ids.get('c') ?? ''])).values()];
  if (!entry) throw new Error('the entry is not there');
  const back = reversalOf(entry, 'seen differently', 'system', entry.bookedAt);
  await append(back);
  await append(back);
  const second = { ...back, cause: 'another reversal' };
  await expect(append(second)).rejects.toThrow(/reversal_of/);
  expect(await verifyLedger(database.knex)).toMatchObject({ entries: 4, faults: [] });
});

it('refuses what does not balance, by itself and in the database', async () => {
  const [debit] = rules.lines('SETTLEMENT', 'SALE', 1000n, 'GBP');
  if (!debit) throw new Error('no line');
  const pairs = [[debit], [debit, { ...debit, side: 'CREDIT' as const, currencyCode: 'EUR' }], []];
  for (const lines of pairs)
    await expect(append(entryOf('bad', { lines }))).rejects.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
  const line = (side: string, amount: number) =>
    query(
      database.knex,
      `insert into settlement.ledger_line select id, 9, '1361', ?, ?, 'GBP' from settlement.ledger_entry where cause = 'a'`,
      [side, amount],
    );
  await expect(line('DEBIT', 5)).rejects.toThrow(/differ/);
  const alone = `insert into settlement.ledger_entry (sequence, id, cause, event, erp, rule_version, period, booked_at, description, actor, recorded_at, previous_hash, hash)
    select 99, 'x', 'x', event, erp, rule_version, period, booked_at, description, actor, recorded_at, sha256('p'), sha256('h') from settlement.ledger_entry where cause = 'a'`;
  await expect(query(database.knex, alone)).rejects.toThrow(/does not balance/);
  expect(await verifyLedger(database.knex)).toMatchObject({ entries: 4, faults: [] });
});

it.each([
  'update settlement.ledger_entry set description = $$x$$',
  'delete from settlement.ledger_entry',
  'truncate settlement.ledger_entry cascade',
  'update settlement.ledger_line set amount_minor = 1',
  'delete from settlement.ledger_line',
  'truncate settlement.ledger_line',
])('is append-only: %s', async (statement) => {
  await expect(query(database.knex, statement)).rejects.toThrow(/append-only/);
});

it('keeps the rules of a version: others under the same number are refused', async () => {
  const other = { ...rules, sha256: Buffer.alloc(32, 1) };
  await expect(
    inTransaction(database.knex, (trx) => appendEntries(trx, other, [entryOf('other rules')])),
  ).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
});

describe('verification', () => {
  /** Changes the books as somebody with all rights on the database would, looks, and puts them back. */
  async function afterTampering(statement: string, head: string | null = null) {
    const { faults } = await database.knex
      .transaction(async (trx) => {
        await trx.raw('set local session_replication_role = replica');
        await trx.raw(statement);
        // In the same transaction, so that it can be rolled back: the same statements on the same handle.
        const report = await verifyLedger(trx, head);
        throw Object.assign(new Error('roll back'), { report });
      })
      .catch((error: { report?: { faults: readonly string[] } }) => {
        if (!error.report) throw error;
        return error.report;
      });
    return faults;
  }

  it.each([
    ['update settlement.ledger_entry set description = $$x$$ where sequence = 2', 'entry 2 was changed after it was posted'],
    ['update settlement.ledger_line set amount_minor = 999 where account = $$6771$$', 'entry 2 does not balance'],
    ['update settlement.ledger_line set account = $$1800$$ where account = $$6771$$', 'entry 2 was changed after it was posted'],
    ['delete from settlement.ledger_entry where sequence = 2', 'entry 2 is missing'],
    ['delete from settlement.ledger_entry where sequence = 4', 'the newest entry is not the noted head: the end of the chain was cut or added to'],
    ['update settlement.account_balance set debit_minor = debit_minor + 1 where account = $$6771$$', 'balance of account 6771 AMAZON 2026-11 GBP is 151, its lines add up to 150'],
  ])('sees %s', async (statement, fault) => {
    expect(await afterTampering(statement)).toContain(fault);
  }); // biome-ignore format: a table

  it('sees a chain that was written anew, by a head noted before', async () => {
    const { head } = await verifyLedger(database.knex);
    expect(await afterTampering('select 1', head)).toEqual([]);
    expect(
      await afterTampering(
        'select 1',
        head.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
      ),
    ).toEqual(['entry 4 has not the hash that was noted']);
    expect(await afterTampering('select 1', `77:${'0'.repeat(64)}`)).toEqual(['entry 77, which was noted, is missing']);
  });
});

it('counts an entry of a closed month in the next open one, and the database refuses any other', async () => {
  await query(
    database.knex,
    `insert into settlement.accounting_period (code, closed_by, head_sequence, head_hash) select '2026-11', 'test', sequence, hash from settlement.ledger_head`,
  );
  const ids = await append(entryOf('late'));
  const [late] = [...(await readEntries(database.knex, [ids.get('late') ?? ''])).values()];
  expect(late).toMatchObject({ period: '2026-12', bookedAt: new Date('2026-11-05T10:00:00Z') });
  const copy = `insert into settlement.ledger_entry (sequence, id, cause, event, erp, rule_version, period, booked_at, description, actor, recorded_at, previous_hash, hash)
    select 99, 'x', 'x', event, erp, rule_version, '2026-11', booked_at, description, actor, recorded_at, sha256('p'), sha256('h') from settlement.ledger_entry where cause = 'a'`;
  await expect(query(database.knex, copy)).rejects.toThrow(/period 2026-11 is closed/);
  await expect(query(database.knex, 'delete from settlement.accounting_period')).rejects.toThrow(/append-only/);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('balances by construction, whatever the amount, event and currency', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
      fc.constantFrom('GBP', 'JPY', 'KWD'),
      fc.constantFrom('SALE', 'REFUND', 'COMMISSION', 'RESERVE', 'UNEXPLAINED'),
      (amount, currency, postingClass) => {
        const lines = rules.lines('SETTLEMENT', postingClass as 'SALE', amount, currency);
        const onBalance = lines.find((line) => line.account === rules.account('channel-balance'));
        const signed = onBalance ? (onBalance.side === 'DEBIT' ? onBalance.amountMinor : -onBalance.amountMinor) : 0n;
        expect(signed).toBe(amount);
        expect(lines).toHaveLength(amount === 0n ? 0 : 2);
        expect(new Set(lines.map((line) => `${line.amountMinor} ${line.currencyCode}`)).size).toBe(
          amount === 0n ? 0 : 1,
        );
      },
    ),
  );
});

it('condenses movements to what is left per account and currency, in whatever order they come', () => {
  const lines = [
    ...rules.lines('SETTLEMENT', 'SALE', 1000n, 'GBP'),
    ...rules.lines('SETTLEMENT', 'REFUND', -400n, 'GBP'),
    ...rules.lines('SETTLEMENT', 'SALE', 500n, 'JPY'),
  ];
  expect(condensed([...lines].reverse())).toEqual(condensed(lines));
  expect(condensed(lines)).toEqual([
    { account: '1361', side: 'CREDIT', amountMinor: 600n, currencyCode: 'GBP' },
    { account: '1361', side: 'CREDIT', amountMinor: 500n, currencyCode: 'JPY' },
    { account: '1362', side: 'DEBIT', amountMinor: 600n, currencyCode: 'GBP' },
    { account: '1362', side: 'DEBIT', amountMinor: 500n, currencyCode: 'JPY' },
  ]);
  expect(condensed([...lines, ...reversed(lines)])).toEqual([]);
});
