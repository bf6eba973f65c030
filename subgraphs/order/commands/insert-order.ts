import type { Knex } from 'knex';
import type { Channel } from '../../../platform/caller.ts';
import { change, query } from '../../../platform/db/query.ts';
import type { Money } from '../../../platform/money.ts';
import type { PaymentStatus } from '../model.ts';
import { AWAITS_PAYMENT } from '../payments/unpaid-hold.ts';
import type { PricedLine, Totals } from '../pricing.ts';
import type { OrderPlaceInput } from './place-input.ts';

export interface NewOrder {
  readonly id: string;
  readonly channel: Channel;
  readonly channelOrderId: string | null;
  readonly customerId: string | null;
  /** Personal data. */
  readonly customer: { readonly email: string | null; readonly name: string | null } | null;
  readonly totals: Totals;
  readonly paymentStatus: PaymentStatus;
  readonly payment: { readonly provider: string; readonly reference: string; readonly authorized: Money } | null;
  readonly delivery: OrderPlaceInput['delivery'];
  readonly purchaseOrderNumber: string | null;
  readonly traceId: string;
  /** Whether it is kept from its nodes until it is paid. */
  readonly heldUntilPaid: boolean;
  readonly lines: readonly (PricedLine & { readonly id: string; readonly backordered: number })[];
  readonly allocations: readonly { readonly lineId: string; readonly locationId: string; readonly quantity: number }[];
}

export type NumberedOrder = NewOrder & { readonly number: string };

/** Writes order, lines, the first timeline entries, and the hold of one that is to be paid first, in one statement. @returns the order with its number */
export async function insertOrder(trx: Knex.Transaction, order: NewOrder): Promise<NumberedOrder> {
  const rows = await query<{ number: string }>(trx, "select nextval('orders.order_number') as number");
  const numbered = { ...order, number: rows[0]?.number ?? '' };
  await change(trx, "select orders.insert_orders(?::json, ?::json, '[]', '{0}')", [
    JSON.stringify([orderRow(numbered, 0)]),
    JSON.stringify(lineRows(numbered, 0)),
  ]);
  return numbered;
}

/** The order as `orders.insert_orders` reads it. @param i place in the batch */
export function orderRow(order: NumberedOrder, i: number): object {
  const { totals, delivery, payment, channel } = order;
  return {
    i,
    id: order.id,
    number: order.number,
    channel_code: channel.code,
    channel_kind: channel.kind,
    channel_name: channel.name,
    channel_order_id: order.channelOrderId,
    customer_id: order.customerId,
    currency_code: totals.subtotal.currencyCode,
    tax_included: totals.taxIncluded,
    subtotal_minor: minor(totals.subtotal),
    discount_minor: minor(totals.discount),
    shipping_minor: minor(totals.shipping),
    tax_minor: minor(totals.tax),
    grand_total_minor: minor(totals.grandTotal),
    payment_status: order.paymentStatus,
    payment_provider: payment?.provider,
    payment_reference: payment?.reference,
    authorized_minor: payment ? minor(payment.authorized) : null,
    delivery_method: delivery.method,
    delivery_location_id: delivery.locationId,
    service_level: delivery.serviceLevel,
    customer: order.customer,
    shipping_address: delivery.address,
    purchase_order_number: order.purchaseOrderNumber,
    acknowledgement_hours: channel.acknowledgementHours,
    trace_id: order.traceId,
    hold_note: order.heldUntilPaid ? AWAITS_PAYMENT : null,
  };
}

export function lineRows(order: NewOrder, i: number): object[] {
  return order.lines.map((line, index) => ({
    i,
    id: line.id,
    order_id: order.id,
    position: index + 1,
    sku: line.sku,
    title: line.title,
    channel_line_id: line.channelLineId,
    unit_price_minor: minor(line.unitPrice),
    total_minor: minor(line.total),
    tax_minor: minor(line.tax),
    tax_basis_points: line.taxBasisPoints,
    ordered: line.quantity,
    backordered: line.backordered,
  }));
}

function minor(amount: Money): string {
  return amount.amountMinor.toString();
}
