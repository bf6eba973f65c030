import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import type { ChannelNotice, NoticeLine } from '../port.ts';

type Without<Notice, Keys extends PropertyKey> = Notice extends unknown ? Omit<Notice, Keys> : never;

/** A notice without what every notice of the order has. */
export type NoticeContent = Without<
  ChannelNotice,
  'noticeId' | 'channelCode' | 'orderId' | 'orderNumber' | 'channelOrderId'
>;

/** What the lines of an order are called on both sides. */
export interface NoticedOrder {
  readonly id: string;
  readonly number: string;
  readonly channelCode: string;
  readonly channelOrderId: string | null;
  readonly lines: readonly Omit<NoticeLine, 'quantity'>[];
}

/** The order as its channel is told of it. Null when there is none. */
export async function readNoticedOrder(db: Knex, orderId: string): Promise<NoticedOrder | null> {
  const rows = await query<Omit<NoticedOrder, 'lines'> & Omit<NoticeLine, 'quantity'>>(
    db,
    `select o.id, o.number, o.channel_code as "channelCode", o.channel_order_id as "channelOrderId",
       l.id as "lineId", l.channel_line_id as "channelLineId", l.sku, l.ordered
     from orders.customer_order o join orders.order_line l on l.order_id = o.id where o.id = ? order by l.position`,
    [orderId],
  );
  const [first] = rows;
  if (!first) return null;
  const { id, number, channelCode, channelOrderId } = first;
  const lines = rows.map(({ lineId, channelLineId, sku, ordered }) => ({ lineId, channelLineId, sku, ordered }));
  return { id, number, channelCode, channelOrderId, lines };
}

/** Pure: units of the order's lines, under the names of both sides. */
export function noticeLines<Units extends { readonly lineId: string; readonly quantity: number }>(
  order: NoticedOrder,
  units: readonly Units[],
): NoticeLine[] {
  const wanted = new Map<string, number>();
  for (const { lineId, quantity } of units) wanted.set(lineId, (wanted.get(lineId) ?? 0) + quantity);
  return order.lines.flatMap((line) => {
    const quantity = wanted.get(line.lineId);
    return quantity === undefined ? [] : [{ ...line, quantity }];
  });
}

/**
 * Has the channel told of something, once per step of the order. What is written here is sent by some worker.
 * @param step names the notice within its order, e.g. `ship:shp_…`
 */
export async function noteNotice(
  trx: Knex.Transaction,
  order: NoticedOrder,
  step: string,
  content: NoticeContent,
  traceId: string,
): Promise<void> {
  const notice: ChannelNotice = {
    noticeId: `${order.id}:${step}`,
    channelCode: order.channelCode,
    orderId: order.id,
    orderNumber: order.number,
    channelOrderId: order.channelOrderId,
    ...content,
  };
  await change(
    trx,
    `insert into orders.channel_notice (order_id, step, channel_code, kind, units, body, trace_id)
     values (?, ?, ?, ?, ?, ?::jsonb, ?) on conflict (order_id, step) do nothing`,
    [
      order.id,
      step,
      order.channelCode,
      content.kind,
      content.lines.reduce((sum, line) => sum + line.quantity, 0),
      JSON.stringify(notice),
      traceId,
    ],
  );
}
