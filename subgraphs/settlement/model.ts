import type { Money } from '../../platform/money.ts';

export type InvoiceStatus = 'DRAFT' | 'POSTED' | 'PAID' | 'CANCELLED';
export type RefundStatus = 'NONE' | 'PENDING' | 'PARTIAL' | 'SETTLED' | 'FAILED';
export type BookingSide = 'DEBIT' | 'CREDIT';

export const RECONCILIATION_REASONS = [
  'MISSING_ORDER',
  'AMOUNT_DIFFERENCE',
  'QUANTITY_DIFFERENCE',
  'UNKNOWN_FEE',
  'DUPLICATE_LINE',
  'LATE_REFUND',
  'EXCHANGE_RATE_DIFFERENCE',
  'TAX_DIFFERENCE',
  'PERIOD_SHIFT',
  'UNKNOWN_SKU',
  'OVERLOADED_ORDER_ID',
  'NOT_SETTLED',
] as const;
export type ReconciliationReason = (typeof RECONCILIATION_REASONS)[number];

/** A bill for goods that left, as the ERP has it. */
export interface Invoice {
  readonly id: string;
  readonly number: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly customerId: string | null;
  readonly status: InvoiceStatus;
  readonly issuedAt: Date;
  readonly net: Money;
  readonly tax: Money;
  readonly total: Money;
}

/** Money paid back to a buyer. */
export interface Refund {
  readonly id: string;
  readonly orderId: string;
  readonly amount: Money;
  readonly status: RefundStatus;
  readonly creditMemoNumber: string | null;
}

/** A posting of the ledger. */
export interface JournalEntry {
  readonly id: string;
  readonly number: string;
  readonly postedAt: Date;
  readonly description: string;
  /** Whose posting it is: the ERP's, or one of the channel ledger. */
  readonly book: 'ERP' | 'CHANNEL_LEDGER';
}

export interface JournalLine {
  readonly entryId: string;
  readonly account: string;
  readonly side: BookingSide;
  readonly amount: Money;
}

/** A refund is settled when its credit memo is paid out. */
export function refundStatusOf(status: InvoiceStatus): RefundStatus {
  switch (status) {
    case 'PAID':
      return 'SETTLED';
    case 'CANCELLED':
      return 'FAILED';
    case 'DRAFT':
    case 'POSTED':
      return 'PENDING';
  }
}
