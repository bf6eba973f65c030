import { money } from '../../platform/money.ts';
import type {
  Address,
  ChannelKind,
  DeliveryMethod,
  Disposition,
  Order,
  OrderLine,
  PaymentStatus,
  RefundStatus,
} from './model.ts';
import type { DeclineReason, OrderReturn, RefundMoment, ReturnCondition, ReturnLine } from './returns/model.ts';
import type { OrderStage, OrderStatus, ReturnState } from './states.ts';

/** orders.customer_order as PostgreSQL returns it: bigint as text, timestamptz as Date. */
export interface OrderRow {
  id: string; number: string; channel_code: string; channel_kind: ChannelKind; channel_name: string; channel_order_id: string | null;
  customer_id: string | null; stage: OrderStage; status: OrderStatus; revision: number; currency_code: string;
  tax_included: boolean;
  subtotal_minor: string; discount_minor: string; shipping_minor: string; tax_minor: string; grand_total_minor: string;
  payment_status: PaymentStatus; delivery_method: DeliveryMethod; delivery_location_id: string | null; service_level: string | null;
  shipping_address: Address | null; purchase_order_number: string | null; acknowledgement_deadline: Date | null; acknowledged_at: Date | null;
  desk_number: string | null; placed_at: Date; updated_at: Date; delivered_at: Date | null;
} // biome-ignore format: a table

export interface LineRow {
  id: string; order_id: string; sku: string; title: string; channel_line_id: string | null; currency_code: string;
  unit_price_minor: string; total_minor: string; tax_minor: string;
  ordered: number; unsourced: number; backordered: number; allocated: number; in_fulfillment: number; in_transit: number;
  delivered: number; lost: number; cancelled: number; returned: number;
} // biome-ignore format: a table

export interface ReturnRow {
  id: string; number: string; order_id: string; state: ReturnState; refund_status: RefundStatus; expires_at: Date;
  decline_reason: DeclineReason | null; decline_note: string | null; closing: boolean; exchange_order_id: string | null;
  carrier: string | null; tracking_number: string | null; label_asked_at: Date | null; label_issued_at: Date | null;
} // biome-ignore format: a table

export interface ReturnLineRow {
  id: string; return_id: string; order_line_id: string; sku: string; quantity: number; received: number; reason: string; disposition: Disposition | null;
  credited: number; refunded: number; refund_on: RefundMoment;
} // biome-ignore format: a table

export interface ConditionRow {
  return_line_id: string; location_id: string; disposition: Disposition; inspected: number; accepted: number; placed: number;
} // biome-ignore format: a table

export function toOrder(row: OrderRow): Order {
  const amount = (minor: string) => money(minor, row.currency_code);
  return {
    id: row.id,
    number: row.number,
    channel: { code: row.channel_code, kind: row.channel_kind, name: row.channel_name },
    channelOrderId: row.channel_order_id,
    customerId: row.customer_id,
    stage: row.stage,
    status: row.status,
    revision: row.revision,
    currencyCode: row.currency_code,
    taxIncluded: row.tax_included,
    totals: {
      subtotal: amount(row.subtotal_minor),
      discount: amount(row.discount_minor),
      shipping: amount(row.shipping_minor),
      tax: amount(row.tax_minor),
      grandTotal: amount(row.grand_total_minor),
    },
    paymentStatus: row.payment_status,
    deliveryMethod: row.delivery_method,
    deliveryLocationId: row.delivery_location_id,
    serviceLevel: row.service_level,
    shippingAddress: row.shipping_address,
    purchaseOrderNumber: row.purchase_order_number,
    acknowledgement:
      row.acknowledgement_deadline || row.acknowledged_at
        ? { deadline: row.acknowledgement_deadline, acknowledgedAt: row.acknowledged_at }
        : null,
    deskNumber: row.desk_number,
    placedAt: row.placed_at,
    updatedAt: row.updated_at,
    deliveredAt: row.delivered_at,
  };
}

export function toLine(row: LineRow): OrderLine {
  const amount = (minor: string) => money(minor, row.currency_code);
  return {
    id: row.id,
    orderId: row.order_id,
    sku: row.sku,
    title: row.title,
    channelLineId: row.channel_line_id,
    unitPrice: amount(row.unit_price_minor),
    total: amount(row.total_minor),
    tax: amount(row.tax_minor),
    quantities: {
      ordered: row.ordered,
      unsourced: row.unsourced,
      backordered: row.backordered,
      allocated: row.allocated,
      inFulfillment: row.in_fulfillment,
      inTransit: row.in_transit,
      delivered: row.delivered,
      lost: row.lost,
      cancelled: row.cancelled,
      returned: row.returned,
    },
  };
}

export function toReturn(row: ReturnRow): OrderReturn {
  return {
    id: row.id,
    number: row.number,
    orderId: row.order_id,
    state: row.state,
    refundStatus: row.refund_status,
    expiresAt: row.expires_at,
    declineReason: row.decline_reason,
    declineNote: row.decline_note,
    closing: row.closing,
    labelAsked: row.label_asked_at !== null,
    label:
      row.carrier !== null && row.tracking_number !== null && row.label_issued_at !== null
        ? { carrier: row.carrier, trackingNumber: row.tracking_number, issuedAt: row.label_issued_at }
        : null,
    exchangeOrderId: row.exchange_order_id,
  };
}

export function toReturnLine(row: ReturnLineRow): ReturnLine {
  return {
    id: row.id,
    returnId: row.return_id,
    orderLineId: row.order_line_id,
    sku: row.sku,
    quantity: row.quantity,
    received: row.received,
    credited: row.credited,
    refunded: row.refunded,
    refundOn: row.refund_on,
    reason: row.reason,
    disposition: row.disposition,
  };
}

export function toCondition(row: ConditionRow): ReturnCondition {
  return {
    returnLineId: row.return_line_id,
    locationId: row.location_id,
    disposition: row.disposition,
    inspected: row.inspected,
    accepted: row.accepted,
    placed: row.placed,
  };
}
