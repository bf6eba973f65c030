/** What a row of a report is about, before it is split into its components. */
export const TRANSACTION_KINDS = [
  'ORDER',
  'REFUND',
  'FEE',
  'ADJUSTMENT',
  'RESERVE',
  'CHARGEBACK',
  'TRANSFER',
  'OTHER',
] as const;
export type TransactionKind = (typeof TRANSACTION_KINDS)[number];

/**
 * Our class of a money row: decides what it is compared with and how it is posted.
 * Amounts are signed from our side: what the channel owes us is positive, what it keeps is negative.
 */
export const LINE_CLASSES = [
  /** Price of goods. */
  'SALE',
  /** Tax on the goods that the channel collected and passes on. */
  'SALE_TAX',
  /** Delivery, gift wrap and the like, paid by the buyer; negative when given back. */
  'SHIPPING',
  /** Tax on these; negative when given back. */
  'SHIPPING_TAX',
  /** A discount that we bear: negative. */
  'PROMOTION',
  /** Price given back: negative. */
  'REFUND',
  /** Tax on the goods given back with it: negative. */
  'REFUND_TAX',
  /** The channel's commission; positive when it is given back with a refund. */
  'COMMISSION',
  /** Any other fee of the channel. */
  'FEE',
  /** Tax that the channel keeps and pays to the state: negative. */
  'TAX_WITHHELD',
  /** Kept back for later: negative. */
  'RESERVE',
  /** What was kept back, released: positive. */
  'RESERVE_RELEASE',
  /** A buyer's bank took the money back: negative. */
  'CHARGEBACK',
  /** A correction in the channel's words. */
  'ADJUSTMENT',
  /** Gain or loss of the channel's conversion between currencies. */
  'EXCHANGE',
  /** The transfer of the total itself: minus the total. Not part of the total. */
  'PAYOUT',
  /** A row whose words we do not know. */
  'OTHER',
] as const;
export type LineClass = (typeof LINE_CLASSES)[number];

export type ReportFormat = 'AMAZON_SETTLEMENT_V2' | 'WALMART_RECON_V1' | 'CANONICAL_CSV' | 'AMAZON_FINANCES_2024';

/** A channel's statement for a period, whatever its form. */
export interface SettlementReport {
  readonly channelCode: string;
  /** The channel's own id of the statement. Unique per channel. */
  readonly externalId: string;
  readonly format: ReportFormat;
  /** First moment of the period. */
  readonly periodStart: Date;
  /** End of the period, exclusive. */
  readonly periodEnd: Date;
  /** ISO 4217. Every line is in it. */
  readonly currencyCode: string;
  /** What the channel pays out: the sum of all lines but those of class PAYOUT. Minor units; may be negative. */
  readonly totalMinor: bigint;
  /** How the money is sent, as far as the report tells. Null when it does not. */
  readonly payout: ReportedPayout | null;
}

export interface ReportedPayout {
  /** The channel's id of the transfer, or null. */
  readonly externalId: string | null;
  /** The text that the bank will show, such as a trace id. Null when it is not told. */
  readonly reference: string | null;
  /** When the money is or was to be sent. Null when it is not told. */
  readonly depositAt: Date | null;
}

/** One money row of a report. */
export interface SettlementLine {
  /** Line of the file, from 1. */
  readonly lineNumber: number;
  readonly kind: TransactionKind;
  readonly class: LineClass;
  /** The channel's words as they stand in the report; empty where it has none. Never translated. */
  readonly words: { readonly transaction: string; readonly type: string; readonly description: string };
  /** As the report has it; may hold something that is no order id. Null when it is empty. */
  readonly channelOrderId: string | null;
  /** Our own number or id of the order, where the channel sends it back. */
  readonly merchantOrderId: string | null;
  readonly sku: string | null;
  /** Units, where the row tells; null otherwise. */
  readonly quantity: number | null;
  /** Signed minor units. */
  readonly amountMinor: bigint;
  /** ISO 4217. */
  readonly currencyCode: string;
  /** What the buyer paid before the channel converted it. Null when nothing was converted, or the report does not tell. */
  readonly original: { readonly amountMinor: bigint; readonly currencyCode: string } | null;
  /** When the channel booked it; the end of the period when the report does not tell. */
  readonly postedAt: Date;
  /** Other ids of the row by our name, such as shipmentId, orderItemId, adjustmentId, promotionId. */
  readonly references: Readonly<Record<string, string>>;
}
