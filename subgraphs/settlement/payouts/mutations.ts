import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { markReplayed, type RequestContext } from '../../../platform/graphql/subgraph.ts';
import { runOnce } from '../../../platform/idempotency/run-once.ts';
import type { ResolveDeps } from '../differences/model.ts';
import { matchReceiptByHand, type ReceiptResult, releaseByHand } from './by-hand.ts';

type Context = RequestContext & { readonly knex: Knex; readonly caller: Caller; readonly books: ResolveDeps };
interface Keyed {
  readonly idempotencyKey: string;
  readonly note: string;
}

/** `bankReceiptMatch`, once per idempotency key. Who decides is the client of the key or token. */
export function bankReceiptMatch(
  context: Context,
  receiptId: string,
  input: Keyed & { readonly payoutId: string; readonly payoutAmount?: string | null },
): Promise<ReceiptResult> {
  return once(context, 'bankReceiptMatch', receiptId, input, (trx) =>
    matchReceiptByHand(trx, context.books.rules, receiptId, input, context.caller.clientId),
  );
}

/** `bankReceiptRelease`, once per idempotency key. */
export function bankReceiptRelease(context: Context, receiptId: string, input: Keyed): Promise<ReceiptResult> {
  return once(context, 'bankReceiptRelease', receiptId, input, (trx) =>
    releaseByHand(trx, context.books.rules, receiptId, input.note, context.caller.clientId),
  );
}

async function once(
  context: Context,
  operation: string,
  receiptId: string,
  input: Keyed,
  effect: (trx: Knex.Transaction) => Promise<ReceiptResult>,
): Promise<ReceiptResult> {
  const request = { caller: context.caller, operation, key: input.idempotencyKey, input: { receiptId, ...input } };
  const outcome = await runOnce(context.knex, request, async (trx) => {
    const result = await effect(trx);
    if (result.userErrors.length === 0)
      await recordAction(trx, context.caller, { action: operation, subject: receiptId, reason: `${result.payoutId}: ${input.note}` }); // biome-ignore format: one thought
    return result;
  });
  switch (outcome.kind) {
    case 'conflict':
      return { receiptId: null, payoutId: null, entryId: null, userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', message: 'This key was used with another input. Use a new key for a new request.', field: ['input', 'idempotencyKey'] }] }; // biome-ignore format: one thought
    case 'inFlight':
      throw new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'A request with this idempotencyKey is still running. Repeat it shortly.'); // biome-ignore format: one thought
    case 'done':
      if (outcome.replayed) markReplayed(context);
      return outcome.result;
  }
}
