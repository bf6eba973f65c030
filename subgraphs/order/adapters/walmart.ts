import { createHash } from 'node:crypto';
import { CommerceError } from '../../../platform/errors.ts';
import { formatAmount, money } from '../../../platform/money.ts';
import type { WalmartClient } from '../../../systems/walmart/client.ts';
import { type LineQuantity, named, type ShipLine, type WalmartOrder, type WalmartOrderLine } from '../../../systems/walmart/wire.ts'; // biome-ignore format: one line
import type { ChannelNotice, ChannelOrders, ChannelSystem, NoticeLine } from '../port.ts';
import { lastUnits, type PackedUnits, parcelsByLine } from './parcels.ts';
import { refundLeft, unitsTold } from './told-before.ts';
import { readWalmartOrder, refundedOf, unitsOf } from './walmart-order.ts';
import type { WalmartWords } from './walmart-words.ts';

/** Orders of a selling account at Walmart. */
export function walmartOrders(client: WalmartClient, words: WalmartWords): ChannelOrders {
  return {
    async *changedSince(since, signal) {
      for await (const page of client.changedOrders(since, signal))
        yield page.map((order) => {
          const raw = JSON.stringify(order);
          const name = named.safeParse(order);
          const channelOrderId = name.success
            ? name.data.purchaseOrderId
            : `unnamed-${createHash('sha256').update(raw).digest('hex').slice(0, 16)}`;
          return { channelOrderId, raw, reading: readWalmartOrder(words, order) };
        });
    },
    read: (raw) => readWalmartOrder(words, JSON.parse(raw)),
  };
}

type Of<Kind extends ChannelNotice['kind']> = Extract<ChannelNotice, { kind: Kind }>;

/**
 * Walmart as a channel that is told. Its messages have no names and are not to be sent twice, so the order is read before:
 * what it counts already, less what it took before, is this notice.
 */
