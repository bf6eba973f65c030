import type { Knex } from 'knex';
import type { OrderContext } from '../context.ts';
import { type Keyed, once } from '../once.ts';
import { exchangeReturn, type ReturnExchangeInput } from './exchange.ts';
import type { ReturnResult } from './found.ts';
import type { ReturnRequestInput } from './insert.ts';
import { inspectReturn, type ReturnInspectInput, rejectReturn, resolveReturn } from './inspect.ts';
import { requestLabel } from './label.ts';
import type { DeclineReason } from './model.ts';
import { authorizeReturn, cancelReturn, declineReturn, reopenReturn } from './permit.ts';
import { type ReturnReceiveInput, receiveReturn } from './receive.ts';
import { type ReturnRefundInput, refundReturn } from './refund.ts';
import { requestReturn } from './request.ts';

type OnReturn<Input> = { readonly returnId: string; readonly input: Keyed<Input> };

/** Runs a command on one return once per key, and answers with the return as it is then. */
function command<Input extends object>(
  operation: string,
  run: (
    trx: Knex.Transaction,
    context: OrderContext,
    returnId: string,
    input: Keyed<Input>,
  ) => Promise<ReturnResult<string>>,
) {
  return async (_: unknown, { returnId, input }: OnReturn<Input>, context: OrderContext) => {
    const { result, refusals } = await once<ReturnResult<string>>(
      context,
      operation,
      input.idempotencyKey,
      { returnId, input },
      { returnId: null },
      (trx) => run(trx, context, returnId, input),
    );
    return {
      return: await returnOf(context, result.returnId),
      userErrors: refusals.map((refusal) => ({ availableTransitions: [], ...refusal })),
    };
  };
}

export const returnMutations = {
  async returnRequest(
    _: unknown,
    { orderId, input }: { orderId: string; input: Keyed<ReturnRequestInput> },
    context: OrderContext,
  ) {
    const { result, refusals } = await once<ReturnResult<string>>(
      context,
      'returnRequest',
      input.idempotencyKey,
      { orderId, input },
      { returnId: null },
      (trx) =>
        requestReturn(trx, context.caller, context.returnPolicy, context.parcels, orderId, input, context.clock.now()),
    );
    return { return: await returnOf(context, result.returnId), userErrors: refusals };
  },

  returnAuthorize: command('returnAuthorize', (trx, { caller, returnPolicy }, returnId) =>
    authorizeReturn(trx, caller, returnPolicy, returnId),
  ),
  returnDecline: command<{ readonly reason: DeclineReason; readonly note?: string | null }>(
    'returnDecline',
    (trx, { caller }, returnId, input) => declineReturn(trx, caller, returnId, input),
  ),
  returnCancel: command('returnCancel', (trx, { caller }, returnId) => cancelReturn(trx, caller, returnId)),
  returnReopen: command('returnReopen', (trx, { caller, returnPolicy, parcels }, returnId) =>
    reopenReturn(trx, caller, returnPolicy, parcels, returnId),
  ),
  returnIssueLabel: command('returnIssueLabel', (trx, { caller }, returnId) => requestLabel(trx, caller, returnId)),
  returnReceive: command<ReturnReceiveInput>('returnReceive', (trx, { caller, parcels }, returnId, input) =>
    receiveReturn(trx, caller, parcels, returnId, input),
  ),
  returnInspect: command<ReturnInspectInput>('returnInspect', (trx, { caller }, returnId, input) =>
    inspectReturn(trx, caller, returnId, input),
  ),
  returnResolve: command('returnResolve', (trx, { caller }, returnId) => resolveReturn(trx, caller, returnId)),
  returnReject: command<{ readonly note?: string | null }>(
    'returnReject',
    (trx, { caller, parcels }, returnId, input) => rejectReturn(trx, caller, parcels, returnId, input),
  ),
  returnExchange: command<ReturnExchangeInput>('returnExchange', (trx, { caller }, returnId, input) =>
    exchangeReturn(trx, caller, returnId, input),
  ),
  returnRefund: command<ReturnRefundInput>('returnRefund', (trx, { caller }, returnId, input) =>
    refundReturn(trx, caller, returnId, input),
  ),
};

async function returnOf(context: OrderContext, id: string | null) {
  return id === null ? null : context.loaders.returns.clear(id).load(id);
}
