import type { StoredEvent } from '../events/port.ts';
import type { LineUnits, OrchestratorDeps } from './port.ts';
import type { CancelUnitsInput } from './workflows/cancel-units.ts';
import type { FulfilOrderInput } from './workflows/fulfil-order.ts';
import type { ReturnGoodsInput } from './workflows/return-goods.ts';
import type { ShipInput } from './workflows/ship.ts';

/** Starts a workflow under an id of its own: starting it again with the same id does nothing. */
export interface Workflows {
  fulfilOrder(workflowId: string, input: FulfilOrderInput): Promise<void>;
  ship(workflowId: string, input: ShipInput): Promise<void>;
  returnGoods(workflowId: string, input: ReturnGoodsInput): Promise<void>;
  cancelUnits(workflowId: string, input: CancelUnitsInput): Promise<void>;
}

/** The event types the orchestrator reacts to. */
export const REACTED_TYPES = [
  'order-placed.v1',
  'order-hold-released.v1',
  'order-cancelled.v1',
  'fulfillment-order-changed.v1',
  'shipment-dispatched.v1',
  'shipment-status-changed.v1',
  'return-received.v1',
] as const;

/**
 * What each event sets in motion. Runs at least once per event; every reaction has one effect:
 * workflows are named after the event, and commands on the order book carry a key.
 */
export async function react(event: StoredEvent, deps: OrchestratorDeps, workflows: Workflows): Promise<void> {
  const { traceId } = event;
  const channelCode = event.channelCode ?? '';
  const data = event.data as Record<string, unknown>;
  const orderId = String(data.orderId);
  switch (event.type) {
    case 'order-placed.v1':
      return workflows.fulfilOrder(`order:${orderId}`, { orderId, channelCode, traceId, round: 0 });
    case 'order-hold-released.v1':
      return workflows.fulfilOrder(`order:${orderId}:${event.version}`, {
        orderId,
        channelCode,
        traceId,
        round: event.version,
      });
    case 'order-cancelled.v1':
      return workflows.cancelUnits(`cancel:${event.id}`, {
        cancellationId: event.id,
        orderId,
        channelCode,
        reason: String(data.reason),
        lines: data.lines as LineUnits[],
        traceId,
      });
    case 'fulfillment-order-changed.v1':
      return fulfillmentOrderChanged(event, data, deps);
    case 'shipment-dispatched.v1':
      return workflows.ship(`shipment:${String(data.shipmentId)}`, {
        shipmentId: String(data.shipmentId),
        orderId,
        channelCode,
        traceId,
      });
    case 'shipment-status-changed.v1':
      return shipmentStatusChanged(event, data, deps);
    case 'return-received.v1':
      return workflows.returnGoods(`return:${event.id}`, {
        arrivalId: event.id,
        returnId: String(data.returnId),
        orderId,
        channelCode,
        locationId: String(data.locationId),
        complete: Boolean(data.complete),
        lines: data.lines as ReturnGoodsInput['lines'],
        traceId,
      });
  }
}

/** A node accepted or refused work: the order's units follow. */
async function fulfillmentOrderChanged(
  event: StoredEvent,
  data: Record<string, unknown>,
  deps: OrchestratorDeps,
): Promise<void> {
  const { traceId } = event;
  const orderId = String(data.orderId);
  const fulfillmentOrderId = String(data.fulfillmentOrderId);
  const lines = data.lines as LineUnits[];
  const location = String(data.locationId);
  if (data.requestStatus === 'ACCEPTED' && data.previousRequestStatus !== 'ACCEPTED') {
    await deps.orders.startFulfillment(orderId, lines, {
      key: `accepted:${fulfillmentOrderId}`,
      traceId,
      timeline: [{ type: 'WORK_ACCEPTED', system: 'wms', message: `Node ${location} accepted the work` }],
    });
  }
}

/** A parcel arrived or got lost: the shipment's units follow. */
async function shipmentStatusChanged(
  event: StoredEvent,
  data: Record<string, unknown>,
  deps: OrchestratorDeps,
): Promise<void> {
  const { traceId } = event;
  const shipmentId = String(data.shipmentId);
  const status = String(data.status);
  const orderId = String(data.orderId);
  const shipment = await deps.fulfillment.readShipment(shipmentId);
  if (!shipment) return;
  const units = new Map<string, number>();
  for (const line of shipment.lines) units.set(line.lineId, (units.get(line.lineId) ?? 0) + line.quantity);
  const lines = [...units].map(([lineId, quantity]) => ({ lineId, quantity }));
  // The workflow of the dispatch may not have moved the units yet; the same key makes this the same effect.
  await deps.orders.ship(orderId, lines, { key: `ship:${shipmentId}`, traceId });
  const effect = {
    key: `${status}:${shipmentId}`,
    traceId,
    timeline: [
      {
        type: `SHIPMENT_${status}`,
        system: 'carrier',
        message: `Shipment is ${status.toLowerCase().replaceAll('_', ' ')}`,
        occurredAt: new Date(event.occurredAt),
      },
    ],
  };
  if (status === 'DELIVERED') await deps.orders.deliver(orderId, lines, effect);
  else if (status === 'LOST') await deps.orders.lose(orderId, lines, effect);
  else await deps.orders.note(orderId, effect);
}
