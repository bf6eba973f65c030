import { createHash } from 'node:crypto';
import { CommerceError } from '../../../platform/errors.ts';
import type { AmazonOrdersClient } from '../../../systems/amazon/orders-client.ts';
import { type AmazonOrder, dated, named, type ShipmentConfirmation } from '../../../systems/amazon/orders-wire.ts';
import type { ChannelNotice, ChannelOrders, ChannelSystem, NoticeLine, NoticePackage } from '../port.ts';
import { readAmazonOrder, unitsOf } from './amazon-order.ts';
import type { AmazonWords } from './amazon-words.ts';
import { parcelsByLine } from './parcels.ts';

/** Orders of a selling account at Amazon that the seller sends. */
export function amazonOrders(client: AmazonOrdersClient, words: AmazonWords): ChannelOrders {
  return {
    async *changedSince(since, signal) {
      for await (const page of client.changedOrders(since, signal))
        yield page.map((order) => {
          const raw = JSON.stringify(order);
          const name = named.safeParse(order);
          const channelOrderId = name.success
            ? name.data.orderId
            : `unnamed-${createHash('sha256').update(raw).digest('hex').slice(0, 16)}`;
          const changedAt = new Date(dated.safeParse(order).data?.lastUpdatedTime ?? Number.NaN);
          return {
            channelOrderId,
            raw,
            changedAt: Number.isNaN(changedAt.getTime()) ? undefined : changedAt,
            reading: readAmazonOrder(words, order),
          };
        });
    },
    read: (raw) => readAmazonOrder(words, JSON.parse(raw)),
  };
}

type Shipment = Extract<ChannelNotice, { kind: 'SHIPMENT' }>;
type Item = ShipmentConfirmation['packageDetail']['orderItems'][number];

/**
 * Amazon as a channel that is told of shipments, parcel by parcel. The order is read before: parcels that it has, and units
 * that it counts as sent already, are not told again.
 */
export function amazonChannel(client: AmazonOrdersClient, words: AmazonWords): ChannelSystem {
  async function confirm(order: AmazonOrder, notice: Shipment, before: readonly ChannelNotice[], signal: AbortSignal) {
    const earlier = before.flatMap((one) => (one.kind === 'SHIPMENT' ? one.lines : []));
    const isMissing = notice.lines.some((line) => {
      const told = earlier.reduce((sum, { lineId, quantity }) => (lineId === line.lineId ? sum + quantity : sum), 0);
      return told + line.quantity > unitsOf(itemOf(order, line)).sent;
    });
    if (!isMissing) return;
    if (notice.packages.length === 0) throw refusal('Amazon takes no shipment without a tracking number', 'NO_TRACKING_NUMBER');
    const { marketplaceId } = order.salesChannel;
    if (!marketplaceId) throw refusal('Amazon does not say in which marketplace the order was placed', 'NO_MARKETPLACE');
    const known = new Set(order.packages?.map(({ packageReferenceId }) => packageReferenceId));
    for (const { parcel, orderItems } of contentsOf(notice)) {
      const packageReferenceId = referenceOf(notice.noticeId, parcel.trackingNumber);
      if (known.has(packageReferenceId)) continue;
      const { carrier, trackingNumber } = parcel;
      const code = words.carriers[carrier.toUpperCase()];
      const carrierOf = code === undefined ? { carrierCode: 'Other', carrierName: carrier } : { carrierCode: code };
      const packageDetail = { packageReferenceId, ...carrierOf, trackingNumber, shipDate: notice.shippedAt, orderItems };
      await client.confirmShipment(order.orderId, { marketplaceId, packageDetail }, signal);
    }
  } // biome-ignore format: one thought

  return {
    takes: new Set(['SHIPMENT']),
    async tell(notice, signal, before) {
      if (notice.kind !== 'SHIPMENT') throw new Error(`Amazon is not told of ${notice.kind}`);
      const order = await client.order(notice.channelOrderId ?? notice.orderNumber, signal);
      await confirm(order, notice, before, signal);
    },
  };
}

/** What is in each parcel of a shipment, by Amazon's items. */
function contentsOf(notice: Shipment) {
  const contents = new Map<NoticePackage, Item[]>();
  const parcels = parcelsByLine(notice);
  for (const { lineId, channelLineId } of notice.lines)
    for (const { parcel, units } of parcels.get(lineId) ?? []) {
      const items = contents.get(parcel) ?? [];
      contents.set(parcel, [...items, { orderItemId: channelLineId ?? lineId, quantity: units }]);
    }
  return [...contents].map(([parcel, orderItems]) => ({ parcel, orderItems }));
}

/** Names a parcel within its order: Amazon takes positive numbers, and the same one again as the same parcel. */
function referenceOf(noticeId: string, trackingNumber: string): string {
  const digest = createHash('sha256').update(`${noticeId}\n${trackingNumber}`).digest();
  return String((digest.readUIntBE(0, 6) % 999_999_999_999) + 1);
}

function itemOf({ orderItems }: AmazonOrder, { channelLineId, lineId }: NoticeLine) {
  const found = orderItems.find(({ orderItemId }) => orderItemId === (channelLineId ?? lineId));
  if (found) return found;
  throw refusal('Amazon has no such item in the order', 'INVALID_LINE');
}

const refusal = (message: string, systemCode: string) =>
  new CommerceError('SYSTEM_REJECTED', message, { system: 'AMAZON', systemCode });
