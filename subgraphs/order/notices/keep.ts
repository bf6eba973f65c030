import type { Knex } from 'knex';
import { once } from '../../../events/once.ts';
import type { Consumption, StoredEvent } from '../../../events/port.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { formatAmount, money } from '../../../platform/money.ts';
import type { ChannelConnections } from './connections.ts';
import { type NoticeContent, type NoticedOrder, noteNotice, noticeLines, readNoticedOrder } from './queue.ts';

const GROUP = 'order:channel-notices';
const TYPES = [
  'order-status-changed.v1',
  'shipment-dispatched.v1',
  'order-cancelled.v1',
  'order-cancellation-answered.v1',
  'credit-memo-posted.v1',
] as const;
type Told = (typeof TYPES)[number];

/** Has channels that keep books of their own told what happened to their orders. */
export function createNoticeConsumption(deps: {
  readonly knex: Knex;
  readonly connections: ChannelConnections;
}): Omit<Consumption<Told>, 'signal' | 'onDead'> {
  return {
    group: GROUP,
    types: [...TYPES],
    handler: async (event) => {
      if (!deps.connections.has(event.channelCode ?? '')) return;
      await inTransaction(deps.knex, async (trx) => {
        if (!(await once(trx, GROUP, event))) return;
        const order = await readNoticedOrder(trx, event.data.orderId);
        const told = order && noticeOf(event, order);
        if (order && told) await noteNotice(trx, order, told.step, told.content, event.traceId);
      });
    },
  };
}

/** Pure: what an event is told as, and under which step. Null: the channel need not know. */
function noticeOf(
  event: StoredEvent<Told>,
  order: NoticedOrder,
): { readonly step: string; readonly content: NoticeContent } | null {
  switch (event.type) {
    case 'order-status-changed.v1': {
      const kind = { ACCEPTED: 'ACKNOWLEDGEMENT', REJECTED: 'REFUSAL' } as const;
      const { status } = event.data;
      if (status !== 'ACCEPTED' && status !== 'REJECTED') return null;
      const lines = order.lines.map((line) => ({ ...line, quantity: line.ordered }));
      return { step: status === 'ACCEPTED' ? 'acknowledge' : 'refuse', content: { kind: kind[status], lines } };
    }
    case 'shipment-dispatched.v1': {
      const { shipmentId, lines, packages } = event.data;
      return {
        step: `ship:${shipmentId}`,
        content: { kind: 'SHIPMENT', shippedAt: event.occurredAt, lines: noticeLines(order, lines), packages },
      };
    }
    case 'order-cancelled.v1': {
      const { reason, lines, requestId } = event.data;
      // What the channel asked for itself it hears as the answer.
      if (requestId !== undefined) return null;
      return {
        step: `cancel:${event.id}`,
        content: { kind: 'CANCELLATION', reason, lines: noticeLines(order, lines) },
      };
    }
    case 'order-cancellation-answered.v1': {
      const { requestId, channelRequestId, answer, lines } = event.data;
      return {
        step: `answer:${requestId}`,
        content: { kind: 'CANCELLATION_ANSWER', channelRequestId, answer, lines: noticeLines(order, lines) },
      };
    }
    case 'credit-memo-posted.v1': {
      const { creditMemoId, currencyCode, totalMinor, lines } = event.data;
      const decimal = (minor: string | bigint) => formatAmount(money(minor, currencyCode));
      const grossOf = (lineId: string) =>
        lines.reduce((sum, line) => (line.lineId === lineId ? sum + BigInt(line.grossMinor) : sum), 0n);
      return {
        step: `refund:${creditMemoId}`,
        content: {
          kind: 'REFUND',
          currencyCode,
          amount: decimal(totalMinor),
          lines: noticeLines(order, lines).map((line) => ({ ...line, amount: decimal(grossOf(line.lineId)) })),
        },
      };
    }
  }
}
