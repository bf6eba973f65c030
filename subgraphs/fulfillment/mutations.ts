import { idempotencyScope } from '../../platform/caller.ts';
import { askNode, type Keyed, type WorkResult } from './ask-node.ts';
import type { FulfillmentContext } from './context.ts';
import { operatorCommands } from './operator-commands.ts';
import { trackingEventRecord } from './record-scan.ts';
import { readShipInput, type ShipInput } from './ship-input.ts';
import { readComponents, readLines } from './work.ts';

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
      async (work, { trx, repeated }) => {
        const units = { lines: await readLines(trx, work.id), components: await readComponents(trx, work.id) };
        const packages = readShipInput(input, units, { mayHaveLeft: repeated });
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

  trackingEventRecord,
};
