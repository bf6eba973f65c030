import type { DeliveryMethod } from './model.ts';

/**
 * What fulfillment needs from the nodes' warehouse system. A command whose answer was lost is repeated, also when the work
 * has gone on since because of it: it is `done` again, changes nothing and tells nothing.
 */
export interface NodeSystem {
  /** Hands work to a node. One piece of work per `fulfillmentOrderId`. @returns the node's own number of it */
  release(work: NodeWork, signal: AbortSignal): Promise<{ readonly nodeReference: string }>;

  /** Staff of the node takes the work on. Repeating it changes nothing. */
  accept(nodeReference: string, signal: AbortSignal): Promise<NodeAnswer>;
  reject(nodeReference: string, reason: string, signal: AbortSignal): Promise<NodeAnswer>;
  /** Packages left. One goods issue per `key`. */
  confirmShipment(nodeReference: string, confirmation: ShipmentConfirmation, signal: AbortSignal): Promise<NodeAnswer>;
  markReadyForPickup(nodeReference: string, signal: AbortSignal): Promise<NodeAnswer>;
  completePickup(nodeReference: string, signal: AbortSignal): Promise<NodeAnswer>;
  /**
   * Takes work back that nobody has begun to pick; the event CANCELLED tells of it. Later a node may ask its staff: then
   * CANCELLED or CANCELLATION_DENIED is their answer. Repeating it changes nothing.
   */
  cancel(nodeReference: string, signal: AbortSignal): Promise<NodeAnswer | { readonly kind: 'asked' }>;
  /** Has goods that wait at the counter put back on the shelf; the event CANCELLED tells of it. Repeating it changes nothing. */
  putBack(nodeReference: string, signal: AbortSignal): Promise<NodeAnswer>;

  /** What happened at the nodes after a position, in order. Waits up to `waitSeconds` for something. */
  events(after: number, waitSeconds: number, signal: AbortSignal): Promise<FeedPart<NodeEvent>>;
}

/** A part of a feed. */
export interface FeedPart<Entry> {
  /** In order, each once. */
  readonly entries: readonly Entry[];
  /** Entries that are not what the system documents. */
  readonly unreadable?: readonly { readonly position: number; readonly entry: unknown; readonly problem: string }[];
  /** Number of the last entry, or the position asked for when there is none. */
  readonly next: number;
}

export interface NodeWork {
  readonly fulfillmentOrderId: string;
  readonly locationId: string;
  readonly deliveryMethod: DeliveryMethod;
  readonly serviceLevel: string | null;
  /** Personal data. Null when the buyer comes to the node. */
  readonly shipTo: {
    readonly name?: string | null;
    readonly line1: string;
    readonly line2?: string | null;
    readonly city: string;
    readonly region?: string | null;
    readonly postalCode?: string | null;
    readonly countryCode: string;
  } | null;
  readonly lines: readonly NodeLine[];
}

export interface NodeLine extends NodeUnits {
  /** Components of one bundle: lines with the same `ref` leave as whole sets of `perSet` units each, or not at all. */
  readonly set?: { readonly ref: string; readonly perSet: number };
}

/** Units of a line of work, under our reference for the line. */
export interface NodeUnits {
  readonly lineRef: string;
  readonly sku: string;
  readonly quantity: number;
}

export interface ShipmentConfirmation {
  readonly key: string;
  readonly packages: readonly {
    readonly carrier: string;
    readonly trackingNumber: string;
    readonly sscc: string | null;
    readonly serviceLevel: string | null;
    readonly lines: readonly { readonly lineRef: string; readonly quantity: number }[];
  }[];
}

/** A node does what it is asked, or says why not. Outages are thrown as CommerceError. */
export type NodeAnswer =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'refused';
      readonly reason: 'WRONG_STATUS' | 'NOT_ENOUGH' | 'INVALID';
      readonly message: string;
      /** What of the packages that were to leave it is about, as far as the node says: `['0', 'sscc']`. */
      readonly at?: readonly string[];
    };

