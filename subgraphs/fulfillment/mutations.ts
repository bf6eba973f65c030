import type { Knex } from 'knex';
import { idempotencyScope } from '../../platform/caller.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { runOnce } from '../../platform/idempotency/run-once.ts';
import type { FulfillmentContext } from './context.ts';
import type { FulfillmentRefusal } from './errors.ts';
import { reportUnknownWords } from './feeds.ts';
import { mayWorkOn } from './loaders.ts';
import { availableTransitions, type FulfillmentOrder } from './model.ts';
import { operatorCommands } from './operator-commands.ts';
import type { NodeAnswer } from './port.ts';
import { createFulfillmentReader } from './read.ts';
import { readShipInput, type ShipInput } from './ship-input.ts';
import type { FulfillmentTransition } from './states.ts';
import { recordScans } from './tracking.ts';
import { readComponents, readLines } from './work.ts';

interface Keyed {
  readonly idempotencyKey: string;
}

interface WorkResult {
  readonly fulfillmentOrderId: string | null;
  readonly refusals: readonly FulfillmentRefusal[];
}

/**
 * Asks the node to do something with work, once per idempotency key, and answers with the state that follows.
 * The node is the system of record: it decides, and its event changes our record, here as in the feed.
 */
async function askNode(
  context: FulfillmentContext,
  operation: string,
  transition: FulfillmentTransition,
  fulfillmentOrderId: string,
  input: Keyed,
  ask: (
    work: FulfillmentOrder & { nodeReference: string },
    trx: Knex.Transaction,
  ) => Promise<NodeAnswer | FulfillmentRefusal>,
): Promise<WorkResult> {
  const outcome = await runOnce<WorkResult>(
    context.knex,
    { caller: context.caller, operation, key: input.idempotencyKey, input: { fulfillmentOrderId, input } },
    async (trx) => {
      // On the connection at hand: a second one per command would let a full pool wait for itself.
      const reader = createFulfillmentReader(trx);
      const work = (await reader.workById([fulfillmentOrderId])).get(fulfillmentOrderId);
      if (!work || !mayWorkOn(context.caller, work))
        return refused(null, 'NOT_FOUND', 'There is no such work.', ['fulfillmentOrderId']);
      const allowed = availableTransitions(work);
      if (!allowed.includes(transition) || work.nodeReference === null) {
        return refused(
          work.id,
          'ILLEGAL_TRANSITION',
          `The work is ${work.status}/${work.requestStatus}; it can be: ${allowed.join(', ') || 'nothing'}.`,
          ['fulfillmentOrderId'],
        );
      }
      const answer = await ask({ ...work, nodeReference: work.nodeReference }, trx);
      if ('code' in answer) return { fulfillmentOrderId: work.id, refusals: [answer] };
      if (answer.kind === 'done') return { fulfillmentOrderId: work.id, refusals: [] };
      return refused(
        work.id,
        answer.reason === 'WRONG_STATUS' ? 'ILLEGAL_TRANSITION' : 'QUANTITY_EXCEEDS_REMAINING',
        answer.message,
        ['input'],
      );
    },
  );
  switch (outcome.kind) {
    case 'done':
      if (outcome.replayed) markReplayed(context);
      // The answer shows what the node just did, not what the feed has got round to.
      else if (outcome.result.refusals.length === 0) await context.nodeFeed.catchUp(context.signal);
      return outcome.result;
    case 'conflict':
      return refused(
        null,
        'IDEMPOTENCY_CONFLICT',
        'This key was used with another input. Use a new key for a new request.',
        ['input', 'idempotencyKey'],
      );
    case 'inFlight':
      throw new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'A request with this key is still running. Repeat it shortly.');
  }
}

function refused(
  fulfillmentOrderId: string | null,
  code: FulfillmentRefusal['code'],
  message: string,
  field: readonly string[],
): WorkResult {
  return { fulfillmentOrderId, refusals: [{ code, message, field }] };
}

async function payload(context: FulfillmentContext, result: WorkResult) {
  const id = result.fulfillmentOrderId;
  return {
    fulfillmentOrder: id === null ? null : await context.loaders.work.clear(id).load(id),
    userErrors: result.refusals,
  };
}

type WorkArgs<Input> = { fulfillmentOrderId: string; input: Input & Keyed };

