import type { FactChannel } from '../../platform/channel-facts/channel.ts';
import type { LocationKind } from './model.ts';

/** A site as the warehouse system names it. */
export interface Site {
  readonly code: string;
  readonly name: string;
  readonly kind: LocationKind;
}

/** Why the warehouse's balance of a position changed. */
export type ChangeKind = 'RECEIPT' | 'ADJUSTMENT' | 'SALE' | 'RETURN';

/** One booking of the warehouse's ledger. */
export interface StockChange {
  /** Number of the booking in the ledger: 1, 2, 3 … over all sites. */
  readonly sequence: number;
  readonly siteCode: string;
  readonly sku: string;
  readonly kind: ChangeKind;
  /** Balance of the position after it. Whole units, 0 to 100,000,000. */
  readonly onHand: number;
  /** When the warehouse booked it. */
  readonly measuredAt: Date;
  /** The document it was booked for: for goods that left for us, the id of our fulfillment order. */
  readonly reference: string;
  /** Line of that document; null when it has none. */
  readonly lineRef: string | null;
  /** Units that left for an order; 0 for every other kind. */
  readonly issued: number;
}

/** The balance of one position at one moment. */
export interface StockLevel {
  readonly siteCode: string;
  readonly sku: string;
  /** Whole units, 0 to 100,000,000. */
  readonly onHand: number;
  /** Number of the last booking it contains; 0 when none was ever booked. */
  readonly sequence: number;
  readonly measuredAt: Date;
  /** What is on its way to the site, and when it is expected if that is known; null when the system does not tell. */
  readonly incoming: { readonly units: number; readonly expectedAt: Date | null } | null;
}

/** Something the source said that cannot be true: negative, absurdly large, without a site. It was left out. */
export interface RejectedRecord {
  /** Number of the booking, as far as it could be read. */
  readonly sequence: number | null;
  /** Which field is wrong; no values, they may be anything. */
  readonly problem: string;
}

export interface StockChanges {
  /** Bookings after the asked number that could be read, in whatever order they came. */
  readonly changes: readonly StockChange[];
  readonly rejected: readonly RejectedRecord[];
  /** Numbers of bookings that are none of ours, such as of pallets. */
  readonly foreign: readonly number[];
  /** Number of the newest booking in the ledger; null when this answer could not tell. */
  readonly head: number | null;
}

/** One page of a snapshot. */
export interface StockPage {
  readonly levels: readonly StockLevel[];
  readonly rejected: readonly RejectedRecord[];
  /** Bookings up to this number are contained in the page; later ones may be missing. */
  readonly head: number;
}

/** Goods that are announced to arrive at a site. */
export interface IncomingLot {
  readonly siteCode: string;
  readonly sku: string;
  /** The document that announces it; unique per site and SKU. A receipt for it names it as its reference. */
  readonly lot: string;
  /** Units still to come, 1 to 100,000,000. */
  readonly units: number;
  /** Null when no date is known. */
  readonly expectedAt: Date | null;
}

/** Everything that is on its way. */
export interface IncomingSupply {
  readonly lots: readonly IncomingLot[];
  readonly rejected: readonly RejectedRecord[];
  /** Receipts up to this number of the ledger are taken into account. */
  readonly head: number;
}

/** A change we ask the warehouse to book. Give `delta` or `counted`. */
export interface StockAdjustment {
  /** The warehouse books once per key. */
  readonly key: string;
  readonly siteCode: string;
  readonly sku: string;
  readonly reason: 'CYCLE_COUNT' | 'RECEIPT' | 'DAMAGE' | 'CORRECTION';
  readonly amount: { readonly delta: number } | { readonly counted: number };
  /** Number of the last booking of this position the caller knows; null leaves the check out. */
  readonly seenSequence: number | null;
}

export type AdjustmentRefusal = 'UNKNOWN_SKU' | 'UNKNOWN_LOCATION' | 'NEGATIVE_STOCK' | 'STALE_SEQUENCE' | 'KEY_REUSED';

