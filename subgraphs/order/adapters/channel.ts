import type { ChannelClient } from '../../../systems/channel/client.ts';
import type { SaleNotice } from '../../../systems/channel/wire.ts';
import type { CancellationAnswer, ChannelNotice, ChannelSystem, NoticeLine } from '../port.ts';

const DECISIONS = { GRANTED: 'GRANTED', PARTLY_GRANTED: 'PARTLY', REFUSED: 'DENIED' } as const satisfies Record<
  CancellationAnswer,
  string
>;

/** The reference marketplace: our order is its sale, our line its item. */
export function referenceChannel(client: ChannelClient): ChannelSystem {
  return {
    takes: new Set(['ACKNOWLEDGEMENT', 'REFUSAL', 'SHIPMENT', 'CANCELLATION', 'CANCELLATION_ANSWER', 'REFUND']),
    async tell(notice, signal) {
      // A channel that gave no id of its own knows the order under our number.
      const saleNo = notice.channelOrderId ?? notice.orderNumber;
      await client.notify({ marketplace: notice.channelCode, saleNo }, toSaleNotice(notice), { signal });
    },
  };
}

function toSaleNotice(notice: ChannelNotice): SaleNotice {
  const head = { noticeRef: notice.noticeId, sellerRef: notice.orderId };
  switch (notice.kind) {
    case 'ACKNOWLEDGEMENT':
      return { kind: 'CONFIRMED', ...head, items: notice.lines.map(toItem) };
    case 'REFUSAL':
      return { kind: 'DECLINED', ...head, items: notice.lines.map(toItem) };
    case 'SHIPMENT':
      return {
        kind: 'DISPATCHED',
        ...head,
        dispatchedAt: notice.shippedAt,
        items: notice.lines.map(toItem),
        parcels: notice.packages.map(({ carrier, trackingNumber }) => ({ carrier, trackingNo: trackingNumber })),
      };
    case 'CANCELLATION':
      return { kind: 'VOIDED', ...head, reasonCode: notice.reason, items: notice.lines.map(toItem) };
    case 'CANCELLATION_ANSWER':
      return {
        kind: 'VOID_ANSWER',
        ...head,
        requestRef: notice.channelRequestId,
        decision: DECISIONS[notice.answer],
        ...(notice.lines.length > 0 ? { items: notice.lines.map(toItem) } : {}),
      };
    case 'REFUND':
      return {
        kind: 'REFUNDED',
        ...head,
        currency: notice.currencyCode,
        amount: notice.amount,
        items: notice.lines.map((line) => ({ ...toItem(line), amount: line.amount })),
      };
  }
}

function toItem({ lineId, channelLineId, sku, ordered, quantity }: NoticeLine) {
  return { itemRef: channelLineId ?? lineId, sku, bought: ordered, units: quantity };
}
