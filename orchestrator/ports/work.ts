/** Units of one order line. */
export interface LineUnits {
  readonly lineId: string;
  readonly quantity: number;
}

/** A delivery address. Personal data: never logged, never stored in a workflow's record. */
export interface ShipTo {
  readonly name?: string | null;
  readonly line1: string;
  readonly line2?: string | null;
  readonly city: string;
  readonly region?: string | null;
  readonly postalCode?: string | null;
  readonly countryCode: string;
  readonly phone?: string | null;
}

/** Units of a component in one bundle. */
export interface Component {
  readonly sku: string;
  readonly perUnit: number;
}

/** The fulfillment domain's own records. */
export interface FulfillmentBook {
  /**
   * Creates one fulfillment order per location, OPEN and UNSUBMITTED. One effect per `key`: a repetition returns the same orders.
   * @returns ids in the order of `groups`
   */
  open(request: {
    readonly key: string;
    readonly orderId: string;
    readonly channelCode: string;
    readonly customerId: string | null;
    readonly deliveryMethod: string;
    readonly serviceLevel: string | null;
    readonly groups: readonly {
      readonly locationId: string;
      readonly lines: readonly {
        readonly lineId: string;
        readonly sku: string;
        readonly quantity: number;
        /** What one unit consists of, when the line is a bundle. */
        readonly components?: readonly Component[];
      }[];
    }[];
    /** How the work begins; OPEN unless told. */
    readonly opening?: WorkOpening;
    /** When the goods are to have left the node, as the channel expects it. Null when it expects nothing. */
    readonly shipBy: Date | null;
    /** Work that ended, whose units these are. */
    readonly replaces?: string;
    readonly traceId: string;
  }): Promise<readonly string[]>;

  /**
   * Marks a fulfillment order SUBMITTED, so that its units can no longer be withdrawn, and says what to send to the node.
   * Repeating it gives the same answer. Null when nothing is left of it (cancelled meanwhile), or it is to wait.
   */
  submit(fulfillmentOrderId: string): Promise<WorkOrder | null>;

  /** Work of an order that no node was asked to do yet. */
  unsubmitted(orderId: string): Promise<readonly string[]>;

  /** The node's own number of work. Null until the node told of it. */
  nodeReferenceOf(fulfillmentOrderId: string): Promise<string | null>;

  /** Has the nodes asked for units that are to be cancelled. One effect per `key`. @returns how many units that is */
  withdrawUnits(
    orderId: string,
    request: { readonly key: string; readonly reason: string; readonly lines: readonly LineUnits[] },
  ): Promise<number>;

  /**
   * The node does not give work back: it goes on. Repeating it gives the same answer.
   * @returns the request that asked for it, and how many units it wanted cancelled; null when none was refused
   */
  refuseWithdrawal(fulfillmentOrderId: string): Promise<{ readonly key: string; readonly units: number } | null>;

  /** What becomes of the units of work that was taken back. Null when its node gave it back by itself. */
  withdrawalOf(
    fulfillmentOrderId: string,
  ): Promise<{ readonly key: string; readonly reason: string; readonly parts: readonly WithdrawalPart[] } | null>;

  /** Units of an order in work that goes on, and the nodes that refused units of it or were short of them, with the last time by the node's clock. */
  workOf(orderId: string): Promise<{
    readonly open: readonly { readonly locationId: string; readonly lineId: string; readonly quantity: number }[];
    readonly gaveBack: readonly { readonly locationId: string; readonly at: Date }[];
  }>;

  /** Pieces of work given to each node on its present day, by its own calendar. Nodes without work may be missing. */
  workToday(
    nodes: readonly { readonly locationId: string; readonly timeZone: string }[],
  ): Promise<ReadonlyMap<string, number>>;

  /** Notes a parcel that is to come back, so that its scans are told as `return-parcel-moved`. Repeating it changes nothing. */
  expectReturnParcel(parcel: {
    readonly returnId: string;
    readonly orderId: string;
    readonly channelCode: string;
    readonly carrier: string;
    readonly trackingNumber: string;
    readonly traceId: string;
  }): Promise<void>;

  /** The shipment with its lines. Null when there is none. */
  readShipment(shipmentId: string): Promise<{
    readonly shipmentId: string;
    readonly orderId: string;
    readonly locationId: string;
    readonly shippedAt: Date;
    readonly lines: readonly {
      readonly lineId: string;
      readonly sku: string;
      readonly quantity: number;
      /** Units of the order line in earlier shipments: decides which share of the line's tax this shipment bills. */
      readonly shippedBefore: number;
    }[];
    readonly packages: readonly { readonly carrier: string; readonly trackingNumber: string }[];
    /**
     * What became of its units, parcel by parcel: those that neither arrived nor got lost are on their way, or stranded (they
     * go back, or their label was cancelled). Read later, `delivered` and `lost` are never less.
     */
    readonly outcomes: readonly {
      readonly lineId: string;
      readonly quantity: number;
      readonly delivered: number;
      readonly lost: number;
      readonly stranded: number;
    }[];
  } | null>;
}

/** How work begins. SCHEDULED work is opened at `fulfilAt`, RFC 3339. */
export interface WorkOpening {
  readonly status: 'OPEN' | 'ON_HOLD' | 'SCHEDULED';
  readonly fulfilAt?: string;
}

/** What becomes of some units of work that was taken back. Units that no part names stay work of the same node. */
export interface WithdrawalPart {
  readonly becomes: 'CANCEL' | WorkOpening['status'];
  /** The node that gets them; the one that had them unless told. */
  readonly locationId?: string;
  readonly fulfilAt?: string;
  /** All units unless told. */
  readonly lines?: readonly LineUnits[];
}

/** Work for one node, without the address, which the step reads from the order when it sends it. */
export interface WorkOrder {
  readonly fulfillmentOrderId: string;
  readonly orderId: string;
  readonly locationId: string;
  readonly deliveryMethod: 'SHIPPING' | 'PICK_UP' | 'LOCAL_DELIVERY' | 'IN_STORE';
  readonly serviceLevel: string | null;
  /** A bundle is a line per component. */
  readonly lines: readonly {
    /** Under this reference the node reports the line. */
    readonly lineRef: string;
    readonly orderLineId: string;
    readonly sku: string;
    readonly quantity: number;
    /** Which lines leave as whole sets. */
    readonly set?: { readonly ref: string; readonly perSet: number };
  }[];
}

/** The nodes' warehouse system (WMS). */
export interface Warehouse {
  /** Hands work to a node. One delivery per `fulfillmentOrderId`. @returns the node's own number of it */
  release(
    work: WorkOrder & { readonly shipTo: ShipTo | null },
    signal: AbortSignal,
  ): Promise<{ readonly nodeReference: string }>;
  /** Takes work back that nobody has begun to pick. Repeating it changes nothing. */
  cancel(nodeReference: string, signal: AbortSignal): Promise<{ readonly kind: 'done' | 'refused' | 'asked' }>;
  /** Has goods that wait at the counter put back on the shelf. Repeating it changes nothing. */
  putBack(nodeReference: string, signal: AbortSignal): Promise<{ readonly kind: 'done' | 'refused' }>;
}

/** What a buyer hands goods in with. */
export interface ReturnLabel {
  readonly carrier: string;
  readonly trackingNumber: string;
}

/** The carrier with whom goods come back. */
export interface Carrier {
  /** Issues a return label. One per `key`. */
  issueReturnLabel(
    wish: { readonly key: string; readonly reference: string; readonly originCountry: string | null },
    signal: AbortSignal,
  ): Promise<ReturnLabel>;
}
