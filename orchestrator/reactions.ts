import type { StoredEvent } from '../events/port.ts';
import { workCommanded } from './commanded.ts';
import { dispatchEffect, missingInWords, shippedUnits } from './dispatch.ts';
import { PARCEL_NEWS, parcelInWords } from './parcel-news.ts';
import type { Effect, OrchestratorDeps } from './port.ts';
import type { FulfillmentBook } from './ports/work.ts';
import { closeRefusal } from './refused-place.ts';
import { serveWaitingFor } from './sourcing/serve-waiting.ts';
import type { AllocateBackorderInput } from './workflows/allocate-backorder.ts';
import type { AskNodesInput } from './workflows/ask-nodes.ts';
import type { CancelUnitsInput } from './workflows/cancel-units.ts';
import type { FulfilOrderInput } from './workflows/fulfil-order.ts';
import type { IssueReturnLabelInput } from './workflows/issue-return-label.ts';
import type { RefundReturnInput } from './workflows/refund-return.ts';
import type { ReleaseOpenedInput } from './workflows/release-opened.ts';
import type { ReturnGoodsInput } from './workflows/return-goods.ts';
import type { SettleWithdrawalInput } from './workflows/settle-withdrawal.ts';
import type { ShipInput } from './workflows/ship.ts';
import type { SourceAgainInput } from './workflows/source-again.ts';
import { recordRefusal, type WithdrawWorkInput } from './workflows/withdraw-work.ts';

/** Starts a workflow under an id of its own: starting it again with the same id does nothing. */
export interface Workflows {
  fulfilOrder(workflowId: string, input: FulfilOrderInput): Promise<void>;
  sourceAgain(workflowId: string, input: SourceAgainInput): Promise<void>;
  allocateBackorder(workflowId: string, input: AllocateBackorderInput): Promise<void>;
  ship(workflowId: string, input: ShipInput): Promise<void>;
  returnGoods(workflowId: string, input: ReturnGoodsInput): Promise<void>;
  refundReturn(workflowId: string, input: RefundReturnInput): Promise<void>;
  issueReturnLabel(workflowId: string, input: IssueReturnLabelInput): Promise<void>;
  askNodes(workflowId: string, input: AskNodesInput): Promise<void>;
  cancelUnits(workflowId: string, input: CancelUnitsInput): Promise<void>;
  withdrawWork(workflowId: string, input: WithdrawWorkInput): Promise<void>;
  settleWithdrawal(workflowId: string, input: SettleWithdrawalInput): Promise<void>;
  releaseOpened(workflowId: string, input: ReleaseOpenedInput): Promise<void>;
}

/** The event types the orchestrator reacts to. */
export const REACTED_TYPES = [
  'order-placed.v1',
  'order-hold-released.v1',
  'order-cancelled.v1',
  'order-cancellation-requested.v1',
  'backorder-allocated.v1',
  'fulfillment-order-changed.v1',
  'fulfillment-order-commanded.v1',
  'shipment-dispatched.v1',
  'shipment-status-changed.v1',
  'shipment-parcel-ended.v1',
  'return-received.v1',
  'return-refund-requested.v1',
  'return-label-requested.v1',
  'return-parcel-moved.v1',
] as const;

export type ReactedType = (typeof REACTED_TYPES)[number];

/**
 * What each event sets in motion. Runs at least once per event; every reaction has one effect:
 * workflows are named after the event, and commands on the order book carry a key.
 */
