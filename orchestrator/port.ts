import type { Money } from '../platform/money.ts';
import type { FailureCause } from './failure.ts';
import type { SourcedLine, SourcingRules } from './sourcing/model.ts';

/** Units of one order line. */
export interface LineUnits {
  readonly lineId: string;
  readonly quantity: number;
}

/** Which effect a command has, so that a repeated step changes nothing, and what the order's timeline says about it. */
export interface Effect {
  readonly key: string;
  readonly timeline?: readonly {
    readonly type: string;
    readonly system: string;
    readonly message: string;
    readonly occurredAt?: Date;
  }[];
  readonly traceId: string;
}

/** The part of an order line's quantities that decisions here depend on. */
export interface LineQuantities {
  readonly ordered: number;
  readonly unsourced: number;
  readonly backordered: number;
  readonly allocated: number;
  readonly inFulfillment: number;
  readonly inTransit: number;
  readonly delivered: number;
  readonly lost: number;
  readonly cancelled: number;
  readonly returned: number;
}

export interface BookedLine {
  readonly id: string;
  readonly sku: string;
  readonly unitPrice: Money;
  readonly total: Money;
  readonly tax: Money;
  readonly quantities: LineQuantities;
}

export interface BookedOrder {
  readonly order: {
    readonly id: string;
    readonly number: string;
    readonly status: string;
    readonly channel: { readonly code: string; readonly kind: string };
    readonly channelOrderId: string | null;
    readonly customerId: string | null;
    readonly currencyCode: string;
    /** Whether the lines' prices contain tax. */
    readonly taxIncluded: boolean;
    readonly deliveryMethod: 'SHIPPING' | 'PICK_UP' | 'LOCAL_DELIVERY' | 'IN_STORE';
    readonly serviceLevel: string | null;
    /** Personal data: goes to the node that ships, nowhere else. */
    readonly shippingAddress: ShipTo | null;
    readonly paymentStatus: string;
  };
  readonly lines: readonly BookedLine[];
  readonly holds: readonly unknown[];
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

export interface ChangedOrder {
  readonly applied: boolean;
  readonly lines: readonly BookedLine[];
}

/** The order book: commands on one order, each with a key that makes it happen once. Throws NOT_FOUND or ILLEGAL_TRANSITION. */
export interface OrderBook {
  read(orderId: string): Promise<BookedOrder | null>;
  accept(orderId: string, desk: { deskNumber: string; acknowledgedAt: Date }, effect: Effect): Promise<ChangedOrder>;
  allocate(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  startFulfillment(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  handBack(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  backorder(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  ship(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  deliver(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  lose(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  /** Cancels units that a node gave back for that, and gives their stock at that node back. */
  cancelHandedBack(
    orderId: string,
    lines: readonly LineUnits[],
    why: { readonly reason: string; readonly locationId: string },
    effect: Effect,
  ): Promise<ChangedOrder>;
  setPaymentStatus(
    orderId: string,
    status: 'PAID' | 'PARTIALLY_REFUNDED' | 'REFUNDED',
    effect: Effect,
  ): Promise<ChangedOrder>;
  note(orderId: string, effect: Effect): Promise<ChangedOrder>;
  settleReturn(
    returnId: string,
    state: 'PARTIALLY_RECEIVED' | 'CLOSED',
    refundStatus: 'PARTIAL' | 'SETTLED',
  ): Promise<void>;
}

/** The order desk (OMS). */
export interface OrderDesk {
  /** The registration of an order, or null when the desk does not know it. */
  find(orderId: string, signal: AbortSignal): Promise<object | null>;
  register(
    order: {
      readonly orderId: string;
      readonly number: string;
      readonly channelCode: string;
      readonly channelOrderId: string | null;
      readonly currencyCode: string;
      readonly lines: readonly {
        readonly lineId: string;
        readonly sku: string;
        readonly quantity: number;
        readonly unitPrice: string;
      }[];
      readonly destination: { readonly countryCode: string; readonly postalCode: string | null } | null;
    },
    signal: AbortSignal,
  ): Promise<{ readonly deskNumber: string; readonly acknowledgedAt: Date | null }>;
  confirmShipment(
    notice: {
      readonly noticeId: string;
      readonly orderId: string;
      readonly lines: readonly LineUnits[];
      readonly packages: readonly { readonly carrier: string; readonly trackingNumber: string }[];
    },
    signal: AbortSignal,
  ): Promise<void>;
  cancel(
    notice: {
      readonly noticeId: string;
      readonly orderId: string;
      readonly lines: readonly LineUnits[];
      readonly reason: string;
    },
    signal: AbortSignal,
  ): Promise<void>;
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

  /** The node does not give work back: it goes on. */
  refuseWithdrawal(fulfillmentOrderId: string): Promise<void>;

  /** What becomes of the units of work that was taken back. Null when its node gave it back by itself. */
  withdrawalOf(
    fulfillmentOrderId: string,
  ): Promise<{ readonly reason: string; readonly parts: readonly WithdrawalPart[] } | null>;

  /** Units of an order in work that goes on, and the nodes that refused units of it or were short of them, with the last time. */
  workOf(orderId: string): Promise<{
    readonly open: readonly { readonly locationId: string; readonly lineId: string; readonly quantity: number }[];
    readonly gaveBack: readonly { readonly locationId: string; readonly at: Date }[];
  }>;

  /** Pieces of work given to each node on its present day, by its own calendar. Nodes without work may be missing. */
  workToday(
    nodes: readonly { readonly locationId: string; readonly timeZone: string }[],
  ): Promise<ReadonlyMap<string, number>>;

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

/** Units of a component in one bundle. */
export interface Component {
  readonly sku: string;
  readonly perUnit: number;
}

/** Where the units of an order may come from. */
export interface OrderSources {
  readonly nodes: readonly { readonly locationId: string; readonly code: string; readonly priority: number }[];
  /** Committed to the order's lines and not gone yet. */
  readonly own: readonly SourcedLine[];
  /** What anybody could take, as of the warehouse's last word about it. */
  readonly free: readonly (Omit<SourcedLine, 'lineId'> & { readonly asOf: Date })[];
  /** Units that wait for stock; `locationId` when only that one may serve them. */
  readonly waiting: readonly (LineUnits & { readonly sku: string; readonly locationId: string | null })[];
}

export interface StockMove extends LineUnits {
  readonly sku: string;
  /** Null: the units wait, or are to wait. */
  readonly from: string | null;
  readonly to: string | null;
}

/** The inventory domain's committed stock. */
export interface Stock {
  /**
   * Moves the committed stock of an order's units away from a node that gave them back, to nodes that have them.
   * Units that no node has are no longer committed anywhere. One decision per `key`: a repetition gives the same rows.
   * @returns where each unit went; `locationId` null for units without stock
   */
  reassign(request: {
    readonly key: string;
    readonly orderId: string;
    readonly lines: readonly (LineUnits & {
      /** Of bundles: units of components that left the node all the same. Their stock is not given back. */
      readonly loose?: readonly { readonly sku: string; readonly quantity: number }[];
    })[];
    readonly refusedLocationId: string;
  }): Promise<readonly { readonly lineId: string; readonly locationId: string | null; readonly quantity: number }[]>;

  /**
   * What those of the order lines that are bundles consist of at a node, as it was when their stock was committed there;
   * with null, what their goods that left consisted of.
   */
  componentsOf(
    lineIds: readonly string[],
    locationId: string | null,
  ): Promise<ReadonlyMap<string, readonly Component[]>>;

  /** Where the order's units are and could be, in units as they are sold. */
  sourcesOf(orderId: string, skus: readonly string[]): Promise<OrderSources>;

  /** Orders with units that wait for this SKU; the oldest promise first. */
  ordersWaitingFor(sku: string): Promise<readonly string[]>;

  /**
   * Moves units between nodes and the queue of those who wait (`null`): all or none. One decision per `key`, also a
   * refusal. With `announce`, units that waited and have a node now are told of by `backorder-allocated`.
   * @returns whether they moved, now or before
   */
  move(request: {
    readonly key: string;
    readonly orderId: string;
    readonly moves: readonly StockMove[];
    readonly announce?: { readonly explanation: string; readonly channelCode: string; readonly traceId: string };
  }): Promise<boolean>;

  /** Gives committed stock of order lines at a location back. More than is committed is not given. */
  release(orderId: string, lines: readonly LineUnits[], locationId: string): Promise<unknown>;

  /** Tells whose committed stock leaves when the node reports a line of this work. Repeating it changes nothing. */
  assignWork(
    fulfillmentOrderId: string,
    lines: readonly { readonly lineRef: string; readonly orderLineId: string }[],
  ): Promise<void>;

  /** Books returned, sellable units back on the shelf. One effect per `key`. */
  returnToStock(
    receipt: {
      readonly key: string;
      readonly locationId: string;
      readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
    },
    signal: AbortSignal,
  ): Promise<void>;
}

/** The nodes' warehouse system (WMS). */
export interface Warehouse {
  /** Hands work to a node. One delivery per `fulfillmentOrderId`. @returns the node's own number of it */
  release(
    work: WorkOrder & { readonly shipTo: ShipTo | null },
    signal: AbortSignal,
  ): Promise<{ readonly nodeReference: string }>;
  /** Takes work back that nobody has begun to pick. Repeating it changes nothing. */
  cancel(nodeReference: string, signal: AbortSignal): Promise<{ readonly kind: 'done' | 'refused' }>;
  /** Has goods that wait at the counter put back on the shelf. Repeating it changes nothing. */
  putBack(nodeReference: string, signal: AbortSignal): Promise<{ readonly kind: 'done' | 'refused' }>;
}

/** One line of an invoice or credit memo. Amounts in minor units of the document's currency. */
export interface DocumentLine {
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly netMinor: bigint;
  readonly taxMinor: bigint;
}

/** The finance domain: posts documents in the ERP and keeps its own record of them. */
export interface Finance {
  /** Posts an invoice. One document per `key`. @returns the ERP's number of it */
  postInvoice(
    document: FinanceDocument,
    signal: AbortSignal,
  ): Promise<{ readonly invoiceId: string; readonly number: string }>;
  /** Posts a credit memo. One document per `key`. @returns the ERP's number of it */
  postCreditMemo(
    document: FinanceDocument & { readonly returnId: string },
    signal: AbortSignal,
  ): Promise<{ readonly creditMemoId: string; readonly number: string }>;
  /** Clears a document with the authorised money: collects an invoice, pays a credit memo out. False while it is not in the books yet. */
  clear(documentId: string, signal: AbortSignal): Promise<boolean>;
}

export interface FinanceDocument {
  readonly key: string;
  readonly orderId: string;
  readonly orderNumber: string;
  readonly channelCode: string;
  readonly customerId: string | null;
  readonly currencyCode: string;
  readonly lines: readonly DocumentLine[];
  /** Whether the money was authorised when the order was placed, so that the document can be cleared at once. */
  readonly paid: boolean;
  readonly traceId: string;
}

/** The desk where failures land that the system could not get over by itself. */
export interface ExceptionDesk {
  /** Opens an exception, or counts another attempt on the open one of the same key. */
  raise(failure: {
    readonly key: string;
    readonly cause: FailureCause;
    readonly system: string;
    readonly operation: string;
    readonly message: string;
    readonly orderId: string | null;
    readonly channelCode: string | null;
    readonly workflowId: string | null;
    readonly traceId: string;
    /** What was thrown: for the log, never for the desk. */
    readonly error?: unknown;
  }): Promise<void>;
  /** Closes the open exception of this key, if any: a later attempt succeeded. */
  resolve(key: string): Promise<void>;
}

/** Everything the workflows need. The process entry binds it to the domains' doors and the systems' adapters. */
export interface OrchestratorDeps {
  /** How orders are spread over nodes. Without rules the units stay where the capture committed them. */
  readonly sourcing: SourcingRules;
  readonly orders: OrderBook;
  readonly desk: OrderDesk;
  readonly fulfillment: FulfillmentBook;
  readonly stock: Stock;
  readonly warehouse: Warehouse;
  readonly finance: Finance;
  readonly exceptions: ExceptionDesk;
}
