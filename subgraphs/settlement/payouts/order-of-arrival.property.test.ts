import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { canonicalFile, sourceOf } from '../../../test/helpers/settlement-files.ts';
import { ingestReport } from '../ingest/ingest.ts';
import { loadPostingRules } from '../ledger/posting-rules.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { lockForReversal, reverseStatement } from '../statements/reverse.ts';
import { type ReportedTransfer, takeTransfers } from './amazon-transfers.ts';
import type { BankFormat } from './bank/model.ts';
import { bookSent, lockPayout, movePayout } from './change.ts';
import { lookAgainAtPayouts } from './look-again.ts';
import { createPayoutReader } from './read.ts';
import { takeBankStatement } from './receipts.ts';
import type { PayoutState } from './states.ts';

const rules = loadPostingRules();
let database: TestDatabase;
let channels = 0;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
});
afterAll(() => database.drop());

type News = (channelCode: string) => Promise<unknown>;

/**
 * Payouts that arrive whole, short, with something taken off, with both at once, or not at all, and that the bank may take back; told of
 * by the channel with or without what it takes off, or failed, at risk or cancelled, and sent after all; their statements may be taken back and corrected.
 */
const story = fc.array(
  fc.record({
    amount: fc.integer({ min: 5_000, max: 9_000 }),
    told: fc.constantFrom(
      'never',
      'sent',
      'failed',
      'sent again',
      'at risk',
      'cancelled',
      'cancelled at once',
      'not cancelled',
    ),
    announces: fc.constantFrom('all', 'less'),
    arrives: fc.constantFrom('whole', 'short', 'less what is owed', 'less that and more', 'in two parts', 'not'),
    takenBack: fc.boolean(),
    corrected: fc.constantFrom('nothing', 'nothing', 'settlement', 'owed'),
    resent: fc.boolean(),
    alone: fc.boolean(),
  }),
  { minLength: 1, maxLength: 3 },
);

interface Plan {
  readonly amount: number;
  readonly told: string;
  /** What it says that it pays: all of the statement, or less what is owed. */
  readonly announces: string;
  readonly arrives: string;
  /** The bank takes back all that arrived. */
  readonly takenBack: boolean;
  /** A statement of which the channel sends another file. */
  readonly corrected: string;
  readonly resent: boolean;
  /** In a currency of its own; else what is owed may be taken off any of the others. */
  readonly alone: boolean;
}

