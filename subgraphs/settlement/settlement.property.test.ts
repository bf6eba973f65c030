import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { openBooks, type SoldOrder } from '../../test/helpers/settlement-books.ts';
import { lineOf, reportOf, storeReport } from '../../test/helpers/settlement-report.ts';
import { memoryFinanceSystem } from './adapters/memory.ts';
import { resolveDifference } from './differences/resolve.ts';
import { closePeriod } from './ledger/close-period.ts';
import { loadPostingRules } from './ledger/posting-rules.ts';
import { verifyLedger } from './ledger/verify.ts';
import { loadSettlementSettings } from './matching/settings.ts';
import type { SettlementLine } from './reports/model.ts';
import { requestVoucherRun } from './vouchers/run.ts';
import { createVoucherWork } from './vouchers/worker.ts';

let database: TestDatabase;
let channels = 0;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
});
afterAll(() => database.drop());

/** Has the ERP take what was posted, a few entries per voucher, and holds the vouchers to the ledger. */
async function postVouchers(): Promise<void> {
  const erp = memoryFinanceSystem();
  const desk = { raise: async () => undefined, resolve: async () => undefined };
  await requestVoucherRun(database.knex, { period: null, channelCode: null }, 'test');
  const work = createVoucherWork({ knex: database.knex, erp, desk, mostEntries: 7, onFailure: () => undefined });
  expect(await work.step(new AbortController().signal)).toBe(true);
  const turnover = await query<{ key: string; sum: string }>(
    database.knex,
    `select l.account || ' ' || l.side || ' ' || l.currency_code as key, sum(l.amount_minor)::text as sum
     from settlement.ledger_line l join settlement.ledger_entry e on e.id = l.entry_id where e.erp = 'VOUCHER' group by 1`,
  );
  const taken = new Map<string, bigint>();
  for (const { currencyCode, lines } of erp.vouchers.values())
    for (const { account, side, amountMinor } of lines) {
      const key = `${account} ${side} ${currencyCode}`;
      taken.set(key, (taken.get(key) ?? 0n) + amountMinor);
    }
  expect(Object.fromEntries([...taken].map(([key, sum]) => [key, sum.toString()]))).toEqual(
    Object.fromEntries(turnover.map(({ key, sum }) => [key, sum])),
  );
  expect(erp.vouchers.size).toBeGreaterThan(6);
}

/** Two people accept every difference that is open, and the statements follow. */
async function acceptAll(): Promise<void> {
  const deps = { rules: loadPostingRules(), settings: loadSettlementSettings() };
  const open = await query<{ id: string }>(database.knex, `select id from settlement.difference where state = 'OPEN' order by id`); // biome-ignore format: one thought
  for (const { id } of open)
    for (const person of ['ann', 'bob'])
      await inTransaction(database.knex, (trx) =>
        resolveDifference(trx, deps, id, { resolution: 'ACCEPT_ACTUAL', note: 'all of them' }, person),
      );
  await openBooks(database.knex, 'ALL').settle();
}

type Books = ReturnType<typeof openBooks>;
type News = (books: Books, channelCode: string) => Promise<unknown>;

/** Orders in three currencies, with refunds and settlements that are right, partial, wrong, repeated or of nobody. */
const story = fc
  .array(
    fc.record({
      currency: fc.constantFrom('GBP', 'JPY', 'KWD'),
      units: fc.integer({ min: 1, max: 3 }),
      net: fc.integer({ min: 1, max: 9_999 }),
      tax: fc.integer({ min: 0, max: 999 }),
      settled: fc.constantFrom('all', 'part', 'wrong', 'twice', 'never', 'stranger'),
      refund: fc.constantFrom('none', 'both', 'channel only', 'ours only'),
    }),
    { minLength: 2, maxLength: 3 },
  )
  .map((plans) => plans.flatMap((plan, index) => newsOf(plan, index)));

function newsOf(
  plan: { currency: string; units: number; net: number; tax: number; settled: string; refund: string },
  index: number,
): News[] {
  const order: SoldOrder = {
    orderId: `o${index}`,
    channelOrderId: `${index}-77-1`,
    currencyCode: plan.currency,
    lines: [{ sku: 'A', quantity: plan.units, netMinor: BigInt(plan.net), taxMinor: BigInt(plan.tax) }],
  };
  const unit = BigInt(plan.net + plan.tax);
  const units = plan.settled === 'part' ? 1 : plan.units;
  const sale = (overrides: Partial<SettlementLine> = {}) => ({ sku: 'A', quantity: units, amountMinor: unit * BigInt(units) + (plan.settled === 'wrong' ? 57n : 0n), channelOrderId: plan.settled === 'stranger' ? '9-9' : order.channelOrderId, ...overrides }); // biome-ignore format: one thought
  const refund = { class: 'REFUND', kind: 'REFUND', sku: 'A', quantity: 1, amountMinor: -unit, channelOrderId: order.channelOrderId } as const; // biome-ignore format: one thought
  const report =
    (name: string, lines: readonly Partial<SettlementLine>[]): News =>
    (_, channelCode) => {
      // Which of two repeated lines is the first one is told by the periods, so they must differ.
      const start = new Date(`2026-11-0${['s', 't', 'r'].indexOf(name) + 1}T00:00:00Z`);
      const period = { periodStart: start };
      const own = lines.map((line, at) => lineOf({ ...line, currencyCode: plan.currency, lineNumber: at + 2 }));
      return storeReport(
        database.knex,
        reportOf(`${name}${index}`, own, { channelCode, currencyCode: plan.currency, ...period }),
        own,
      );
    };
  const one = new Map([['A', 1]]);
  return [
    (books) => books.place(order),
    (books) => books.invoice(order),
    ...(plan.settled === 'never' ? [] : [report('s', [sale()])]),
    ...(plan.settled === 'twice' ? [report('t', [sale()])] : []),
    ...(plan.refund === 'both' || plan.refund === 'channel only' ? [report('r', [refund])] : []),
    ...(plan.refund === 'both' || plan.refund === 'ours only'
      ? [(books: Books) => books.credit(order, undefined, one)]
      : []),
  ];
}

