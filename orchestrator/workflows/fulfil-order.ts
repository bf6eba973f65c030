import { groupBy } from '../../platform/batch.ts';
import { counted } from '../../platform/counted.ts';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import { formatAmount } from '../../platform/money.ts';
import { unitsByLine } from '../../platform/units-by-line.ts';
import { durableStep, type RunStep } from '../durable.ts';
import type { BookedOrder, Effect, OrchestratorDeps } from '../port.ts';
import type { WorkOpening, WorkOrder } from '../ports/work.ts';
import { tellOfRefusal } from '../refused-place.ts';
import type { FillPolicy, SourcedLine, WantedLine } from '../sourcing/model.ts';
import { ruleFor } from '../sourcing/rules.ts';
import { serveOrder } from '../sourcing/serve-waiting.ts';
import { settleSources } from '../sourcing/settle-sources.ts';

export interface FulfilOrderInput {
  readonly orderId: string;
  readonly channelCode: string;
  readonly traceId: string;
  /** 0 for the placed order; grows when the order is taken up again, e.g. after a hold. Part of the steps' keys. */
  readonly round: number;
}

/** Work per node. */
export type WorkGroups = readonly { readonly locationId: string; readonly lines: readonly WantedLine[] }[];

/**
 * Accept → source → release: from a captured order to work at its nodes. What the nodes do then arrives as events.
 * Stops early when the order is on hold or nothing is left of it.
 */
export async function fulfilOrder(deps: OrchestratorDeps, input: FulfilOrderInput): Promise<void> {
  const { orderId, traceId } = input;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);

  const startable = await step({ name: 'read-order', system: 'commerce' }, async () =>
    mayGoOn(await deps.orders.read(orderId)),
  );
  if (!startable) return;

  await step({ name: 'accept-order', system: 'oms' }, (signal) => acceptOrder(deps, orderId, traceId, signal));

  const groups = await sourceOrder(deps, input, step);
  if (groups.length > 0)
    await openAndRelease(deps, step, { orderId, traceId, key: `${orderId}:source:${input.round}`, groups });

  // What came while the order was not accepted yet, or held.
  const left = await step({ name: 'find-unreleased', system: 'commerce' }, () => deps.fulfillment.unsubmitted(orderId));
  for (const fulfillmentOrderId of left) {
    await step({ name: `release-${fulfillmentOrderId}`, system: 'wms' }, (signal) =>
      releaseWork(deps, { orderId, fulfillmentOrderId, traceId }, signal),
    );
  }
  await step({ name: 'serve-waiting-units', system: 'commerce' }, async () => {
    await serveOrder(deps, orderId, { key: `${orderId}:serve:${input.round}`, traceId });
  });
}

/** Records the work per node and hands each piece to its node. */
export async function openAndRelease(
  deps: OrchestratorDeps,
  step: RunStep,
  decision: {
    readonly orderId: string;
    readonly traceId: string;
    readonly key: string;
    readonly groups: WorkGroups;
    readonly opening?: WorkOpening;
    readonly replaces?: string;
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
      shipBy: await deps.orders.shipBy(orderId),
    });
  });
  for (const [index, fulfillmentOrderId] of fulfillmentOrderIds.entries()) {
    await step({ name: `release-work-${index}`, system: 'wms' }, (signal) =>
      releaseWork(deps, { orderId, fulfillmentOrderId, traceId }, signal),
    );
  }
}

/** The node picks what bundles consist of. */
async function withComponents(deps: OrchestratorDeps, { locationId, lines }: WorkGroups[number]) {
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
  // Cancelled while the desk was silent: who waits to cancel it there may have given up, and it would stay open for good.
  if (order.status === 'CANCELLED' && (await deps.desk.find(orderId, signal)) === null) return;
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
    throw new CommerceError('SYSTEM_PENDING', 'The order desk has the order and has not acknowledged it yet', {
      orderId,
    });
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
          occurredAt: registration.acknowledgedAt,
        },
      ],
    },
  );
}

/**
 * Gives every unit whose stock was committed at capture to a node, and moves the stock where the rules want it.
 * Planning and allocating are two steps, so that an allocation repeated after a crash repeats the same plan.
 */
async function sourceOrder(
  deps: OrchestratorDeps,
  { orderId, traceId, round }: FulfilOrderInput,
  step: RunStep,
): Promise<WorkGroups> {
  for (let attempt = 0; ; attempt++) {
    const key = `source:${round}:${attempt}`;
    const plan = await step({ name: `plan-sourcing-${attempt}`, system: 'commerce' }, async () => {
      const booked = await readOrder(deps, orderId);
      return settleSources(deps, booked, unsourcedUnits(booked), `${orderId}:${key}`);
    });
    if (plan.sourced.length === 0 && plan.waiting.length === 0) return [];
    const settled = await step({ name: `allocate-units-${attempt}`, system: 'commerce' }, async () => {
      const recorded = await recordSources(deps, orderId, plan, { key, traceId });
      // Of an order that was held, or begun anew, while its nodes refused units.
      if (plan.waiting.length > 0) await tellOfRefusal(deps, { orderId, traceId });
      return recorded;
    });
    if (settled) return groupsOf(plan.sourced);
  }
}

