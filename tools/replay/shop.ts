/** Why a mutation did nothing, as the API says it. */
export interface UserError {
  readonly code: string;
  readonly message: string;
  /** Path of the input that is wrong, such as `input.lines.3.sku`. Null when it is not about one. */
  readonly field: readonly string[] | null;
  readonly sku?: string | null;
  /** Units that could be had, with OUT_OF_STOCK. */
  readonly availableQuantity?: number | null;
}

/** Statuses of an order that something is still to happen to. */
export const OPEN_STATUSES = [
  'CAPTURED',
  'VALIDATED',
  'ACCEPTED',
  'BACKORDERED',
  'ALLOCATED',
  'IN_FULFILLMENT',
  'PARTIALLY_SHIPPED',
  'SHIPPED',
  'PARTIALLY_DELIVERED',
] as const;

/** An order as the list of orders has it. */
export interface OrderState {
  readonly id: string;
  readonly channelOrderId: string | null;
  /** A status of the API; more than {@link OPEN_STATUSES} may come. */
  readonly status: string;
  /** Sum of the lines, in pence. */
  readonly subtotalPence: number;
}

/** A line of an order as the platform has it. */
export interface PlacedLine {
  readonly id: string;
  /** The line of the file, as we gave it. */
  readonly channelLineId: string | null;
  readonly sku: string;
  readonly ordered: number;
}

/** One order to place. */
export interface OrderInput {
  readonly idempotencyKey: string;
  readonly channelOrderId: string;
  readonly currencyCode: string;
  readonly customer: { readonly customerId: string } | null;
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly unitPrice: { readonly amount: string; readonly currencyCode: string };
    readonly channelLineId: string;
  }[];
  readonly delivery: {
    readonly method: 'SHIPPING';
    readonly address: {
      readonly name: string;
      readonly line1: string;
      readonly city: string;
      readonly countryCode: string;
    };
  };
}

/** Units to book in or out. */
export interface Adjustment {
  readonly idempotencyKey: string;
  readonly sku: string;
  readonly locationId: string;
  readonly reason: 'RECEIPT' | 'DAMAGE' | 'CORRECTION';
  /** Never 0. */
  readonly delta: number;
}

/** Units of one order line that come back. */
export interface BackInput {
  readonly idempotencyKey: string;
  readonly orderId: string;
  readonly orderLineId: string;
  readonly quantity: number;
  /** For people. */
  readonly note: string;
}

/** A return that was made, with its one line. */
export interface ReturnState {
  readonly id: string;
  readonly lineId: string;
}

/**
 * What the replay asks of the platform: the public API, as a marketplace's connector and a warehouse use it.
 * Every change has an idempotency key, so each may be repeated. An empty list of errors means that it was done.
 * @throws PlatformSilent when the gateway stays away; ApiRefused when it does not accept the request as such
 */
export interface Shop {
  /** Those of the SKUs that the catalogue does not have. */
  unknownSkus(skus: readonly string[]): Promise<ReadonlySet<string>>;
  /** Our own warehouses, the main one first. */
  warehouses(): Promise<readonly { readonly id: string; readonly code: string }[]>;
  /** Units of each SKU that the marketplace may sell from this place. */
  sellable(skus: readonly string[], locationId: string): Promise<ReadonlyMap<string, number>>;
  adjust(adjustment: Adjustment): Promise<readonly UserError[]>;
  /** The marketplace's orders, newest first. */
  orders(statuses?: typeof OPEN_STATUSES): AsyncIterable<OrderState>;
  /** With DUPLICATE_CHANNEL_ORDER, `orderId` is the one placed first. */
  place(order: OrderInput): Promise<{ readonly orderId: string | null; readonly errors: readonly UserError[] }>;
  lines(orderId: string): Promise<readonly PlacedLine[]>;
  cancel(units: BackInput): Promise<readonly UserError[]>;
  requestReturn(
    units: BackInput,
  ): Promise<{ readonly made: ReturnState | null; readonly errors: readonly UserError[] }>;
  authorizeReturn(idempotencyKey: string, returnId: string): Promise<readonly UserError[]>;
  /** Books the units of a return as sellable again. */
  receiveReturn(
    idempotencyKey: string,
    goods: ReturnState & { readonly quantity: number; readonly locationId: string },
  ): Promise<readonly UserError[]>;
}
