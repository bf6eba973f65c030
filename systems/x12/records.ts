/** What is kept of the traffic with 3PLs, all in one journal. No record holds personal data but a file that waits to be written. */
export const STREAMS = {
  /** Writers wait for each other here. */
  lock: 'x12-exchange',
  orders: 'x12-orders',
  /** Order numbers by the id of our work. */
  works: 'x12-works',
  /** Order numbers by control number of the group that asked. */
  asked: 'x12-asked',
  /** Transaction sets of theirs by control numbers. */
  sets: 'x12-sets',
  /** Shipments of theirs by order and number. */
  shipments: 'x12-shipments',
  events: 'x12-events',
  bookings: 'x12-bookings',
  levels: 'x12-levels',
  outbox: 'x12-outbox',
  marks: 'x12-marks',
} as const;

/** An order as the 3PL has it. */
export interface KeptOrder {
  readonly partner: string;
  readonly workId: string;
  readonly state: 'ASKED' | 'ACCEPTED' | 'REFUSED' | 'OVER';
  readonly lines: readonly KeptLine[];
}

export interface KeptLine {
  readonly lineNumber: string;
  readonly lineRef: string;
  readonly sku: string;
  readonly quantity: number;
  readonly shipped: number;
  readonly short: number;
}

/** Something that happened to an order. */
export interface KeptEvent {
  readonly kind: 'RECEIVED' | 'ACCEPTED' | 'REFUSED' | 'ISSUED';
  readonly workId: string;
  readonly orderNumber: string;
  readonly occurredAt: string;
  readonly reason: string | null;
  readonly packages: readonly {
    readonly carrier: string;
    readonly trackingNumber: string;
    readonly sscc: string | null;
    readonly lines: readonly KeptUnits[];
  }[];
  readonly issued: readonly KeptUnits[];
  readonly short: readonly KeptUnits[];
}

export interface KeptUnits {
  readonly lineRef: string;
  readonly sku: string;
  readonly quantity: number;
}

/** One change of what lies on a 3PL's shelf. */
export interface KeptBooking {
  readonly siteCode: string;
  readonly sku: string;
  readonly kind: 'ADJUSTMENT' | 'SALE';
  readonly onHand: number;
  readonly measuredAt: string;
  readonly reference: string;
  readonly lineRef: string | null;
  readonly issued: number;
}

export interface KeptLevel {
  readonly siteCode: string;
  readonly sku: string;
  readonly onHand: number;
  readonly sequence: number;
  readonly measuredAt: string;
  /** When the 3PL counted last; null before the first count. */
  readonly countedAt: string | null;
  /** What left after that, or lately: a count that comes late does not contain it. */
  readonly left: readonly { readonly at: string; readonly units: number }[];
}

/** A file for a 3PL. Its text goes when it lies in the folder. */
export interface KeptFile {
  readonly partner: string;
  readonly name: string;
  readonly text: string | null;
}

export const levelKey = (siteCode: string, sku: string): string => JSON.stringify([siteCode, sku]);
