import type { Knex } from 'knex';
import { recordAction } from '../../platform/audit/audit.ts';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { runOnce } from '../../platform/idempotency/run-once.ts';
import { readBulkRetry, startBulkRetry } from './bulk-retry.ts';
import { type CommandResult, checkNote, dismiss, requestRetry } from './commands.ts';
import type { OperationsContext } from './context.ts';
import { checkReason, correct, type GivenValue } from './correct.ts';
import type { IntegrationExceptionFilter } from './read.ts';
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

interface Keyed<Input> {
  readonly input: Input & { readonly idempotencyKey: string };
}

interface Arguments<Input> extends Keyed<Input> {
  readonly exceptionId: string;
}

/** Runs an effect once per idempotency key. @returns null when the key belongs to another input */
async function once<Result>(
  context: OperationsContext,
  operation: string,
  request: Keyed<object>,
  effect: (trx: Knex.Transaction) => Promise<Result>,
): Promise<Result | null> {
  const outcome = await runOnce(
    context.knex,
    { caller: context.caller, operation, key: request.input.idempotencyKey, input: request },
    effect,
  );
  switch (outcome.kind) {
    case 'conflict':
      return null;
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

/** Runs a command on one exception, with its row in the audit, and answers it. */
async function command(
  context: OperationsContext,
  operation: string,
  request: Arguments<object>,
  reason: string | null,
  effect: (trx: Knex.Transaction) => Promise<CommandResult & { readonly change?: string | null }>,
): Promise<CommandResult> {
  const result = await once(context, operation, request, async (trx): Promise<CommandResult> => {
    const { exceptionId, userErrors, change } = await effect(trx);
    if (exceptionId !== null && userErrors.length === 0) {
      const why = change == null ? reason : `${reason}; ${change}`;
      await recordAction(trx, context.caller, { action: operation, subject: exceptionId, reason: why });
    }
    return { exceptionId, userErrors };
  });
  return result ?? CONFLICT;
}

async function payload({ exceptionId, userErrors }: CommandResult, { loaders }: OperationsContext) {
  return {
    exception: exceptionId === null ? null : await loaders.exceptions.clear(exceptionId).load(exceptionId),
    userErrors,
  };
}

export const mutations = {
  async integrationExceptionRetry(_: unknown, request: Arguments<object>, context: OperationsContext) {
    const result = await command(context, 'integrationExceptionRetry', request, null, (trx) =>
      requestRetry(trx, request.exceptionId, context.caller.clientId),
    );
    if (result.userErrors.length === 0) await passOn(context);
    return payload(result, context);
  },

  async integrationExceptionDismiss(_: unknown, request: Arguments<{ note: string }>, context: OperationsContext) {
    checkNote(request.input.note);
    const result = await command(context, 'integrationExceptionDismiss', request, request.input.note, (trx) =>
      dismiss(trx, request.exceptionId, request.input.note, context.caller.clientId),
    );
    return payload(result, context);
  },

  async integrationExceptionsRetry(
    _: unknown,
    request: Keyed<{ reason: string }> & { readonly filter: IntegrationExceptionFilter },
    context: OperationsContext,
  ) {
    const { reason } = request.input;
    checkReason(reason);
    const jobId = await once(context, 'integrationExceptionsRetry', request, async (trx) => {
      const id = await startBulkRetry(trx, request.filter, { reason, requestedBy: context.caller.clientId });
      await recordAction(trx, context.caller, { action: 'integrationExceptionsRetry', subject: id, reason });
      return id;
    });
    if (jobId === null) return { job: null, userErrors: CONFLICT.userErrors };
    return { job: await readBulkRetry(context.knex, jobId), userErrors: [] };
  },

  async integrationExceptionCorrect(
    _: unknown,
    request: Arguments<{ reason: string; values: readonly GivenValue[] }>,
    context: OperationsContext,
  ) {
    const { reason, values } = request.input;
    checkReason(reason);
    const result = await command(context, 'integrationExceptionCorrect', request, reason, (trx) =>
      correct(trx, context.corrections, request.exceptionId, values, { clientId: context.caller.clientId, reason }),
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
