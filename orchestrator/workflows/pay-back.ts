import { CommerceError } from '../../platform/errors.ts';
import { clearDocument } from '../clear-document.ts';
import type { RunStep } from '../durable.ts';
import { documentLine } from '../invoicing.ts';
import type { OrchestratorDeps } from '../port.ts';

/** Units to pay back, under the id of the event that decided it. */
export interface PayBack {
  readonly key: string;
  readonly returnId: string;
  readonly orderId: string;
  readonly traceId: string;
  readonly lines: readonly {
    readonly lineId: string;
    readonly sku: string;
    readonly quantity: number;
    /** Units of the order line that were credited before. */
    readonly creditedBefore: number;
  }[];
}

/** Has the ERP credit units of a return and pay them out: one credit memo per `key`. Nothing when there is nothing to pay. */
export async function payBack(deps: OrchestratorDeps, step: RunStep, pay: PayBack): Promise<void> {
  const { key, returnId, orderId, traceId } = pay;
  const lines = pay.lines.filter(({ quantity }) => quantity > 0);
  if (lines.length === 0) return;
  const memo = await step({ name: 'post-credit-memo', system: 'erp' }, async (signal) => {
    const booked = await deps.orders.read(orderId);
    if (!booked) throw new CommerceError('NOT_FOUND', 'the order is gone', { orderId });
    const lineOf = new Map(booked.lines.map((line) => [line.id, line]));
    const { creditMemoId, number } = await deps.finance.postCreditMemo(
      {
        key: `${key}:credit-memo`,
        returnId,
        orderId,
        orderNumber: booked.order.number,
        channelCode: booked.order.channel.code,
        customerId: booked.order.customerId,
        currencyCode: booked.order.currencyCode,
        lines: lines.map(({ lineId, sku, quantity, creditedBefore }) => {
          const line = lineOf.get(lineId);
          if (!line) throw new CommerceError('NOT_FOUND', 'the order has no such line', { lineId });
          return { lineId, sku, quantity, ...documentLine(line, quantity, booked.order.taxIncluded, creditedBefore) };
        }),
        paid: true,
        traceId,
      },
      signal,
    );
    const all = await deps.orders.isPaidBack(orderId);
    await deps.orders.setPaymentStatus(orderId, all ? 'REFUNDED' : 'PARTIALLY_REFUNDED', {
      key: `refund:${key}`,
      traceId,
      timeline: [{ type: 'CREDIT_MEMO_POSTED', system: 'erp', message: `Credit memo ${number} posted` }],
    });
    return { creditMemoId };
  });
  await clearDocument(deps, step, memo.creditMemoId);
}