function newsOf(given: Plan, index: number): News[] {
  const currency = given.alone ? (['CHF', 'EUR', 'USD'][index] ?? 'GBP') : 'GBP';
  // No amount is what another payout may come to: one without a reference is matched by it.
  const plan = { ...given, amount: given.amount + index * 20_000 };
  const id = (channelCode: string) => `${channelCode}-settlement-${index}`;
  const statement =
    (name: string, amountMinor: number): News =>
    (channelCode) =>
      ingestReport(database.knex, sourceOf(canonicalFile(`${channelCode}-${name}-${index}`, rowsOf(amountMinor), { currency }), { channelCode }), { rules }); // biome-ignore format: one thought
  // Where the bank has settled it, it is not taken back: the first file counts, and says the same.
  const corrected =
    (name: string, amountMinor: number): News =>
    async (channelCode) => {
      const externalId = `${channelCode}-${name}-${index}`;
      await statement(name, amountMinor)(channelCode);
      await inTransaction(database.knex, async (trx) => {
        const [known] = await query<{ id: string }>(trx, `select min(id) as id from settlement.statement where channel_code = ? and external_id = ? having count(*) = 1`, [channelCode, externalId]); // biome-ignore format: one thought
        if (known && (await lockForReversal(trx, known.id)) === null)
          await reverseStatement(trx, rules, known.id, 'test');
      });
      const text = canonicalFile(externalId, rowsOf(amountMinor, 'corrected'), { currency });
      await ingestReport(database.knex, sourceOf(text, { channelCode }), { rules }).catch((error: unknown) => expect(error).toMatchObject({ code: 'CONTENT_CHANGED' })); // biome-ignore format: one thought
    };
  const told =
    (state: ReportedTransfer['state'], day: number): News =>
    (channelCode) => {
      const [createdAt, toldAt] = [new Date('2026-11-16T00:00:00Z'), new Date(Date.UTC(2026, 10, day))];
      return takeTransfers(database.knex, rules, channelCode, [{ externalId: `p-${id(channelCode)}`, settlementId: id(channelCode), state, word: state ?? '', amountMinor: BigInt(plan.amount - (plan.announces === 'less' ? 1_200 : 0)), currencyCode: currency, traceId: null, createdAt, toldAt }], 'test'); // biome-ignore format: one thought
    };
  const arrived =
    plan.amount -
    (plan.arrives === 'short'
      ? 740
      : plan.arrives === 'less what is owed'
        ? 1_200
        : plan.arrives === 'less that and more'
          ? 1_940
          : 0);
  const shows =
    (format: BankFormat, text: (channelCode: string) => string): News =>
    (channelCode) =>
      takeBankStatement(database.knex, rules, { format, actor: 'test', bytes: async function* () { yield Buffer.from(text(channelCode)); } }); // biome-ignore format: one thought
  const bank = (minor: number) =>
    shows('BANK_CSV', (channelCode) => `booked_on,amount,currency,remittance,account\n2026-11-20,${(minor / 100).toFixed(2)},${currency},"PAYMENT ${id(channelCode)}",GB335555\n`); // biome-ignore format: one thought
  const recall = (minor: number) =>
    shows('CAMT_053', (channelCode) => returned(`${channelCode}-${index}-${minor}`, minor, currency, `PAYMENT ${id(channelCode)}`)); // biome-ignore format: one thought
  const credits = plan.arrives === 'not' ? [] : plan.arrives === 'in two parts' ? [2_000, arrived - 2_000] : [arrived];
  const owes = plan.arrives.startsWith('less') || plan.announces === 'less';
  const news = [
    (plan.corrected === 'settlement' ? corrected : statement)('settlement', plan.amount),
    ...(plan.told === 'never' ? [] : [told('IN_TRANSIT', 16)]),
    ...(plan.told === 'failed' || plan.told === 'sent again' ? [told('FAILED', 18)] : []),
    ...(plan.told.endsWith('cancelled') ? [told('CANCELLED', 18)] : []),
    ...(plan.told === 'cancelled at once' ? [told('CANCELLED', 16)] : []),
    ...(plan.told === 'at risk' ? [told('SCHEDULED', 18)] : []),
    // Before the bank takes it back, or after.
    ...(plan.told === 'sent again' || plan.told === 'not cancelled'
      ? [told('PAID', plan.amount % 2 === 0 ? 19 : 25)]
      : []),
    ...(owes ? [(plan.corrected === 'owed' ? corrected : statement)('owed', -1_200)] : []),
    ...credits.map(bank),
    ...(plan.takenBack ? credits.map(recall) : []),
  ];
  return plan.resent ? [...news, ...news] : news;
}

const rowsOf = (amountMinor: number, more?: string) => [
  { class: amountMinor < 0 ? 'FEE' : 'SALE', amountMinor },
  ...(more === undefined ? [] : [{ class: 'FEE', amountMinor: -100 }, { class: 'FEE', amountMinor: 100 }]),
]; // biome-ignore format: a table

