import type { ReconciliationReason } from '../model.ts';
import type { LineClass } from '../reports/model.ts';

/** A statement's line as the matching sees it. Everything here comes from the report. */
export interface MatchLine {
  readonly statementId: string;
  readonly lineNumber: number;
  /** Of the statement: with its id, the order in which lines are told, whenever they came. */
  readonly periodStart: Date;
  readonly periodEnd: Date;
  /** The order id as the report has it, ours where there is no other. Null: it names no order. */
  readonly rawKey: string | null;
  readonly class: LineClass;
  readonly words: { readonly transaction: string; readonly type: string; readonly description: string };
  readonly sku: string | null;
  readonly quantity: number | null;
  readonly amountMinor: bigint;
  readonly currencyCode: string;
  readonly postedAt: Date;
  readonly fingerprint: string;
  /** How the order was found, from the surest on. */
  readonly foundBy: 'by-hand' | 'order-id' | 'merchant-order-id' | null;
  /** The decision that gave it to its order. Null unless it was found by hand. */
  readonly decisionId: string | null;
}

export interface ExpectedDocument {
  readonly documentId: string;
  /** An invoice stands for a shipment, a credit memo for a return. */
  readonly kind: 'INVOICE' | 'CREDIT_MEMO';
  readonly issuedAt: Date;
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly netMinor: bigint;
    readonly taxMinor: bigint;
  }[];
}

/** All that is known about one order of a channel, or about an order id that belongs to none. */
export interface OrderFacts {
  readonly channelCode: string;
  /** The order's own key, or the unknown id. */
  readonly key: string;
  readonly order: {
    readonly orderId: string;
    readonly currencyCode: string;
    /** Units ordered per SKU. */
    readonly ordered: ReadonlyMap<string, number>;
  } | null;
  /** Whether an id that belongs to no order looks like one of the channel's. */
  readonly looksLikeOrderId: boolean;
  /** In no particular order. */
  readonly lines: readonly MatchLine[];
  /** Those of the lines that somebody decided about although the order has no such SKU. */
  readonly decided: ReadonlySet<MatchLine>;
  readonly documents: readonly ExpectedDocument[];
}

/** Where an amount stands in the ledger until it is decided about. */
export type DifferenceAccount =
  | 'suspense'
  | 'channel-receivable'
  | 'exchange-clearing'
  | 'payout-in-transit'
  | 'channel-balance';

export interface FoundDifference {
  /** What makes it the same difference when it is found again: unique within the group. */
  readonly scope: string;
  /** Group of lines it belongs to: an order id as the lines have it, or a block. */
  readonly rawKey: string;
  readonly reason: ReconciliationReason;
  readonly account: DifferenceAccount;
  readonly expectedMinor: bigint | null;
  readonly actualMinor: bigint | null;
  /** Actual less expected. */
  readonly differenceMinor: bigint;
  readonly currencyCode: string;
  readonly orderId: string | null;
  readonly channelOrderId: string | null;
  readonly sku: string | null;
  /** Null: it is about something never settled. */
  readonly statementId: string | null;
  /** For a person: what was compared with what. No personal data. */
  readonly explanation: string;
  /** Nothing of it is left to decide or to post: it is kept for those who look for it. */
  readonly needsNobody?: boolean;
}

export interface LineVerdict {
  readonly line: MatchLine;
  readonly rule: 'by-hand' | 'order-id' | 'merchant-order-id' | 'fee-rule' | 'reserve' | 'payout' | 'none';
  readonly target: 'ORDER' | 'SHIPMENT' | 'RETURN' | 'FEE_RULE' | 'PAYOUT' | 'NONE';
  readonly targetId: string | null;
  /** Scope of the difference it became; null when it is matched. */
  readonly difference: string | null;
}

/** An amount to be posted, in the words of the posting rules. */
export type Movement =
  | { readonly event: 'SETTLEMENT'; readonly class: LineClass | 'UNEXPLAINED'; readonly amountMinor: bigint; readonly currencyCode: string }
  | { readonly event: 'CONVERSION'; readonly class: 'SETTLED' | 'SOLD' | 'DIFFERENCE'; readonly amountMinor: bigint; readonly currencyCode: string }
  | { readonly event: 'TOLERANCE'; readonly class: 'AMOUNT'; readonly amountMinor: bigint; readonly currencyCode: string }; // biome-ignore format: a table

/**
 * Movements of the lines that one statement has under one order id, or of those that one decision gave to an order: they become
 * one entry of the ledger.
 */
export interface PostingGroup {
  readonly statementId: string;
  /** By this what was posted is found again: the order id as the lines have it, or the block. */
  readonly rawKey: string;
  /** Unique within the statement. */
  readonly groupKey: string;
  readonly orderId: string | null;
  /** The decision that it is posted for, by whoever took it. Null: what the channel's report says is posted. */
  readonly decisionId: string | null;
  readonly movements: readonly Movement[];
}

/** What a group of lines amounts to. The same facts give the same verdict, in whatever order they came. */
export interface GroupVerdict {
  readonly lines: readonly LineVerdict[];
  readonly differences: readonly FoundDifference[];
  readonly postings: readonly PostingGroup[];
  /** Null for lines without an order. */
  readonly settlement: OrderSettlement | null;
}

export interface OrderSettlement {
  readonly orderId: string;
  readonly currencyCode: string;
  /** What our documents say the channel owes for the order, refunds taken off. */
  readonly expectedMinor: bigint;
  /** What it settled of that. */
  readonly settledMinor: bigint;
  /** What it kept for itself; negative. In the currency of the order where it settled in that, else 0. */
  readonly feesMinor: bigint;
  /** When all of it should have been settled. Null when nothing is outstanding. */
  readonly dueAt: Date | null;
}

/** Key of the posting group of what a decision gave to an order. */
export function groupKeyOf(decisionId: string): string {
  return `decision ${decisionId}`;
}

/** In the order in which the channel told them: by period, statement and line. */
export function byPlace(a: MatchLine, b: MatchLine): number {
  return (
    a.periodStart.getTime() - b.periodStart.getTime() ||
    (a.statementId < b.statementId ? -1 : a.statementId > b.statementId ? 1 : 0) ||
    a.lineNumber - b.lineNumber
  );
}
