import type { Knex } from 'knex';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { runOnce } from '../../platform/idempotency/run-once.ts';
import type { OrderContext } from './context.ts';
import type { ReturnTransition } from './returns/model.ts';

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly field?: readonly string[];
  readonly availableTransitions?: readonly ReturnTransition[];
}

export type Keyed<Input> = Input & { readonly idempotencyKey: string };

/**
 * Runs a command once per idempotency key and returns its stored result,
 * or the refusal that says why it could not be run.
 */
export async function once<Result extends { refusals: readonly Refusal[] }>(
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

export const conflict: Refusal = {
  code: 'IDEMPOTENCY_CONFLICT',
  field: keyField,
  message: 'This key was used with another input. Use a new key for a new request.',
};

export const inFlight: Refusal = {
  code: 'IDEMPOTENCY_IN_FLIGHT',
  field: keyField,
  message: 'A request with this key is still running. Repeat it shortly.',
};