export async function react(
  event: StoredEvent<ReactedType>,
  deps: OrchestratorDeps,
  workflows: Workflows,
): Promise<void> {
  const { orderId } = event.data;
  const work = { orderId, channelCode: event.channelCode ?? '', traceId: event.traceId };
  switch (event.type) {
    case 'order-placed.v1':
      return workflows.fulfilOrder(`order:${orderId}`, { ...work, round: 0 });
    case 'order-hold-released.v1':
      return workflows.fulfilOrder(`order:${orderId}:${event.version}`, { ...work, round: event.version });
    case 'order-cancelled.v1':
      await closeRefusal(deps, orderId);
      return workflows.cancelUnits(`cancel:${event.id}`, {
        ...work,
        cancellationId: event.id,
        reason: event.data.reason,
        lines: event.data.lines,
      });
    case 'order-cancellation-requested.v1':
      return workflows.askNodes(`ask-nodes:${event.id}`, {
        ...work,
        wishId: event.id,
        requestId: event.data.requestId ?? event.id,
        reason: event.data.reason,
        lines: event.data.lines,
      });
    case 'backorder-allocated.v1':
      return workflows.allocateBackorder(`allocated:${event.id}`, {
        ...work,
        decisionId: event.id,
        lines: event.data.lines,
        explanation: event.data.explanation,
      });
    case 'fulfillment-order-changed.v1':
      return workChanged(event, deps, workflows);
    case 'fulfillment-order-commanded.v1':
      return workCommanded(event, deps);
    case 'shipment-dispatched.v1':
      return workflows.ship(`shipment:${event.data.shipmentId}`, { ...work, shipmentId: event.data.shipmentId });
    case 'shipment-status-changed.v1':
      return shipmentMoved(event, deps);
    case 'shipment-parcel-ended.v1':
      return parcelEnded(event, deps);
    case 'return-received.v1':
      return workflows.returnGoods(`return:${event.id}`, { ...work, ...event.data, arrivalId: event.id });
    case 'return-refund-requested.v1':
      return workflows.refundReturn(`refund:${event.id}`, { ...work, ...event.data, key: event.id });
    case 'return-label-requested.v1':
      return workflows.issueReturnLabel(`label:${event.id}`, { ...work, ...event.data, labelId: event.id });
    case 'return-parcel-moved.v1':
      return deps.orders.returnParcelMoved(event.data.returnId, event.data.status, {
        key: `return-parcel:${event.id}`,
        traceId: event.traceId,
        ...(event.data.happenedAt === undefined ? {} : { occurredAt: happenedAt(event) }),
      });
  }
}

/** Stock of a SKU changed: orders that wait for it get what there is. A consumption of its own, so that it delays no order. */
export async function reactToStock(event: StoredEvent<'inventory-changed.v1'>, deps: OrchestratorDeps): Promise<void> {
  if (event.data.available <= 0) return;
  await serveWaitingFor(deps, event.data.sku, { key: event.id, traceId: event.traceId });
}

/** A node accepted work or gave units back: the order's units follow. */
async function workChanged(
  event: StoredEvent<'fulfillment-order-changed.v1'>,
  deps: OrchestratorDeps,
  workflows: Workflows,
): Promise<void> {
  const {
    orderId,
    fulfillmentOrderId,
    locationId,
    status,
    previousStatus,
    requestStatus,
    lines,
    handedBack,
    mergedInto,
    reason,
  } = event.data;
  const { traceId } = event;
  const occurredAt = happenedAt(event);
  const work = { fulfillmentOrderId, orderId, locationId, channelCode: event.channelCode ?? '', traceId };
  const node = () => deps.stock.codeOf(locationId);
  if (status === 'IN_PROGRESS' && previousStatus === 'OPEN') {
    await deps.orders.startFulfillment(orderId, lines, {
      key: `accepted:${fulfillmentOrderId}`,
      traceId,
      timeline: [{ type: 'WORK_ACCEPTED', system: 'wms', message: `${await node()} accepted the work`, occurredAt }],
    });
  }
  if (status === 'READY_FOR_PICKUP' && previousStatus === 'IN_PROGRESS')
    await deps.orders.note(orderId, {
      key: `ready:${fulfillmentOrderId}`,
      traceId,
      timeline: [{ type: 'WORK_READY_FOR_PICKUP', system: 'wms', message: `The goods are at the counter of ${await node()}`, occurredAt }], // biome-ignore format: one thought
    });
  if (requestStatus === 'CANCELLATION_REQUESTED' && event.data.previousRequestStatus !== requestStatus)
    await workflows.withdrawWork(`withdraw:${fulfillmentOrderId}`, { ...work, onCounter: status === 'READY_FOR_PICKUP' }); // biome-ignore format: one thought
  // Its staff said no, or sent the goods off while they were asked.
  if (
    event.data.previousRequestStatus === 'CANCELLATION_REQUESTED' &&
    (requestStatus === 'CANCELLATION_REJECTED' || requestStatus === 'CLOSED')
  )
    await recordRefusal(deps, work);
  if (status === 'OPEN' && (previousStatus === 'ON_HOLD' || previousStatus === 'SCHEDULED'))
    await workflows.releaseOpened(`release:${event.id}`, work);
  if (mergedInto !== undefined)
    await deps.orders.note(orderId, {
      key: `merged:${event.id}`,
      traceId,
      timeline: [
        { type: 'WORK_MERGED', system: 'commerce', message: `Two pieces of work at ${await node()} became one` },
      ],
    });
  if (handedBack.length === 0) return;
  const withdrawal = status === 'CANCELLED' ? await deps.fulfillment.withdrawalOf(fulfillmentOrderId) : null;
  if (withdrawal) {
    await workflows.settleWithdrawal(`withdrawn:${event.id}`, { ...work, ...withdrawal, decisionId: event.id, locationId, lines: handedBack, occurredAt: occurredAt.toISOString() }); // biome-ignore format: one thought
  } else {
    await workflows.sourceAgain(`source-again:${event.id}`, {
      orderId,
      channelCode: event.channelCode ?? '',
      traceId,
      decisionId: event.id,
      refusedLocationId: locationId,
      lines: handedBack,
      occurredAt: occurredAt.toISOString(),
      ...(reason === undefined ? {} : { reason }),
    });
  }
}

