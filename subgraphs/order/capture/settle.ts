import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { Money } from '../../../platform/money.ts';
import type { PlaceResult } from '../commands/place.ts';
import type { Draft } from './draft.ts';
import type { CaptureRequest } from './request.ts';

/** A request of a batch with its plan. */
export interface Member {
  readonly request: CaptureRequest;
  readonly draft: Draft;
}

/** What became of a member. Whoever has no row was not touched. */
export interface SettledRow {
  /** Place of the member in the batch. */
  readonly i: number;
  readonly kind: 'DONE' | 'REPLAY' | 'CONFLICT';
  /** The stored answer, with REPLAY. */
  readonly result: PlaceResult | null;
  /** With DONE. */
  readonly placed_at: Date | null;
}

/**
 * Writes the orders of a batch, with their stock, events and idempotency records, in one statement that is its own
 * transaction: no lock outlives it, and none is held while this process thinks.
 */
export function settle(knex: Knex, members: readonly Member[]): Promise<SettledRow[]> {
  return query<SettledRow>(
    knex,
    'select i, kind, result, placed_at from orders.place_orders(?::json, ?::json, ?::json, ?::json, ?::json, ?::json)',
    [claims, orders, lines, takes, withheld, events].map((rows) => JSON.stringify(members.flatMap(rows))),
  );
}

/** What PostgreSQL's JSON cannot hold: the null character and halves of surrogate pairs, in JavaScript's spelling. */
const UNSTORABLE = /\\u0000|\\ud[89a-f]/;

/** Whether a member can go in the JSON of a batch. One that cannot would make the whole statement fail. */
export function isStorable({ request, draft }: Member): boolean {
  return !UNSTORABLE.test(JSON.stringify([request.key.key, request.input, draft.events, request.caller.customerId]));
}

type Rows = (member: Member, i: number) => object | object[];

const claims: Rows = ({ request: { key }, draft }, i) => {
  const answer: PlaceResult = { orderId: draft.order.id, refusals: [] };
  return { i, scope: key.scope, key: key.key, hash: key.hash.toString('hex'), answer };
};

const orders: Rows = ({ draft: { order, reservationId } }, i) => ({
  i,
  id: order.id,
  number: order.number,
  reservation_id: reservationId,
  channel_code: order.channel.code,
  channel_kind: order.channel.kind,
  channel_name: order.channel.name,
  channel_order_id: order.channelOrderId,
  customer_id: order.customerId,
  currency_code: order.totals.subtotal.currencyCode,
  tax_included: order.totals.taxIncluded,
  subtotal_minor: minor(order.totals.subtotal),
  discount_minor: minor(order.totals.discount),
  shipping_minor: minor(order.totals.shipping),
  tax_minor: minor(order.totals.tax),
  grand_total_minor: minor(order.totals.grandTotal),
  payment_status: order.paymentStatus,
  payment_provider: order.payment?.provider,
  payment_reference: order.payment?.reference,
  authorized_minor: order.payment ? minor(order.payment.authorized) : null,
  delivery_method: order.delivery.method,
  service_level: order.delivery.serviceLevel,
  customer: order.customer,
  shipping_address: order.delivery.address,
  purchase_order_number: order.purchaseOrderNumber,
  acknowledgement_hours: order.channel.acknowledgementHours,
  trace_id: order.traceId,
});

const lines: Rows = ({ draft: { order } }, i) =>
  order.lines.map((line, index) => ({
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
  }));

const takes: Rows = ({ draft: { order } }, i) => {
  const skuOf = new Map(order.lines.map((line) => [line.id, line.sku]));
  return order.allocations.map(({ lineId, locationId, quantity }) => ({
    i,
    line_id: lineId,
    sku: skuOf.get(lineId),
    location_id: locationId,
    quantity,
  }));
};

const withheld: Rows = ({ draft }, i) => draft.withheld.map((kept) => ({ i, ...kept }));

const events: Rows = ({ draft }, i) => draft.events.map((event) => ({ i, ...event }));

function minor(amount: Money): string {
  return amount.amountMinor.toString();
}
