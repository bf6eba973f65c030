import type { Knex } from 'knex';
import type { Channel } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import type { Money } from '../../../platform/money.ts';
import type { PaymentStatus } from '../model.ts';
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
  readonly lines: readonly (PricedLine & { readonly id: string; readonly backordered: number })[];
  readonly allocations: readonly { readonly lineId: string; readonly locationId: string; readonly quantity: number }[];
}

/** Writes order, lines, allocations and the first timeline entries in one statement. @returns the order with its number */
export async function insertOrder(trx: Knex.Transaction, order: NewOrder): Promise<NewOrder & { number: string }> {
  const { totals, delivery, payment, channel, lines } = order;
  const rows = await query<{ number: string }>(
    trx,
    `with o as (
       insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, channel_order_id, customer_id, stage, status, revision,
         currency_code, tax_included, subtotal_minor, discount_minor, shipping_minor, tax_minor, grand_total_minor,
         payment_status, payment_provider, payment_reference, authorized_minor, delivery_method, delivery_location_id, service_level,
         customer, shipping_address, purchase_order_number, acknowledgement_deadline, trace_id, placed_at, updated_at)
       values (?, nextval('orders.order_number')::text, ?, ?, ?, ?, ?, 'VALIDATED', 'VALIDATED', 2,
         ?, ?, ?, ?, ?, ?, ?,
         ?, ?, ?, ?, ?, ?, ?,
         ?::jsonb, ?::jsonb, ?, now() + ?::float8 * interval '1 hour', ?, now(), now())
       returning id, number
     ), l as (
       insert into orders.order_line (id, order_id, position, sku, title, channel_line_id, unit_price_minor, total_minor, tax_minor, tax_basis_points,
         ordered, unsourced, backordered)
       select n.id, o.id, n.position, n.sku, n.title, n.channel_line_id, n.unit_price, n.total, n.tax, n.rate, n.ordered, n.ordered - n.backordered, n.backordered
       from o, unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::int[], ?::int[], ?::int[])
         with ordinality as n(id, sku, title, channel_line_id, unit_price, total, tax, rate, ordered, backordered, position)
     ), a as (
       insert into orders.allocation (order_id, line_id, location_id, quantity)
       select o.id, n.line_id, n.location_id, n.quantity from o, unnest(?::text[], ?::text[], ?::int[]) as n(line_id, location_id, quantity)
     ), t as (
       insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
       select o.id, n.sequence, now(), n.type, 'commerce', n.message, ?
       from o, (values (1, 'ORDER_CAPTURED', 'Order captured'), (2, 'ORDER_VALIDATED', 'Order validated and stock committed')) as n(sequence, type, message)
     )
     select number from o`,
    [
      order.id, channel.code, channel.kind, channel.name, order.channelOrderId, order.customerId,
      totals.subtotal.currencyCode, totals.taxIncluded, minor(totals.subtotal), minor(totals.discount), minor(totals.shipping), minor(totals.tax), minor(totals.grandTotal),
      order.paymentStatus, payment?.provider ?? null, payment?.reference ?? null, payment ? minor(payment.authorized) : null,
      delivery.method, delivery.locationId ?? null, delivery.serviceLevel ?? null,
      json(order.customer), json(delivery.address ?? null), order.purchaseOrderNumber, channel.acknowledgementHours, order.traceId,
      lines.map((line) => line.id), lines.map((line) => line.sku), lines.map((line) => line.title), lines.map((line) => line.channelLineId),
      lines.map((line) => minor(line.unitPrice)), lines.map((line) => minor(line.total)), lines.map((line) => minor(line.tax)),
      lines.map((line) => line.taxBasisPoints), lines.map((line) => line.quantity), lines.map((line) => line.backordered),
      order.allocations.map((allocation) => allocation.lineId), order.allocations.map((allocation) => allocation.locationId),
      order.allocations.map((allocation) => allocation.quantity),
      order.traceId,
    ], // biome-ignore format: in the order of the statement
  );
  return { ...order, number: rows[0]?.number ?? '' };
}

function minor(amount: Money): string {
  return amount.amountMinor.toString();
}

function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