/** An entry by which the bank takes a credit back, as it marks it. */
function returned(reference: string, minor: number, currency: string, text: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>GB33BUKB20201555555555</IBAN></Id></Acct>
    <Ntry><Amt Ccy="${currency}">${(minor / 100).toFixed(2)}</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-22</Dt></BookgDt><AcctSvcrRef>${reference}</AcctSvcrRef>
    <NtryDtls><TxDtls><RmtInf><Ustrd>${text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>`;
}

/** Everything that was found out, without what tells when or in which channel. */
async function outcome(channelCode: string): Promise<unknown> {
  const rows = (statement: string) => query<Record<string, unknown>>(database.knex, statement, [channelCode]);
  const found = {
    payouts:
      await rows(`select p.external_id, p.state, p.amount_minor, p.sent_minor, s.external_id as statement, (select sum(r.amount_minor) from settlement.bank_receipt r where r.payout_id = p.id) as received, i.external_id as into, p.carried_certain
      from settlement.payout p left join settlement.statement s on s.id = p.statement_id
      left join settlement.payout i on i.id = p.carried_into where p.channel_code = ? order by 1`),
    differences: await rows(
      `select reason, expected_minor, actual_minor, difference_minor, currency_code from settlement.difference where channel_code = ? and state <> 'RESOLVED' order by 5, 2, 3`,
    ),
    balances: await rows(
      `select account, currency_code, sum(debit_minor - credit_minor) as net from settlement.account_balance where channel_code = ? group by 1, 2 having sum(debit_minor - credit_minor) <> 0 order by 1, 2`,
    ),
    perStatement:
      await rows(`select s.external_id, l.account, sum(case l.side when 'DEBIT' then l.amount_minor else -l.amount_minor end) as net
      from settlement.ledger_entry e join settlement.ledger_line l on l.entry_id = e.id join settlement.statement s on s.id = e.statement_id
      where e.channel_code = ? and l.account = '${rules.account('channel-balance')}' group by 1, 2
      having sum(case l.side when 'DEBIT' then l.amount_minor else -l.amount_minor end) <> 0 order by 1, 2`),
  };
  return JSON.parse(JSON.stringify(found).replaceAll(channelCode, ''));
}

/** Every payout's difference is the sum of its parts, and what one took off no other did. */
async function expectPartsToAddUp(channelCode: string): Promise<void> {
  const reader = createPayoutReader(database.knex);
  const { nodes } = await reader.list({ channelCode }, { first: 100 });
  const parts = await reader.parts(nodes.map(({ id }) => id));
  for (const { id, difference } of nodes) {
    const sum = (parts.get(id) ?? []).reduce((total, { amount }) => total + amount.amountMinor, 0n);
    expect({ id, sum }).toEqual({ id, sum: difference?.amountMinor ?? 0n });
  }
  const carried = [...parts.values()].flat().flatMap(({ carriedFromId }) => carriedFromId ?? []);
  expect(new Set(carried).size).toBe(carried.length);
}

async function tell(news: readonly News[], order: readonly number[]): Promise<string> {
  const channelCode = `ARRIVAL${++channels}`;
  await query(
    database.knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code) values (?, 'MARKETPLACE', 'Test', 'TEST', 'GBP')`,
    [channelCode],
  );
  for (const index of order) await news[index]?.(channelCode);
  await expectPartsToAddUp(channelCode);
  return channelCode;
}

const PLAIN: Plan = { amount: 5_000, told: 'never', announces: 'all', arrives: 'whole', takenBack: false, corrected: 'nothing', resent: false, alone: false }; // biome-ignore format: one thought
const straightOf = (news: readonly News[]) => news.map((_, index) => index);

/** Each was another outcome once; the numbers are places in `newsOf`. */
it.each<[string, Partial<Plan>, readonly number[]]>([
  ['money that is short of a payout that failed, and of what was announced', { told: 'failed', arrives: 'less that and more' }, [0, 1, 3, 4, 2]],
  ['what the bank took back of a payout that something was taken off', { told: 'sent', announces: 'less', arrives: 'less what is owed', takenBack: true }, [0, 1, 3, 4, 2]],
  ['sent again after the bank took it back', { amount: 5_001, told: 'sent again', takenBack: true }, [0, 1, 2, 4, 5, 3]],
  ['at risk after it was sent', { told: 'at risk', arrives: 'not' }, [0, 2, 1]],
  ['sent although it was cancelled', { told: 'not cancelled', arrives: 'not' }, [0, 1, 3, 2]],
  ['sent and cancelled in one moment', { told: 'cancelled at once', arrives: 'not' }, [0, 2, 1]],
  ['money of a payout that was cancelled', { told: 'cancelled' }, [0, 1, 3, 2]],
  ['sent before its statement was corrected', { told: 'sent', arrives: 'not', corrected: 'settlement' }, [1, 0]],
  ['what is owed by a statement that was corrected', { arrives: 'less what is owed', corrected: 'owed' }, [0, 2, 1]],
])('comes to the same: %s', async (_, plan, order) => {
  const news = newsOf({ ...PLAIN, ...plan }, 0);
  const expected = await outcome(await tell(news, straightOf(news)));
  expect(await outcome(await tell(news, order))).toEqual(expected);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
}); // biome-ignore format: a table

