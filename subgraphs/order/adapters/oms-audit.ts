import type { OmsClient } from '../../../systems/oms/client.ts';
import type { DeskAudit } from '../port.ts';

/** The reference OMS: its feed of changes holds every order in its newest state, so it is a list too. */
export function omsDeskAudit(oms: OmsClient): DeskAudit {
  return {
    async records(cursor, limit, signal) {
      const { deskOrders } = await oms.orderChanges({ after: Number(cursor ?? 0), limit, waitSeconds: 0 }, { signal });
      const last = Math.max(0, ...deskOrders.map((order) => order.changeNo));
      return {
        records: deskOrders.flatMap(({ clientRef, deskNo, positions }) =>
          // Ours too is what a marketplace left there and we have imported since; the rest is not.
          clientRef === null
            ? []
            : [
                {
                  orderId: clientRef,
                  deskNumber: deskNo,
                  lines: positions.map((one) => ({
                    lineId: one.posRef,
                    ordered: one.qty,
                    shipped: one.dispatched,
                    cancelled: one.cancelled,
                  })),
                },
              ],
        ),
        next: deskOrders.length < limit ? null : String(last),
      };
    },
    has: async (orderId, signal) => (await oms.findByClientRef(orderId, { signal })) !== null,
  };
}
