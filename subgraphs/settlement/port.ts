import type { BookingSide, InvoiceStatus } from './model.ts';

/** What settlement needs from the finance side of an ERP. */
export interface FinanceSystem {
  /**
   * Has a document posted. One document per `key`: the same request again gives the same document.
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_REJECTED | SYSTEM_BAD_RESPONSE
   */
  post(request: DocumentRequest, signal: AbortSignal): Promise<PostedDocument & ValuedGoods>;

  /**
   * Clears a document: what the buyer owed (or was owed) stands on other accounts from then on. One clearing per `key`.
   * False while the document is not in the books yet.
   */
  clear(
    payment: {
      readonly key: string;
      readonly number: string;
      readonly currencyCode: string;
      readonly amountMinor: bigint;
      /** The accounts that it stands on then: a payment provider's, or a channel's. Above zero; they add up to the amount. */
      readonly accounts: readonly { readonly account: string; readonly amountMinor: bigint }[];
    },
    signal: AbortSignal,
  ): Promise<boolean>;

  /** Number of the voucher that the ERP has under a reference; null when it never accepted one. */
  findVoucher(reference: string, signal: AbortSignal): Promise<string | null>;

  /**
   * Has a voucher of our ledger posted. One voucher per `reference`: the same request again is answered with the same number.
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE
   */
  postVoucher(voucher: VoucherRequest, signal: AbortSignal): Promise<VoucherAnswer>;

  /** Documents that changed after a position, each in its newest state. Waits up to `waitSeconds` for one. */
  documentChanges(after: number, waitSeconds: number, signal: AbortSignal): Promise<FeedPart<PostedDocument>>;

  /** Ledger postings after a position. Waits up to `waitSeconds` for one. */
  postings(after: number, waitSeconds: number, signal: AbortSignal): Promise<FeedPart<Posting>>;
}

/** A part of a feed. */
export interface FeedPart<Entry> {
  /** In order, each once. */
  readonly entries: readonly Entry[];
  /** Entries that are not what the ERP documents. */
  readonly unreadable?: readonly { readonly position: number; readonly entry: unknown; readonly problem: string }[];
  /** Number of the last entry, or the position asked for when there is none. */
  readonly next: number;
}

export interface DocumentRequest {
  readonly key: string;
  readonly kind: 'INVOICE' | 'CREDIT_MEMO';
  /** Account of the buyer in the ledger. */
  readonly account: string;
  readonly orderNumber: string;
  readonly currencyCode: string;
  readonly lines: readonly {
    readonly lineId: string;
    readonly sku: string;
    readonly quantity: number;
    readonly netMinor: bigint;
    readonly taxMinor: bigint;
  }[];
}

export interface VoucherRequest {
  readonly reference: string;
  /** Month it counts in, such as 2026-11. */
  readonly period: string;
  readonly currencyCode: string;
  readonly description: string;
  /** Debits and credits are equal. An account may stand on both sides. Minor units, above zero. */
  readonly lines: readonly { readonly account: string; readonly side: BookingSide; readonly amountMinor: bigint }[];
}

/** Why an ERP does not take a voucher. OTHER: for a reason that we have no word for. */
export type VoucherRefusal = 'PERIOD_CLOSED' | 'UNKNOWN_ACCOUNT' | 'NOT_BALANCED' | 'REFERENCE_USED' | 'OTHER';

export type VoucherAnswer =
  | { readonly outcome: 'ACCEPTED' /** The ERP's own number. */; readonly number: string }
  | { readonly outcome: 'REFUSED'; readonly reason: VoucherRefusal };

/** What the ERP knows of the value of a document's goods at this moment. */
export interface ValuedGoods {
  /** What one unit costs us, by SKU. Absent: it does not know. Minor units. */
  readonly unitCosts: ReadonlyMap<string, { readonly amountMinor: bigint; readonly currencyCode: string }>;
}

export interface PostedDocument {
  /** The ERP's own number. */
  readonly number: string;
  readonly status: InvoiceStatus;
  readonly issuedAt: Date;
  /** Change number of the ERP: a higher one is newer. */
  readonly sequence: number;
}

export interface Posting {
  readonly sequence: number;
  readonly number: string;
  /** Null for a posting that is of no document of ours, such as one of our vouchers. */
  readonly documentNumber: string | null;
  readonly description: string;
  readonly postedAt: Date;
  /** Debits and credits are equal per currency. Amounts in minor units. */
  readonly lines: readonly {
    readonly account: string;
    readonly side: BookingSide;
    readonly amountMinor: bigint;
    readonly currencyCode: string;
  }[];
}

/** A statement that a channel keeps for us. */
export interface ChannelStatement {
  /** The channel's own name of the document; the same document has the same. */
  readonly id: string;
  /** Form of its bytes. */
  readonly format: 'AMAZON_SETTLEMENT_V2' | 'AMAZON_FINANCES_2024';
  /** When the channel made it. */
  readonly createdAt: Date;
}

/** Where a channel keeps its statements, and what it says of its payouts. */
export interface StatementSource {
  /**
   * Statements that were made since a moment and are complete, each once, the oldest first. One that is finished late is
   * told when it is, under the moment at which it was begun.
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_REJECTED | SYSTEM_BAD_RESPONSE
   */
  statementsSince(since: Date, signal: AbortSignal): Promise<readonly ChannelStatement[]>;

  /** The bytes of a statement; the same every time. */
  read(statement: ChannelStatement, signal: AbortSignal): AsyncIterable<Uint8Array>;

  /** What the channel says of payouts that were begun since a moment, in its own words: answers of Amazon's listPayouts. */
  payoutsSince(since: Date, signal: AbortSignal): AsyncIterable<string>;
}

/** What a comparison of all documents needs from the ERP: reading at rest. */
export interface FinanceAudit {
  /**
   * Documents that we had posted, each in its newest state, at most `limit` (1 to 500). A document that changes meanwhile
   * may come again on a later page.
   * @param cursor null for the beginning, `next` of the page before
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE
   */
  documents(
    cursor: string | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly documents: readonly RecordedDocument[]; readonly next: string | null }>;

  /** Whether the ERP has a document for this key of {@link DocumentRequest}. */
  has(key: string, signal: AbortSignal): Promise<boolean>;

  /**
   * Postings of the general ledger that are of no document, such as our vouchers, the oldest first. A page may hold none.
   * @param cursor null for the beginning, `next` of the page before
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE
   */
  postedVouchers(
    cursor: string | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly vouchers: readonly RecordedVoucher[]; readonly next: string | null }>;

  /** Number of the voucher that the ERP has under a reference; null when it has none. */
  findVoucher(reference: string, signal: AbortSignal): Promise<string | null>;
}

/** A posting as it stands in the ERP's journal. */
export type RecordedVoucher = Pick<Posting, 'number' | 'lines'>;

export interface RecordedDocument extends PostedDocument {
  /** Tax included. */
  readonly totalMinor: bigint;
  readonly currencyCode: string;
}
