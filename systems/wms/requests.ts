import type { WmsDelivery } from './wire.ts';

/** What callers send to the warehouse system, in its words. Quantities are pieces. */
export interface WmsStockQuery {
  readonly site?: string;
  /** At most 500. All articles when left out. */
  readonly articleNos?: readonly string[];
  /** `nextPage` of the page before. */
  readonly page?: string;
  /** Positions at most, 1 to 5000. Default 1000. */
  readonly limit?: number;
}

interface AdjustmentOf<Change> {
  readonly reference: string;
  readonly site: string;
  readonly articleNo: string;
  readonly change: Change;
  readonly reasonCode: string;
  /** Refused with POSITION_MOVED when the position has a later ledger row. */
  readonly expectedLedgerNo?: number;
}

/** A correction by a difference, or a count that says what is there. */
export type WmsAdjustment = AdjustmentOf<{ readonly delta: number } | { readonly countedQuantity: number }>;

export interface WmsNewReceipt {
  readonly reference: string;
  readonly site: string;
  /** GR: goods receipt. RT: customer return. */
  readonly kind: 'GR' | 'RT';
  readonly lines: readonly WmsLine[];
}

/** Goods that came in and are not for sale. */
export interface WmsBlockedReceipt {
  readonly reference: string;
  readonly site: string;
  readonly lines: readonly (WmsLine & { readonly reasonCode: string })[];
}

/** Goods announced to a site. Receipts name it as their reference. */
export interface WmsInboundAdvice {
  readonly adviceNo: string;
  readonly site: string;
  readonly lines: readonly {
    readonly articleNo: string;
    readonly quantity: number;
    /** ISO 8601 UTC; null when no date is known. */
    readonly dueAt: string | null;
  }[];
}

export interface WmsLine {
  readonly lineRef: string;
  readonly articleNo: string;
  readonly quantity: number;
}

/** A line to deliver. Lines with the same `setRef` are components of sets: they leave as whole sets, or not at all. */
export interface WmsDeliveryLine extends WmsLine {
  readonly setRef?: string;
  /** Pieces of this line in one set; the line's quantity is a multiple of it. */
  readonly perSet?: number;
}

export interface WmsAddress {
  readonly addressee: string;
  readonly street: string;
  readonly street2: string | null;
  readonly city: string;
  readonly region: string | null;
  readonly postcode: string | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
}

export interface WmsNewDelivery {
  /** One delivery per reference. */
  readonly externalRef: string;
  readonly site: string;
  /** Null only for collect. */
  readonly shipTo: WmsAddress | null;
  readonly service: string;
  readonly collect: boolean;
  /** 1 to 5000; each lineRef once, the same article may be on several. */
  readonly lines: readonly WmsDeliveryLine[];
}

export interface WmsDeliveryQuery {
  readonly externalRef?: string;
  readonly site?: string;
  readonly status?: WmsDelivery['status'];
  readonly page?: string;
  /** 1 to 500. Default 100. */
  readonly limit?: number;
}

export interface WmsConfirmation {
  /** One goods issue per reference. */
  readonly reference: string;
  readonly parcels: readonly {
    readonly carrierCode: string;
    readonly trackingNo: string;
    /** 18 to 20 digits. Given by the warehouse when left out. */
    readonly sscc?: string;
    readonly service?: string;
    readonly contents: readonly { readonly lineRef: string; readonly quantity: number }[];
  }[];
  /** True: what is not in these parcels will not come. Default false. */
  readonly final?: boolean;
}