export type AdjustmentOutcome =
  | { readonly kind: 'booked'; readonly change: StockChange }
  /** Nothing was booked. */
  | { readonly kind: 'refused'; readonly reason: AdjustmentRefusal };

/** Sellable goods that came back. */
export interface ReturnedGoods {
  /** The warehouse books once per key. */
  readonly key: string;
  readonly siteCode: string;
  readonly lines: readonly { readonly lineRef: string; readonly sku: string; readonly quantity: number }[];
}

/** Goods that came back and are not for sale. */
export interface SetAsideGoods {
  /** The warehouse counts once per key. */
  readonly key: string;
  readonly siteCode: string;
  readonly lines: readonly {
    readonly lineRef: string;
    readonly sku: string;
    readonly quantity: number;
    /** Why they are not: the disposition, e.g. DEFECTIVE. */
    readonly condition: string;
  }[];
}

/** What inventory needs from a warehouse system. Implemented once per system in `adapters/`. */
export interface StockSource {
  /**
   * Every site.
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE, as all methods do
   */
  sites(signal: AbortSignal): Promise<readonly Site[]>;

  /**
   * Bookings with a number above `after`, at most `limit` (1 to 1000). Waits up to `waitSeconds` for the first one;
   * answers with none when the time is over.
   */
  changes(
    after: number,
    options: { readonly limit: number; readonly waitSeconds: number },
    signal: AbortSignal,
  ): Promise<StockChanges>;

  /** All goods that are on their way, to all sites. */
  supply(signal: AbortSignal): Promise<IncomingSupply>;

  /** All positions, page by page. A position that moves meanwhile appears with the balance of its page's moment. */
  snapshot(signal: AbortSignal): AsyncIterable<StockPage>;

  /** Books a change once per key: repeating it gives the first outcome that was booked. */
  adjust(adjustment: StockAdjustment, signal: AbortSignal): Promise<AdjustmentOutcome>;

  /**
   * Puts goods back on the shelves of a site, once per key.
   * @returns one booking per line
   * @throws CommerceError SYSTEM_REJECTED when the site or a SKU is unknown
   */
  receiveReturn(goods: ReturnedGoods, signal: AbortSignal): Promise<readonly StockChange[]>;

  /**
   * Counts goods that are at a site and not for sale, once per key. They are no part of any balance.
   * @throws CommerceError SYSTEM_REJECTED when the site or a SKU is unknown, or the key was used for other goods
   */
  putAside(goods: SetAsideGoods, signal: AbortSignal): Promise<void>;
}

/** Goods at a site that are no part of its stock, by what is wrong with them, such as DEFECTIVE. */
export interface UnsellableStock {
  readonly siteCode: string;
  readonly sku: string;
  readonly condition: string;
  /** At least 1. */
  readonly quantity: number;
}

/** What a comparison of all stock needs from a warehouse system: reading at rest, beside the feed. */
export interface StockAudit {
  /**
   * Positions in an order of the source, at most `limit` (1 to 1000). The same cursor again reads the same part of the list
   * as it is then. Records that cannot be true are left out.
   * @param cursor null for the beginning, `next` of the page before
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE
   */
  levels(
    cursor: string | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly levels: readonly StockLevel[]; readonly next: string | null }>;

  /** All goods that are at sites and not for sale. Records that cannot be true are left out. */
  unsellable(signal: AbortSignal): Promise<readonly UnsellableStock[]>;

  /** Positions of these SKUs (1 to 500) at all sites. */
  levelsOf(skus: readonly string[], signal: AbortSignal): Promise<readonly StockLevel[]>;
}

/** How many of a channel's item may be sold there. A type, not an interface: it is kept and compared as JSON. */
export type ItemStock = {
  /** Whole units, 0 or more. */
  readonly units: number;
  /** The same units by the channel's own names of our nodes, for a channel that is told by node; every node is named. */
  readonly nodes?: Readonly<Record<string, number>>;
};

/**
 * A channel that keeps a number of its own of what may be sold there. What it is told replaces what it knew.
 * Accepted is not applied: see {@link FactChannel}.
 */
export type ChannelStock = FactChannel<ItemStock>;
