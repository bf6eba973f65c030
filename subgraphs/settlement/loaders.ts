import DataLoader from 'dataloader';
import type { Knex } from 'knex';
import { inKeyOrder } from '../../platform/batch.ts';
import { type Caller, maySee } from '../../platform/caller.ts';
import type { RequestContext } from '../../platform/graphql/subgraph.ts';
import type { AnswerReader, OrderProceeds } from './answers/read.ts';
import type { ResolveDeps } from './differences/model.ts';
import type { Decision, Difference, DifferenceReader } from './differences/read.ts';
import type { Invoice, JournalEntry, JournalLine, Refund } from './model.ts';
import type { PayoutPart } from './payouts/parts.ts';
import type { Payout, PayoutReader, Receipt, ReceiptDecision } from './payouts/read.ts';
import type { SettlementReader } from './read.ts';
import type { Statement, StatementReader, StatementTotals } from './statements/read.ts';
import type { Reversal } from './statements/reversal.ts';
import type { Voucher } from './vouchers/model.ts';
import type { VoucherLine } from './vouchers/read.ts';
import type { VoucherReader } from './vouchers/reader.ts';

/** Fresh for every request: the cache must not outlive the caller's rights. */
export function createSettlementLoaders(
  { reader, statements, differences, answers, vouchers, payouts }: Readers,
  caller: Caller,
) {
  const visible = (invoice: Invoice) =>
    maySee(caller, { channelCode: invoice.channelCode, customerId: invoice.customerId, collected: false });
  const options = (name: string) => ({ name, maxBatchSize: 500 });
  return {
    invoices: new DataLoader<string, Invoice | null>(
      async (ids) =>
        inKeyOrder(ids, await reader.invoicesById(ids)).map((invoice) =>
          invoice && visible(invoice) ? invoice : null,
        ),
      options('invoice.byId'),
    ),
    invoicesByOrder: new DataLoader<string, Invoice[]>(
      async (ids) =>
        inKeyOrder(ids, await reader.invoicesByOrder(ids)).map((invoices) => (invoices ?? []).filter(visible)),
      options('invoice.byOrder'),
    ),
    refundsByOrder: new DataLoader<string, Refund[]>(
      async (ids) => inKeyOrder(ids, await reader.refundsByOrder(ids)).map((refunds) => refunds ?? []),
      options('refund.byOrder'),
    ),
    journalEntries: new DataLoader<string, JournalEntry | null>(
      async (ids) => inKeyOrder(ids, await reader.journalEntriesById(ids)),
      options('journalEntry.byId'),
    ),
    linesByEntry: new DataLoader<string, JournalLine[]>(
      async (ids) => inKeyOrder(ids, await reader.linesByEntry(ids)).map((lines) => lines ?? []),
      options('journalLine.byEntry'),
    ),
    statements: new DataLoader<string, Statement | null>(
      async (ids) => inKeyOrder(ids, await statements.statementsById(ids)),
      options('settlement.byId'),
    ),
    statementTotals: new DataLoader<string, StatementTotals | null>(
      async (ids) => inKeyOrder(ids, await statements.totals(ids)),
      options('settlement.totals'),
    ),
    reversals: new DataLoader<string, Reversal | null>(
      async (ids) => inKeyOrder(ids, await statements.reversals(ids)),
      options('reversal.bySettlement'),
    ),
    entriesByStatement: new DataLoader<string, JournalEntry[]>(
      async (ids) => inKeyOrder(ids, await reader.entriesByStatement(ids)).map((entries) => entries ?? []),
      options('journalEntry.bySettlement'),
    ),
    differences: new DataLoader<string, Difference | null>(
      async (ids) => inKeyOrder(ids, await differences.byId(ids)),
      options('reconciliationException.byId'),
    ),
    replacedBy: new DataLoader<string, Difference[]>(
      async (ids) => inKeyOrder(ids, await differences.linked(ids, 'replaced')).map((found) => found ?? []),
      options('reconciliationException.replacedBy'),
    ),
    replaces: new DataLoader<string, Difference[]>(
      async (ids) => inKeyOrder(ids, await differences.linked(ids, 'successor')).map((found) => found ?? []),
      options('reconciliationException.replaces'),
    ),
    decisions: new DataLoader<string, Decision[]>(
      async (ids) => inKeyOrder(ids, await differences.decisionsOf(ids)).map((decisions) => decisions ?? []),
      options('decision.byException'),
    ),
    vouchersByStatement: new DataLoader<string, Voucher[]>(
      async (ids) => inKeyOrder(ids, await vouchers.byStatement(ids)).map((found) => found ?? []),
      options('voucher.bySettlement'),
    ),
    linesByVoucher: new DataLoader<string, VoucherLine[]>(
      async (ids) => inKeyOrder(ids, await vouchers.linesOf(ids)).map((lines) => lines ?? []),
      options('voucherLine.byVoucher'),
    ),
    payouts: new DataLoader<string, Payout | null>(
      async (ids) => inKeyOrder(ids, await payouts.byId(ids)),
      options('payout.byId'),
    ),
    payoutByStatement: new DataLoader<string, Payout | null>(
      async (ids) => inKeyOrder(ids, await payouts.byStatement(ids)),
      options('payout.bySettlement'),
    ),
    payoutParts: new DataLoader<string, PayoutPart[]>(
      async (ids) => inKeyOrder(ids, await payouts.parts(ids)).map((parts) => parts ?? []),
      options('payoutPart.byPayout'),
    ),
    receipts: new DataLoader<string, Receipt | null>(
      async (ids) => inKeyOrder(ids, await payouts.receiptsById(ids)),
      options('bankReceipt.byId'),
    ),
    receiptsByPayout: new DataLoader<string, Receipt[]>(
      async (ids) => inKeyOrder(ids, await payouts.receiptsByPayout(ids)).map((found) => found ?? []),
      options('bankReceipt.byPayout'),
    ),
    receiptDecisions: new DataLoader<string, ReceiptDecision[]>(
      async (ids) => inKeyOrder(ids, await payouts.receiptDecisions(ids)).map((found) => found ?? []),
      options('receiptDecision.byReceipt'),
    ),
    settlementStatus: new DataLoader<string, string | null>(
      async (ids) => inKeyOrder(ids, await differences.statusOfOrders(ids)),
      options('settlementStatus.byOrder'),
    ),
    proceeds: new DataLoader<string, OrderProceeds | null>(
      async (ids) => inKeyOrder(ids, await answers.proceeds(ids)),
      options('proceeds.byOrder'),
    ),
  };
}

export interface Readers {
  readonly reader: SettlementReader;
  readonly statements: StatementReader;
  readonly differences: DifferenceReader;
  readonly answers: AnswerReader;
  readonly vouchers: VoucherReader;
  readonly payouts: PayoutReader;
}

export interface SettlementContext extends RequestContext, Readers {
  readonly knex: Knex;
  /** How decisions are posted. */
  readonly books: ResolveDeps;
  readonly loaders: ReturnType<typeof createSettlementLoaders>;
}
