import type { ChannelOrder, ChannelOrders, FetchedOrder } from '../port.ts';

/** A channel's orders that are forgotten when the process ends. Its words are ours; `problem` is one that has no meaning. */
export function memoryChannelOrders(pageSize = 2) {
  const kept = new Map<string, { readonly changedAt: Date; readonly raw: string }>();
  const read = (raw: string): FetchedOrder['reading'] => {
    const { problem, order } = JSON.parse(raw) as { problem?: string; order: ChannelOrder };
    return problem === undefined ? { kind: 'READ', order } : { kind: 'UNREADABLE', problem };
  };
  const orders: ChannelOrders = {
    async *changedSince(since) {
      const changed = [...kept].filter(([, { changedAt }]) => changedAt >= since);
      for (let from = 0; from < changed.length; from += pageSize)
        yield changed
          .slice(from, from + pageSize)
          .map(([channelOrderId, { raw }]) => ({ channelOrderId, raw, reading: read(raw) }));
    },
    read,
  };
  return {
    ...orders,
    /** The channel has an order, or has it otherwise. */
    put(channelOrderId: string, changedAt: Date, order: ChannelOrder, problem?: string): void {
      kept.set(channelOrderId, {
        changedAt,
        raw: JSON.stringify({ order, ...(problem === undefined ? {} : { problem }) }),
      });
    },
  };
}
