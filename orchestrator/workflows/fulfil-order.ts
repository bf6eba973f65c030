import { groupBy } from '../../platform/batch.ts';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import { formatAmount } from '../../platform/money.ts';
import { durableStep, type RunStep } from '../durable.ts';
import type { BookedOrder, Effect, LineUnits, OrchestratorDeps, WorkOrder } from '../port.ts';

export interface FulfilOrderInput {
  readonly orderId: string;
  readonly channelCode: string;
  readonly traceId: string;
  /** 0 for the placed order; grows when the order is taken up again, e.g. after a hold. Part of the steps' keys. */
  readonly round: number;
}

interface SourcingPlan {
  readonly groups: readonly {
    readonly locationId: string;
    readonly lines: readonly { readonly lineId: string; readonly sku: string; readonly quantity: number }[];
  }[];
}

/**
 * Accept → source → release: from a captured order to work at its nodes. What the nodes do then arrives as events.
 * Stops early when the order is on hold or nothing is left of it.
 */
export async function fulfilOrder(deps: OrchestratorDeps, input: FulfilOrderInput): Promise<void> {
  const { orderId, traceId } = input;
  const step: RunStep = (options, run) => durableStep(deps.exceptions, input, options, run);

  const startable = await step({ name: 'read-order', system: 'commerce' }, async () =>
    mayGoOn(await deps.orders.read(orderId)),
  );
  if (!startable) return;

  await step({ name: 'accept-order', system: 'oms' }, (signal) => acceptOrder(deps, orderId, traceId, signal));

  const plan = await sourceOrder(deps, input, step);
  if (plan.groups.length === 0) return;

  await openAndRelease(deps, step, { orderId, traceId, key: `${orderId}:source:${input.round}`, groups: plan.groups });
}

/** Records the work per node and hands each piece to its node. */
export async function openAndRelease(
  deps: OrchestratorDeps,
  step: RunStep,
  decision: {
    readonly orderId: string;
    readonly traceId: string;
    readonly key: string;
    readonly groups: SourcingPlan['groups'];
  },
): Promise<void> {
  const { orderId, traceId } = decision;
  const fulfillmentOrderIds = await step({ name: 'open-fulfillment-orders', system: 'commerce' }, async () => {
    const { order } = await readOrder(deps, orderId);
    return deps.fulfillment.open({
      ...decision,
      groups: await Promise.all(decision.groups.map((group) => withComponents(deps, group))),
      channelCode: order.channel.code,
      customerId: order.customerId,
      deliveryMethod: order.deliveryMethod,
      serviceLevel: order.serviceLevel,
    });
  });
  for (const [index, fulfillmentOrderId] of fulfillmentOrderIds.entries()) {
    await step({ name: `release-work-${index}`, system: 'wms' }, (signal) =>
      releaseWork(deps, fulfillmentOrderId, traceId, signal),
    );
  }
}

/** The node picks what bundles consist of. */
async function withComponents(deps: OrchestratorDeps, { locationId, lines }: SourcingPlan['groups'][number]) {
  const componentsOf = await deps.stock.componentsOf(lines.map((line) => line.lineId), locationId); // biome-ignore format: one thought
  return {
    locationId,
    lines: lines.map((line) => {
      const components = componentsOf.get(line.lineId);
      return components ? { ...line, components } : line;
    }),
  };
}

function mayGoOn(booked: BookedOrder | null): boolean {
  return (
    booked !== null && booked.holds.length === 0 && !['REJECTED', 'CANCELLED', 'CLOSED'].includes(booked.order.status)
  );
}

async function readOrder(deps: OrchestratorDeps, orderId: string): Promise<BookedOrder> {
  const booked = await deps.orders.read(orderId);
  if (!booked) throw new CommerceError('NOT_FOUND', 'the order is gone', { orderId });
  return booked;
}

