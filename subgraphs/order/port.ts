/** What the order domain needs from an order desk (OMS): every order is registered there and kept up to date. */
export interface OrderDesk {
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
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[];
  readonly reason: string;
}
