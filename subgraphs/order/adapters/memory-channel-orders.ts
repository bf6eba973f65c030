import type { ChannelOrder, ChannelOrders, FetchedOrder } from '../port.ts';

/** How the channel tells an order, beside what is in it. */
interface Telling {
  /** A word in it that has no meaning. */
  readonly problem?: string | undefined;
  /** It is not paid yet. */
  readonly waiting?: boolean;
  /** When it says that it was changed. */
  readonly changedAt?: Date;
}

/** A channel's orders that are forgotten when the process ends. Its words are ours. */
export function memoryChannelOrders(pageSize = 2) {
  const kept = new Map<
    string,
    { readonly shownAt: Date; readonly raw: string; readonly changedAt?: Date | undefined }
  >();
  const read = (raw: string): FetchedOrder['reading'] => {
    const { problem, waiting, order } = JSON.parse(raw) as Telling & { order: ChannelOrder };
    if (waiting) return { kind: 'WAITING' };
    return problem === undefined ? { kind: 'READ', order } : { kind: 'UNREADABLE', problem };
  };
  const orders: ChannelOrders = {
    async *changedSince(since) {
      const changed = [...kept].filter(([, { shownAt }]) => shownAt >= since);
      for (let from = 0; from < changed.length; from += pageSize)
        yield changed
          .slice(from, from + pageSize)
          .map(([channelOrderId, { raw, changedAt }]) => ({ channelOrderId, raw, changedAt, reading: read(raw) }));
    },
    read,
  };
  return {
    ...orders,
    /** The channel has an order, or has it otherwise. @param shownAt from when on it shows it */
    put(channelOrderId: string, shownAt: Date, order: ChannelOrder, { changedAt, ...telling }: Telling = {}): void {
      kept.set(channelOrderId, { shownAt, changedAt, raw: JSON.stringify({ order, ...telling }) });
    },
  };
}
