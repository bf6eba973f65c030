import { counted } from '../../platform/counted.ts';
import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';
import { hasOnePlace, placeInWords, tellOfRefusal } from '../refused-place.ts';
import { settleSources } from '../sourcing/settle-sources.ts';
import { groupsOf, openAndRelease, recordSources } from './fulfil-order.ts';

export interface SourceAgainInput {
  readonly orderId: string;
  readonly channelCode: string;
  readonly traceId: string;
  /** Id of the event that gave the units back: one event is one new decision. */
  readonly decisionId: string;
  /** The node that gave them back; it is not asked again. */
  readonly refusedLocationId: string;
  /** Why, as a code of its system, and when it said so. Missing in runs that earlier releases began. */
  readonly reason?: string;
  readonly occurredAt?: string;
  readonly lines: readonly {
    readonly lineId: string;
    readonly sku: string;
    readonly quantity: number;
    readonly loose?: readonly { readonly sku: string; readonly quantity: number }[] | undefined;
  }[];
}

/** A node gave units back: another node gets them, or they wait for stock. The order says which. */
export async function sourceAgain(deps: OrchestratorDeps, input: SourceAgainInput): Promise<void> {
  const { orderId, traceId, decisionId } = input;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);
  const units = (lines: readonly { lineId: string; quantity: number }[]) =>
    lines.map(({ lineId, quantity }) => ({ lineId, quantity }));

  await step({ name: 'hand-back', system: 'commerce' }, async () => {
    await deps.orders.handBack(orderId, units(input.lines), {
      key: `hand-back:${decisionId}`,
      traceId,
      timeline: [
        {
          type: 'WORK_HANDED_BACK',
          system: 'wms',
          message: `${await deps.stock.codeOf(input.refusedLocationId)} gave ${counted(
            input.lines.reduce((sum, line) => sum + line.quantity, 0),
            'unit',
          )} back${input.reason === undefined ? '' : ` (${input.reason})`}; they are sourced again`,
          ...(input.occurredAt === undefined ? {} : { occurredAt: new Date(input.occurredAt) }),
        },
      ],
    });
  });

  const plan = await step({ name: 'move-stock', system: 'commerce' }, async () => {
    const rows = await deps.stock.reassign({
      key: decisionId,
      orderId,
      lines: input.lines.map(({ lineId, quantity, loose }) => ({ lineId, quantity, ...(loose ? { loose } : {}) })),
      refusedLocationId: input.refusedLocationId,
    });
    const skuOf = new Map(input.lines.map((line) => [line.lineId, line.sku]));
    const moved = rows.map((row) => ({ ...row, sku: skuOf.get(row.lineId) ?? '' }));
    const booked = await deps.orders.read(orderId);
    const found = moved.flatMap(({ locationId, ...row }) => (locationId === null ? [] : [row]));
    const missing = moved.flatMap(({ locationId, ...row }) => (locationId === null ? [row] : []));
    if (!booked) return { sourced: [], waiting: missing, explanation: null, held: false };
    const settled = await settleSources(deps, booked, found, decisionId);
    const refusedBy = hasOnePlace(booked) && missing.length > 0 ? { refusedBy: await placeInWords(deps, booked, input.refusedLocationId) } : {}; // biome-ignore format: one thought
    return { ...settled, ...refusedBy, waiting: [...missing, ...settled.waiting], held: booked.holds.length > 0 };
  });

  // Units of a held order are sourced when it goes on; those without stock wait at once.
  const sourced = plan.held ? [] : plan.sourced;
  const settled = await step({ name: 'allocate-units', system: 'commerce' }, async () => {
    const recorded = await recordSources(deps, orderId, { ...plan, sourced }, { key: `source-again:${decisionId}`, traceId }); // biome-ignore format: one thought
    if ('refusedBy' in plan) await tellOfRefusal(deps, input, plan.refusedBy);
    else if (plan.waiting.length > 0) await tellOfRefusal(deps, input);
    return recorded;
  });
  if (!settled || sourced.length === 0) return;
  const key = `${orderId}:source-again:${decisionId}`;
  await openAndRelease(deps, step, { orderId, traceId, key, groups: groupsOf(sourced) });
}