it.each<[PayoutState, string]>([
  ['CANCELLED', 'not cancelled'],
  ['FAILED', 'sent again'],
  ['IN_TRANSIT', 'at risk'],
])('puts right, once, what a version before left %s: %s', async (state, plan) => {
  const news = newsOf({ ...PLAIN, told: plan, arrives: 'not' }, 0);
  const channelCode = await tell(news, straightOf(news));
  const expected = await outcome(channelCode);
  await inTransaction(database.knex, async (trx) => {
    const [stored] = await query<{ id: string }>(trx, 'select id from settlement.payout where channel_code = ?', [channelCode]); // biome-ignore format: one thought
    const payout = await lockPayout(trx, stored?.id ?? '');
    if (!payout) throw new Error('there is no payout');
    await movePayout(trx, payout, state, 'test', 'as before');
    await bookSent(trx, rules, payout, state === 'IN_TRANSIT' ? payout.amountMinor : 0n, { bookedAt: new Date('2026-11-20T00:00:00Z'), actor: 'test' }); // biome-ignore format: one thought
    await query(trx, 'update settlement.payout set look_again = true where id = ? returning id', [payout.id]);
  });
  expect(await outcome(channelCode)).not.toEqual(expected);
  expect(await lookAgainAtPayouts(database.knex, rules)).toBe(1);
  expect(await outcome(channelCode)).toEqual(expected);
  expect(await lookAgainAtPayouts(database.knex, rules)).toBe(0);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('puts right, once, what a version before took off by what came first', async () => {
  const news = newsOf({ ...PLAIN, told: 'failed', arrives: 'less that and more' }, 0);
  const channelCode = await tell(news, straightOf(news));
  const expected = await outcome(channelCode);
  await inTransaction(database.knex, async (trx) => {
    const [owed] = await query<{ id: string }>(trx, `update settlement.payout o set carried_into = p.id, carried_certain = false, look_again = true from settlement.payout p
      where o.channel_code = ? and o.amount_minor < 0 and p.channel_code = o.channel_code and p.amount_minor > 0 returning o.id`, [channelCode]); // biome-ignore format: one thought
    const payout = await lockPayout(trx, owed?.id ?? '');
    if (payout) await bookSent(trx, rules, payout, payout.amountMinor, { bookedAt: new Date('2026-11-20T00:00:00Z'), actor: 'test' }); // biome-ignore format: one thought
  });
  expect(await outcome(channelCode)).not.toEqual(expected);
  expect(await lookAgainAtPayouts(database.knex, rules)).toBe(1);
  expect(await outcome(channelCode)).toEqual(expected);
  expect(await lookAgainAtPayouts(database.knex, rules)).toBe(0);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('comes to the same whatever comes first: statement, payout, money, or what was carried forward', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.infiniteStream(fc.nat()), async (plans, chance) => {
      const news = plans.flatMap(newsOf);
      const straight = straightOf(news);
      const shuffled = straight.map((index) => ({ index, by: chance.next().value as number })).sort((a, b) => a.by - b.by).map(({ index }) => index); // biome-ignore format: one thought
      const expected = await outcome(await tell(news, straight));
      expect(await outcome(await tell(news, shuffled))).toEqual(expected);
    }),
    { numRuns: 6 },
  );
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
}, 120_000);
