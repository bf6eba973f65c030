import { counted } from '../../platform/counted.ts';
import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';
import { payBack } from './pay-back.ts';

export interface ReturnGoodsInput {
  /** Id of the event that has the goods kept: one such event is one receipt, one credit memo, one refund. */
  readonly arrivalId: string;
  readonly returnId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly locationId: string;
  readonly complete: boolean;
  readonly lines: readonly {
    readonly lineId: string;
    readonly sku: string;
    readonly quantity: number;
    readonly disposition: string;
    /** Units of the order line that were credited before. */
    readonly returnedBefore: number;
    /** Units to pay back; all of them unless told. */
    readonly credited?: number | undefined;
  }[];
  readonly traceId: string;
}

/**
 * Returned goods are kept: sellable units go back on the shelf, the ERP credits what was not paid back before, the buyer
 * is paid, the others are put aside, and the order desk is told. What an earlier release did not have stands last, so that its
 * workflows go on.
 */
export async function returnGoods(deps: OrchestratorDeps, input: ReturnGoodsInput): Promise<void> {
  const { arrivalId, returnId, orderId, locationId, traceId } = input;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);

  const sellable = input.lines.filter((line) => line.disposition === 'SELLABLE');
  if (sellable.length > 0) {
    await step({ name: 'restock-return', system: 'wms' }, async (signal) => {
      await deps.stock.returnToStock({ key: arrivalId, locationId, lines: await shelfUnits(deps, sellable) }, signal);
      await deps.orders.note(orderId, {
        key: `restock:${arrivalId}`,
        traceId,
        timeline: [
          {
            type: 'RETURN_RESTOCKED',
            system: 'wms',
            message: `${counted(unitsOf(sellable), 'sellable unit')} put back on the shelf`,
          },
        ],
      });
    });
  }

  const credits = input.lines.map(({ lineId, sku, quantity, returnedBefore, credited = quantity }) => ({
    lineId,
    sku,
    quantity: credited,
    creditedBefore: returnedBefore,
  }));
  await payBack(deps, step, { key: arrivalId, returnId, orderId, lines: credits, traceId });

  const unsellable = input.lines.filter((line) => line.disposition !== 'SELLABLE');
  if (unsellable.length > 0) {
    await step({ name: 'put-return-aside', system: 'wms' }, async (signal) => {
      const lines = await shelfUnits(deps, unsellable);
      await deps.stock.putAside(
        {
          key: arrivalId,
          locationId,
          lines: lines.map(({ disposition, ...units }) => ({ ...units, condition: disposition })),
        },
        signal,
      );
      await deps.orders.note(orderId, {
        key: `aside:${arrivalId}`,
        traceId,
        timeline: [
          {
            type: 'RETURN_PUT_ASIDE',
            system: 'wms',
            message: `${counted(unitsOf(unsellable), 'unit')} put aside: not for sale`,
          },
        ],
      });
    });
  }

  await step({ name: 'settle-return', system: 'commerce' }, () =>
    deps.orders.settleReturn(returnId, {
      key: arrivalId,
      traceId,
      locationId,
      lines: input.lines.map(({ lineId, quantity, disposition, credited = quantity }) => ({
        lineId,
        refunded: credited,
        placed: { quantity, disposition },
      })),
    }),
  );

  await step({ name: 'report-return', system: 'oms' }, async (signal) => {
    if (!deps.desk.takes.has('RETURN')) return;
    for (const notice of await deps.orders.untoldReturns(orderId)) {
      await deps.desk.noteReturn(notice, signal);
      const message = `The order desk was told of ${counted(unitsOf(notice.lines), 'returned unit')}`;
      await deps.orders.noteReturnTold(notice, { traceId, timeline: [{ type: 'RETURN_REPORTED', system: 'oms', message }] }); // biome-ignore format: one thought
    }
  });
}

function unitsOf(lines: readonly { readonly quantity: number }[]): number {
  return lines.reduce((sum, line) => sum + line.quantity, 0);
}

/** On the shelf are components, not bundles. */
async function shelfUnits(deps: OrchestratorDeps, lines: ReturnGoodsInput['lines']) {
  const componentsOf = await deps.stock.componentsOf(lines.map((line) => line.lineId), null); // biome-ignore format: one thought
  return lines.flatMap(({ lineId, sku, quantity, disposition }) => {
    const components = componentsOf.get(lineId) ?? [{ sku, perUnit: 1 }];
    return components.map((component) => ({ sku: component.sku, quantity: quantity * component.perUnit, disposition }));
  });
}
