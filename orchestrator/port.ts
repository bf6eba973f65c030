import type { Money } from '../platform/money.ts';
import type { FailureCause } from './failure.ts';
import type { Stock } from './ports/stock.ts';
import type { Carrier, FulfillmentBook, LineUnits, ReturnLabel, ShipTo, Warehouse } from './ports/work.ts';
import type { SourcingRules } from './sourcing/model.ts';

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

export interface ChangedOrder {
  readonly applied: boolean;
  readonly lines: readonly BookedLine[];
}

/** The order book: commands on one order, each with a key that makes it happen once. Throws NOT_FOUND or ILLEGAL_TRANSITION. */
export interface OrderBook {
  read(orderId: string): Promise<BookedOrder | null>;
  /** When all units of the order are to have left their nodes, as its channel expects it. Null when it expects nothing. */
  shipBy(orderId: string): Promise<Date | null>;
  accept(orderId: string, desk: { deskNumber: string; acknowledgedAt: Date }, effect: Effect): Promise<ChangedOrder>;
  allocate(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  startFulfillment(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  handBack(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  backorder(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  ship(orderId: string, lines: readonly LineUnits[], effect: Effect): Promise<ChangedOrder>;
  /**
   * Counts what became of a shipment's units since it was told last: delivered, or lost. Units that are neither stay on
   * their way. Telling the same, or less, again counts nothing.
   */
  countShipment(
    orderId: string,
    shipment: {
      readonly shipmentId: string;
      readonly outcomes: readonly {
        readonly lineId: string;
        readonly quantity: number;
        readonly delivered: number;
        readonly lost: number;
      }[];
    },
    effect: Effect,
  ): Promise<ChangedOrder>;
  /** Has it noted with the parcels what nodes took in of them because it did not reach the buyer. Repeating it changes nothing. */
  noteTakenIn(orderId: string): Promise<void>;
  /** Cancels units that a node gave back for that, and gives their stock at that node back. */
  cancelHandedBack(
    orderId: string,
    lines: readonly LineUnits[],
    why: {
      readonly reason: string;
      readonly locationId: string;
      /** What the node was asked for, and by which request: the rest of it is not cancelled any more. */
      readonly request?: { readonly id: string; readonly units: number } | undefined;
    },
    effect: Effect,
  ): Promise<ChangedOrder>;
  /**
   * Cancels units that wait for stock, or with `everything` the whole order as far as nodes still give it back: no node
   * has them, and the order's rule does not let them wait.
   */
  cancelUnavailable(orderId: string, lines: readonly LineUnits[], everything: boolean, effect: Effect): Promise<void>;
  /** Units that were to be cancelled stay: who asked for it hears so when all of the request is settled. */
  keepUnits(
    orderId: string,
    request: { readonly requestId: string; readonly units: number },
    effect: Effect,
  ): Promise<void>;
  setPaymentStatus(
    orderId: string,
    status: 'PAID' | 'PARTIALLY_REFUNDED' | 'REFUNDED',
    effect: Effect,
  ): Promise<ChangedOrder>;
  note(orderId: string, effect: Effect): Promise<ChangedOrder>;
  /** Notes the label of a return. Repeating it changes nothing. */
  recordReturnLabel(returnId: string, label: ReturnLabel, effect: Effect): Promise<void>;
  /** A carrier moved a return's parcel: the return is on its way, or lost. A return that is further stays. */
  returnParcelMoved(returnId: string, status: string, effect: Effect & { readonly occurredAt?: Date }): Promise<void>;
  /** Whether all units of the order that were not cancelled are credited. */
  isPaidBack(orderId: string): Promise<boolean>;
  /** What the order desk was not told yet of units that came back and are kept, in order. */
  untoldReturns(orderId: string): Promise<readonly ReturnNotice[]>;
  /** The desk took such a notice. Repeating it changes nothing. */
  noteReturnTold(notice: ReturnNotice, effect: Omit<Effect, 'key'>): Promise<void>;
  /** Counts units of a return as paid back and put where they belong, once per `key`, and moves it on when that was all. */
  settleReturn(
    returnId: string,
    done: {
      readonly key: string;
      readonly traceId: string;
      /** Where goods were put; null when none were. */
      readonly locationId: string | null;
      readonly lines: readonly {
        readonly lineId: string;
        readonly refunded: number;
        readonly placed: { readonly quantity: number; readonly disposition: string } | null;
      }[];
    },
  ): Promise<void>;
}

/** The order desk (OMS). */
export interface OrderDesk {
  /** What it has a way of being told. It is never told of the others. */
  readonly takes: ReadonlySet<'SHIPMENT' | 'CANCELLATION' | 'RETURN'>;
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
      /** `left`: units that are still wanted, after this cancellation and all others so far. */
      readonly lines: readonly (LineUnits & { readonly left: number })[];
      readonly reason: string;
    },
    signal: AbortSignal,
  ): Promise<void>;
  /** One effect per `noticeId`. */
  noteReturn(notice: ReturnNotice, signal: AbortSignal): Promise<void>;
}

/** Shipped units that came back and are kept. */
export interface ReturnNotice {
  readonly noticeId: string;
  readonly orderId: string;
  readonly lines: readonly LineUnits[];
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
  /** Closes the open exception of this key, if any: a later attempt succeeded, or `by` says in words what ended it. */
  resolve(key: string, by?: string): Promise<void>;
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
  readonly carrier: Carrier;
  readonly finance: Finance;
  readonly exceptions: ExceptionDesk;
}
