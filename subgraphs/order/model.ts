import type { Money } from '../../platform/money.ts';
import type { Quantities } from './quantities.ts';
import type { OrderStage, OrderStatus } from './states.ts';

export type ChannelKind = 'STOREFRONT' | 'POINT_OF_SALE' | 'MARKETPLACE' | 'BUSINESS_TO_BUSINESS' | 'SOCIAL';
export type DeliveryMethod = 'SHIPPING' | 'PICK_UP' | 'LOCAL_DELIVERY' | 'IN_STORE';
export type PaymentStatus = 'PENDING' | 'AUTHORIZED' | 'PAID' | 'PARTIALLY_REFUNDED' | 'REFUNDED' | 'FAILED';
export type RefundStatus = 'NONE' | 'PENDING' | 'PARTIAL' | 'SETTLED' | 'FAILED';
export type HoldReason = 'FRAUD' | 'ADDRESS' | 'PAYMENT' | 'INVENTORY' | 'MANUAL' | 'CHANNEL';
export type Disposition = 'SELLABLE' | 'DEFECTIVE' | 'CUSTOMER_DAMAGED' | 'CARRIER_DAMAGED' | 'FULFILLER_DAMAGED';
export type OrderTransition = 'CANCEL' | 'HOLD' | 'RELEASE_HOLD' | 'EDIT' | 'REQUEST_RETURN';

/** A postal address. Personal data: never logged. */
export interface Address {
  readonly name?: string | null;
  readonly line1: string;
  readonly line2?: string | null;
  readonly city: string;
  readonly region?: string | null;
  readonly postalCode?: string | null;
  readonly countryCode: string;
  readonly phone?: string | null;
}

/** The header of a customer order as it stands. */
export interface Order {
  readonly id: string;
  readonly number: string;
  readonly channel: { readonly code: string; readonly kind: ChannelKind; readonly name: string };
  readonly channelOrderId: string | null;
  readonly customerId: string | null;
  readonly stage: OrderStage;
  readonly status: OrderStatus;
  readonly revision: number;
  readonly currencyCode: string;
  /** Whether the lines' prices contain tax. */
  readonly taxIncluded: boolean;
  readonly totals: {
    readonly subtotal: Money;
    readonly discount: Money;
    readonly shipping: Money;
    readonly tax: Money;
    readonly grandTotal: Money;
  };
  readonly paymentStatus: PaymentStatus;
  readonly deliveryMethod: DeliveryMethod;
  readonly deliveryLocationId: string | null;
  readonly serviceLevel: string | null;
  readonly shippingAddress: Address | null;
  readonly purchaseOrderNumber: string | null;
  readonly acknowledgement: { readonly deadline: Date | null; readonly acknowledgedAt: Date | null } | null;
  readonly deskNumber: string | null;
  readonly placedAt: Date;
  readonly updatedAt: Date;
  readonly deliveredAt: Date | null;
}

export interface OrderLine {
  readonly id: string;
  readonly orderId: string;
  readonly sku: string;
  readonly title: string;
  readonly channelLineId: string | null;
  readonly unitPrice: Money;
  readonly total: Money;
  readonly tax: Money;
  readonly quantities: Quantities;
}

export interface OrderHold {
  readonly orderId: string;
  readonly reason: HoldReason;
  readonly note: string | null;
  readonly placedAt: Date;
}

export interface TimelineEntry {
  readonly orderId: string;
  readonly sequence: string;
  readonly occurredAt: Date;
  /** Null for entries made before this was kept. */
  readonly recordedAt: Date | null;
  readonly type: string;
  readonly system: string;
  readonly message: string;
  readonly traceId: string;
}

/** Who may see an order. */
export function ownershipOf(order: {
  readonly channel: { readonly code: string };
  readonly customerId: string | null;
  readonly deliveryMethod: DeliveryMethod;
}) {
  return {
    channelCode: order.channel.code,
    customerId: order.customerId,
    collected: order.deliveryMethod === 'PICK_UP' || order.deliveryMethod === 'IN_STORE',
  };
}

/** What may be done with an order as it stands. @param returnable whether the return policy still allows anything to come back */
export function availableTransitions(
  lines: readonly OrderLine[],
  holds: readonly OrderHold[],
  returnable: boolean,
): OrderTransition[] {
  const any = (units: (quantities: Quantities) => number) => lines.some((line) => units(line.quantities) > 0);
  const stoppable = any((units) => units.unsourced + units.backordered + units.allocated);
  const transitions: OrderTransition[] = [];
  if (stoppable) transitions.push('CANCEL', 'HOLD');
  if (holds.length > 0) transitions.push('RELEASE_HOLD');
  if (returnable && any((units) => units.delivered - units.returned)) transitions.push('REQUEST_RETURN');
  return transitions;
}
