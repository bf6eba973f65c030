import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';
import { closeRefusal } from '../refused-place.ts';
import type { SourcedLine } from '../sourcing/model.ts';
import { groupsOf, openAndRelease, recordSources } from './fulfil-order.ts';

export interface AllocateBackorderInput {
  readonly orderId: string;
  readonly channelCode: string;
  readonly traceId: string;
  /** Id of the event that told of the stock. */
  readonly decisionId: string;
  readonly lines: readonly SourcedLine[];
  readonly explanation: string;
}

/** Stock was committed to units that waited for it: their nodes get the work. Units cancelled meanwhile give it back. */
export async function allocateBackorder(deps: OrchestratorDeps, input: AllocateBackorderInput): Promise<void> {
  const { orderId, traceId, decisionId, explanation } = input;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);

  for (let attempt = 0; ; attempt++) {
    const plan = await step({ name: `plan-units-${attempt}`, system: 'commerce' }, async () => {
      const booked = await deps.orders.read(orderId);
      const waiting = new Map(booked?.lines.map((line) => [line.id, line.quantities.backordered]));
      return splitByNeed(input.lines, waiting);
    });
    const settled = await step({ name: `allocate-units-${attempt}`, system: 'commerce' }, async () => {
      const recorded = await recordSources(
        deps,
        orderId,
        { sourced: plan.wanted, waiting: [], explanation },
        { key: `allocated:${decisionId}:${attempt}`, traceId },
      );
      await closeRefusal(deps, orderId);
      return recorded;
    });
    if (!settled) continue;
    for (const line of plan.spare) {
      await step({ name: `give-back-${line.lineId}-${line.locationId}`, system: 'commerce' }, async () => {
        await deps.stock.release(orderId, [line], line.locationId);
      });
    }
    if (plan.wanted.length === 0) return;
    const key = `${orderId}:allocated:${decisionId}`;
    return openAndRelease(deps, step, { orderId, traceId, key, groups: groupsOf(plan.wanted) });
  }
}

/** Pure: what the order still needs of the units, and what it does not. */
export function splitByNeed(
  lines: readonly SourcedLine[],
  needed: ReadonlyMap<string, number>,
): { wanted: SourcedLine[]; spare: SourcedLine[] } {
  const left = new Map(needed);
  const wanted: SourcedLine[] = [];
  const spare: SourcedLine[] = [];
  for (const line of lines) {
    const units = Math.min(line.quantity, left.get(line.lineId) ?? 0);
    left.set(line.lineId, (left.get(line.lineId) ?? 0) - units);
    if (units > 0) wanted.push({ ...line, quantity: units });
    if (units < line.quantity) spare.push({ ...line, quantity: line.quantity - units });
  }
  return { wanted, spare };
}