/** Something that happened to work at a node. */
export interface NodeEvent {
  /** Position in the node's feed; unique, grows. */
  readonly position: number;
  readonly kind:
    | 'RECEIVED'
    | 'ACCEPTED'
    | 'REFUSED'
    | 'CANCELLED'
    | 'CANCELLATION_DENIED'
    | 'PICKING'
    | 'PACKED'
    | 'ISSUED'
    | 'READY_FOR_PICKUP'
    | 'PICKED_UP';
  readonly fulfillmentOrderId: string;
  readonly nodeReference: string;
  readonly occurredAt: Date;
  readonly reason: string | null;
  /** Packages that left with this event. */
  readonly packages: readonly {
    readonly carrier: string;
    readonly trackingNumber: string;
    readonly sscc: string | null;
    readonly lines: readonly NodeUnits[];
  }[];
  /** Units that left, or were handed over, with this event. */
  readonly issued: readonly NodeUnits[];
  /** Units that will not come. */
  readonly short: readonly NodeUnits[];
}

/** What fulfillment needs from carriers. */
export interface CarrierSystem {
  /** Scans after a position, in order. Waits up to `waitSeconds` for one. */
  scans(
    after: number,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<FeedPart<CarrierScan & { readonly position: number }>>;

  /**
   * Issues a label with which a buyer hands goods in that come back. One label per `key`.
   * @throws CommerceError SYSTEM_REJECTED when the carrier takes nothing from there, or the key was used for another wish
   */
  issueReturnLabel(wish: ReturnLabelWish, signal: AbortSignal): Promise<ReturnLabel>;
}

/**
 * What fulfillment needs from carriers, and from services that track for many of them: they are told which parcels to track, and say
 * by webhook or when asked what became of each.
 */
export interface CarrierTrackers {
  /**
   * Has a parcel tracked. One tracker per parcel, however often it is asked for.
   * @throws CommerceError SYSTEM_REJECTED when the carrier or the number is not known there
   */
  register(parcel: TrackedParcel, signal: AbortSignal): Promise<TrackerNews>;
  /** How a tracker stands now. Null when there is no such tracker. */
  read(tracker: string, signal: AbortSignal): Promise<TrackerNews | null>;
  /**
   * What a webhook says. Null when it is about something else.
   * @throws CommerceError UNAUTHENTICATED when the carrier did not send it, or long ago; SYSTEM_BAD_RESPONSE when it is no event
   */
  hear(call: WebhookCall, now: Date): TrackerNews | null;
  /** The scans of a record. Their ids are the same however often, and on whatever way, the record comes. */
  scansOf(record: unknown): { readonly scans: readonly CarrierScan[] } | { readonly problem: string };
}

export interface TrackedParcel {
  /** As packages have it. */
  readonly carrier: string;
  readonly trackingNumber: string;
}

/** How a tracker stands, as the carrier says it. */
export interface TrackerNews {
  /** The carrier's id of the tracker. */
  readonly tracker: string;
  /** Names what is said: the same again is nothing new. */
  readonly key: string;
  /** As it came, without what is personal. */
  readonly record: unknown;
}

/** A call that says it is a webhook, as it came. */
export interface WebhookCall {
  readonly method: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface ReturnLabelWish {
  readonly key: string;
  /** Printed on the label. */
  readonly reference: string;
  /** ISO 3166-1 alpha-2; null when it is not known where the buyer is. */
  readonly originCountry: string | null;
}

export interface ReturnLabel {
  readonly carrier: string;
  readonly trackingNumber: string;
}

export interface CarrierScan {
  readonly carrier: string;
  readonly trackingNumber: string;
  /** The carrier's id of the scan: the same id again changes nothing. */
  readonly eventId: string;
  /** The carrier's own word, and its refinement. */
  readonly status: string;
  readonly statusDetail: string | null;
  readonly occurredAt: Date;
  readonly location: string | null;
  readonly message: string | null;
}

/** What a comparison of all work needs from the nodes' warehouse system: reading at rest. */
export interface NodeAudit {
  /**
   * Work as it is now, at most `limit` (1 to 500).
   * @param cursor null for the beginning, `next` of the page before
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE
   */
  works(
    cursor: string | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly records: readonly NodeWorkRecord[]; readonly next: string | null }>;

  /** Whether the system knows the work. */
  has(fulfillmentOrderId: string, signal: AbortSignal): Promise<boolean>;

  /** As {@link NodeSystem.events}. */
  events: NodeSystem['events'];
}

/** Work as the node's system has it. */
export interface NodeWorkRecord {
  readonly fulfillmentOrderId: string;
  readonly nodeReference: string;
  /** Nothing more will happen to it. */
  readonly isOver: boolean;
  /** Null when the node gave the work back: what it then counts as missing is its own affair. */
  readonly lines:
    | readonly {
        readonly lineRef: string;
        /** Units that left the node or were handed over. */
        readonly issued: number;
        readonly short: number;
      }[]
    | null;
}
