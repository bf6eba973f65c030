import { orderTopic } from '../../../events/topics.ts';
import { CommerceError } from '../../../platform/errors.ts';
import type { WatchedField } from '../watched-field.ts';

const QUERY = 'query WatchedOrder($orderId: ID!) { order(id: $orderId) { id status revision } }';

/** One order's status. `revision` of an order is the `version` of its latest event, which makes the snapshot exact. */
export const orderStatusChanged: WatchedField = {
  name: 'orderStatusChanged',
  watch: ({ orderId }) => {
    const id = String(orderId);
    return {
      topics: [orderTopic(id)],
      change: ({ type, data }) =>
        type === 'order-status-changed.v1' && data.orderId === id
          ? { previousStatus: data.previousStatus, status: data.status, order: { __typename: 'Order', id } }
          : null,
      present: async (ask) => {
        const order = visibleOrder(await ask(QUERY, { orderId: id }));
        return {
          bodies: [{ previousStatus: null, status: order.status, order: { __typename: 'Order', id } }],
          versions: new Map([[id, Number(order.revision)]]),
        };
      },
      permit: async (ask) => {
        visibleOrder(await ask(QUERY, { orderId: id }));
      },
    };
  },
};

/** @throws CommerceError NOT_FOUND, in the same words for an order that does not exist and for somebody else's */
export function visibleOrder(answer: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const order = answer.order;
  if (typeof order !== 'object' || order === null) throw new CommerceError('NOT_FOUND', 'There is no such order.');
  return order as Record<string, unknown>;
}
