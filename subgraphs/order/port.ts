import type { Money } from '../../platform/money.ts';
import type { Address } from './model.ts';

/** What the order domain needs from an order desk (OMS): every order is registered there and kept up to date. */
export interface OrderDesk {
  /** What it has a way of being told. It is never told of the others. */
  readonly takes: ReadonlySet<'SHIPMENT' | 'CANCELLATION' | 'RETURN'>;

  /**
   * Registers an order. The same order registered again gives the same answer: the desk sees one order.
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_REJECTED | SYSTEM_BAD_RESPONSE
   */
  register(order: DeskOrder, signal: AbortSignal): Promise<DeskRegistration>;

  /** The registration of an order, or null when the desk does not know it. */
  find(orderId: string, signal: AbortSignal): Promise<DeskRegistration | null>;

  /** Tells the desk that goods left. One effect per `noticeId`. */
  confirmShipment(notice: ShipmentNotice, signal: AbortSignal): Promise<void>;

  /** Tells the desk that units were cancelled. One effect per `noticeId`. */
  cancel(notice: CancellationNotice, signal: AbortSignal): Promise<void>;

  /** Tells the desk that shipped units came back and are kept. One effect per `noticeId`. */
  noteReturn(notice: ReturnNotice, signal: AbortSignal): Promise<void>;
}

export interface DeskOrder {
  /** Our id: the desk's idempotency key. */
  readonly orderId: string;
  readonly number: string;
  readonly channelCode: string;
  readonly channelOrderId: string | null;
  readonly currencyCode: string;
  /** Decimal amounts with the currency's digits. */
  readonly lines: readonly {
    readonly lineId: string;
    readonly sku: string;
    readonly quantity: number;
    readonly unitPrice: string;
  }[];
  /** Country and postal area only: the desk needs no name and no street. */
  readonly destination: { readonly countryCode: string; readonly postalCode: string | null } | null;
}

export interface DeskRegistration {
  /** The desk's own number of the order. */
  readonly deskNumber: string;
  /** Null when the desk has not acknowledged yet. */
  readonly acknowledgedAt: Date | null;
}

export interface ShipmentNotice {
  readonly noticeId: string;
  readonly orderId: string;
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[];
  readonly packages: readonly { readonly carrier: string; readonly trackingNumber: string }[];
}

export interface CancellationNotice {
  readonly noticeId: string;
  readonly orderId: string;
  readonly lines: readonly {
    readonly lineId: string;
    readonly quantity: number;
    /** Units of the line that are still wanted, after this cancellation and all others so far. */
    readonly left: number;
  }[];
  readonly reason: string;
}

export interface ReturnNotice {
  readonly noticeId: string;
  readonly orderId: string;
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[];
}

/** What a comparison of all orders needs from an order desk: reading at rest. */
export interface DeskAudit {
  /**
   * Orders that were registered by us, each as it is now, at most `limit` (1 to 500). An order that changes meanwhile may
   * come again on a later page.
   * @param cursor null for the beginning, `next` of the page before
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE
   */
  records(
    cursor: string | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly records: readonly DeskRecord[]; readonly next: string | null }>;

  /** An order that was registered by us, as it is now; null when the desk does not know it. */
  record(orderId: string, signal: AbortSignal): Promise<DeskRecord | null>;
}

/** An order as the desk has it. */
export interface DeskRecord {
  readonly orderId: string;
  readonly deskNumber: string;
  readonly lines: readonly {
    readonly lineId: string;
    readonly ordered: number;
    readonly shipped: number;
    readonly cancelled: number;
    /** Shipped units that came back and are kept. Left out where it does not say. */
    readonly returned?: number;
  }[];
  /** What the desk says was given back to the buyer, by whomever. Left out where it does not say. */
  readonly refunded?: Money;
}

/**
 * A channel that keeps books of its own about the orders it gave us, such as a marketplace: it is told what became of
 * them. Each kind of notice that it `takes` it takes once per `noticeId`, however often it is told.
 */
export interface ChannelSystem {
  /** Kinds that it has a way of being told. It is never told of the others. */
  readonly takes: ReadonlySet<ChannelNotice['kind']>;

  /**
   * Tells the channel. Done means applied, not queued: a channel that only accepts for later is asked again by its
   * adapter, or by the next attempt with the same notice.
   * @param before what it took about the order before this, in its order: a channel that does not know notices by their
   * names is asked how far it is, and by this it is seen whether the notice is among that already
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_REJECTED | SYSTEM_BAD_RESPONSE
   */
  tell(notice: ChannelNotice, signal: AbortSignal, before: readonly ChannelNotice[]): Promise<void>;
}

/** A channel whose orders are fetched from it, because it does not place them here itself. */
export interface ChannelOrders {
  /**
   * Orders that were made or changed since a moment, each as it is now. An order may come twice, and in any order. All
   * pages are read, as they are wanted.
   * @param since by the channel's clock; orders of that moment are among them
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_REJECTED | SYSTEM_BAD_RESPONSE
   */
  changedSince(since: Date, signal: AbortSignal): AsyncIterable<readonly FetchedOrder[]>;

  /** Reads an order that was kept as it came, by what is understood now. */
  read(raw: string): FetchedOrder['reading'];
}

/** An order as the channel told it. */
export interface FetchedOrder {
  /** The channel's own id of it. */
  readonly channelOrderId: string;
  /** As it came. Holds personal data. */
  readonly raw: string;
  /** When it was changed last, by the channel's clock: what is older than what was taken before says nothing. Left out where it does not say. */
  readonly changedAt?: Date | undefined;
  readonly reading:
    | { readonly kind: 'READ'; readonly order: ChannelOrder }
    /** There is nothing to do: it is not paid yet, or not ours to send. It comes again when that changes. */
    | { readonly kind: 'WAITING' }
    /** It holds what nobody has given a meaning; `problem` says what and where, for an operator, without personal data. */
    | { readonly kind: 'UNREADABLE'; readonly problem: string };
}

