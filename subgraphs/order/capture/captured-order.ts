import type { NewOrder } from '../commands/insert-order.ts';
import type { CapturedOrder } from './request.ts';

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
      stage: 'VALIDATED',
      status: 'VALIDATED',
      revision: 2,
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
      acknowledgement:
        channel.acknowledgementHours === null
          ? null
          : {
              deadline: new Date(placedAt.getTime() + channel.acknowledgementHours * HOUR_MILLIS),
              acknowledgedAt: null,
            },
      deskNumber: null,
      placedAt,
      updatedAt: placedAt,
      deliveredAt: null,
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
      quantities: {
        ordered: line.quantity,
        unsourced: line.quantity - line.backordered,
        backordered: line.backordered,
        allocated: 0,
        inFulfillment: 0,
        inTransit: 0,
        delivered: 0,
        lost: 0,
        cancelled: 0,
        returned: 0,
      },
    })),
  };
}
