import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { query } from '../../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { canonicalFile, sourceOf } from '../../../test/helpers/settlement-files.ts';
import { ingestReport } from '../ingest/ingest.ts';
import { loadPostingRules } from '../ledger/posting-rules.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { type ReportedTransfer, takeTransfers } from './amazon-transfers.ts';
import { createPayoutReader } from './read.ts';
import { takeBankStatement } from './receipts.ts';

const rules = loadPostingRules();
let database: TestDatabase;
let channels = 0;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
});
afterAll(() => database.drop());

type News = (channelCode: string) => Promise<unknown>;

/** Payouts that arrive whole, short, with something taken off, with both at once, or not at all; told of by the channel, or failed and sent again. */
const story = fc.array(
  fc.record({
    amount: fc.integer({ min: 5_000, max: 9_000 }),
    told: fc.constantFrom('never', 'sent', 'failed', 'sent again'),
    arrives: fc.constantFrom('whole', 'short', 'less what is owed', 'less that and more', 'in two parts', 'not'),
    resent: fc.boolean(),
    alone: fc.boolean(),
  }),
  { minLength: 1, maxLength: 3 },
);

interface Plan {
  readonly amount: number;
  readonly told: string;
  readonly arrives: string;
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
      ingestReport(database.knex, sourceOf(canonicalFile(`${channelCode}-${name}-${index}`, [{ class: amountMinor < 0 ? 'FEE' : 'SALE', amountMinor }], { currency }), { channelCode }), { rules }); // biome-ignore format: one thought
  const told =
    (state: ReportedTransfer['state'], day: number): News =>
    (channelCode) => {
      const [createdAt, toldAt] = [new Date('2026-11-16T00:00:00Z'), new Date(Date.UTC(2026, 10, day))];
      return takeTransfers(database.knex, rules, channelCode, [{ externalId: `p-${id(channelCode)}`, settlementId: id(channelCode), state, word: state ?? '', amountMinor: BigInt(plan.amount), currencyCode: currency, traceId: null, createdAt, toldAt }], 'test'); // biome-ignore format: one thought
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
  const bank =
    (minor: number): News =>
    (channelCode) => {
      const text = `booked_on,amount,currency,remittance\n2026-11-20,${(minor / 100).toFixed(2)},${currency},"PAYMENT ${id(channelCode)}"\n`;
      return takeBankStatement(database.knex, rules, { format: 'BANK_CSV', actor: 'test', bytes: async function* () { yield Buffer.from(text); } }); // biome-ignore format: one thought
    };
  const news = [
    statement('settlement', plan.amount),
    ...(plan.told === 'never' ? [] : [told('IN_TRANSIT', 16)]),
    ...(plan.told === 'failed' || plan.told === 'sent again' ? [told('FAILED', 18)] : []),
    ...(plan.told === 'sent again' ? [told('PAID', 19)] : []),
    ...(plan.arrives.startsWith('less') ? [statement('owed', -1_200)] : []),
    ...(plan.arrives === 'not'
      ? []
      : plan.arrives === 'in two parts'
        ? [bank(2_000), bank(arrived - 2_000)]
        : [bank(arrived)]),
  ];
  return plan.resent ? [...news, ...news] : news;
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

/** Found by the property below; the numbers are places in `newsOf`. */
it.each<[string, Partial<Plan>, readonly number[]]>([
  ['money that is short of a payout that failed, and of what was announced', { told: 'failed', arrives: 'less that and more' }, [0, 1, 3, 4, 2]],
])('comes to the same: %s', async (_, plan, order) => {
  const news = newsOf({ amount: 5_000, told: 'never', arrives: 'whole', resent: false, alone: false, ...plan }, 0);
  const expected = await outcome(await tell(news, news.map((_one, index) => index))); // biome-ignore format: one thought
  expect(await outcome(await tell(news, order))).toEqual(expected);
}); // biome-ignore format: a table

it('comes to the same whatever comes first: statement, payout, money, or what was carried forward', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.infiniteStream(fc.nat()), async (plans, chance) => {
      const news = plans.flatMap(newsOf);
      const straight = news.map((_, index) => index);
      const shuffled = straight.map((index) => ({ index, by: chance.next().value as number })).sort((a, b) => a.by - b.by).map(({ index }) => index); // biome-ignore format: one thought
      const expected = await outcome(await tell(news, straight));
      expect(await outcome(await tell(news, shuffled))).toEqual(expected);
    }),
    { numRuns: 6 },
  );
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
}, 120_000);