/** Everything that was found out, without what tells when or in which channel. */
async function outcome(channelCode: string): Promise<unknown> {
  const rows = (statement: string) => query<Record<string, unknown>>(database.knex, statement, [channelCode]);
  const found = {
    lines:
      await rows(`select s.external_id, m.line_number, m.state, m.rule, m.target, d.reason from settlement.line_match m join settlement.statement s on s.id = m.statement_id
      left join settlement.difference d on d.id = m.exception_id where s.channel_code = ? order by 1, 2`),
    differences: await rows(
      `select reason, state, expected_minor, actual_minor, difference_minor, currency_code, channel_order_id, sku from settlement.difference where channel_code = ? and state <> 'RESOLVED' order by 1, 7, 5`,
    ),
    balances: await rows(
      `select account, currency_code, sum(debit_minor - credit_minor) as net from settlement.account_balance where channel_code = ? group by 1, 2 having sum(debit_minor - credit_minor) <> 0 order by 1, 2`,
    ),
    orders: await rows(
      `select o.channel_order_id, s.status, s.expected_minor, s.settled_minor from settlement.order_settlement s join settlement.channel_order o using (order_id) where o.channel_code = ? order by 1`,
    ),
    statements: await rows(`select external_id, state from settlement.statement where channel_code = ? order by 1`),
  };
  return JSON.parse(JSON.stringify(found).replaceAll(`${channelCode}-`, ''));
}

async function tell(
  news: readonly News[],
  order: readonly number[],
  settleAfter: ReadonlySet<number>,
): Promise<string> {
  const channelCode = `P${++channels}`;
  const books = openBooks(database.knex, channelCode);
  for (const [place, index] of order.entries()) {
    await news[index]?.(books, channelCode);
    if (settleAfter.has(place)) await books.settle();
  }
  await books.settle();
  return channelCode;
}

it('comes to the same whatever comes first, with sound books and every line matched or explained', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.infiniteStream(fc.nat()), async (news, chance) => {
      const straight = news.map((_, index) => index);
      const shuffled = straight.map((index) => ({ index, by: chance.next().value as number })).sort((a, b) => a.by - b.by).map(({ index }) => index); // biome-ignore format: one thought
      const expected = await outcome(await tell(news, straight, new Set()));
      // In another order, looked at in between.
      expect(await outcome(await tell(news, shuffled, new Set([0, 2, 5])))).toEqual(expected);
      const pending = await query(
        database.knex,
        'select 1 from settlement.statement_line l where not exists (select from settlement.line_match m where m.statement_id = l.statement_id and m.line_number = l.line_number)',
      );
      expect(pending).toEqual([]);
    }),
    { numRuns: 6 },
  );
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
}, 120_000);

it('leaves nothing half done when its connection dies in the middle, and goes on', async () => {
  const channelCode = 'KILLED';
  const books = openBooks(database.knex, channelCode);
  const lines = [lineOf({ channelOrderId: '1-1-1', amountMinor: 700n })];
  await storeReport(database.knex, reportOf('k', lines, { channelCode }), lines);
  // The step waits at the ledger's lock with everything else written; there its server process is ended.
  await database.knex.transaction(async (trx) => {
    await query(trx, 'select 1 from settlement.ledger_head for update');
    // Looked for on another connection: this one would see the activity as it was when it first looked.
    const step = books.matcher.step();
    const dead = expect(step).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    for (let killed = 0; killed === 0; )
      killed = (await query(database.knex, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()`)).length; // biome-ignore format: one thought
    await dead;
  });
  expect(
    await query(database.knex, 'select 1 from settlement.difference where channel_code = ?', [channelCode]),
  ).toEqual([]);
  expect(await query(database.knex, 'select order_key from settlement.match_due')).toEqual([{ order_key: '1-1-1' }]);
  await books.settle();
  expect(await books.differences()).toMatchObject([{ reason: 'MISSING_ORDER', difference: '700' }]);
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('closes a month only when nothing of it is open, and then for good', async () => {
  const later = new Date('2027-01-05T00:00:00Z');
  await expect(closePeriod(database.knex, '2026-11', 'ann', later)).rejects.toThrow(
    /cannot be closed: differences nobody decided about: \d+/,
  );
  await expect(closePeriod(database.knex, '2027-01', 'ann', later)).rejects.toThrow(/not over/);
  await acceptAll();
  await expect(closePeriod(database.knex, '2026-11', 'ann', later)).rejects.toThrow(/entries in no voucher: \d+/);
  await postVouchers();
  const closed = await closePeriod(database.knex, '2026-11', 'ann', later);
  expect(await closePeriod(database.knex, '2026-11', 'bob', later)).toEqual({
    ...closed,
    before: { by: 'ann', at: expect.any(Date) },
  });
  const channelCode = 'LATE';
  const lines = [lineOf({ channelOrderId: '5-5-5', amountMinor: 900n })];
  await storeReport(database.knex, reportOf('late', lines, { channelCode }), lines);
  await openBooks(database.knex, channelCode).settle();
  expect(await query(database.knex, `select distinct period from settlement.ledger_entry where channel_code = ?`, [channelCode])).toEqual([{ period: '2026-12' }]); // biome-ignore format: one thought
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});