export function walmartChannel(client: WalmartClient, words: WalmartWords): ChannelSystem {
  async function cancelUnits(order: WalmartOrder, notice: ChannelNotice, reason: string, before: readonly ChannelNotice[], signal: AbortSignal) {
    const earlier = unitsTold(before, ['CANCELLATION', 'CANCELLATION_ANSWER']);
    const missing = notice.lines.flatMap((line) => {
      const stored = lineOf(order, line);
      const units = earlier(line) + line.quantity - unitsOf(words, stored).at.CANCELLED;
      return units > 0 ? [{ stored, units: Math.min(units, line.quantity) }] : [];
    });
    if (missing.length === 0) return;
    const cancellationReason = words.cancelReasons[reason as keyof typeof words.cancelReasons] ?? words.cancelReasons.OTHER;
    await client.cancel(
      order.purchaseOrderId,
      missing.map(({ stored, units }) => ({
        lineNumber: stored.lineNumber,
        orderLineStatuses: { orderLineStatus: [{ status: 'Cancelled', cancellationReason, statusQuantity: pieces(units) }] },
      })),
      signal,
    );
  } // biome-ignore format: one thought

  async function shipUnits(order: WalmartOrder, notice: Of<'SHIPMENT'>, before: readonly ChannelNotice[], signal: AbortSignal) {
    const earlier = unitsTold(before, ['SHIPMENT']);
    const parcels = parcelsByLine(notice);
    const lines = notice.lines.flatMap((line) => {
      const stored = lineOf(order, line);
      const units = earlier(line) + line.quantity - unitsOf(words, stored).at.GONE;
      return units > 0 ? [shipLine(stored.lineNumber, lastUnits(parcels.get(line.lineId) ?? [], units), notice, order)] : [];
    });
    if (lines.length === 0) return;
    if (notice.packages.length === 0)
      throw new CommerceError('SYSTEM_REJECTED', 'Walmart takes no shipment without a tracking number', { system: 'WALMART', systemCode: 'NO_TRACKING_NUMBER' });
    // Walmart refuses what was not acknowledged; a shipment may be told before the acknowledgement was taken.
    if (isNew(order)) await client.acknowledge(order.purchaseOrderId, signal);
    await client.ship(order.purchaseOrderId, lines, signal);
  } // biome-ignore format: one thought

  function shipLine(lineNumber: string, parts: readonly PackedUnits[], notice: Of<'SHIPMENT'>, order: WalmartOrder): ShipLine {
    const orderLineStatus = parts.map(({ parcel: { carrier, trackingNumber }, units }) => {
      const known = words.carriers[carrier.toUpperCase()];
      return {
        status: 'Shipped' as const,
        statusQuantity: pieces(units),
        trackingInfo: {
          shipDateTime: Date.parse(notice.shippedAt),
          carrierName: known === undefined ? { otherCarrier: carrier } : { carrier: known },
          methodCode: order.shippingInfo.methodCode,
          trackingNumber,
          trackingURL: words.trackingPage.replace('{trackingNumber}', encodeURIComponent(trackingNumber)),
        },
      };
    });
    return { lineNumber, sellerOrderId: notice.orderNumber, orderLineStatuses: { orderLineStatus } };
  } // biome-ignore format: one thought

  async function refundMoney(order: WalmartOrder, notice: Of<'REFUND'>, before: readonly ChannelNotice[], signal: AbortSignal) {
    const { currencyCode } = notice;
    const missing = notice.lines.flatMap((line) => {
      const stored = lineOf(order, line);
      const left = refundLeft(notice, line, before, refundedOf(stored, currencyCode));
      return left > 0n ? [{ stored, amount: left }] : [];
    });
    if (missing.length === 0) return;
    const lines = missing.map(({ stored, amount }) => ({
      lineNumber: stored.lineNumber,
      isFullRefund: false as const,
      refunds: { refund: [{ refundComments: notice.orderNumber, refundCharges: { refundCharge: [{ refundReason: words.refundReason, charge: { chargeType: 'PRODUCT' as const, chargeName: 'Item Price' as const, chargeAmount: { currency: currencyCode, amount: -Number(formatAmount(money(amount, currencyCode))) } } }] } }] },
    }));
    await client.refund(order.purchaseOrderId, lines, signal);
  } // biome-ignore format: one thought

  const isNew = ({ orderLines }: WalmartOrder) => orderLines.orderLine.some((line) => unitsOf(words, line).at.NEW > 0);

  return {
    takes: new Set(['ACKNOWLEDGEMENT', 'REFUSAL', 'SHIPMENT', 'CANCELLATION', 'REFUND']),
    async tell(notice, signal, before) {
      const order = await client.order(notice.channelOrderId ?? notice.orderNumber, signal);
      switch (notice.kind) {
        case 'ACKNOWLEDGEMENT':
          if (isNew(order)) await client.acknowledge(order.purchaseOrderId, signal);
          return;
        case 'REFUSAL':
          return cancelUnits(order, notice, 'OUT_OF_STOCK', before, signal);
        case 'CANCELLATION':
          return cancelUnits(order, notice, notice.reason, before, signal);
        case 'SHIPMENT':
          return shipUnits(order, notice, before, signal);
        case 'REFUND':
          return refundMoney(order, notice, before, signal);
        case 'CANCELLATION_ANSWER':
          throw new Error('Walmart is not told of answers');
      }
    },
  };
}

function lineOf({ orderLines }: WalmartOrder, { channelLineId, lineId }: NoticeLine): WalmartOrderLine {
  const found = orderLines.orderLine.find(({ lineNumber }) => lineNumber === (channelLineId ?? lineId));
  if (found) return found;
  throw new CommerceError('SYSTEM_REJECTED', 'Walmart has no such line in the order', { system: 'WALMART', systemCode: 'INVALID_LINE' }); // biome-ignore format: one thought
}

const pieces = (units: number): LineQuantity => ({ unitOfMeasurement: 'EACH', amount: String(units) });