/** A channel's order in our words. Holds personal data. */
export interface ChannelOrder {
  readonly currencyCode: string;
  readonly customer: { readonly email: string | null; readonly name: string | null };
  /** Null where the channel tells it no more, because nothing is left to be sent. */
  readonly address: Address | null;
  readonly serviceLevel: string | null;
  readonly lines: readonly ChannelOrderLine[];
}

export interface ChannelOrderLine {
  /** The channel's own id of the line, unique within the order. */
  readonly channelLineId: string;
  /** As the channel calls the article. */
  readonly sku: string;
  /** Units that were bought. 0 where all are cancelled and the channel says no more how many there were. */
  readonly quantity: number;
  /** Those of them that the channel counts as cancelled, by whomever. */
  readonly cancelled: number;
  /** Those that the channel counts as sent, by whomever. */
  readonly sent: number;
  /** Why some are cancelled, as the contract's CancelReason names it. */
  readonly cancelReason: string;
  /** Decimal, of one unit. */
  readonly unitPrice: string;
}

/** Units of an order line, under the names of both sides. */
export interface NoticeLine {
  readonly lineId: string;
  /** The channel's own id of the line. Null where it gave none. */
  readonly channelLineId: string | null;
  readonly sku: string;
  /** Units of the line that were ordered. */
  readonly ordered: number;
  /** Units of it that the notice is about. */
  readonly quantity: number;
}

export interface NoticePackage {
  readonly carrier: string;
  readonly trackingNumber: string;
  /** Units by our SKU; components where the node packed those of a bundle. Left out where it did not say. */
  readonly contents?: readonly { readonly sku: string; readonly quantity: number }[] | undefined;
}

/** What a channel is told about one of its orders. Holds no personal data. */
export type ChannelNotice = {
  readonly noticeId: string;
  readonly channelCode: string;
  readonly orderId: string;
  /** What people here call the order. */
  readonly orderNumber: string;
  /** The channel's own id of the order. Null where it gave none. */
  readonly channelOrderId: string | null;
} & (
  | { readonly kind: 'ACKNOWLEDGEMENT' | 'REFUSAL'; readonly lines: readonly NoticeLine[] }
  | {
      readonly kind: 'SHIPMENT';
      /** RFC 3339. */
      readonly shippedAt: string;
      readonly lines: readonly NoticeLine[];
      /** Empty when the goods were handed over. */
      readonly packages: readonly NoticePackage[];
    }
  | {
      readonly kind: 'CANCELLATION';
      /** Class of the reason, as the contract's CancelReason names it. */
      readonly reason: string;
      readonly lines: readonly NoticeLine[];
    }
  | {
      readonly kind: 'CANCELLATION_ANSWER';
      /** The channel's own name of its request. */
      readonly channelRequestId: string;
      readonly answer: CancellationAnswer;
      /** What is cancelled. */
      readonly lines: readonly NoticeLine[];
    }
  | {
      readonly kind: 'REFUND';
      readonly currencyCode: string;
      /** Decimal with the currency's digits, tax included. */
      readonly amount: string;
      readonly lines: readonly (NoticeLine & { readonly amount: string })[];
    }
);

/** What became of units that a channel wanted cancelled. */
export type CancellationAnswer = 'GRANTED' | 'PARTLY_GRANTED' | 'REFUSED';

/** A call that says it is a platform's webhook, as it came. */
export interface SignedWebhook {
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** A platform on which buyers ask for returns, and which tells of them by signed webhooks. */
export interface ReturnPlatform {
  /**
   * What a webhook says; null when it is about something else.
   * @throws CommerceError UNAUTHENTICATED for what the platform did not send, SYSTEM_BAD_RESPONSE for what holds no message
   */
  hear(call: SignedWebhook): HeardReturn | null;
  /** Reads a record by what is understood now. `problem` says what has no meaning, for an operator, without personal data. */
  read(record: unknown): PlatformReturn | { readonly problem: string };
}

/** A return as its platform told it. */
export interface HeardReturn {
  /** The platform's own id of it. */
  readonly externalId: string;
  /** As it came, without what is personal. The same said again is the same. */
  readonly record: unknown;
}

/** A platform's return in our words. */
export interface PlatformReturn {
  /** ASKED: somebody there decides. PERMITTED: goods may be sent. WITHDRAWN, EXPIRED: nothing comes. ENDED: it is settled there. */
  readonly phase: 'ASKED' | 'PERMITTED' | 'WITHDRAWN' | 'EXPIRED' | 'ENDED';
  /** What the order may be called by us or its channel. */
  readonly orderNames: readonly string[];
  /** Each unit that comes back. */
  readonly units: readonly { readonly channelLineId: string | null; readonly sku: string | null; readonly reason: string; readonly note: string | null }[];
  /** The buyer is promised other goods, or credit at the platform, instead of money. */
  readonly wantsGoods: boolean;
  readonly wantsCredit: boolean;
  /** SKUs of the goods, where it says them. */
  readonly goods: readonly string[];
  /** Labels; `moved` is where their parcel is, null where it did not move yet. */
  readonly labels: readonly { readonly carrier: string; readonly trackingNumber: string; readonly moved: 'IN_TRANSIT' | 'OUT_FOR_DELIVERY' | 'DELIVERED' | 'LOST' | null }[];
} // biome-ignore format: a table