function unsourcedUnits({ lines }: BookedOrder): WantedLine[] {
  return lines.flatMap(({ id, sku, quantities }) =>
    quantities.unsourced > 0 ? [{ lineId: id, sku, quantity: quantities.unsourced }] : [],
  );
}

/** Work per node, in the order of the nodes. */
export function groupsOf(sourced: readonly SourcedLine[]): WorkGroups {
  return [...groupBy(sourced, (line) => line.locationId)].map(([locationId, group]) => ({
    locationId,
    lines: group.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity })),
  }));
}

/** Says in the order book which units have a node and which wait. False when a cancellation came between. */
export async function recordSources(
  deps: OrchestratorDeps,
  orderId: string,
  plan: {
    readonly sourced: readonly SourcedLine[];
    readonly waiting: readonly WantedLine[];
    readonly explanation: string | null;
    /** The only location that may serve the units that wait, and gave them back, as the beginning of a sentence. */
    readonly refusedBy?: string;
  },
  { key, traceId }: { readonly key: string; readonly traceId: string },
): Promise<boolean> {
  const nodes = new Set(plan.sourced.map((line) => line.locationId)).size;
  const message = plan.explanation ?? `Sourced to ${counted(nodes, 'node')} that held the stock when it was committed`;
  if (plan.waiting.length > 0) {
    const missing = plan.waiting.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ');
    const { refusedBy } = plan;
    const lack = refusedBy === undefined ? `No node has ${missing}` : `${refusedBy} gave ${missing} back`;
    // Where the rest has a node, that decision is explained beside it.
    const why = plan.sourced.length === 0 && plan.explanation !== null ? ` ${plan.explanation}` : '';
    const effect = { key: `${key}:wait`, traceId, timeline: [{ type: 'UNITS_BACKORDERED', system: 'commerce', message: `${lack}: left waiting for stock${refusedBy === undefined ? '' : ' there'}.${why}` }] }; // biome-ignore format: one thought
    if (!(await applied(() => deps.orders.backorder(orderId, unitsByLine(plan.waiting), effect)))) return false;
    const fill = await fillPolicyOf(deps, orderId);
    if (fill !== 'FillAll') {
      const outcome = fill === 'FillOrKill' ? 'the order is cancelled, as far as its nodes give it back' : 'these units are cancelled'; // biome-ignore format: one thought
      const message = `${lack}, and the rule says ${fill}: ${outcome}`;
      const unavailable: Effect = { key: `${key}:fill`, traceId, timeline: [{ type: 'UNITS_UNAVAILABLE', system: 'commerce', message }] }; // biome-ignore format: one thought
      await deps.orders.cancelUnavailable(orderId, unitsByLine(plan.waiting), fill === 'FillOrKill', unavailable);
      // Nothing is left to give to a node.
      if (fill === 'FillOrKill') return false;
    }
  }
  if (plan.sourced.length === 0) return true;
  const effect: Effect = { key, traceId, timeline: [{ type: 'ORDER_SOURCED', system: 'commerce', message }] };
  return applied(() => deps.orders.allocate(orderId, unitsByLine(plan.sourced), effect));
}

/** What the order's rule says of units that no node has. */
async function fillPolicyOf(deps: OrchestratorDeps, orderId: string): Promise<FillPolicy> {
  const { order } = await readOrder(deps, orderId);
  const { channel, serviceLevel, shippingAddress: destination } = order;
  return ruleFor(deps.sourcing.rules, { channelCode: channel.code, serviceLevel, destination })?.fill ?? 'FillAll';
}

async function applied(command: () => Promise<unknown>): Promise<boolean> {
  try {
    await command();
    return true;
  } catch (error) {
    if (isCommerceError(error) && error.code === 'ILLEGAL_TRANSITION') return false;
    throw error;
  }
}

/** Hands work to its node. A hold keeps it back until the order, or the work, goes on. */
export async function releaseWork(
  deps: OrchestratorDeps,
  { orderId, fulfillmentOrderId, traceId }: Readonly<Record<'orderId' | 'fulfillmentOrderId' | 'traceId', string>>,
  signal: AbortSignal,
): Promise<void> {
  const { holds } = await readOrder(deps, orderId);
  // What the node was asked before the hold, it gets: asking was decided.
  if (holds.length > 0 && (await deps.fulfillment.unsubmitted(orderId)).includes(fulfillmentOrderId)) return;
  const work: WorkOrder | null = await deps.fulfillment.submit(fulfillmentOrderId);
  if (!work) return;
  await deps.stock.assignWork(
    fulfillmentOrderId,
    work.lines.map(({ lineRef, orderLineId }) => ({ lineRef, orderLineId })),
  );
  const { order } = await readOrder(deps, orderId);
  const occurredAt = new Date(); // before the node has it: what it does comes after
  const { nodeReference } = await deps.warehouse.release({ ...work, shipTo: order.shippingAddress }, signal);
  await deps.orders.note(orderId, {
    key: `release:${fulfillmentOrderId}`,
    traceId,
    timeline: [
      {
        type: 'WORK_RELEASED',
        system: 'wms',
        message: `Work released to ${await deps.stock.codeOf(work.locationId)} as ${nodeReference}`,
        occurredAt,
      },
    ],
  });
}