/** When it happened where it happened; a clock that is ahead of ours does not put it after what follows from it. */
function happenedAt({ occurredAt, data }: { occurredAt: string; data: { happenedAt?: string | undefined } }): Date {
  const heard = new Date(occurredAt);
  const told = new Date(data.happenedAt ?? heard);
  return told < heard ? told : heard;
}

/** A clock that is behind puts nothing before what it follows from. */
const notBefore = (earliest: Date, told: Date) => (told < earliest ? earliest : told);

type Shipment = NonNullable<Awaited<ReturnType<FulfillmentBook['readShipment']>>>;

/** A shipment moved: the order says so, and units follow that arrived or got lost. */
async function shipmentMoved(event: StoredEvent<'shipment-status-changed.v1'>, deps: OrchestratorDeps): Promise<void> {
  const { shipmentId, status } = event.data;
  const shipment = await deps.fulfillment.readShipment(shipmentId);
  if (!shipment) return;
  await countNews(deps, shipment, event, `${status}:${shipmentId}:${event.version}`, {
    type: `SHIPMENT_${status}`,
    ...(shipment.packages.length === 0
      ? await newsWithoutCarrier(deps, shipment, event.data)
      : {
          system: 'carrier',
          message: `${PARCEL_NEWS[status]}${status === 'DELIVERED' ? missingInWords(shipment) : ''}`,
        }),
  });
}

/** Goods that no carrier has: their buyer took them, or they were sent without a parcel that can be followed. */
async function newsWithoutCarrier(
  deps: OrchestratorDeps,
  { locationId }: Shipment,
  { status, previousStatus }: StoredEvent<'shipment-status-changed.v1'>['data'],
): Promise<{ system: string; message: string }> {
  if (status === 'DELIVERED' && previousStatus !== null) return { system: 'commerce', message: 'A shipment without a tracking number counts as delivered' }; // biome-ignore format: one thought
  const node = await deps.stock.codeOf(locationId);
  const message = status === 'DELIVERED' ? 'handed the goods over' : 'sent the goods without a tracking number';
  return { system: 'wms', message: `${node} ${message}` };
}

/** One of several parcels ended, or goes back: its units do not wait for the others. */
async function parcelEnded(event: StoredEvent<'shipment-parcel-ended.v1'>, deps: OrchestratorDeps): Promise<void> {
  const { shipmentId, orderId, status } = event.data;
  const shipment = await deps.fulfillment.readShipment(shipmentId);
  if (!shipment) return;
  await countNews(deps, shipment, event, `parcel:${shipmentId}:${event.version}`, {
    type: `PARCEL_${status}`,
    system: 'carrier',
    message: parcelInWords(event.data, shipment.packages.length),
  });
  // Fulfillment hears of what is taken in with it; of what was before it kept that, it hears now.
  await deps.orders.noteTakenIn(orderId);
}

async function countNews(
  deps: OrchestratorDeps,
  shipment: Shipment,
  event: StoredEvent<'shipment-status-changed.v1' | 'shipment-parcel-ended.v1'>,
  key: string,
  news: Readonly<Record<'type' | 'system' | 'message', string>>,
): Promise<void> {
  const { orderId } = event.data;
  await deps.orders.ship(orderId, shippedUnits(shipment), await dispatchEffect(deps, shipment, event.traceId));
  const occurredAt = notBefore(shipment.shippedAt, happenedAt(event));
  const effect: Effect = { key, traceId: event.traceId, timeline: [{ ...news, occurredAt }] };
  const hasEnded = shipment.outcomes.some(({ delivered, lost }) => delivered + lost > 0);
  if (hasEnded) await deps.orders.countShipment(orderId, shipment, effect);
  else await deps.orders.note(orderId, effect);
}
