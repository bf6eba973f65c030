export type LocationKind = 'WAREHOUSE' | 'STORE' | 'THIRD_PARTY_LOGISTICS' | 'DROP_SHIP';

/** A place that keeps stock. */
export interface Location {
  readonly id: string;
  /** Code of the site in the warehouse system. */
  readonly code: string;
  readonly name: string;
  readonly kind: LocationKind;
}

/** Units of one SKU at one location, at one instant. Whole units, never negative. */
export interface Position {
  readonly id: string;
  readonly sku: string;
  readonly locationId: string;
  readonly onHand: number;
  /** Units of holds that are alive. */
  readonly reserved: number;
  readonly committed: number;
  /** Units of this position withheld from every channel. */
  readonly safetyStock: number;
  readonly incoming: number;
  /** What a new order may take here, before the channel's own safety stock. */
  readonly available: number;
  /** Ledger number of the warehouse system behind `onHand`. */
  readonly sourceSequence: number;
  /** When the warehouse measured it, not when we heard of it. */
  readonly asOf: Date;
}

export type AvailabilityStatus = 'IN_STOCK' | 'LOW_STOCK' | 'BACKORDER' | 'PREORDER' | 'OUT_OF_STOCK';
export type Confidence = 'LIVE' | 'CACHED' | 'FALLBACK';

/** What a channel may sell of one SKU over the nodes in question: all shippable ones, or one location. */
export interface StockTotal {
  /** Units the channel may sell now, after its rules. A bundle counts whole bundles. */
  readonly sellable: number;
  /** Units beyond these that orders may wait for; null: any number. */
  readonly backorderable: number | null;
  /** Most units of one order; null: no limit. */
  readonly orderLimit: number | null;
  /** Until then orders are preorders; null when it is on sale. */
  readonly releaseAt: Date | null;
  readonly incoming: number;
  /** When the first of it is expected; null when no date is known. */
  readonly incomingAt: Date | null;
  /** Whether the warehouse ever booked the SKU at one of the nodes. */
  readonly everStocked: boolean;
  /** Latest measurement among the nodes. */
  readonly asOf: Date;
  /** Whether the channel sells less than there was, because a system of record is not heard. */
  readonly fallsBack: boolean;
  /** What can be promised by the dates on which more is expected, after orders that wait: rising. */
  readonly promises: readonly { readonly at: Date; readonly units: number }[];
}

/** Goods on their way to a location. */
export interface Lot {
  readonly units: number;
  readonly expectedAt: Date | null;
}

/** From this many units down, channels are told that stock is low. */
export const LOW_STOCK_UNITS = 5;

/** Silence of the warehouse system after which a figure is no longer called LIVE unless config/systems.yaml says otherwise, in milliseconds. */
export const LIVE_MILLIS = 60_000;
/** Silence after which a figure is only a FALLBACK, in milliseconds. */
export const CACHED_MILLIS = 15 * 60_000;

export function availabilityStatus(total: StockTotal): AvailabilityStatus {
  if (total.releaseAt !== null) return total.backorderable === 0 ? 'OUT_OF_STOCK' : 'PREORDER';
  if (total.sellable > LOW_STOCK_UNITS) return 'IN_STOCK';
  if (total.sellable > 0) return 'LOW_STOCK';
  if (total.backorderable === 0) return 'OUT_OF_STOCK';
  return total.incoming > 0 && !total.everStocked ? 'PREORDER' : 'BACKORDER';
}

/** When more can be had; null when enough is there, or when no date is known. */
export function nextAvailableAt(total: StockTotal): Date | null {
  if (total.releaseAt !== null) return total.releaseAt;
  if (total.sellable > 0) return null;
  return total.promises.find(({ units }) => units > 0)?.at ?? null;
}

/**
 * @param silenceMillis since the warehouse's feed was last read to its end; null when it never was
 * @param isMissed whether the warehouse is known to be silent or to refuse calls: then nothing of it is LIVE, however short the silence
 * @param fallsBack whether less is sold than there was, because a system of record is not heard
 * @param liveMillis silence after which it is not LIVE
 */
export function confidenceOf(
  {
    silenceMillis,
    isMissed,
    fallsBack = false,
  }: { readonly silenceMillis: number | null; readonly isMissed: boolean; readonly fallsBack?: boolean },
  liveMillis: number = LIVE_MILLIS,
): Confidence {
  if (silenceMillis === null || fallsBack) return 'FALLBACK';
  if (silenceMillis <= liveMillis && !isMissed) return 'LIVE';
  return silenceMillis <= CACHED_MILLIS ? 'CACHED' : 'FALLBACK';
}

/**
 * Which nodes serve orders that name no location, and in which order of preference (lower first). Our policy, not the
 * warehouse system's: stores keep their shelves for walk-in customers and for pickup.
 */
export function nodePolicy(kind: LocationKind): { shippable: boolean; priority: number } {
  switch (kind) {
    case 'WAREHOUSE':
      return { shippable: true, priority: 10 };
    case 'THIRD_PARTY_LOGISTICS':
      return { shippable: true, priority: 20 };
    case 'DROP_SHIP':
      return { shippable: true, priority: 30 };
    case 'STORE':
      return { shippable: false, priority: 40 };
  }
}

export type ReservationState = 'HELD' | 'COMMITTED' | 'CONSUMED' | 'RELEASED' | 'EXPIRED';

export interface Reservation {
  readonly id: string;
  readonly state: ReservationState;
  /** End of the hold; null when it never was one. */
  readonly expiresAt: Date | null;
  readonly locationId: string | null;
  readonly channelCode: string | null;
  readonly customerId: string | null;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

/** Limits of a hold, in seconds. */
export const HOLD_SECONDS = { min: 1, max: 3_600, default: 600, total: 7_200 } as const;

/** Largest quantity of one line, and largest single adjustment. */
export const MAX_UNITS = 1_000_000;
/** Largest balance of one position that is believed. */
export const MAX_ON_HAND = 100_000_000;
