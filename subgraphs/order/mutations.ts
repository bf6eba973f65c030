import { maySee } from '../../platform/caller.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { asCaptured } from './capture/captured-order.ts';
import type { CapturedOrder, Placed } from './capture/request.ts';
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
import { type RecordPaymentInput, recordPayment } from './payments/record.ts';
import { returnMutations } from './returns/mutations.ts';
import { mayComeBack } from './returns/policy.ts';

export const mutations = {
  async orderPlace(_: unknown, { input }: { input: OrderPlaceInput }, context: OrderContext) {
    const outcome = await context.capture.place(context.caller, input, context.signal);
    switch (outcome.kind) {
      case 'done': {
        if (outcome.replayed) markReplayed(context);
        return { order: await acknowledged(context, input, outcome.result), userErrors: outcome.result.refusals };
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

  async orderRecordPayment(
    _: unknown,
    { orderId, input }: { orderId: string; input: Keyed<RecordPaymentInput> },
    context: OrderContext,
  ) {
    const { result, refusals } = await once(
      context,
      'orderRecordPayment',
      input.idempotencyKey,
      { orderId, input },
      { orderId: null },
      (trx) => recordPayment(trx, context.caller, orderId, input),
    );
    return { order: await orderOf(context, result.orderId), userErrors: refusals };
  },

  ...returnMutations,
};

/**
 * The order as it was acknowledged, the first time and every time after, for those who may see it. The first order of a
 * channel's id that came again is another answer's: it is shown as it is now.
 */
async function acknowledged(context: OrderContext, input: OrderPlaceInput, placed: Placed) {
  const { caller, loaders } = context;
  if (placed.captured) return showCaptured(context, placed.captured);
  const order = await orderOf(context, placed.orderId);
  if (!order || !caller.channel || placed.refusals.length > 0) return order;
  const lines = await loaders.linesByOrder.load(order.id);
  return showCaptured(context, asCaptured(order, lines, { channel: caller.channel, input }, placed));
}

/** Answers the rest of the mutation from what was captured, without reading it. */
function showCaptured({ caller, loaders }: OrderContext, { order, lines, holds }: CapturedOrder) {
  if (!maySee(caller, ownershipOf(order))) return null;
  loaders.orders.clear(order.id).prime(order.id, order);
  loaders.linesByOrder.clear(order.id).prime(order.id, [...lines]);
  loaders.holdsByOrder.clear(order.id).prime(order.id, [...holds]);
  loaders.returnsByOrder.clear(order.id).prime(order.id, []);
  return order;
}

/** Reads the order anew, whatever another mutation of the same request has read or answered. */
async function orderOf({ loaders }: OrderContext, id: string | null) {
  if (id === null) return null;
  loaders.linesByOrder.clear(id);
  loaders.holdsByOrder.clear(id);
  loaders.returnsByOrder.clear(id);
  return loaders.orders.clear(id).load(id);
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
