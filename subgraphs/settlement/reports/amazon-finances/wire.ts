import { z } from 'zod';

// The parts of Amazon's finances API (2024-06-19) that are read. Values that Amazon calls enumerations are plain text
// here: its own examples use values that its lists do not have. Amounts arrive as text, see exact-json.ts.

const amount = z.object({ currencyAmount: z.string(), currencyCode: z.string() });

const identifier = z.object({ relatedIdentifierName: z.string(), relatedIdentifierValue: z.string() });

interface WireBreakdown {
  breakdownType?: string | undefined;
  breakdownAmount?: z.output<typeof amount> | undefined;
  breakdowns?: WireBreakdown[] | null | undefined;
}

const breakdown: z.ZodType<WireBreakdown> = z.lazy(() =>
  z.object({
    breakdownType: z.string().optional(),
    breakdownAmount: amount.optional(),
    breakdowns: z.array(breakdown).nullish(),
  }),
);

const item = z.object({
  description: z.string().nullish(),
  relatedIdentifiers: z
    .array(z.object({ itemRelatedIdentifierName: z.string(), itemRelatedIdentifierValue: z.string() }))
    .nullish(),
  totalAmount: amount.optional(),
  breakdowns: z.array(breakdown).nullish(),
  contexts: z.array(z.object({ sku: z.string().nullish(), quantityShipped: z.string().nullish() })).nullish(),
});

const transaction = z.object({
  transactionId: z.string().nullish(),
  transactionType: z.string().optional(),
  transactionStatus: z.string().nullish(),
  description: z.string().nullish(),
  postedDate: z.string(),
  totalAmount: amount,
  relatedIdentifiers: z.array(identifier).nullish(),
  items: z.array(item).nullish(),
  breakdowns: z.array(breakdown).nullish(),
});

const page = z.object({ nextToken: z.string().nullish(), transactions: z.array(transaction).nullish() });

/** An answer of listTransactions, with or without its envelope. */
export const transactionsPage = z.union([z.object({ payload: page }).transform(({ payload }) => payload), page]);

export type WireTransaction = z.output<typeof transaction>;
export type WireItem = z.output<typeof item>;
export type { WireBreakdown };

const statement = z.object({
  breakdowns: z.array(breakdown).nullish(),
});

interface WireBalance {
  balanceType: string;
  amount: z.output<typeof amount>;
  balances?: WireBalance[] | null | undefined;
}

const balance: z.ZodType<WireBalance> = z.lazy(() =>
  z.object({ balanceType: z.string(), amount, balances: z.array(balance).nullish() }),
);

/** An answer of listBalances. */
export const balancesAnswer = z.object({ balances: z.array(balance).min(1) });

/** An answer of listSummary. */
export const summaryAnswer = z.object({ summaries: z.array(statement.extend({ netProceeds: amount })).min(1) });

export type { WireBalance };
