import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { markReplayed, type RequestContext } from '../../../platform/graphql/subgraph.ts';
import { runOnce } from '../../../platform/idempotency/run-once.ts';
import type { Refusal, ResolveDeps } from '../differences/model.ts';
import { reverseByTwo } from './reversal.ts';

type Context = RequestContext & { readonly knex: Knex; readonly caller: Caller; readonly books: ResolveDeps };

/** What `settlementReverse` answers; the settlement by its id. */
export interface ReverseAnswer {
  readonly settlementId: string | null;
  readonly userErrors: readonly Refusal[];
}

/** `settlementReverse`, once per idempotency key. Who asks is the client of the key or token: no name is taken on trust. */
export async function settlementReverse(
  context: Context,
  settlementId: string,
  input: { readonly idempotencyKey: string; readonly note: string },
): Promise<ReverseAnswer> {
  const { knex, caller, books } = context;
  const request = {
    caller,
    operation: 'settlementReverse',
    key: input.idempotencyKey,
    input: { settlementId, ...input },
  };
  const outcome = await runOnce(knex, request, async (trx): Promise<ReverseAnswer> => {
    const refusal = await reverseByTwo(trx, books.rules, settlementId, input.note, caller.clientId);
    // A proposal is an action as well.
    if (refusal === null || refusal.code === 'SECOND_APPROVER_REQUIRED')
      await recordAction(trx, caller, { action: 'settlementReverse', subject: settlementId, reason: `${refusal === null ? 'approved' : 'proposed'}: ${input.note}` }); // biome-ignore format: one thought
    return {
      settlementId: refusal?.code === 'NOT_FOUND' ? null : settlementId,
      userErrors: refusal === null ? [] : [{ ...refusal, field: ['settlementId'] }],
    };
  });
  switch (outcome.kind) {
    case 'conflict':
      return { settlementId: null, userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', message: 'This key was used with another input. Use a new key for a new request.', field: ['input', 'idempotencyKey'] }] }; // biome-ignore format: one thought
    case 'inFlight':
      throw new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'A request with this idempotencyKey is still running. Repeat it shortly.'); // biome-ignore format: one thought
    case 'done':
      if (outcome.replayed) markReplayed(context);
      return outcome.result;
  }
}
