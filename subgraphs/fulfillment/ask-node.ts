import type { Knex } from 'knex';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { onceKeyOf } from '../../platform/idempotency/once-key.ts';
import { runOnce } from '../../platform/idempotency/run-once.ts';
import type { FulfillmentContext } from './context.ts';
import type { FulfillmentRefusal } from './errors.ts';
import { tellCommand } from './events.ts';
import { mayWorkOn } from './loaders.ts';
import { availableTransitions, type FulfillmentOrder } from './model.ts';
import { forgetCommand, noteCommand } from './node-commands.ts';
import type { NodeAnswer } from './port.ts';
import { createFulfillmentReader } from './read.ts';
import type { FulfillmentTransition } from './states.ts';

export interface Keyed {
  readonly idempotencyKey: string;
  /** Why work is rejected. */
  readonly reason?: string;
  /** The same in words, for people. */
  readonly note?: string | null;
}

export interface WorkResult {
  readonly fulfillmentOrderId: string | null;
  readonly refusals: readonly FulfillmentRefusal[];
}

const CODES = {
  WRONG_STATUS: 'ILLEGAL_TRANSITION',
  NOT_ENOUGH: 'QUANTITY_EXCEEDS_REMAINING',
  INVALID: 'INVALID_INPUT',
} as const satisfies Record<Extract<NodeAnswer, { kind: 'refused' }>['reason'], FulfillmentRefusal['code']>;

/** How a command finds things when it asks the node. */
export interface Asking {
  readonly trx: Knex.Transaction;
  /** The node may have done it already, under this very key. */
  readonly repeated: boolean;
}

/**
 * Asks the node to do something with work, once per idempotency key, and answers with the state that follows.
 * The node is the system of record: it decides, and its event changes our record, here as in the feed.
 *
 * That the node is about to be asked is noted before it is. Who repeats a command whose answer was lost asks the node
 * again, whatever its event has made of the work since: the node knows that it has done it.
 */
export async function askNode(
  context: FulfillmentContext,
  operation: string,
  transition: FulfillmentTransition,
  fulfillmentOrderId: string,
  input: Keyed,
  ask: (work: FulfillmentOrder & { nodeReference: string }, asking: Asking) => Promise<NodeAnswer | FulfillmentRefusal>,
): Promise<WorkResult> {
  const request = {
    caller: context.caller,
    operation,
    key: input.idempotencyKey,
    input: { fulfillmentOrderId, input },
  };
  const key = onceKeyOf(request);
  const before = await workFor(context, context.knex, fulfillmentOrderId);
  const isAllowed = before !== null && availableTransitions(before).includes(transition);
  const noted = before ? await noteCommand(context.knex, key, fulfillmentOrderId, isAllowed) : 'NOT_ASKED';
  let asked = noted === 'ASKED_BEFORE';
  const outcome = await runOnce<WorkResult>(context.knex, request, async (trx) => {
    if (noted === 'OTHER_INPUT') throw new OtherInput();
    // On the connection at hand: a second one per command would let a full pool wait for itself.
    const work = await workFor(context, trx, fulfillmentOrderId);
    if (!work) return refused(null, 'NOT_FOUND', 'There is no such work.', ['fulfillmentOrderId']);
    const allowed = availableTransitions(work);
    const mayAsk = asked || (noted === 'ASKED_NOW' && allowed.includes(transition));
    if (noted === 'NOT_ASKED' && allowed.includes(transition)) throw new PossibleSince();
    if (!mayAsk || work.nodeReference === null) {
      return refused(
        work.id,
        'ILLEGAL_TRANSITION',
        `The work is ${work.status}/${work.requestStatus}; it can be: ${allowed.join(', ') || 'nothing'}.`,
        ['fulfillmentOrderId'],
      );
    }
    const repeated = asked;
    const askedAt = new Date();
    asked = true; // also for another run of this, after a commit whose outcome is not known
    const answer = await ask({ ...work, nodeReference: work.nodeReference }, { trx, repeated });
    // The record of the key takes the place of the note.
    await forgetCommand(trx, key);
    if ('code' in answer) return { fulfillmentOrderId: work.id, refusals: [answer] };
    if (answer.kind === 'done') {
      await tellCommand(trx, context.caller, work, { command: transition, reason: reasonOf(input), askedAt });
      return { fulfillmentOrderId: work.id, refusals: [] };
    }
    const field = answer.at ? ['input', 'packages', ...answer.at] : ['input'];
    return refused(work.id, CODES[answer.reason], answer.message, field);
  }).catch((error: unknown) => {
    if (error instanceof OtherInput) return { kind: 'conflict' as const };
    if (error instanceof PossibleSince) return { kind: 'again' as const };
    throw error;
  });
  // The outcome was recorded before: nothing was asked now.
  if (noted === 'ASKED_NOW' && !asked) await forgetCommand(context.knex, key);
  switch (outcome.kind) {
    case 'done':
      if (outcome.replayed) markReplayed(context);
      // The answer shows what the node just did, not what the feed has got round to.
      else if (outcome.result.refusals.length === 0) await context.nodeFeed.catchUp(context.signal);
      return outcome.result;
    case 'conflict':
      return conflict();
    case 'again':
      return askNode(context, operation, transition, fulfillmentOrderId, input, ask);
    case 'inFlight':
      throw new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'A request with this key is still running. Repeat it shortly.');
  }
}

/** The class of the reason, and what was said of it. */
function reasonOf({ reason, note }: Keyed): string | undefined {
  return reason === undefined || !note?.trim() ? reason : `${reason}, ${note.trim()}`;
}

/** A node may have been asked for something else under this key. */
class OtherInput extends Error {}

/** The node's answer came between the two looks at the work: it is to be noted first, then the node can be asked. */
class PossibleSince extends Error {}

/** The work, when the caller may work on it. */
async function workFor(context: FulfillmentContext, db: Knex, id: string): Promise<FulfillmentOrder | null> {
  const work = (await createFulfillmentReader(db).workById([id])).get(id);
  return work && mayWorkOn(context.caller, work) ? work : null;
}

function refused(
  fulfillmentOrderId: string | null,
  code: FulfillmentRefusal['code'],
  message: string,
  field: readonly string[],
): WorkResult {
  return { fulfillmentOrderId, refusals: [{ code, message, field }] };
}

function conflict(): WorkResult {
  return refused(
    null,
    'IDEMPOTENCY_CONFLICT',
    'This key was used with another input. Use a new key for a new request.',
    ['input', 'idempotencyKey'],
  );
}
