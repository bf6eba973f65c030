import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { lineOf, reportOf, storeReport } from '../../../test/helpers/settlement-report.ts';
import { openForMatching } from './due.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['settlement']);
});
afterAll(() => database.drop());

it('shows a loaded statement once, and has each order and each block of other lines looked at', async () => {
  const lines = [
    lineOf({ lineNumber: 2, channelOrderId: '1-2-3' }),
    lineOf({ lineNumber: 3, channelOrderId: '1-2-3', class: 'COMMISSION', amountMinor: -150n }),
    lineOf({ lineNumber: 4, merchantOrderId: '100001' }),
    lineOf({ lineNumber: 5, class: 'FEE', amountMinor: -200n }),
    lineOf({ lineNumber: 1500, class: 'FEE', amountMinor: -300n }),
  ];
  const id = await storeReport(database.knex, reportOf('s-1', lines), lines);
  const due = 'select order_key as "orderKey", block from settlement.match_due order by order_key, block';
  const expected = [
    { orderKey: '1-2-3', block: null },
    { orderKey: '100001', block: null },
    { orderKey: null, block: '0' },
    { orderKey: null, block: '1' },
  ];
  expect(await query(database.knex, due)).toEqual(expected);
  expect(await inTransaction(database.knex, (trx) => openForMatching(trx, id))).toBe(false);
  expect(await query(database.knex, due)).toEqual(expected);
  expect(await query(database.knex, 'select state, line_count as lines from settlement.statement')).toEqual([
    { state: 'INGESTED', lines: '5' },
  ]);
});

it.each([
  'update settlement.statement_line set amount_minor = 1',
  'delete from settlement.statement_line',
  'delete from settlement.report_file',
  "update settlement.report_file set file_name = 'x'",
])('refuses to change what a statement says: %s', async (statement) => {
  await expect(query(database.knex, statement)).rejects.toThrow(/refused/);
});
