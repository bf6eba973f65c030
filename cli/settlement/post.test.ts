import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { memoryFinanceSystem } from '../../subgraphs/settlement/adapters/memory.ts';
import { createVoucherWork, loadPostingRules } from '../../subgraphs/settlement/index.ts';
import { appendEntries } from '../../subgraphs/settlement/ledger/append.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { commands } from '../commands.ts';
import { runCommandLine } from '../run.ts';

let database: TestDatabase;
const before = process.env.DATABASE_URL;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment', 'settlement']);
  process.env.DATABASE_URL = database.url;
  const rules = loadPostingRules();
  const entry = {
    event: 'SETTLEMENT',
    erp: 'VOUCHER',
    bookedAt: new Date('2026-10-05T10:00:00Z'),
    description: 'a sale',
    channelCode: 'AMAZON',
    orderId: null,
    statementId: null,
    reversalOf: null,
    actor: 'system',
    lines: rules.lines('SETTLEMENT', 'SALE', 1000n, 'GBP'),
  } as const;
  await inTransaction(database.knex, (trx) =>
    appendEntries(trx, rules, [
      { ...entry, cause: 'a' },
      { ...entry, cause: 'b' },
    ]),
  );
});
afterAll(async () => {
  if (before === undefined) delete process.env.DATABASE_URL;
  else process.env.DATABASE_URL = before;
  await database.drop();
});

let out: string[];
beforeEach(() => {
  out = [];
});
const run = (...words: string[]) => command('post', ...words);
const command = (...words: string[]) =>
  runCommandLine(commands, ['settlement', ...words], {
    out: (line) => void out.push(line),
    note: () => undefined,
    style: (_, text) => text,
  });

it('shows what it would post, and asks for nothing', async () => {
  expect(await run('--period', '2026-10', '--dry-run')).toBe(0);
  expect(out).toEqual([
    'would post AMAZON 2026-10 GBP',
    '  1361       CREDIT              20.00',
    '  1362       DEBIT               20.00',
    'left: vouchers 0, entries in no voucher 2; nothing was posted',
  ]);
  expect(await query(database.knex, 'select 1 from settlement.voucher_run')).toEqual([]);
});

it.each([
  ['--period', '2026-13'],
  ['--channel', 'NOBODY'],
])('refuses %s %s', async (option, value) => {
  expect(await run(option, value)).toBe(2);
  expect(await query(database.knex, 'select 1 from settlement.voucher_run')).toEqual([]);
});

it('waits for the worker and says what was refused, posted and is left', async () => {
  const erp = memoryFinanceSystem(() => new Date());
  const working = new AbortController();
  const desk = { raise: async () => undefined, resolve: async () => undefined };
  const worker = createVoucherWork({ knex: database.knex, erp, desk, onFailure: () => undefined }).run(working.signal);
  try {
    erp.setPeriod('2026-10', 'CLOSED');
    expect(await run()).toBe(1);
    expect(out).toEqual([
      'refused AMAZON 2026-10 GBP no. 1: 20.00 GBP of 2 entries PERIOD_CLOSED',
      'posted 0, refused 1; left: vouchers 1, entries in no voucher 0',
    ]);
    erp.setPeriod('2026-10', 'OPEN');
    out.length = 0;
    expect(await run('--period', '2026-10')).toBe(0);
    expect(out).toEqual([
      'accepted AMAZON 2026-10 GBP no. 1: 20.00 GBP of 2 entries as V1',
      'posted 1, refused 0; left: vouchers 0, entries in no voucher 0',
    ]);
    expect(erp.vouchers.size).toBe(1);
  } finally {
    working.abort();
    await worker;
  }
  // Nothing is left: no worker is needed to say so.
  out.length = 0;
  expect(await run()).toBe(0);
  expect(out).toEqual(['posted 0, refused 0; left: vouchers 0, entries in no voucher 0']);
});

it('has what is open looked at again, and says when the worker has to be started again', async () => {
  await query(
    database.knex,
    `insert into settlement.difference (id, channel_code, group_key, reason, state, account, difference_minor, currency_code, explanation)
     values ('d1', 'AMAZON', '1-2-3', 'UNKNOWN_FEE', 'OPEN', 'suspense', 1, 'GBP', ''), ('d2', 'EBAY', '4-5-6', 'UNKNOWN_FEE', 'RESOLVED', 'suspense', 1, 'GBP', '')`,
  );
  expect(await command('rematch', '--channel', 'NOBODY')).toBe(2);
  expect(await command('rematch', '--statement', 'stl_none')).toBe(2);
  expect(await query(database.knex, 'select 1 from settlement.match_due')).toEqual([]);
  expect(await command('rematch')).toBe(0);
  expect(out).toEqual([
    '1 order ids and blocks of lines are looked at again',
    'The worker still judges by other settings than config/settlement.yaml. Start it again: it then looks again by itself.',
  ]);
  expect(await query(database.knex, 'select order_key as key from settlement.match_due')).toEqual([{ key: '1-2-3' }]);
});
