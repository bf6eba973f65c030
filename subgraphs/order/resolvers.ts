import { maySee } from '../../platform/caller.ts';
import { connectionOf, type PageArgs } from '../../platform/graphql/connection.ts';
import type { Resolvers } from '../../platform/graphql/subgraph.ts';
import { formatAmount, type Money } from '../../platform/money.ts';
import type { OrderContext } from './context.ts';
import { type Order, type OrderLine, ownershipOf, type TimelineEntry } from './model.ts';
import { mutations, orderTransitions } from './mutations.ts';
import { type Quantities, returnProgress, shippedUnits } from './quantities.ts';
import type { OrderFilter } from './read.ts';
import {
  availableReturnTransitions,
  exchangeStatusOf,
  type OrderReturn,
  type ReturnLine,
  unitsOf,
} from './returns/model.ts';

const toMoney = (amount: Money) => ({ amount: formatAmount(amount), currencyCode: amount.currencyCode });

export const resolvers: Resolvers = {
  Query: {
    order: (_: unknown, { id }: { id: string }, context: OrderContext) => context.loaders.orders.load(id),
    async orderByNumber(_: unknown, { number }: { number: string }, context: OrderContext) {
      const order = await context.reader.orderByNumber(number);
      return order && maySee(context.caller, ownershipOf(order)) ? order : null;
    },
    orders: (_: unknown, { filter, ...page }: PageArgs & { filter?: OrderFilter | null }, context: OrderContext) =>
      context.reader.orders(context.caller, filter ?? {}, page),
  },

  Mutation: mutations,

  Order: {
    __resolveReference: ({ id }: { id: string }, context: OrderContext) => context.loaders.orders.load(id),
    async availableTransitions(order: Order, _: unknown, context: OrderContext) {
      const { linesByOrder, holdsByOrder } = context.loaders;
      const [lines, holds] = await Promise.all([linesByOrder.load(order.id), holdsByOrder.load(order.id)]);
      return orderTransitions(context, order, lines, holds);
    },
    holds: (order: Order, _: unknown, { loaders }: OrderContext) => loaders.holdsByOrder.load(order.id),
    returnStatus: async (order: Order, _: unknown, { loaders }: OrderContext) =>
      returnProgress((await loaders.linesByOrder.load(order.id)).map((line) => line.quantities)),
    lines: async (order: Order, page: PageArgs, { loaders }: OrderContext) =>
      connectionOf(await loaders.linesByOrder.load(order.id), page),
    exchangeFor: async (order: Order, _: unknown, { loaders }: OrderContext) => {
      const item = await loaders.returnByExchange.load(order.id);
      return item && (await loaders.orders.load(item.orderId)) ? item : null;
    },
    returns: (order: Order, _: unknown, { loaders }: OrderContext) => loaders.returnsByOrder.load(order.id),
    async timeline(order: Order, page: PageArgs, { loaders }: OrderContext) {
      const entries = await loaders.timelineByOrder.load(order.id);
      return connectionOf<TimelineEntry & { id: string }>(
        entries.map((entry) => ({ ...entry, id: entry.sequence })),
        page,
      );
    },
    totals: ({ totals }: Order) => ({
      subtotal: toMoney(totals.subtotal),
      discount: toMoney(totals.discount),
      shipping: toMoney(totals.shipping),
      tax: toMoney(totals.tax),
      grandTotal: toMoney(totals.grandTotal),
    }),
  },

  Channel: {
    __resolveReference: ({ code }: { code: string }, { loaders }: OrderContext) => loaders.channels.load(code),
  },

  OrderLine: {
    async __resolveReference({ id }: { id: string }, { loaders }: OrderContext) {
      const line = await loaders.lines.load(id);
      return line && (await loaders.orders.load(line.orderId)) ? line : null;
    },
    unitPrice: (line: OrderLine) => toMoney(line.unitPrice),
    total: (line: OrderLine) => toMoney(line.total),
    variant: (line: OrderLine) => ({ __typename: 'ProductVariant', sku: line.sku }),
  },

  OrderLineQuantities: {
    shipped: (quantities: Quantities) => shippedUnits(quantities),
  },

  Return: {
    async __resolveReference({ id }: { id: string }, { loaders }: OrderContext) {
      const found = await loaders.returns.load(id);
      return found && (await loaders.orders.load(found.orderId)) ? found : null;
    },
    async availableTransitions(item: OrderReturn, _: unknown, { loaders }: OrderContext) {
      const lines = await loaders.returnLines.load(item.id);
      const conditions = await loaders.returnConditions.loadMany(lines.map((line) => line.id));
      const known = conditions.flatMap((rows) => {
        if (rows instanceof Error) throw rows;
        return rows;
      });
      return availableReturnTransitions(item, unitsOf(lines, known));
    },
    lines: (item: OrderReturn, _: unknown, { loaders }: OrderContext) => loaders.returnLines.load(item.id),
    exchangeOrder: (item: OrderReturn, _: unknown, { loaders }: OrderContext) =>
      item.exchangeOrderId === null ? null : loaders.orders.load(item.exchangeOrderId),
    exchangeStatus: async (item: OrderReturn, _: unknown, { loaders }: OrderContext) =>
      exchangeStatusOf(item.exchangeOrderId === null ? null : await loaders.orderStatuses.load(item.exchangeOrderId)),
    order: (item: OrderReturn, _: unknown, { loaders }: OrderContext) => loaders.orders.load(item.orderId),
  },

  ReturnLine: {
    async conditions(line: ReturnLine, _: unknown, { loaders }: OrderContext) {
      const byCondition = new Map<string, { disposition: string; quantity: number; placed: number }>();
      for (const { disposition, inspected, placed } of await loaders.returnConditions.load(line.id)) {
        const known = byCondition.get(disposition) ?? { disposition, quantity: 0, placed: 0 };
        byCondition.set(disposition, {
          ...known,
          quantity: known.quantity + inspected,
          placed: known.placed + placed,
        });
      }
      return [...byCondition.values()];
    },
  },

  UserError: {
    __resolveType: (error: { __typename: string }) => error.__typename,
  },
};
