import DataLoader from 'dataloader';
import { inKeyOrder } from '../../platform/batch.ts';
import { type Caller, maySee } from '../../platform/caller.ts';
import { CommerceError } from '../../platform/errors.ts';
import { type Connection, type PageArgs, readPage } from '../../platform/graphql/connection.ts';
import type { RequestContext, Resolvers } from '../../platform/graphql/subgraph.ts';
import { formatAmount, type Money } from '../../platform/money.ts';
import type { Invoice, JournalEntry, JournalLine, Refund } from './model.ts';
import type { InvoiceFilter, JournalEntryFilter, SettlementReader } from './read.ts';

/** Fresh for every request: the cache must not outlive the caller's rights. */
export function createSettlementLoaders(reader: SettlementReader, caller: Caller) {
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
  };
}

export interface SettlementContext extends RequestContext {
  readonly reader: SettlementReader;
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
    // No report can be taken in, so there are no settlements and no differences.
    settlement: () => null,
    settlements: (_: unknown, page: PageArgs) => nothing(page),
    reconciliationExceptions: (_: unknown, page: PageArgs) => nothing(page),
  },

  Mutation: {
    settlementIngest: () => {
      throw new CommerceError(
        'CAPABILITY_MISSING',
        'This installation cannot take in settlement reports. Nothing was stored.',
      );
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

  Settlement: { __resolveReference: () => null },
  ReconciliationException: { __resolveReference: () => null },
  UserError: { __resolveType: (error: { __typename: string }) => error.__typename },
};
