import { CommerceError } from '../../../platform/errors.ts';
import type { OmsClient } from '../../../systems/oms/client.ts';
import type { DeskOrder as OmsOrder } from '../../../systems/oms/wire.ts';
import type { DeskRegistration, OrderDesk } from '../port.ts';

/** The order desk of the reference OMS: our order is its desk order, our line its position. */
export function omsOrderDesk(oms: OmsClient): OrderDesk {
  async function deskNoOf(orderId: string, signal: AbortSignal): Promise<string> {
    const order = await oms.findByClientRef(orderId, { signal });
    if (!order)
      throw new CommerceError('SYSTEM_REJECTED', `the order desk does not know order ${orderId}`, { orderId });
    return order.deskNo;
  }
  const positions = (lines: readonly { readonly lineId: string; readonly quantity: number }[]) =>
    lines.map((line) => ({ posRef: line.lineId, qty: line.quantity }));

  return {
    takes: new Set(['SHIPMENT', 'CANCELLATION', 'RETURN']),
    async register(order, signal) {
      const registered = await oms.registerOrder(
        {
          clientRef: order.orderId,
          channelRef: order.channelCode,
          channelOrderNo: order.channelOrderId,
          currency: order.currencyCode,
          deliverTo: order.destination
            ? {
                addressee: null,
                street: null,
                street2: null,
                town: null,
                county: null,
                postcode: order.destination.postalCode,
                country: order.destination.countryCode,
              }
            : null,
          positions: order.lines.map((line) => ({
            posRef: line.lineId,
            itemCode: line.sku,
            qty: line.quantity,
            unitPrice: line.unitPrice,
          })),
        },
        { signal },
      );
      return toRegistration(registered);
    },

    async find(orderId, signal) {
      const order = await oms.findByClientRef(orderId, { signal });
      return order ? toRegistration(order) : null;
    },

    async confirmShipment(notice, signal) {
      await oms.noteDispatch(
        await deskNoOf(notice.orderId, signal),
        {
          noticeRef: notice.noticeId,
          positions: positions(notice.lines),
          parcels: notice.packages.map((parcel) => ({ carrier: parcel.carrier, trackingNo: parcel.trackingNumber })),
        },
        { signal },
      );
    },

    async cancel(notice, signal) {
      await oms.noteCancellation(
        await deskNoOf(notice.orderId, signal),
        { noticeRef: notice.noticeId, positions: positions(notice.lines), reason: notice.reason },
        { signal },
      );
    },

    async noteReturn(notice, signal) {
      await oms.noteReturn(
        await deskNoOf(notice.orderId, signal),
        { noticeRef: notice.noticeId, positions: positions(notice.lines) },
        { signal },
      );
    },
  };
}

function toRegistration(order: OmsOrder): DeskRegistration {
  return {
    deskNumber: order.deskNo,
    acknowledgedAt: order.acknowledgedAt === null ? null : new Date(order.acknowledgedAt),
  };
}
