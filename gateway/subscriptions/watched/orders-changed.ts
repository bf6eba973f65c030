import { channelTopic, typeTopic } from '../../../events/topics.ts';
import { maySee } from '../../../platform/caller.ts';
import type { WatchedField } from '../watched-field.ts';

/**
 * Every order that the caller may see: those of its channel, those of the signed-in customer; all for the back office.
 * An order just placed shows as its first change of status.
 */
export const ordersChanged: WatchedField = {
  name: 'ordersChanged',
  watch: (_args, caller) => ({
    topics: [caller.channel ? channelTopic(caller.channel.code) : typeTopic('order-status-changed.v1')],
    change: ({ type, data, channelCode }) => {
      if (type !== 'order-status-changed.v1') return null;
      // An order without a channel is nobody's but the back office's: no channel has an empty code.
      if (!maySee(caller, { channelCode: channelCode ?? '', customerId: data.customerId, collected: false }))
        return null;
      return {
        previousStatus: data.previousStatus,
        status: data.status,
        order: { __typename: 'Order', id: data.orderId },
      };
    },
    present: null,
    permit: null,
  }),
};
