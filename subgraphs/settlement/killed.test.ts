import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sleep } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { startProcess } from '../../test/helpers/processes.ts';
import { exportedResults, seedSettlement, settlementPhases } from '../../test/helpers/settlement-phases.ts';
import { verifyLedger } from './ledger/verify.ts';

let straight: TestDatabase;
let killed: TestDatabase;
beforeAll(async () => {
  [straight, killed] = await Promise.all([createTestDatabase(['integration', 'settlement']), createTestDatabase(['integration', 'settlement'])]); // biome-ignore format: one thought
  await Promise.all([straight, killed].map(({ knex }) => seedSettlement(knex)));
});
afterAll(() => Promise.all([straight, killed].map((database) => database.drop())));

/**
 * Starts a process on the phases and kills it, with no chance to clean up, where it waits for the ledger's head: everything of
 * its transaction is written but the postings.
 */
async function killAtTheLedger(phases: readonly string[]): Promise<void> {
  await killed.knex.transaction(async (trx) => {
    await query(trx, 'select 1 from settlement.ledger_head for update');
    const process = await startProcess('test/contract/settlement-process.ts', [killed.url, ...phases]);
    const waits = () =>
      query(
        killed.knex,
        `select 1 from pg_stat_activity where datname = current_database() and application_name = 'test-settlement' and wait_event_type = 'Lock'`,
      );
    while ((await waits()).length === 0) await sleep(20);
    await process.killHard();
  });
}

const count = async (table: string) =>
  (await query<{ count: number }>(killed.knex, `select count(*)::int as count from settlement.${table}`))[0]?.count;

it('comes to the same bytes in another order, killed in ingest, matching and bank work, and when all is done again', async () => {
  const work = settlementPhases(straight.knex);
  for (const phase of ['report-1', 'report-2', 'match', 'bank-first', 'bank-second']) await work(phase);
  const expected = await exportedResults(straight.knex);
  // Two reports of the same orders: doubled lines, short ones, and money at the bank that is not what was announced.
  expect(expected).toContain('DUPLICATE_LINE');
  expect(expected.split('payout of')).toHaveLength(3);

  // The money came first: the ingest posts its arrival at its end.
  const rest = settlementPhases(killed.knex);
  await rest('bank-second');
  await killAtTheLedger(['report-2']);
  expect(await query(killed.knex, `select 1 from settlement.statement where state <> 'LOADING'`)).toEqual([]);
  expect(await count('payout')).toBe(0);
  await rest('report-2');
  await rest('match-some');
  const matched = await count('line_match');
  expect(matched).toBeGreaterThan(0);
  await killAtTheLedger(['match']);
  expect(await count('line_match')).toBe(matched);
  await rest('match');
  await rest('report-1');
  await killAtTheLedger(['bank-first']);
  expect(await count('bank_receipt')).toBe(1);
  for (const phase of ['bank-first', 'match']) await rest(phase);
  expect(await exportedResults(killed.knex)).toBe(expected);
  expect(await verifyLedger(killed.knex)).toMatchObject({ faults: [] });

  const entries = await count('ledger_entry');
  await query(killed.knex, `insert into settlement.match_due (channel_code, order_key) select channel_code, channel_order_id from settlement.channel_order`); // biome-ignore format: one thought
  for (const phase of ['bank-first', 'bank-second', 'report-1', 'report-2', 'match']) await rest(phase);
  expect(await exportedResults(killed.knex)).toBe(expected);
  expect(await count('ledger_entry')).toBe(entries);
}, 120_000);