export const mutations = {
  ...operatorCommands,

  async fulfillmentOrderAccept(
    _: unknown,
    { fulfillmentOrderId, input }: WorkArgs<object>,
    context: FulfillmentContext,
  ) {
    const result = await askNode(context, 'fulfillmentOrderAccept', 'ACCEPT', fulfillmentOrderId, input, (work) =>
      context.nodes.accept(work.nodeReference, context.signal),
    );
    return payload(context, result);
  },

  async fulfillmentOrderReject(
    _: unknown,
    { fulfillmentOrderId, input }: WorkArgs<{ reason: string }>,
    context: FulfillmentContext,
  ) {
    const result = await askNode(context, 'fulfillmentOrderReject', 'REJECT', fulfillmentOrderId, input, (work) =>
      context.nodes.reject(work.nodeReference, input.reason, context.signal),
    );
    return payload(context, result);
  },

  async fulfillmentOrderShip(
    _: unknown,
    { fulfillmentOrderId, input }: WorkArgs<ShipInput>,
    context: FulfillmentContext,
  ) {
    const result = await askNode(
      context,
      'fulfillmentOrderShip',
      'SHIP',
      fulfillmentOrderId,
      input,
      async (work, trx) => {
        const units = { lines: await readLines(trx, work.id), components: await readComponents(trx, work.id) };
        const packages = readShipInput(input, units);
        if ('code' in packages) return packages;
        return context.nodes.confirmShipment(
          work.nodeReference,
          { key: `${idempotencyScope(context.caller)}:${input.idempotencyKey}`, packages: packages.packages },
          context.signal,
        );
      },
    );
    const first = input.packages[0];
    const shipments =
      result.fulfillmentOrderId && result.refusals.length === 0 && first
        ? await context.loaders.shipmentsByWork.load(result.fulfillmentOrderId)
        : [];
    const packages = await context.loaders.packagesByShipment.loadMany(shipments.map((shipment) => shipment.id));
    const shipment = shipments.find((_shipment, index) => {
      const boxes = packages[index];
      return Array.isArray(boxes) && boxes.some((box) => box.trackingNumber === first?.trackingNumber);
    });
    return { shipment: shipment ?? null, ...(await payload(context, result)) };
  },

  async fulfillmentOrderMarkReadyForPickup(
    _: unknown,
    { fulfillmentOrderId, input }: WorkArgs<object>,
    context: FulfillmentContext,
  ) {
    const result = await askNode(
      context,
      'fulfillmentOrderMarkReadyForPickup',
      'MARK_READY_FOR_PICKUP',
      fulfillmentOrderId,
      input,
      (work) => context.nodes.markReadyForPickup(work.nodeReference, context.signal),
    );
    return payload(context, result);
  },

  async fulfillmentOrderCompletePickup(
    _: unknown,
    { fulfillmentOrderId, input }: WorkArgs<object>,
    context: FulfillmentContext,
  ) {
    const result = await askNode(
      context,
      'fulfillmentOrderCompletePickup',
      'COMPLETE_PICKUP',
      fulfillmentOrderId,
      input,
      (work) => context.nodes.completePickup(work.nodeReference, context.signal),
    );
    return payload(context, result);
  },

  async trackingEventRecord(_: unknown, { input }: { input: TrackingInput }, context: FulfillmentContext) {
    const invalid = checkTracking(input);
    if (invalid) return { shipment: null, userErrors: [invalid] };
    const shipmentId = await inTransaction(context.knex, (trx: Knex.Transaction) => recordOne(trx, context, input));
    if (shipmentId === null) {
      const message = 'No package has this number yet. The event is kept and takes effect when one does.';
      return {
        shipment: null,
        userErrors: [{ code: 'UNKNOWN_TRACKING_NUMBER', message, field: ['input', 'trackingNumber'] }],
      };
    }
    return { shipment: await context.loaders.shipments.load(shipmentId), userErrors: [] };
  },
};

interface TrackingInput {
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly eventId: string;
  readonly status: string;
  readonly occurredAt: string;
  readonly location?: string | null;
  readonly message?: string | null;
}

async function recordOne(
  trx: Knex.Transaction,
  context: FulfillmentContext,
  input: TrackingInput,
): Promise<string | null> {
  const recorded = await recordScans(trx, [
    {
      carrier: input.carrier,
      trackingNumber: input.trackingNumber,
      eventId: input.eventId,
      status: input.status,
      statusDetail: null,
      occurredAt: new Date(input.occurredAt),
      location: input.location ?? null,
      message: input.message ?? null,
    },
  ]);
  await reportUnknownWords(trx, recorded, context.report);
  return recorded[0]?.shipmentId ?? null;
}

function checkTracking(input: TrackingInput): FulfillmentRefusal | null {
  for (const name of ['carrier', 'trackingNumber', 'eventId', 'status', 'location', 'message'] as const) {
    const text = input[name];
    if (text == null) continue;
    const required = name !== 'location' && name !== 'message';
    if ((required && text.trim() === '') || text.length > 200 || /\p{Cc}/u.test(text)) {
      return {
        code: 'INVALID_INPUT',
        field: ['input', name],
        message: `${name} must be ${required ? '1 to' : 'at most'} 200 characters without control characters.`,
      };
    }
  }
  return null;
}
