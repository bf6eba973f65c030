import { maySee } from '../../platform/caller.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import type { CapturedOrder } from './capture/request.ts';
import { type CancelResult, cancelOrder, type OrderCancelInput } from './commands/cancel.ts';
import { holdOrder, releaseHold } from './commands/hold.ts';
import type { OrderPlaceInput } from './commands/place-input.ts';
import type { OrderContext } from './context.ts';
import {
  availableTransitions,
  type HoldReason,
  type Order,
  type OrderHold,
  type OrderLine,
  ownershipOf,
} from './model.ts';
import { conflict, inFlight, type Keyed, once } from './once.ts';
import { returnMutations } from './returns/mutations.ts';
import { mayComeBack } from './returns/policy.ts';

export const mutations = {
  async orderPlace(_: unknown, { input }: { input: OrderPlaceInput }, context: OrderContext) {
    const outcome = await context.capture.place(context.caller, input, context.signal);
    switch (outcome.kind) {
      case 'done': {
        if (outcome.replayed) markReplayed(context);
        const { orderId, refusals, captured } = outcome.result;
        return {
          order: await (captured ? justCaptured(context, captured) : orderOf(context, orderId)),
          userErrors: refusals,
        };
      }
      case 'conflict':
        return { order: null, userErrors: [conflict] };
      case 'inFlight':
        // Only orderPlace has a code of its own for a running request; elsewhere it is a top-level, retryable error.
        return { order: null, userErrors: [inFlight] };
    }
  },

  async orderCancel(
    _: unknown,
    { orderId, input }: { orderId: string; input: OrderCancelInput },
    context: OrderContext,
  ) {
    const { result, refusals } = await once<CancelResult>(
      context,
      'orderCancel',
      input.idempotencyKey,
      { orderId, input },
      { orderId: null },
      (trx) => cancelOrder(trx, context.caller, orderId, input),
    );
    const order = await orderOf(context, result.orderId);
    const transitions = refusals.length > 0 && order ? await transitionsOf(context, order.id) : [];
    return {
      order,
      requestedQuantity: result.requested ?? 0,
      userErrors: refusals.map((refusal) => ({ ...refusal, availableTransitions: transitions })),
    };
  },

  async orderHold(
    _: unknown,
    { orderId, input }: { orderId: string; input: Keyed<{ reason: HoldReason; note?: string | null }> },
    context: OrderContext,
  ) {
    const { result, refusals } = await once(
      context,
      'orderHold',
      input.idempotencyKey,
      { orderId, input },
      { orderId: null },
      (trx) => holdOrder(trx, context.caller, orderId, input),
    );
    return { order: await orderOf(context, result.orderId), userErrors: refusals };
  },

  async orderReleaseHold(
    _: unknown,
    { orderId, input }: { orderId: string; input: Keyed<{ reason: HoldReason }> },
    context: OrderContext,
  ) {
    const { result, refusals } = await once(
      context,
      'orderReleaseHold',
      input.idempotencyKey,
      { orderId, input },
      { orderId: null },
      (trx) => releaseHold(trx, context.caller, orderId, input),
    );
    return { order: await orderOf(context, result.orderId), userErrors: refusals };
  },

  ...returnMutations,
};

/** What the capture has just written, for those who may see it, without reading it. */
async function justCaptured({ caller, loaders }: OrderContext, { order, lines }: CapturedOrder) {
  if (!maySee(caller, ownershipOf(order))) return null;
  loaders.orders.prime(order.id, order);
  loaders.linesByOrder.prime(order.id, [...lines]);
  loaders.holdsByOrder.prime(order.id, []);
  loaders.returnsByOrder.prime(order.id, []);
  return order;
}

async function orderOf(context: OrderContext, id: string | null) {
  return id === null ? null : context.loaders.orders.clear(id).load(id);
}

async function transitionsOf(context: OrderContext, orderId: string) {
  const [order, lines, holds] = await Promise.all([
    context.loaders.orders.load(orderId),
    context.loaders.linesByOrder.load(orderId),
    context.loaders.holdsByOrder.load(orderId),
  ]);
  return order ? orderTransitions(context, order, lines, holds) : [];
}

/** What may be done with an order, by its lines, its holds and the return policy. */
export function orderTransitions(
  { returnPolicy, clock }: OrderContext,
  order: Order,
  lines: readonly OrderLine[],
  holds: readonly OrderHold[],
) {
  const { channel, deliveredAt } = order;
  const skus = lines.map((line) => line.sku);
  return availableTransitions(lines, holds, mayComeBack(returnPolicy, { channelCode: channel.code, deliveredAt, skus }, clock.now())); // biome-ignore format: one thought
}
