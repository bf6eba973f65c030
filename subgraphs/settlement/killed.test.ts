import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sleep } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { startErp } from '../../test/helpers/erp.ts';
import { startProcess } from '../../test/helpers/processes.ts';
import { exportedResults, seedSettlement, settlementPhases } from '../../test/helpers/settlement-phases.ts';
import { erpFinanceSystem } from './adapters/erp.ts';
import { erpFinanceAudit } from './adapters/erp-audit.ts';
import { verifyLedger } from './ledger/verify.ts';
import { voucherComparison } from './vouchers/comparison.ts';

/** How often it is killed at a moment of chance: `npm run test:settlement-kill` takes many. */
const KILLS = Number(process.env.SETTLEMENT_KILLS ?? 1);

let straight: TestDatabase;
let killed: TestDatabase;
let expected = '';
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
  expected = await exportedResults(straight.knex);
  // Two reports of the same orders: doubled lines, short ones, and money at the bank that is not what was announced.
  expect(expected).toContain('DUPLICATE_LINE');
  expect(expected.split('arrived at the bank')).toHaveLength(3);

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

it(
  'comes to the same bytes when it is killed at any moment, and the ERP has every voucher once',
  async () => {
    const [database, erp] = await Promise.all([createTestDatabase(['integration', 'settlement']), startErp()]);
    try {
      await seedSettlement(database.knex);
      const phases = ['report-1', 'match-some', 'bank-first', 'report-2', 'post', 'match', 'bank-second', 'post'];
      const environment = { TEST_ERP_URL: erp.system.url, TEST_ERP_TOKEN: erp.system.token };
      // Later kills find less to do; fresh reports would not: so the first ones strike early, the last ones late.
      for (let kill = 1; kill <= KILLS; kill++) {
        const running = await startProcess(
          'test/contract/settlement-process.ts',
          [database.url, ...phases],
          environment,
        );
        await sleep(Math.random() * Math.min(3_000, 400 + 60 * kill));
        await running.killHard();
        expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
      }
      const finance = erpFinanceSystem(erp.erp);
      const rest = settlementPhases(database.knex, finance);
      for (const phase of phases) await rest(phase);
      const due = () => query(database.knex, 'select 1 from settlement.match_due limit 1');
      for (; (await due()).length > 0; await sleep(50)) await rest('match');
      await rest('post');
      expect(await exportedResults(database.knex)).toBe(expected);
      expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
      const [vouchers] = await query<{ all: number; accepted: number; left: number }>(
        database.knex,
        `select count(*)::int as all, (count(*) filter (where state = 'ACCEPTED'))::int as accepted, (select count(*)::int from settlement.entry_without_voucher) as left
       from settlement.voucher`,
      );
      expect(vouchers).toEqual({ all: vouchers?.all, accepted: vouchers?.all, left: 0 });
      expect((await erp.system.counters.effects()).glDocuments).toBe(vouchers?.all);
      const { differences } = await voucherComparison({ knex: database.knex, erp: erpFinanceAudit(erp.erp) }).theirs(null, new AbortController().signal); // biome-ignore format: one thought
      expect(differences).toEqual([]);
    } finally {
      await erp.stop();
      await database.drop();
    }
  },
  60_000 + KILLS * 15_000,
);
