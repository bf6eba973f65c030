import { groupBy } from '../../platform/batch.ts';
import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';
import { openAndRelease } from './fulfil-order.ts';

export interface SourceAgainInput {
  readonly orderId: string;
  readonly channelCode: string;
  readonly traceId: string;
  /** Id of the event that gave the units back: one event is one new decision. */
  readonly decisionId: string;
  /** The node that gave them back; it is not asked again. */
  readonly refusedLocationId: string;
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
  const step: RunStep = (options, run) => durableStep(deps.exceptions, input, options, run);
  const units = (lines: readonly { lineId: string; quantity: number }[]) =>
    lines.map(({ lineId, quantity }) => ({ lineId, quantity }));

  await step({ name: 'hand-back', system: 'commerce' }, async () => {
    await deps.orders.handBack(orderId, units(input.lines), {
      key: `hand-back:${decisionId}`,
      traceId,
      timeline: [
        { type: 'WORK_HANDED_BACK', system: 'wms', message: 'A node gave units back; they are sourced again' },
      ],
    });
  });

  const moved = await step({ name: 'move-stock', system: 'commerce' }, async () => {
    const rows = await deps.stock.reassign({
      key: decisionId,
      orderId,
      lines: input.lines.map(({ lineId, quantity, loose }) => ({ lineId, quantity, ...(loose ? { loose } : {}) })),
      refusedLocationId: input.refusedLocationId,
    });
    const skuOf = new Map(input.lines.map((line) => [line.lineId, line.sku]));
    return rows.map((row) => ({ ...row, sku: skuOf.get(row.lineId) ?? '' }));
  });
  const found = moved.flatMap((row) => (row.locationId === null ? [] : [{ ...row, locationId: row.locationId }]));
  const missing = moved.filter((row) => row.locationId === null);

  if (missing.length > 0) {
    await step({ name: 'backorder-units', system: 'commerce' }, async () => {
      await deps.orders.backorder(orderId, units(missing), {
        key: `backorder:${decisionId}`,
        traceId,
        timeline: [
          {
            type: 'UNITS_BACKORDERED',
            system: 'commerce',
            message: 'No other node has the units; they wait for stock',
          },
        ],
      });
    });
  }
  if (found.length === 0) return;

  await step({ name: 'allocate-units', system: 'commerce' }, async () => {
    await deps.orders.allocate(orderId, units(found), {
      key: `source-again:${decisionId}`,
      traceId,
      timeline: [{ type: 'ORDER_SOURCED', system: 'commerce', message: 'Sourced to another node that has the stock' }],
    });
  });
  const groups = [...groupBy(found, (row) => row.locationId)].map(([locationId, rows]) => ({
    locationId,
    lines: rows.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity })),
  }));
  await openAndRelease(deps, step, { orderId, traceId, key: `${orderId}:source-again:${decisionId}`, groups });
}
