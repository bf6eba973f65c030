import type { NewOrder } from '../commands/insert-order.ts';
import { holdsUntilHeard } from '../commands/waiting-holds.ts';
import type { Order, OrderLine } from '../model.ts';
import { paymentHold } from '../payments/unpaid-hold.ts';
import type { Quantities } from '../quantities.ts';
import type { CapturedOrder, CaptureRequest, Placed } from './request.ts';

const HOUR_MILLIS = 3_600_000;

/** A captured order as a reader of the order book would find it right after its commit. */
export function capturedOrder(order: NewOrder & { readonly number: string }, placedAt: Date): CapturedOrder {
  const { channel, totals, delivery } = order;
  return {
    order: {
      id: order.id,
      number: order.number,
      channel: { code: channel.code, kind: channel.kind, name: channel.name },
      channelOrderId: order.channelOrderId,
      customerId: order.customerId,
      currencyCode: totals.grandTotal.currencyCode,
      taxIncluded: totals.taxIncluded,
      totals: {
        subtotal: totals.subtotal,
        discount: totals.discount,
        shipping: totals.shipping,
        tax: totals.tax,
        grandTotal: totals.grandTotal,
      },
      paymentStatus: order.paymentStatus,
      deliveryMethod: delivery.method,
      deliveryLocationId: null,
      serviceLevel: delivery.serviceLevel ?? null,
      shippingAddress: delivery.address ?? null,
      purchaseOrderNumber: order.purchaseOrderNumber,
      placedAt,
      ...untouched(placedAt, channel.acknowledgementHours),
    },
    lines: order.lines.map((line) => ({
      id: line.id,
      orderId: order.id,
      sku: line.sku,
      title: line.title,
      channelLineId: line.channelLineId,
      unitPrice: line.unitPrice,
      total: line.total,
      tax: line.tax,
      quantities: untouchedUnits(line.quantity, line.backordered),
    })),
    holds: order.heldUntilPaid ? [paymentHold(order.id, placedAt)] : [],
  };
}

/**
 * The same of an order that has moved since: what was acknowledged, however late it is asked for again. Where the goods
 * go is left as it is now: a correction of it stays one.
 */
export function asCaptured(
  order: Order,
  lines: readonly OrderLine[],
  { channel, input }: Pick<CaptureRequest, 'channel' | 'input'>,
  { waiting = {}, waitsFor = [], heldUntilPaid }: Placed,
): CapturedOrder {
  return {
    order: {
      ...order,
      paymentStatus: input.payment ? 'AUTHORIZED' : 'PENDING',
      ...untouched(order.placedAt, channel.acknowledgementHours),
    },
    lines: lines.map((line) => ({
      ...line,
      quantities: untouchedUnits(line.quantities.ordered, waiting[line.id] ?? 0),
    })),
    // As a reader has them: of one moment, by their reason.
    holds: [
      ...holdsUntilHeard(order.id, waitsFor, order.placedAt),
      ...(heldUntilPaid ? [paymentHold(order.id, order.placedAt)] : []),
    ],
  };
}

/** All that moves of an order, before anything has moved it. */
function untouched(placedAt: Date, acknowledgementHours: number | null) {
  return {
    stage: 'VALIDATED',
    status: 'VALIDATED',
    revision: 2,
    acknowledgement:
      acknowledgementHours === null
        ? null
        : { deadline: new Date(placedAt.getTime() + acknowledgementHours * HOUR_MILLIS), acknowledgedAt: null },
    deskNumber: null,
    updatedAt: placedAt,
    deliveredAt: null,
  } as const;
}

function untouchedUnits(ordered: number, backordered: number): Quantities {
  return {
    ordered,
    unsourced: ordered - backordered,
    backordered,
    allocated: 0,
    inFulfillment: 0,
    inTransit: 0,
    delivered: 0,
    lost: 0,
    cancelled: 0,
    returned: 0,
  };
}
