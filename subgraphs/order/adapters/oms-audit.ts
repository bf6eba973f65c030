import type { OmsClient } from '../../../systems/oms/client.ts';
import type { DeskOrder } from '../../../systems/oms/wire.ts';
import type { DeskAudit, DeskRecord } from '../port.ts';

/** The reference OMS: its feed of changes holds every order in its newest state, so it is a list too. */
export function omsDeskAudit(oms: OmsClient): DeskAudit {
  return {
    async records(cursor, limit, signal) {
      const { deskOrders } = await oms.orderChanges({ after: Number(cursor ?? 0), limit, waitSeconds: 0 }, { signal });
      const last = Math.max(0, ...deskOrders.map((order) => order.changeNo));
      return {
        records: deskOrders.flatMap((order) => {
          const { clientRef } = order;
          // Ours too is what a marketplace left there and we have imported since; the rest is not.
          return clientRef === null ? [] : [toRecord(clientRef, order)];
        }),
        next: deskOrders.length < limit ? null : String(last),
      };
    },
    async record(orderId, signal) {
      const order = await oms.findByClientRef(orderId, { signal });
      return order && toRecord(orderId, order);
    },
  };
}

function toRecord(orderId: string, { deskNo, positions }: DeskOrder): DeskRecord {
  return {
    orderId,
    deskNumber: deskNo,
    lines: positions.map((one) => ({
      lineId: one.posRef,
      ordered: one.qty,
      shipped: one.dispatched,
      cancelled: one.cancelled,
      returned: one.returned,
    })),
  };
}
