import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { exportCsv } from '../../subgraphs/settlement/answers/export.ts';
import { ingestReport } from '../../subgraphs/settlement/ingest/ingest.ts';
import { loadPostingRules } from '../../subgraphs/settlement/ledger/posting-rules.ts';
import { createMatcher } from '../../subgraphs/settlement/matching/matcher.ts';
import { loadSettlementSettings } from '../../subgraphs/settlement/matching/settings.ts';
import { takeBankStatement } from '../../subgraphs/settlement/payouts/receipts.ts';
import type { FinanceSystem } from '../../subgraphs/settlement/port.ts';
import { requestVoucherRun } from '../../subgraphs/settlement/vouchers/run.ts';
import { createVoucherWork } from '../../subgraphs/settlement/vouchers/worker.ts';
import { CHANNEL, reportText, seedOrders } from '../../tools/bench-settlement/seed.ts';
import { sourceOf } from './settlement-files.ts';

/** Lines of each report, and the orders that both are about: what the second settles is doubled. */
const LINES = 1_000;
const ORDERS = 100;
const BANK = {
  first: 'killed-1,1000.00',
  second: 'killed-2,9.99',
};

/** Makes the orders that the reports are about; the same in every database. */
export const seedSettlement = (knex: Knex): Promise<void> => seedOrders(knex, ORDERS);

/**
 * What there is to do: two reports, two bank statements whose money differs from what is announced, matching, and posting where
 * there is an ERP. Each phase may be done again. Matching takes small steps and vouchers few entries, so that they have a middle.
 */
export function settlementPhases(knex: Knex, erp: FinanceSystem | null = null): (phase: string) => Promise<void> {
  const rules = loadPostingRules();
  const settings = loadSettlementSettings();
  const now = () => new Date('2026-11-27T00:00:00Z');
  const { step } = createMatcher({ knex, rules, settings, now });
  const report = (id: string) => sourceOf([...reportText(LINES, id)].join(''), { channelCode: CHANNEL });
  const bank = (place: keyof typeof BANK) => {
    const [reference, amount] = BANK[place].split(',');
    const text = `booked_on,amount,currency,remittance\n2026-11-20,${amount},GBP,PAYMENT ${reference}\n`;
    return takeBankStatement(knex, rules, { format: 'BANK_CSV', actor: 'test', bytes: async function* () { yield Buffer.from(text); } }); // biome-ignore format: one thought
  };
  return async (phase) => {
    switch (phase) {
      case 'report-1':
      case 'report-2':
        return whenFree(() => ingestReport(knex, report(phase.replace('report', 'killed')), { rules }));
      case 'bank-first':
        await bank('first');
        return;
      case 'bank-second':
        await bank('second');
        return;
      case 'match-some':
        await step(50);
        return;
      case 'match':
        while ((await step(50)) > 0);
        return;
      case 'post':
        if (erp === null) throw new Error('posting needs an ERP');
        await requestVoucherRun(knex, { period: null, channelCode: null }, 'test');
        await post(knex, erp);
        return;
      default:
        throw new Error(`no phase ${phase}`);
    }
  };
}

/** Does every run that is asked for. */
async function post(knex: Knex, erp: FinanceSystem): Promise<void> {
  const desk = { raise: async () => undefined, resolve: async () => undefined };
  const work = createVoucherWork({ knex, erp, desk, mostEntries: 25, onFailure: () => undefined });
  const asked = () => query(knex, `select 1 from settlement.voucher_run where state <> 'DONE' limit 1`);
  // Another process that was killed at it holds its place until the server notices.
  while ((await asked()).length > 0) if (!(await work.step(new AbortController().signal))) await sleep(50);
}

/** Everything that settlement found out, as it is exported. */
export async function exportedResults(knex: Knex): Promise<string> {
  const written: string[] = [];
  for (const name of ['differences', 'lines', 'fees', 'orders', 'balances'] as const)
    await exportCsv(knex, name, (line) => written.push(`${name}: ${line}`));
  return written.join('\n');
}

/** The server notices the end of a killed client when it next looks at the connection. */
async function whenFree(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === 100 || !isCommerceError(error) || error.code !== 'OVERLOADED') throw error;
      await sleep(100);
    }
  }
}
