import DataLoader from 'dataloader';
import type { Knex } from 'knex';
import { inKeyOrder } from '../../platform/batch.ts';
import { type Caller, maySee } from '../../platform/caller.ts';
import { type Connection, type PageArgs, readPage } from '../../platform/graphql/connection.ts';
import type { RequestContext, Resolvers } from '../../platform/graphql/subgraph.ts';
import { formatAmount, type Money } from '../../platform/money.ts';
import { settlementIngest } from './ingest/mutation.ts';
import type { Invoice, JournalEntry, JournalLine, Refund } from './model.ts';
import type { InvoiceFilter, JournalEntryFilter, SettlementReader } from './read.ts';
import type { Statement, StatementFilter, StatementLine, StatementReader, StatementTotals } from './statements/read.ts';

/** Fresh for every request: the cache must not outlive the caller's rights. */
export function createSettlementLoaders(reader: SettlementReader, statements: StatementReader, caller: Caller) {
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
  };
}

export interface SettlementContext extends RequestContext {
  readonly knex: Knex;
  readonly reader: SettlementReader;
  readonly statements: StatementReader;
  readonly loaders: ReturnType<typeof createSettlementLoaders>;
}

const toMoney = (amount: Money) => ({ amount: formatAmount(amount), currencyCode: amount.currencyCode });

/** A list that is empty because nothing of its kind exists. The page is still checked. */
function nothing(page: PageArgs): Connection<never> & { totalCount: number } {
  readPage(page, 1);
  return {
    edges: [],
    nodes: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    totalCount: 0,
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
    settlement: (_: unknown, { id }: { id: string }, { loaders }: SettlementContext) => loaders.statements.load(id),
    settlements: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: StatementFilter | null },
      { statements }: SettlementContext,
    ) => statements.statements(filter ?? {}, page),
    // Nothing is compared yet, so there are no differences.
    reconciliationExceptions: (_: unknown, page: PageArgs) => nothing(page),
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
    reconciliationExceptionResolve: () => ({
      exception: null,
      journalEntry: null,
      userErrors: [{ code: 'NOT_FOUND', field: ['exceptionId'], message: 'There is no such difference.' }],
    }),
  },

  Order: {
    // The order subgraph decides who sees the order; here only what hangs on it is filtered.
    __resolveReference: (order: { id: string; channel?: { kind: string } }) => order,
    invoices: ({ id }: { id: string }, _: unknown, { loaders }: SettlementContext) => loaders.invoicesByOrder.load(id),
    refunds: ({ id }: { id: string }, _: unknown, { loaders }: SettlementContext) => loaders.refundsByOrder.load(id),
    settlementStatus: ({ channel }: { channel?: { kind: string } }) =>
      channel?.kind === 'MARKETPLACE' ? 'AWAITING_SETTLEMENT' : 'NOT_APPLICABLE',
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
    journalEntries: () => [], // none is posted yet
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
    exception: () => null, // no difference is recorded yet
  },
  ReconciliationException: { __resolveReference: () => null },
  UserError: { __resolveType: (error: { __typename: string }) => error.__typename },
};
