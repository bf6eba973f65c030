import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { markReplayed, type RequestContext } from '../../../platform/graphql/subgraph.ts';
import { runOnce } from '../../../platform/idempotency/run-once.ts';
import type { GroupFilter } from './groups.ts';
import type { Refusal, ResolveDeps } from './model.ts';
import { reopenDifference } from './reopen.ts';
import { type ResolveInput, type ResolveResult, refused, resolveDifference } from './resolve.ts';
import { type GroupOutcome, resolveGroup } from './resolve-group.ts';

type Context = RequestContext & { readonly knex: Knex; readonly caller: Caller; readonly books: ResolveDeps };
type Keyed<Input> = Input & { readonly idempotencyKey: string };

/** `reconciliationExceptionResolve`, once per idempotency key. */
export function resolve(context: Context, exceptionId: string, input: Keyed<ResolveInput>): Promise<ResolveResult> {
  return once(
    context,
    'reconciliationExceptionResolve',
    exceptionId,
    input,
    `${input.resolution}: ${input.note}`,
    (trx) => resolveDifference(trx, context.books, exceptionId, input, context.caller.clientId),
  );
}

/** `reconciliationExceptionReopen`, once per idempotency key. */
export function reopen(
  context: Context,
  exceptionId: string,
  input: Keyed<{ readonly note: string }>,
): Promise<ResolveResult> {
  return once(context, 'reconciliationExceptionReopen', exceptionId, input, input.note, (trx) =>
    reopenDifference(trx, context.books, exceptionId, input.note, context.caller.clientId),
  );
}

/** What `reconciliationExceptionsResolve` answers. */
export interface GroupAnswer {
  readonly outcome: GroupOutcome | null;
  readonly userErrors: readonly Refusal[];
}

/** `reconciliationExceptionsResolve`, once per idempotency key: a key stands for one call, so going on takes a new one. */
export async function resolveAlike(
  context: Context,
  filter: GroupFilter,
  input: Keyed<ResolveInput>,
): Promise<GroupAnswer> {
  const { caller, books } = context;
  const operation = 'reconciliationExceptionsResolve';
  const outcome = await runOnce(
    context.knex,
    { caller, operation, key: input.idempotencyKey, input: { filter, ...input } },
    async (trx) => {
      const done = await resolveGroup(trx, books, filter, input, caller.clientId);
      if (done.decided + done.proposed > 0)
        await recordAction(trx, caller, { action: operation, subject: `${filter.channelCode} ${filter.reason} ${filter.words ?? ''}`.trim(), reason: `${input.resolution}, ${done.decided} decided, ${done.proposed} proposed: ${input.note}` }); // biome-ignore format: one thought
      return done;
    },
  );
  switch (outcome.kind) {
    case 'conflict':
      return {
        outcome: null,
        userErrors: refused(null, 'IDEMPOTENCY_CONFLICT', KEY_USED, 'idempotencyKey').userErrors,
      };
    case 'inFlight':
      throw inFlight();
    case 'done':
      if (outcome.replayed) markReplayed(context);
      return { outcome: outcome.result, userErrors: [] };
  }
}

const KEY_USED = 'This key was used with another input. Use a new key for a new request.';
const inFlight = () => new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'A request with this idempotencyKey is still running. Repeat it shortly.'); // biome-ignore format: one thought

async function once(
  context: Context,
  operation: string,
  exceptionId: string,
  input: Keyed<object>,
  reason: string,
  effect: (trx: Knex.Transaction) => Promise<ResolveResult>,
): Promise<ResolveResult> {
  const request = { caller: context.caller, operation, key: input.idempotencyKey, input: { exceptionId, ...input } };
  const outcome = await runOnce(context.knex, request, async (trx) => {
    const result = await effect(trx);
    // A decision that waits for a second person is a decision as well.
    const decided = result.userErrors.every(({ code }) => code === 'SECOND_APPROVER_REQUIRED');
    if (decided) await recordAction(trx, context.caller, { action: operation, subject: exceptionId, reason });
    return result;
  });
  switch (outcome.kind) {
    case 'conflict':
      return refused(null, 'IDEMPOTENCY_CONFLICT', KEY_USED, 'idempotencyKey');
    case 'inFlight':
      throw inFlight();
    case 'done':
      if (outcome.replayed) markReplayed(context);
      return outcome.result;
  }
}
