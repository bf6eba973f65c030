import { CommerceError } from '../../platform/errors.ts';
import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';

export interface WithdrawWorkInput {
  readonly fulfillmentOrderId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly traceId: string;
  /** Whether the goods wait for their buyer at the counter: then they go back on the shelf. */
  readonly onCounter: boolean;
  /** The node. Missing in runs that earlier releases began. */
  readonly locationId?: string;
}

/** Asks a node to give work back. What it agrees to arrives as its event; that it refuses is recorded here. */
export async function withdrawWork(deps: OrchestratorDeps, input: WithdrawWorkInput): Promise<void> {
  const { fulfillmentOrderId, onCounter } = input;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);

  const answer = await step({ name: 'ask-node-to-stop', system: 'wms' }, async (signal) => {
    const reference = await deps.fulfillment.nodeReferenceOf(fulfillmentOrderId);
    if (reference === null)
      throw new CommerceError('SYSTEM_UNAVAILABLE', 'the node has not told of the work yet', { fulfillmentOrderId });
    return onCounter ? deps.warehouse.putBack(reference, signal) : deps.warehouse.cancel(reference, signal);
  });
  // What its staff decide arrives as an event too.
  if (answer.kind !== 'refused') return;
  await step({ name: 'record-refusal', system: 'commerce' }, async () => {
    await recordRefusal(deps, input);
  });
}

/** The node goes on with work that it was asked to give back: the order says so, and so does the answer to who asked. */
export async function recordRefusal(
  deps: OrchestratorDeps,
  {
    fulfillmentOrderId,
    orderId,
    traceId,
    locationId,
  }: Pick<WithdrawWorkInput, 'fulfillmentOrderId' | 'orderId' | 'traceId' | 'locationId'>,
): Promise<void> {
  const node = locationId === undefined ? 'The node' : await deps.stock.codeOf(locationId);
  const refused = await deps.fulfillment.refuseWithdrawal(fulfillmentOrderId);
  await deps.orders.keepUnits(
    orderId,
    { requestId: refused?.key ?? '', units: refused?.units ?? 0 },
    {
      key: `withdrawal-refused:${fulfillmentOrderId}`,
      traceId,
      timeline: [
        {
          type: 'CANCELLATION_REJECTED',
          system: 'wms',
          message: `${node} was asked to stop and does not: its work goes on`,
        },
      ],
    },
  );
}
