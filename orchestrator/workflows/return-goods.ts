import { CommerceError } from '../../platform/errors.ts';
import { clearDocument } from '../clear-document.ts';
import { durableStep, type RunStep } from '../durable.ts';
import { documentLine } from '../invoicing.ts';
import type { OrchestratorDeps } from '../port.ts';

export interface ReturnGoodsInput {
  /** Id of the arrival's event: one arrival is one receipt, one credit memo, one refund. */
  readonly arrivalId: string;
  readonly returnId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly locationId: string;
  /** Whether nothing more is expected. */
  readonly complete: boolean;
  readonly lines: readonly {
    readonly lineId: string;
    readonly sku: string;
    readonly quantity: number;
    readonly disposition: string;
    readonly returnedBefore: number;
  }[];
  readonly traceId: string;
}

/** Returned goods arrived: sellable units go back on the shelf, the ERP credits, the buyer is paid back. */
export async function returnGoods(deps: OrchestratorDeps, input: ReturnGoodsInput): Promise<void> {
  const { arrivalId, returnId, orderId, traceId } = input;
  const step: RunStep = (options, run) => durableStep(deps.exceptions, input, options, run);

  const sellable = input.lines.filter((line) => line.disposition === 'SELLABLE');
  if (sellable.length > 0) {
    await step({ name: 'restock-return', system: 'wms' }, async (signal) => {
      await deps.stock.returnToStock(
        {
          key: arrivalId,
          locationId: input.locationId,
          lines: await shelfUnits(deps, sellable),
        },
        signal,
      );
      await deps.orders.note(orderId, {
        key: `restock:${arrivalId}`,
        traceId,
        timeline: [
          {
            type: 'RETURN_RESTOCKED',
            system: 'wms',
            message: `${sellable.reduce((sum, line) => sum + line.quantity, 0)} sellable units put back on the shelf`,
          },
        ],
      });
    });
  }

  const memo = await step({ name: 'post-credit-memo', system: 'erp' }, async (signal) => {
    const booked = await deps.orders.read(orderId);
    if (!booked) throw new CommerceError('NOT_FOUND', 'the order is gone', { orderId });
    const lineOf = new Map(booked.lines.map((line) => [line.id, line]));
    const { creditMemoId, number } = await deps.finance.postCreditMemo(
      {
        key: `${arrivalId}:credit-memo`,
        returnId,
        orderId,
        orderNumber: booked.order.number,
        channelCode: booked.order.channel.code,
        customerId: booked.order.customerId,
        currencyCode: booked.order.currencyCode,
        lines: input.lines.map(({ lineId, sku, quantity, returnedBefore }) => {
          const line = lineOf.get(lineId);
          if (!line) throw new CommerceError('NOT_FOUND', 'the order has no such line', { lineId });
          return { lineId, sku, quantity, ...documentLine(line, quantity, booked.order.taxIncluded, returnedBefore) };
        }),
        paid: true,
        traceId,
      },
      signal,
    );
    await deps.orders.setPaymentStatus(orderId, isFullyReturned(booked.lines) ? 'REFUNDED' : 'PARTIALLY_REFUNDED', {
      key: `refund:${arrivalId}`,
      traceId,
      timeline: [{ type: 'CREDIT_MEMO_POSTED', system: 'erp', message: `Credit memo ${number} posted` }],
    });
    return { creditMemoId };
  });
  await clearDocument(deps, step, memo.creditMemoId);

  await step({ name: 'settle-return', system: 'commerce' }, () =>
    input.complete
      ? deps.orders.settleReturn(returnId, 'CLOSED', 'SETTLED')
      : deps.orders.settleReturn(returnId, 'PARTIALLY_RECEIVED', 'PARTIAL'),
  );
}

/** On the shelf are components, not bundles. */
async function shelfUnits(deps: OrchestratorDeps, lines: ReturnGoodsInput['lines']) {
  const componentsOf = await deps.stock.componentsOf(lines.map((line) => line.lineId), null); // biome-ignore format: one thought
  return lines.flatMap(({ lineId, sku, quantity }) => {
    const components = componentsOf.get(lineId) ?? [{ sku, perUnit: 1 }];
    return components.map((component) => ({ sku: component.sku, quantity: quantity * component.perUnit }));
  });
}

function isFullyReturned(
  lines: readonly {
    readonly quantities: { readonly ordered: number; readonly cancelled: number; readonly returned: number };
  }[],
): boolean {
  return lines.every(({ quantities }) => quantities.returned === quantities.ordered - quantities.cancelled);
}
