import DataLoader from 'dataloader';
import { inKeyOrder } from '../../platform/batch.ts';
import { type Caller, maySee } from '../../platform/caller.ts';
import { type Order, type OrderHold, type OrderLine, ownershipOf, type TimelineEntry } from './model.ts';
import type { OrderReader } from './read.ts';
import type { OrderReturn, ReturnCondition, ReturnLine } from './returns/model.ts';

const many = <Value>(name: string, read: (keys: readonly string[]) => Promise<Map<string, Value[]>>) =>
  new DataLoader<string, Value[]>(async (keys) => inKeyOrder(keys, await read(keys)).map((values) => values ?? []), {
    name,
    maxBatchSize: 500,
  });

/** Fresh for every request: the cache must not outlive the caller's rights. */
export function createOrderLoaders(reader: OrderReader, caller: Caller) {
  const orders = new DataLoader<string, Order | null>(
    async (ids) =>
      // Another channel's order answers exactly like one that does not exist.
      inKeyOrder(ids, await reader.ordersById(ids)).map((order) =>
        order && maySee(caller, ownershipOf(order)) ? order : null,
      ),
    { name: 'order.byId', maxBatchSize: 500 },
  );
  return {
    orders,
    lines: new DataLoader<string, OrderLine | null>(async (ids) => inKeyOrder(ids, await reader.linesById(ids)), {
      name: 'orderLine.byId',
      maxBatchSize: 500,
    }),
    channels: new DataLoader<string, Order['channel'] | null>(
      async (codes) => inKeyOrder(codes, await reader.channelsByCode(codes)),
      {
        name: 'channel.byCode',
      },
    ),
    linesByOrder: many<OrderLine>('orderLine.byOrder', reader.linesByOrder),
    holdsByOrder: many<OrderHold>('hold.byOrder', reader.holdsByOrder),
    timelineByOrder: many<TimelineEntry>('timeline.byOrder', reader.timelineByOrder),
    returns: new DataLoader<string, OrderReturn | null>(async (ids) => inKeyOrder(ids, await reader.returnsById(ids)), {
      name: 'return.byId',
      maxBatchSize: 500,
    }),
    returnsByOrder: many<OrderReturn>('return.byOrder', reader.returnsByOrder),
    /** Also of orders that the caller may not see: of an exchange, only where it stands is told. */
    orderStatuses: new DataLoader<string, Order | null>(async (ids) => inKeyOrder(ids, await reader.ordersById(ids)), {
      name: 'order.status',
      maxBatchSize: 500,
    }),
    returnByExchange: new DataLoader<string, OrderReturn | null>(
      async (ids) => inKeyOrder(ids, await reader.returnsByExchange(ids)),
      { name: 'return.byExchange', maxBatchSize: 500 },
    ),
    returnConditions: many<ReturnCondition>('returnCondition.byLine', reader.returnConditionsByLine),
    returnLines: many<ReturnLine>('returnLine.byReturn', reader.returnLinesByReturn),
  };
}

export type OrderLoaders = ReturnType<typeof createOrderLoaders>;
