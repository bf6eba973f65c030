import DataLoader from 'dataloader';
import type { Knex } from 'knex';
import { inKeyOrder } from '../../platform/batch.ts';
import { type Caller, maySee } from '../../platform/caller.ts';
import type { PageArgs } from '../../platform/graphql/connection.ts';
import type { RequestContext, Resolvers } from '../../platform/graphql/subgraph.ts';
import { formatAmount, type Money, money } from '../../platform/money.ts';
import type { AgeBucket, AnswerReader, FeeFilter, FeeSum, OrderProceeds } from './answers/read.ts';
import type { DifferenceGroup } from './differences/groups.ts';
import type { ResolveDeps } from './differences/model.ts';
import { reopen, resolve, resolveAlike } from './differences/mutations.ts';
import type { Decision, Difference, DifferenceFilter, DifferenceReader } from './differences/read.ts';
import type { ResolveResult } from './differences/resolve.ts';
import { settlementIngest } from './ingest/mutation.ts';
import type { Invoice, JournalEntry, JournalLine, Refund } from './model.ts';
import type { Payout, PayoutFilter, PayoutReader, Receipt, ReceiptFilter } from './payouts/read.ts';
import type { InvoiceFilter, JournalEntryFilter, SettlementReader } from './read.ts';
import { settlementReverse } from './statements/mutation.ts';
import type { Statement, StatementFilter, StatementLine, StatementReader, StatementTotals } from './statements/read.ts';
import type { Reversal } from './statements/reversal.ts';
import type { Voucher } from './vouchers/model.ts';
import type { VoucherLine } from './vouchers/read.ts';
import type { VoucherFilter, VoucherReader } from './vouchers/reader.ts';

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
    receipts: new DataLoader<string, Receipt | null>(
      async (ids) => inKeyOrder(ids, await payouts.receiptsById(ids)),
      options('bankReceipt.byId'),
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

const toMoney = (amount: Money) => ({ amount: formatAmount(amount), currencyCode: amount.currencyCode });

/** The answer of a decision, with what it was about as it is now. */
async function answered({ loaders }: SettlementContext, result: Promise<ResolveResult>) {
  const { exceptionId, entryId, userErrors } = await result;
  return {
    exception: exceptionId === null ? null : await loaders.differences.clear(exceptionId).load(exceptionId),
    journalEntry: entryId === null ? null : await loaders.journalEntries.clear(entryId).load(entryId),
    userErrors,
  };
}

export const resolvers: Resolvers = {
  Query: {
    invoices: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: InvoiceFilter | null },
      { reader, caller }: SettlementContext,
    ) => reader.invoices(caller, filter ?? {}, page),
    journalEntries: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: JournalEntryFilter | null },
      { reader }: SettlementContext,
    ) => reader.journalEntries(filter ?? {}, page),
    journalVouchers: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: VoucherFilter | null },
      { vouchers }: SettlementContext,
    ) => vouchers.list(filter ?? {}, page),
    payouts: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: PayoutFilter | null },
      { payouts }: SettlementContext,
    ) => payouts.list(filter ?? {}, page),
    bankReceipts: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: ReceiptFilter | null },
      { payouts }: SettlementContext,
    ) => payouts.receipts(filter ?? {}, page),
    accountingPeriod: (_: unknown, { month }: { month: string }, { vouchers }: SettlementContext) =>
      vouchers.period(month),
    settlement: (_: unknown, { id }: { id: string }, { loaders }: SettlementContext) => loaders.statements.load(id),
    settlements: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: StatementFilter | null },
      { statements }: SettlementContext,
    ) => statements.statements(filter ?? {}, page),
    reconciliationExceptions: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: DifferenceFilter | null },
      { differences }: SettlementContext,
    ) => differences.list(filter ?? {}, page),
    reconciliationAging: (
      _: unknown,
      { channelCode }: { channelCode?: string | null },
      { answers }: SettlementContext,
    ) => answers.aging(channelCode ?? null),
    reconciliationExceptionGroups: (
      _: unknown,
      { channelCode, settlementId }: { channelCode?: string | null; settlementId?: string | null },
      { differences }: SettlementContext,
    ) => differences.groups(channelCode ?? null, settlementId ?? null),
    channelFees: (_: unknown, { filter }: { filter: FeeFilter }, { answers }: SettlementContext) =>
      answers.fees(filter),
  },

  Mutation: {
    async settlementIngest(
      _: unknown,
      { input }: { input: Parameters<typeof settlementIngest>[1] },
      context: SettlementContext,
    ) {
      const { settlementId, ...answer } = await settlementIngest(context, input);
      return {
        ...answer,
        settlement:
          settlementId === null ? null : await context.loaders.statements.clear(settlementId).load(settlementId),
      };
    },
    async settlementReverse(
      _: unknown,
      { settlementId, input }: { settlementId: string; input: Parameters<typeof settlementReverse>[2] },
      context: SettlementContext,
    ) {
      const { settlementId: id, userErrors } = await settlementReverse(context, settlementId, input);
      return { userErrors, settlement: id === null ? null : await context.loaders.statements.clear(id).load(id) };
    },
    reconciliationExceptionResolve: (
      _: unknown,
      { exceptionId, input }: { exceptionId: string; input: Parameters<typeof resolve>[2] },
      context: SettlementContext,
    ) => answered(context, resolve(context, exceptionId, input)),
    reconciliationExceptionsResolve: async (
      _: unknown,
      { filter, input }: { filter: Parameters<typeof resolveAlike>[1]; input: Parameters<typeof resolveAlike>[2] },
      context: SettlementContext,
    ) => {
      const { outcome, userErrors } = await resolveAlike(context, filter, input);
      const { decided = 0, proposed = 0, remaining = null } = outcome ?? {};
      return { decidedCount: decided, proposedCount: proposed, remainingCount: remaining, userErrors };
    },
    reconciliationExceptionReopen: (
      _: unknown,
      { exceptionId, input }: { exceptionId: string; input: Parameters<typeof reopen>[2] },
      context: SettlementContext,
    ) => answered(context, reopen(context, exceptionId, input)),
  },

  Order: {
    // The order subgraph decides who sees the order; here only what hangs on it is filtered.
    __resolveReference: (order: { id: string; channel?: { kind: string } }) => order,
    invoices: ({ id }: { id: string }, _: unknown, { loaders }: SettlementContext) => loaders.invoicesByOrder.load(id),
    refunds: ({ id }: { id: string }, _: unknown, { loaders }: SettlementContext) => loaders.refundsByOrder.load(id),
    settlementStatus: async (
      { id, channel }: { id: string; channel?: { kind: string } },
      _: unknown,
      { loaders }: SettlementContext,
    ) =>
      channel?.kind === 'MARKETPLACE'
        ? ((await loaders.settlementStatus.load(id)) ?? 'AWAITING_SETTLEMENT')
        : 'NOT_APPLICABLE',
    proceeds: ({ id }: { id: string }, _: unknown, { loaders }: SettlementContext) => loaders.proceeds.load(id),
  },

  OrderProceeds: {
    net: (proceeds: OrderProceeds) => toMoney(proceeds.net),
    fees: (proceeds: OrderProceeds) => toMoney(proceeds.fees),
    settled: (proceeds: OrderProceeds) => toMoney(proceeds.settled),
    costOfGoods: ({ costOfGoods }: OrderProceeds) => costOfGoods && toMoney(costOfGoods),
    margin: ({ net, fees, costOfGoods }: OrderProceeds) =>
      costOfGoods && toMoney({ ...net, amountMinor: net.amountMinor + fees.amountMinor - costOfGoods.amountMinor }),
  },

  Invoice: {
    __resolveReference: ({ id }: { id: string }, { loaders }: SettlementContext) => loaders.invoices.load(id),
    net: (invoice: Invoice) => toMoney(invoice.net),
    tax: (invoice: Invoice) => toMoney(invoice.tax),
    total: (invoice: Invoice) => toMoney(invoice.total),
    order: (invoice: Invoice) => ({ __typename: 'Order', id: invoice.orderId }),
  },

  Refund: { amount: (refund: Refund) => toMoney(refund.amount) },

  JournalEntry: {
    __resolveReference: ({ id }: { id: string }, { loaders }: SettlementContext) => loaders.journalEntries.load(id),
    lines: (entry: JournalEntry, _: unknown, { loaders }: SettlementContext) => loaders.linesByEntry.load(entry.id),
  },

  JournalLine: { amount: (line: JournalLine) => toMoney(line.amount) },

  Settlement: {
    __resolveReference: ({ id }: { id: string }, { loaders }: SettlementContext) => loaders.statements.load(id),
    channel: (statement: Statement) => ({ __typename: 'Channel', code: statement.channelCode }),
    total: (statement: Statement) => toMoney(statement.total),
    totals: (statement: Statement, _: unknown, { loaders }: SettlementContext) =>
      loaders.statementTotals.load(statement.id),
    lines: (
      { id }: Statement,
      { filter, ...page }: PageArgs & { filter?: { matchState?: string | null } | null },
      { statements }: SettlementContext,
    ) => statements.lines(id, filter ?? {}, page),
    journalEntries: ({ id }: Statement, _: unknown, { loaders }: SettlementContext) =>
      loaders.entriesByStatement.load(id),
    vouchers: ({ id }: Statement, _: unknown, { loaders }: SettlementContext) => loaders.vouchersByStatement.load(id),
    payout: ({ id }: Statement, _: unknown, { loaders }: SettlementContext) => loaders.payoutByStatement.load(id),
    reversal: ({ id }: Statement, _: unknown, { loaders }: SettlementContext) => loaders.reversals.load(id),
  },
  Payout: {
    channel: ({ channelCode }: Payout) => ({ __typename: 'Channel', code: channelCode }),
    amount: ({ amount }: Payout) => toMoney(amount),
    announced: ({ announced }: Payout) => announced && toMoney(announced),
    carriedForward: ({ carriedForward }: Payout) => toMoney(carriedForward),
    carriedInto: ({ carriedIntoId }: Payout, _: unknown, { loaders }: SettlementContext) =>
      carriedIntoId === null ? null : loaders.payouts.load(carriedIntoId),
    receipt: ({ receiptId }: Payout, _: unknown, { loaders }: SettlementContext) =>
      receiptId === null ? null : loaders.receipts.load(receiptId),
    settlement: ({ settlementId }: Payout, _: unknown, { loaders }: SettlementContext) =>
      settlementId === null ? null : loaders.statements.load(settlementId),
  },
  BankReceipt: {
    amount: ({ amount }: Receipt) => toMoney(amount),
    payout: ({ payoutId }: Receipt, _: unknown, { loaders }: SettlementContext) =>
      payoutId === null ? null : loaders.payouts.load(payoutId),
  },
  JournalVoucher: {
    month: ({ period }: Voucher) => period,
    channel: ({ channelCode }: Voucher) => (channelCode === '' ? null : { __typename: 'Channel', code: channelCode }),
    total: ({ totalMinor, currencyCode }: Voucher) => toMoney(money(totalMinor, currencyCode)),
    documentNumber: ({ erpNumber }: Voucher) => erpNumber,
    lines: async ({ id, currencyCode }: Voucher, _: unknown, { loaders }: SettlementContext) =>
      (await loaders.linesByVoucher.load(id)).map((line) => ({
        ...line,
        amount: money(line.amountMinor, currencyCode),
      })),
  },
  SettlementTotals: {
    sales: (totals: StatementTotals) => toMoney(totals.sales),
    refunds: (totals: StatementTotals) => toMoney(totals.refunds),
    fees: (totals: StatementTotals) => toMoney(totals.fees),
    other: (totals: StatementTotals) => toMoney(totals.other),
  },
  SettlementLine: {
    id: (line: StatementLine) => `${line.statementId}.${line.lineNumber}`,
    amount: (line: StatementLine) => toMoney(line.amount),
    order: ({ orderId }: StatementLine) => (orderId === null ? null : { __typename: 'Order', id: orderId }),
    exception: ({ exceptionId }: StatementLine, _: unknown, { loaders }: SettlementContext) =>
      exceptionId === null ? null : loaders.differences.load(exceptionId),
  },

  ReconciliationException: {
    __resolveReference: ({ id }: { id: string }, { loaders }: SettlementContext) => loaders.differences.load(id),
    expected: ({ expected }: Difference) => expected && toMoney(expected),
    actual: ({ actual }: Difference) => actual && toMoney(actual),
    difference: ({ difference }: Difference) => toMoney(difference),
    order: ({ orderId }: Difference) => (orderId === null ? null : { __typename: 'Order', id: orderId }),
    settlement: ({ statementId }: Difference, _: unknown, { loaders }: SettlementContext) =>
      statementId === null ? null : loaders.statements.load(statementId),
    decisions: ({ id }: Difference, _: unknown, { loaders }: SettlementContext) => loaders.decisions.load(id),
  },
  ReconciliationDecision: {
    journalEntry: ({ entryId }: Decision, _: unknown, { loaders }: SettlementContext) =>
      entryId === null ? null : loaders.journalEntries.load(entryId),
  },
  ReconciliationExceptionConnection: {
    totalCount: ({ filter }: { filter: DifferenceFilter }, _: unknown, { differences }: SettlementContext) =>
      differences.count(filter),
  },
  ReconciliationExceptionGroup: {
    channel: ({ channelCode }: DifferenceGroup) => ({ __typename: 'Channel', code: channelCode }),
    total: ({ total }: DifferenceGroup) => toMoney(total),
  },
  ReconciliationAge: {
    channel: ({ channelCode }: AgeBucket) => ({ __typename: 'Channel', code: channelCode }),
    total: ({ total }: AgeBucket) => toMoney(total),
  },
  ChannelFee: {
    channel: ({ channelCode }: FeeSum) => ({ __typename: 'Channel', code: channelCode }),
    total: ({ total }: FeeSum) => toMoney(total),
  },
  UserError: { __resolveType: (error: { __typename: string }) => error.__typename },
};
