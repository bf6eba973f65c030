import type { PageArgs } from '../../platform/graphql/connection.ts';
import type { Resolvers } from '../../platform/graphql/subgraph.ts';
import { formatAmount, type Money, money } from '../../platform/money.ts';
import type { AgeBucket, FeeFilter, FeeSum, OrderProceeds } from './answers/read.ts';
import { listRefusals, type RefusalFilter } from './answers/refusals.ts';
import type { DifferenceGroup } from './differences/groups.ts';
import { reopen, resolve, resolveAlike } from './differences/mutations.ts';
import type { Decision, Difference, DifferenceFilter } from './differences/read.ts';
import type { ResolveResult } from './differences/resolve.ts';
import { settlementIngest } from './ingest/mutation.ts';
import type { SettlementContext } from './loaders.ts';
import type { Invoice, JournalEntry, JournalLine, Refund } from './model.ts';
import type { ReceiptResult } from './payouts/by-hand.ts';
import { bankReceiptMatch, bankReceiptRelease } from './payouts/mutations.ts';
import type { PayoutPart } from './payouts/parts.ts';
import type { Payout, PayoutFilter, Receipt, ReceiptDecision, ReceiptFilter } from './payouts/read.ts';
import type { InvoiceFilter, JournalEntryFilter } from './read.ts';
import { settlementReverse } from './statements/mutation.ts';
import type { Statement, StatementFilter, StatementLine, StatementTotals } from './statements/read.ts';
import type { Voucher } from './vouchers/model.ts';
import type { VoucherFilter } from './vouchers/reader.ts';

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

/** The same about money at the bank. */
async function ofReceipt({ loaders }: SettlementContext, result: Promise<ReceiptResult>) {
  const { receiptId, payoutId, entryId, userErrors } = await result;
  return {
    receipt: receiptId === null ? null : await loaders.receipts.clear(receiptId).load(receiptId),
    payout: payoutId === null ? null : await loaders.payouts.clear(payoutId).load(payoutId),
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
    settlementRefusals: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: RefusalFilter | null },
      { knex }: SettlementContext,
    ) => listRefusals(knex, filter ?? {}, page),
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
    bankReceiptMatch: (
      _: unknown,
      { receiptId, input }: { receiptId: string; input: Parameters<typeof bankReceiptMatch>[2] },
      context: SettlementContext,
    ) => ofReceipt(context, bankReceiptMatch(context, receiptId, input)),
    bankReceiptRelease: (
      _: unknown,
      { receiptId, input }: { receiptId: string; input: Parameters<typeof bankReceiptRelease>[2] },
      context: SettlementContext,
    ) => ofReceipt(context, bankReceiptRelease(context, receiptId, input)),
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
    received: ({ received }: Payout) => toMoney(received),
    difference: ({ difference }: Payout) => difference && toMoney(difference),
    differenceParts: async ({ id, isCarriedExactly }: Payout, _: unknown, { loaders }: SettlementContext) =>
      (await loaders.payoutParts.load(id)).map((part) => ({ ...part, isCertain: part.isCertain ?? isCarriedExactly })), // biome-ignore format: one thought
    receipt: async ({ id }: Payout, _: unknown, { loaders }: SettlementContext) =>
      (await loaders.receiptsByPayout.load(id))[0] ?? null,
    receipts: ({ id }: Payout, _: unknown, { loaders }: SettlementContext) => loaders.receiptsByPayout.load(id),
    settlement: ({ settlementId }: Payout, _: unknown, { loaders }: SettlementContext) =>
      settlementId === null ? null : loaders.statements.load(settlementId),
  },
  PayoutDifferencePart: {
    amount: ({ amount }: PayoutPart) => toMoney(amount),
    carriedFrom: ({ carriedFromId }: PayoutPart, _: unknown, { loaders }: SettlementContext) =>
      carriedFromId === null ? null : loaders.payouts.load(carriedFromId),
    exception: ({ exceptionId }: PayoutPart, _: unknown, { loaders }: SettlementContext) =>
      exceptionId === null ? null : loaders.differences.load(exceptionId),
  },
  BankReceipt: {
    amount: ({ amount }: Receipt) => toMoney(amount),
    payoutAmount: ({ payoutAmount }: Receipt) => (payoutAmount === null ? null : toMoney(payoutAmount)),
    payout: ({ payoutId }: Receipt, _: unknown, { loaders }: SettlementContext) =>
      payoutId === null ? null : loaders.payouts.load(payoutId),
    takesBack: ({ takesBackId }: Receipt, _: unknown, { loaders }: SettlementContext) =>
      takesBackId === null ? null : loaders.receipts.load(takesBackId),
    contradicts: ({ contradictsId }: Receipt, _: unknown, { loaders }: SettlementContext) =>
      contradictsId === null ? null : loaders.receipts.load(contradictsId),
    decisions: ({ id }: Receipt, _: unknown, { loaders }: SettlementContext) => loaders.receiptDecisions.load(id),
  },
  BankReceiptDecision: {
    payout: ({ payoutId }: ReceiptDecision, _: unknown, { loaders }: SettlementContext) =>
      loaders.payouts.load(payoutId),
    journalEntry: ({ entryId }: ReceiptDecision, _: unknown, { loaders }: SettlementContext) =>
      entryId === null ? null : loaders.journalEntries.load(entryId),
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
    openDifference: (totals: StatementTotals) => toMoney(totals.openDifference),
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
    replaces: ({ id }: Difference, _: unknown, { loaders }: SettlementContext) => loaders.replaces.load(id),
    replacedBy: ({ id }: Difference, _: unknown, { loaders }: SettlementContext) => loaders.replacedBy.load(id),
  },
  ReconciliationDecision: {
    undoneByEntry: ({ undoneByEntryId }: Decision, _: unknown, { loaders }: SettlementContext) =>
      undoneByEntryId === null ? null : loaders.journalEntries.load(undoneByEntryId),
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
