import { orderTopic } from '../../../events/topics.ts';
import type { MessageBody, WatchedField } from '../watched-field.ts';
import { visibleOrder } from './order-status-changed.ts';

const PRESENT = 'query WatchedShipments($orderId: ID!) { order(id: $orderId) { id shipments { id status revision } } }';
const PERMIT = 'query WatchedOrder($orderId: ID!) { order(id: $orderId) { id } }';

/** Status of each shipment of one order, of those to come too. */
export const shipmentStatusChanged: WatchedField = {
  name: 'shipmentStatusChanged',
  watch: ({ orderId }) => {
    const id = String(orderId);
    return {
      topics: [orderTopic(id)],
      change: ({ type, data }) =>
        type === 'shipment-status-changed.v1' && data.orderId === id
          ? body(data.shipmentId, data.status, data.previousStatus)
          : null,
      present: async (ask) => {
        const shipments = (visibleOrder(await ask(PRESENT, { orderId: id })).shipments ?? []) as readonly Record<
          string,
          unknown
        >[];
        return {
          bodies:
            shipments.length === 0
              ? [{ previousStatus: null, status: null, shipment: null }]
              : shipments.map((shipment) => body(String(shipment.id), shipment.status, null)),
          versions: new Map(shipments.map((shipment) => [String(shipment.id), Number(shipment.revision)])),
        };
      },
      permit: async (ask) => {
        visibleOrder(await ask(PERMIT, { orderId: id }));
      },
    };
  },
};

function body(id: string, status: unknown, previousStatus: unknown): MessageBody {
  return { previousStatus, status, shipment: { __typename: 'Shipment', id } };
}
