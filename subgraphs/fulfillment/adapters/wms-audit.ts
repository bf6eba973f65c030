import type { WmsClient } from '../../../systems/wms/client.ts';
import type { WmsDelivery } from '../../../systems/wms/wire.ts';
import type { NodeAudit, NodeSystem, NodeWorkRecord } from '../port.ts';

const GIVEN_BACK: ReadonlySet<WmsDelivery['status']> = new Set(['CANCELLED', 'REFUSED']);
const OVER: ReadonlySet<WmsDelivery['status']> = new Set(['GOODS_ISSUED', 'COLLECTED', ...GIVEN_BACK]);

/** The warehouse system's deliveries, read page by page. @param nodes reads its events */
export function wmsNodeAudit(wms: WmsClient, nodes: Pick<NodeSystem, 'events'>): NodeAudit {
  return {
    async works(cursor, limit, signal) {
      const page = await wms.deliveries({ limit, ...(cursor === null ? {} : { page: cursor }) }, { signal });
      return { records: page.deliveries.map(toRecord), next: page.nextPage };
    },
    async has(fulfillmentOrderId, signal) {
      const { deliveries } = await wms.deliveries({ externalRef: fulfillmentOrderId, limit: 1 }, { signal });
      return deliveries.some((delivery) => delivery.externalRef === fulfillmentOrderId);
    },
    events: nodes.events,
  };
}

function toRecord(delivery: WmsDelivery): NodeWorkRecord {
  const { status } = delivery;
  return {
    fulfillmentOrderId: delivery.externalRef,
    nodeReference: delivery.deliveryNo,
    isOver: OVER.has(status),
    lines: GIVEN_BACK.has(status)
      ? null
      : delivery.lines.map(({ lineRef, issued, short }) => ({
          lineRef,
          // Taken from the shelf when it is put on the counter; with us it leaves when it is picked up.
          issued: status === 'STAGED' ? 0 : issued,
          short,
        })),
  };
}
