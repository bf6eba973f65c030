/** States of work at a node and their legal moves (domain: fulfillment order state machine, axis 1). */
export const FULFILLMENT_TRANSITIONS = {
  SCHEDULED: ['OPEN', 'CANCELLED'],
  OPEN: ['ON_HOLD', 'SCHEDULED', 'CANCELLED', 'IN_PROGRESS'],
  ON_HOLD: ['OPEN', 'CANCELLED'],
  IN_PROGRESS: ['OPEN', 'READY_FOR_PICKUP', 'CLOSED', 'INCOMPLETE', 'CANCELLED'],
  READY_FOR_PICKUP: ['CLOSED', 'CANCELLED'],
  INCOMPLETE: ['CLOSED', 'CANCELLED'],
  CLOSED: [],
  CANCELLED: [],
} as const satisfies Record<string, readonly string[]>;

export type FulfillmentOrderStatus = keyof typeof FULFILLMENT_TRANSITIONS;

/** What was asked of the node and how it answered (axis 2). */
export const REQUEST_TRANSITIONS = {
  UNSUBMITTED: ['SUBMITTED', 'CLOSED'],
  SUBMITTED: ['ACCEPTED', 'REJECTED', 'CANCELLATION_REQUESTED', 'CANCELLATION_ACCEPTED'],
  ACCEPTED: ['CANCELLATION_REQUESTED', 'CANCELLATION_ACCEPTED', 'REJECTED', 'CLOSED'],
  REJECTED: [],
  CANCELLATION_REQUESTED: ['CANCELLATION_ACCEPTED', 'CANCELLATION_REJECTED', 'CLOSED'],
  CANCELLATION_ACCEPTED: [],
  // A node that would not stop may still find that it cannot go on.
  CANCELLATION_REJECTED: ['REJECTED', 'CANCELLATION_ACCEPTED', 'CLOSED'],
  CLOSED: [],
} as const satisfies Record<string, readonly string[]>;

export type FulfillmentRequestStatus = keyof typeof REQUEST_TRANSITIONS;

export type FulfillmentTransition =
  | 'ACCEPT'
  | 'REJECT'
  | 'SHIP'
  | 'MARK_READY_FOR_PICKUP'
  | 'COMPLETE_PICKUP'
  | 'HOLD'
  | 'RELEASE_HOLD'
  | 'SCHEDULE'
  | 'MARK_AS_OPEN'
  | 'MOVE'
  | 'SPLIT'
  | 'MERGE';

/** How far a package is. A scan moves it to a higher rank only; the states without a rank stand beside the way. */
export const SHIPMENT_RANKS = {
  LABEL_CREATED: 10,
  CARRIER_ACCEPTED: 20,
  IN_TRANSIT: 30,
  OUT_FOR_DELIVERY: 40,
  DELIVERY_ATTEMPTED: 45,
  AVAILABLE_FOR_PICKUP: 50,
  RETURN_TO_SENDER: 80,
  DELIVERED: 90,
  LOST: 95,
  CANCELLED: 99,
  EXCEPTION: null,
  UNKNOWN: null,
} as const satisfies Record<string, number | null>;

export type ShipmentStatus = keyof typeof SHIPMENT_RANKS;

/** States that no scan changes any more. */
export const FINAL: ReadonlySet<ShipmentStatus> = new Set(['DELIVERED', 'LOST', 'CANCELLED']);

/**
 * The state of a package after a scan. Scans come late, twice and out of order: only a higher rank moves it,
 * a final state stays, EXCEPTION is left by what happened after it, CANCELLED is possible only before the carrier has the
 * package.
 *
 * @param furthest the highest ranked state the package ever had, because EXCEPTION hides it
 * @param isAfterTrouble whether it happened after the trouble that shows: the package moves again, wherever it had got to
 */
export function afterScan(
  current: ShipmentStatus,
  furthest: ShipmentStatus,
  scanned: ShipmentStatus,
  isAfterTrouble = false,
): ShipmentStatus {
  if (FINAL.has(current) || scanned === 'UNKNOWN') return current;
  if (scanned === 'EXCEPTION') return 'EXCEPTION';
  if (scanned === 'CANCELLED') return furthest === 'LABEL_CREATED' ? 'CANCELLED' : current;
  if (current === 'EXCEPTION' && isAfterTrouble) return furtherOf(furthest, scanned);
  return rank(scanned) > rank(furthest) ? scanned : current;
}

/**
 * The state that all packages of a shipment have reached; a package in trouble shows.
 * @param packages without those that nothing is expected of any more, unless that is all of them
 */
export function shipmentStatus(packages: readonly ShipmentStatus[]): ShipmentStatus {
  if (packages.includes('EXCEPTION')) return 'EXCEPTION';
  const ranked = [...packages].sort((a, b) => rank(a) - rank(b));
  return ranked[0] ?? 'DELIVERED';
}

/** Whether a parcel is on its way back to the node, also when that way is in trouble. */
export function isGoingBack(parcel: { readonly status: ShipmentStatus; readonly furthest: ShipmentStatus }): boolean {
  const { status, furthest } = parcel;
  return status === 'RETURN_TO_SENDER' || (status === 'EXCEPTION' && furthest === 'RETURN_TO_SENDER');
}

/** The further of two states. */
export function furtherOf(a: ShipmentStatus, b: ShipmentStatus): ShipmentStatus {
  return rank(b) > rank(a) ? b : a;
}

/** What the ranks allow, as a table for clients: every state that one scan can bring a package to. */
export function shipmentTransitions(): Readonly<Record<ShipmentStatus, readonly ShipmentStatus[]>> {
  const statuses = Object.keys(SHIPMENT_RANKS) as ShipmentStatus[];
  const table = Object.fromEntries(statuses.map((status) => [status, new Set<ShipmentStatus>()]));
  const seen = new Set<string>();
  const follow = (current: ShipmentStatus, furthest: ShipmentStatus): void => {
    if (seen.has(`${current} ${furthest}`)) return;
    seen.add(`${current} ${furthest}`);
    for (const scanned of statuses) {
      for (const isAfterTrouble of [false, true]) {
        const next = afterScan(current, furthest, scanned, isAfterTrouble);
        if (next !== current) table[current]?.add(next);
        follow(next, furtherOf(furthest, next));
      }
    }
  };
  follow('LABEL_CREATED', 'LABEL_CREATED');
  const rows = Object.entries(table).map(([status, next]) => [status, statuses.filter((each) => next.has(each))]);
  return Object.fromEntries(rows) as Record<ShipmentStatus, ShipmentStatus[]>;
}

function rank(status: ShipmentStatus): number {
  return SHIPMENT_RANKS[status] ?? 0;
}
