import type { Knex } from 'knex';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { type OnceOutcome, runOnce } from '../../platform/idempotency/run-once.ts';
import type { InventoryContext } from './context.ts';

/**
 * Runs a mutation under its idempotency key.
 * @returns the stored or new answer; `conflict` when the key belongs to another input
 * @throws CommerceError IDEMPOTENCY_IN_FLIGHT while the first request still runs, IDEMPOTENCY_KEY_INVALID
 */
export async function once<Result>(
  context: InventoryContext,
  operation: string,
  input: { readonly idempotencyKey: string },
  identity: unknown,
  effect: (trx: Knex.Transaction) => Promise<Result>,
): Promise<Result | 'conflict'> {
  const outcome = await runOnce(
    context.knex,
    { caller: context.caller, operation, key: input.idempotencyKey, input: identity },
    effect,
  );
  return answerOf(context, outcome);
}

/** The answer of a run, with the mark of a replay. @throws CommerceError IDEMPOTENCY_IN_FLIGHT */
export function answerOf<Result>(context: InventoryContext, outcome: OnceOutcome<Result>): Result | 'conflict' {
  switch (outcome.kind) {
    case 'conflict':
      return 'conflict';
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