async function acceptOrder(
  deps: OrchestratorDeps,
  orderId: string,
  traceId: string,
  signal: AbortSignal,
): Promise<void> {
  const { order, lines } = await readOrder(deps, orderId);
  const registration = await deps.desk.register(
    {
      orderId,
      number: order.number,
      channelCode: order.channel.code,
      channelOrderId: order.channelOrderId,
      currencyCode: order.currencyCode,
      lines: lines.map((line) => ({
        lineId: line.id,
        sku: line.sku,
        quantity: line.quantities.ordered,
        unitPrice: formatAmount(line.unitPrice),
      })),
      destination: order.shippingAddress
        ? { countryCode: order.shippingAddress.countryCode, postalCode: order.shippingAddress.postalCode ?? null }
        : null,
    },
    signal,
  );
  if (!registration.acknowledgedAt) {
    // A desk that heard of the cancellation first will never acknowledge the order, and need not.
    if ((await readOrder(deps, orderId)).order.status === 'CANCELLED') return;
    throw new CommerceError('SYSTEM_UNAVAILABLE', 'the order desk has not acknowledged the order yet', { orderId });
  }
  await deps.orders.accept(
    orderId,
    { deskNumber: registration.deskNumber, acknowledgedAt: registration.acknowledgedAt },
    {
      key: 'accept',
      traceId,
      timeline: [
        {
          type: 'DESK_ACKNOWLEDGED',
          system: 'oms',
          message: `The order desk acknowledged the order as ${registration.deskNumber}`,
        },
      ],
    },
  );
}

/**
 * Gives every unit whose stock was committed at capture to the node that holds it.
 * Planning and allocating are two steps, so that an allocation repeated after a crash repeats the same plan.
 */
async function sourceOrder(
  deps: OrchestratorDeps,
  { orderId, traceId, round }: FulfilOrderInput,
  step: RunStep,
): Promise<SourcingPlan> {
  for (let attempt = 0; ; attempt++) {
    const plan = await step({ name: `plan-sourcing-${attempt}`, system: 'commerce' }, async () =>
      planSourcing(await readOrder(deps, orderId)),
    );
    const units = plan.groups.flatMap((group) => group.lines).map(({ lineId, quantity }) => ({ lineId, quantity }));
    if (units.length === 0) return plan;
    const allocated = await step({ name: `allocate-units-${attempt}`, system: 'commerce' }, () =>
      allocateUnits(deps, orderId, units, {
        key: `source:${round}:${attempt}`,
        traceId,
        timeline: [
          {
            type: 'ORDER_SOURCED',
            system: 'commerce',
            message: `Sourced to ${plan.groups.length} node(s): those that held the stock when it was committed`,
          },
        ],
      }),
    );
    if (allocated) return plan;
  }
}

/** False when a cancellation came between planning and allocating. */
async function allocateUnits(
  deps: OrchestratorDeps,
  orderId: string,
  units: readonly LineUnits[],
  effect: Effect,
): Promise<boolean> {
  try {
    await deps.orders.allocate(orderId, units, effect);
    return true;
  } catch (error) {
    if (isCommerceError(error) && error.code === 'ILLEGAL_TRANSITION') return false;
    throw error;
  }
}

/** Pure: which node gets which units that have none yet. The same order gives the same plan. */
export function planSourcing({ lines, allocations }: BookedOrder): SourcingPlan {
  const left = new Map(lines.map((line) => [line.id, line.quantities.unsourced]));
  const granted = allocations.flatMap((allocation) => {
    const quantity = Math.min(allocation.quantity, left.get(allocation.lineId) ?? 0);
    left.set(allocation.lineId, (left.get(allocation.lineId) ?? 0) - quantity);
    return quantity > 0 ? [{ ...allocation, quantity }] : [];
  });
  return {
    groups: [...groupBy(granted, (line) => line.locationId)].map(([locationId, group]) => ({
      locationId,
      lines: group.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity })),
    })),
  };
}

async function releaseWork(
  deps: OrchestratorDeps,
  fulfillmentOrderId: string,
  traceId: string,
  signal: AbortSignal,
): Promise<void> {
  const work: WorkOrder | null = await deps.fulfillment.submit(fulfillmentOrderId);
  if (!work) return;
  await deps.stock.assignWork(
    fulfillmentOrderId,
    work.lines.map(({ lineRef, orderLineId }) => ({ lineRef, orderLineId })),
  );
  const { order } = await readOrder(deps, work.orderId);
  const { nodeReference } = await deps.warehouse.release({ ...work, shipTo: order.shippingAddress }, signal);
  await deps.orders.note(work.orderId, {
    key: `release:${fulfillmentOrderId}`,
    traceId,
    timeline: [{ type: 'WORK_RELEASED', system: 'wms', message: `Work released to the node as ${nodeReference}` }],
  });
}
