import type { Knex } from 'knex';
import { recordAction } from '../../platform/audit/audit.ts';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { runOnce } from '../../platform/idempotency/run-once.ts';
import { type CommandResult, checkNote, dismiss, requestRetry } from './commands.ts';
import type { OperationsContext } from './context.ts';
import { checkReason, correct, type GivenValue } from './correct.ts';
import { takeRetryRequests } from './retries.ts';

const CONFLICT: CommandResult = {
  exceptionId: null,
  userErrors: [
    {
      code: 'IDEMPOTENCY_CONFLICT',
      field: ['input', 'idempotencyKey'],
      message: 'This key was used with another input. Use a new key for a new request.',
    },
  ],
};

interface Arguments<Input> {
  readonly exceptionId: string;
  readonly input: Input & { readonly idempotencyKey: string };
}

/** Runs a command once per idempotency key and answers it, or says that the key belongs to another input. */
async function once(
  context: OperationsContext,
  operation: string,
  request: Arguments<object>,
  reason: string | null,
  effect: (trx: Knex.Transaction) => Promise<CommandResult & { readonly change?: string | null }>,
): Promise<CommandResult> {
  const outcome = await runOnce(
    context.knex,
    { caller: context.caller, operation, key: request.input.idempotencyKey, input: request },
    async (trx) => {
      const result = await effect(trx);
      const { exceptionId, userErrors, change } = result;
      if (exceptionId !== null && userErrors.length === 0) {
        const why = change == null ? reason : `${reason}; ${change}`;
        await recordAction(trx, context.caller, { action: operation, subject: exceptionId, reason: why });
      }
      return { exceptionId, userErrors };
    },
  );
  switch (outcome.kind) {
    case 'conflict':
      return CONFLICT;
    case 'inFlight':
      throw new CommerceError(
        'IDEMPOTENCY_IN_FLIGHT',
        'A request with this idempotencyKey is still running. Repeat it shortly.',
      );
    case 'done':
      if (outcome.replayed) markReplayed(context);
      return outcome.result;
  }
}

async function payload({ exceptionId, userErrors }: CommandResult, { loaders }: OperationsContext) {
  return {
    exception: exceptionId === null ? null : await loaders.exceptions.clear(exceptionId).load(exceptionId),
    userErrors,
  };
}

export const mutations = {
  async integrationExceptionRetry(_: unknown, request: Arguments<object>, context: OperationsContext) {
    const result = await once(context, 'integrationExceptionRetry', request, null, (trx) =>
      requestRetry(trx, request.exceptionId, context.caller.clientId),
    );
    if (result.userErrors.length === 0) await passOn(context);
    return payload(result, context);
  },

  async integrationExceptionDismiss(_: unknown, request: Arguments<{ note: string }>, context: OperationsContext) {
    checkNote(request.input.note);
    const result = await once(context, 'integrationExceptionDismiss', request, request.input.note, (trx) =>
      dismiss(trx, request.exceptionId, request.input.note, context.caller.clientId),
    );
    return payload(result, context);
  },

  async integrationExceptionCorrect(
    _: unknown,
    request: Arguments<{ reason: string; values: readonly GivenValue[] }>,
    context: OperationsContext,
  ) {
    const { reason, values } = request.input;
    checkReason(reason);
    const result = await once(context, 'integrationExceptionCorrect', request, reason, (trx) =>
      correct(trx, context.corrections, request.exceptionId, values, context.caller.clientId),
    );
    if (result.userErrors.length === 0) await passOn(context);
    return payload(result, context);
  },
};

/** In the worker's own process a retry need not wait for its next look. The request is committed, so a failure here costs only that second. */
async function passOn({ knex, retryWorkflow, logger, caller }: OperationsContext): Promise<void> {
  if (!retryWorkflow) return;
  try {
    await takeRetryRequests(knex, { retryWorkflow });
  } catch (err) {
    logger.warn({ err, traceId: caller.traceId }, 'a retry could not be passed on; the worker will');
  }
}
