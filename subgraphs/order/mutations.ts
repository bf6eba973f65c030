import type { Knex } from 'knex';
import { maySee } from '../../platform/caller.ts';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { runOnce } from '../../platform/idempotency/run-once.ts';
import type { CapturedOrder } from './capture/request.ts';
import { type CancelResult, cancelOrder, type OrderCancelInput } from './commands/cancel.ts';
import { holdOrder, releaseHold } from './commands/hold.ts';
import type { OrderPlaceInput } from './commands/place-input.ts';
import {
  authorizeReturn,
  type ReturnReceiveInput,
  type ReturnRequestInput,
  receiveReturn,
  requestReturn,
} from './commands/returns.ts';
import type { OrderContext } from './context.ts';
import { availableTransitions, type HoldReason, ownershipOf } from './model.ts';

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly field?: readonly string[];
}

type Keyed<Input> = Input & { readonly idempotencyKey: string };

/**
 * Runs a command once per idempotency key and returns its stored result,
 * or the refusal that says why it could not be run.
 */
async function once<Result extends { refusals: readonly Refusal[] }>(
  context: OrderContext,
  operation: string,
  key: string,
  input: object,
  nothing: Omit<Result, 'refusals'>,
  effect: (trx: Knex.Transaction) => Promise<Result>,
): Promise<{ result: Omit<Result, 'refusals'>; refusals: readonly Refusal[] }> {
  const outcome = await runOnce(context.knex, { caller: context.caller, operation, key, input }, effect);
  switch (outcome.kind) {
    case 'done':
      if (outcome.replayed) markReplayed(context);
      return { result: outcome.result, refusals: outcome.result.refusals };
    case 'conflict':
      return { result: nothing, refusals: [conflict] };
    case 'inFlight':
      throw new CommerceError('IDEMPOTENCY_IN_FLIGHT', inFlight.message);
  }
}

const keyField = ['input', 'idempotencyKey'];
const conflict: Refusal = {
  code: 'IDEMPOTENCY_CONFLICT',
  field: keyField,
  message: 'This key was used with another input. Use a new key for a new request.',
};
const inFlight: Refusal = {
  code: 'IDEMPOTENCY_IN_FLIGHT',
  field: keyField,
  message: 'A request with this key is still running. Repeat it shortly.',
};

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

  async returnRequest(
    _: unknown,
    { orderId, input }: { orderId: string; input: Keyed<ReturnRequestInput> },
    context: OrderContext,
  ) {
    const { result, refusals } = await once(
      context,
      'returnRequest',
      input.idempotencyKey,
      { orderId, input },
      { returnId: null },
      (trx) => requestReturn(trx, context.caller, orderId, input, context.clock.now()),
    );
    return { return: await returnOf(context, result.returnId), userErrors: refusals };
  },

  async returnAuthorize(
    _: unknown,
    { returnId, input }: { returnId: string; input: Keyed<object> },
    context: OrderContext,
  ) {
    const { result, refusals } = await once(
      context,
      'returnAuthorize',
      input.idempotencyKey,
      { returnId, input },
      { returnId: null },
      (trx) => authorizeReturn(trx, context.caller, returnId),
    );
    return { return: await returnOf(context, result.returnId), userErrors: refusals };
  },

  async returnReceive(
    _: unknown,
    { returnId, input }: { returnId: string; input: Keyed<ReturnReceiveInput> },
    context: OrderContext,
  ) {
    const { result, refusals } = await once(
      context,
      'returnReceive',
      input.idempotencyKey,
      { returnId, input },
      { returnId: null },
      (trx) => receiveReturn(trx, context.caller, returnId, input),
    );
    return { return: await returnOf(context, result.returnId), userErrors: refusals };
  },
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

async function returnOf(context: OrderContext, id: string | null) {
  return id === null ? null : context.loaders.returns.clear(id).load(id);
}

async function transitionsOf(context: OrderContext, orderId: string) {
  const [order, lines, holds] = await Promise.all([
    context.loaders.orders.load(orderId),
    context.loaders.linesByOrder.load(orderId),
    context.loaders.holdsByOrder.load(orderId),
  ]);
  return order ? availableTransitions(order, lines, holds, context.clock.now()) : [];
}
