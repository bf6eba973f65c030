import type { VendureClient } from '../../../systems/vendure/client.ts';
import { findOrder, listOrders, type VendureOrder } from '../../../systems/vendure/orders.ts';
import type { DeskAudit, DeskRecord } from '../port.ts';

/** States in which the goods of a fulfillment have left. */
const LEFT: ReadonlySet<string> = new Set(['Shipped', 'Delivered']);

/** Vendure: what its own people shipped, cancelled and gave back shows here, whoever did it. */
export function vendureDeskAudit(vendure: VendureClient): DeskAudit {
  return {
    async records(cursor, limit, signal) {
      const skip = Number(cursor ?? 0);
      const { orders, total } = await listOrders(vendure, { skip, take: limit }, { signal });
      const next = skip + orders.length;
      return { records: orders.map(toRecord), next: orders.length > 0 && next < total ? String(next) : null };
    },
    async record(orderId, signal) {
      const order = await findOrder(vendure, orderId, { signal });
      return order?.orderPlacedAt ? toRecord(order) : null;
    },
  };
}

function toRecord({ code, customFields, currencyCode, lines, fulfillments, payments }: VendureOrder): DeskRecord {
  const shipped = new Map<string, number>();
  for (const { state, lines: left } of fulfillments ?? [])
    if (LEFT.has(state)) for (const { orderLineId, quantity } of left) shipped.set(orderLineId, (shipped.get(orderLineId) ?? 0) + quantity); // biome-ignore format: one thought
  const refunds = (payments ?? []).flatMap((payment) => payment.refunds).filter(({ state }) => state !== 'Failed');
  return {
    orderId: customFields.commerceReference ?? '',
    deskNumber: code,
    lines: lines.map((line) => ({
      // A line that somebody added there has no name of ours.
      lineId: line.customFields.commerceLine ?? `vendure:${line.id}`,
      ordered: line.orderPlacedQuantity,
      shipped: shipped.get(line.id) ?? 0,
      cancelled: line.orderPlacedQuantity - line.quantity,
    })),
    refunded: { amountMinor: refunds.reduce((sum, { total }) => sum + BigInt(total), 0n), currencyCode },
  };
}
