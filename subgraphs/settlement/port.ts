import type { BookingSide, InvoiceStatus } from './model.ts';

/** What settlement needs from the finance side of an ERP. */
export interface FinanceSystem {
  /**
   * Has a document posted. One document per `key`: the same request again gives the same document.
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_REJECTED | SYSTEM_BAD_RESPONSE
   */
  post(request: DocumentRequest, signal: AbortSignal): Promise<PostedDocument>;

  /** Clears a document with the money that was authorised. One payment per `key`. False while the document is not in the books yet. */
  clear(
    payment: {
      readonly key: string;
      readonly number: string;
      readonly currencyCode: string;
      readonly amountMinor: bigint;
    },
    signal: AbortSignal,
  ): Promise<boolean>;

  /** Documents that changed after a position, each in its newest state. Waits up to `waitSeconds` for one. */
  documentChanges(
    after: number,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<{ readonly entries: readonly PostedDocument[]; readonly next: number }>;

  /** Ledger postings after a position. Waits up to `waitSeconds` for one. */
  postings(
    after: number,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<{ readonly entries: readonly Posting[]; readonly next: number }>;
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
  readonly documentNumber: string;
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
