import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { resolveDifference } from '../../../subgraphs/settlement/differences/resolve.ts';
import { loadPostingRules } from '../../../subgraphs/settlement/ledger/posting-rules.ts';
import { createMatcher } from '../../../subgraphs/settlement/matching/matcher.ts';
import { loadSettlementSettings } from '../../../subgraphs/settlement/matching/settings.ts';
import { matchReceiptByHand } from '../../../subgraphs/settlement/payouts/by-hand.ts';
import { reverseByTwo } from '../../../subgraphs/settlement/statements/reversal.ts';
import { canonicalFile } from '../../helpers/settlement-files.ts';
import { lineOf, reportOf, storeReport } from '../../helpers/settlement-report.ts';
import type { MutationCases } from '../mutation-case.ts';
import { backOffice } from '../world.ts';

const finance = backOffice('finance');

const report = () => ({
  channelCode: 'AMAZON',
  format: 'CANONICAL_CSV',
  content: canonicalFile(randomUUID(), [{ class: 'SALE', amountMinor: 1_250, orderId: '1-2-3' }]),
});

export const settlement: MutationCases = {
  settlementIngest: {
    caller: finance,
    prepare: async () => ({ input: report() }),
    otherwise: () => ({ input: report() }),
  },
  settlementReverse: {
    caller: finance,
    prepare: async ({ knex }) => {
      const settlementId = await settled(knex);
      await inTransaction(knex, (trx) => reverseByTwo(trx, loadPostingRules(), settlementId, 'Corrected.', 'test'));
      return { settlementId, input: { note: 'Corrected.' } };
    },
    otherwise: ({ settlementId }) => ({ settlementId, input: { note: 'Sent by mistake.' } }),
  },
  reconciliationExceptionResolve: {
    caller: finance,
    prepare: async ({ knex }) => ({
      exceptionId: await difference(knex),
      input: { resolution: 'RAISE_DISPUTE', note: 'Ask them.' },
    }),
    otherwise: ({ exceptionId }) => ({ exceptionId, input: { resolution: 'ACCEPT_ACTUAL', note: 'It is right.' } }),
  },
  reconciliationExceptionsResolve: {
    caller: finance,
    prepare: async ({ knex }) => {
      await difference(knex);
      return {
        filter: { channelCode: 'AMAZON', reason: 'MISSING_ORDER', currencyCode: 'GBP' },
        input: { resolution: 'RAISE_DISPUTE', note: 'Ask them.' },
      };
    },
    otherwise: ({ filter }) => ({ filter, input: { resolution: 'RAISE_DISPUTE', note: 'Ask them again.' } }),
  },
  reconciliationExceptionReopen: {
    caller: finance,
    prepare: async ({ knex }) => {
      const exceptionId = await difference(knex);
      const books = { rules: loadPostingRules(), settings: loadSettlementSettings() };
      await inTransaction(knex, (trx) =>
        resolveDifference(trx, books, exceptionId, { resolution: 'ACCEPT_ACTUAL', note: 'It is right.' }, 'test'),
      );
      return { exceptionId, input: { note: 'It is not.' } };
    },
    otherwise: ({ exceptionId }) => ({ exceptionId, input: { note: 'Really not.' } }),
  },
  bankReceiptMatch: {
    caller: finance,
    prepare: async ({ knex }) => {
      const { receiptId, payoutId } = await credit(knex);
      return { receiptId, input: { payoutId, note: 'Told by phone.' } };
    },
    otherwise: ({ receiptId, input }) => ({ receiptId, input: { ...(input as object), note: 'Told by letter.' } }),
  },
  bankReceiptRelease: {
    caller: finance,
    prepare: async ({ knex }) => {
      const { receiptId, payoutId } = await credit(knex);
      await inTransaction(knex, (trx) =>
        matchReceiptByHand(trx, loadPostingRules(), receiptId, { payoutId, note: 'Told by phone.' }, 'test'),
      );
      return { receiptId, input: { note: 'It is another.' } };
    },
    otherwise: ({ receiptId }) => ({ receiptId, input: { note: 'It is a third one.' } }),
  },
};

/** Money at the bank that names nothing, and a payout that waits for it. */
async function credit(knex: Knex): Promise<{ receiptId: string; payoutId: string }> {
  const [receiptId, payoutId] = [randomUUID(), randomUUID()];
  await query(
    knex,
    `insert into settlement.payout (id, channel_code, external_id, state, amount_minor, currency_code) values (?, 'AMAZON', ?, 'IN_TRANSIT', 700, 'GBP')`,
    [payoutId, payoutId],
  );
  await query(
    knex,
    `insert into settlement.bank_receipt (id, source, account_tail, bank_reference, remittance, amount_minor, currency_code, booked_on)
     values (?, 'BANK_CSV', '', ?, '', 700, 'GBP', '2026-11-17')`,
    [receiptId, receiptId],
  );
  return { receiptId, payoutId };
}

/** A settled order that nobody knows. @returns the id of its settlement */
async function settled(knex: Knex): Promise<string> {
  const externalId = randomUUID();
  const lines = [lineOf({ channelOrderId: externalId, amountMinor: 500n })];
  return storeReport(knex, reportOf(externalId, lines), lines);
}

/** The same, matched. @returns the id of the difference it became */
async function difference(knex: Knex): Promise<string> {
  const statementId = await settled(knex);
  const deps = { knex, rules: loadPostingRules(), settings: loadSettlementSettings(), now: () => new Date() };
  await createMatcher(deps).catchUp(new AbortController().signal);
  const [found] = await query<{ id: string }>(knex, 'select id from settlement.difference where statement_id = ?', [
    statementId,
  ]);
  return found?.id ?? 'none';
}
