import type { Knex } from 'knex';
import { groupBy } from '../../platform/batch.ts';
import type { Caller } from '../../platform/caller.ts';
import { query } from '../../platform/db/query.ts';
import { type Connection, type PageArgs, readPage, timeKey, toConnection } from '../../platform/graphql/connection.ts';
import type { Order, OrderHold, OrderLine, TimelineEntry } from './model.ts';
import type { OrderReturn, ReturnCondition, ReturnLine } from './returns/model.ts';
import {
  type ConditionRow,
  type LineRow,
  type OrderRow,
  type ReturnLineRow,
  type ReturnRow,
  toCondition,
  toLine,
  toOrder,
  toReturn,
  toReturnLine,
} from './rows.ts';

const LINE_COLUMNS = 'l.*, o.currency_code';

export interface OrderFilter {
  readonly status?: readonly string[] | null;
  readonly channelOrderId?: string | null;
  readonly customerId?: string | null;
  readonly placedSince?: string | null;
  readonly updatedSince?: string | null;
}

/** Rows of the order book, in set-based reads: one statement per call, whatever the number of keys. */
export function createOrderReader(knex: Knex) {
  return {
    async ordersById(ids: readonly string[]): Promise<Map<string, Order>> {
      const rows = await query<OrderRow>(knex, 'select * from orders.customer_order where id = any(?)', [ids]);
      return new Map(rows.map((row) => [row.id, toOrder(row)]));
    },

    async channelsByCode(codes: readonly string[]): Promise<Map<string, Order['channel']>> {
      const rows = await query<Order['channel']>(
        knex,
        'select code, kind, name from integration.channel where code = any(?)',
        [codes],
      );
      return new Map(rows.map((row) => [row.code, row]));
    },

    async orderByNumber(number: string): Promise<Order | null> {
      const rows = await query<OrderRow>(knex, 'select * from orders.customer_order where number = ?', [number]);
      return rows[0] ? toOrder(rows[0]) : null;
    },

    async linesByOrder(orderIds: readonly string[]): Promise<Map<string, OrderLine[]>> {
      const rows = await query<LineRow>(
        knex,
        `select ${LINE_COLUMNS} from orders.order_line l join orders.customer_order o on o.id = l.order_id
         where l.order_id = any(?) order by l.order_id, l.position`,
        [orderIds],
      );
      return groupBy(rows.map(toLine), (line) => line.orderId);
    },

    async linesById(ids: readonly string[]): Promise<Map<string, OrderLine>> {
      const rows = await query<LineRow>(
        knex,
        `select ${LINE_COLUMNS} from orders.order_line l join orders.customer_order o on o.id = l.order_id where l.id = any(?)`,
        [ids],
      );
      return new Map(rows.map((row) => [row.id, toLine(row)]));
    },

    async holdsByOrder(orderIds: readonly string[]): Promise<Map<string, OrderHold[]>> {
      const rows = await query<{ order_id: string; reason: OrderHold['reason']; note: string | null; placed_at: Date }>(
        knex,
        'select * from orders.hold where order_id = any(?) order by placed_at, reason',
        [orderIds],
      );
      return groupBy(
        rows.map((row) => ({ orderId: row.order_id, reason: row.reason, note: row.note, placedAt: row.placed_at })),
        (hold) => hold.orderId,
      );
    },

    /** In the order in which things happened; those of one instant as they were recorded. */
    async timelineByOrder(orderIds: readonly string[]): Promise<Map<string, TimelineEntry[]>> {
      const rows = await query<{
        order_id: string;
        sequence: number;
        occurred_at: Date;
        recorded_at: Date | null;
        type: string;
        system: string;
        message: string;
        trace_id: string;
      }>(knex, 'select * from orders.timeline where order_id = any(?) order by order_id, occurred_at, sequence', [
        orderIds,
      ]);
      return groupBy(
        rows.map((row) => ({
          orderId: row.order_id,
          sequence: String(row.sequence),
          occurredAt: row.occurred_at,
          recordedAt: row.recorded_at,
          type: row.type,
          system: row.system,
          message: row.message,
          traceId: row.trace_id,
        })),
        (entry) => entry.orderId,
      );
    },

    async returnsById(ids: readonly string[]): Promise<Map<string, OrderReturn>> {
      const rows = await query<ReturnRow>(knex, 'select * from orders.return where id = any(?)', [ids]);
      return new Map(rows.map((row) => [row.id, toReturn(row)]));
    },

    async returnsByOrder(orderIds: readonly string[]): Promise<Map<string, OrderReturn[]>> {
      const rows = await query<ReturnRow>(
        knex,
        'select * from orders.return where order_id = any(?) order by requested_at, id',
        [orderIds],
      );
      return groupBy(rows.map(toReturn), (item) => item.orderId);
    },

    async returnLinesByReturn(returnIds: readonly string[]): Promise<Map<string, ReturnLine[]>> {
      const rows = await query<ReturnLineRow>(
        knex,
        'select * from orders.return_line where return_id = any(?) order by return_id, position',
        [returnIds],
      );
      return groupBy(rows.map(toReturnLine), (line) => line.returnId);
    },

    async returnsByExchange(orderIds: readonly string[]): Promise<Map<string, OrderReturn>> {
      const rows = await query<ReturnRow & { exchange_order_id: string }>(
        knex,
        'select * from orders.return where exchange_order_id = any(?)',
        [orderIds],
      );
      return new Map(rows.map((row) => [row.exchange_order_id, toReturn(row)]));
    },

    async returnConditionsByLine(lineIds: readonly string[]): Promise<Map<string, ReturnCondition[]>> {
      const rows = await query<ConditionRow>(
        knex,
        `select * from orders.return_condition where return_line_id = any(?)
         order by return_line_id, disposition, location_id`,
        [lineIds],
      );
      return groupBy(rows.map(toCondition), (row) => row.returnLineId);
    },

    /** Newest first. Only what the caller may see. @throws CommerceError BAD_USER_INPUT for an unusable page */
    async orders(caller: Caller, filter: OrderFilter, args: PageArgs): Promise<Connection<Order>> {
      const page = readPage(args, 2);
      const query = knex('orders.customer_order')
        .select('*')
        .limit(page.size + 1);
      if (caller.channel) query.where('channel_code', caller.channel.code);
      if (caller.customerId !== null) query.where('customer_id', caller.customerId);
      if (filter.customerId != null) query.where('customer_id', filter.customerId);
      if (filter.channelOrderId != null) query.where('channel_order_id', filter.channelOrderId);
      if (filter.status != null) query.whereIn('status', [...filter.status]);
      if (filter.placedSince != null) query.where('placed_at', '>=', filter.placedSince);
      if (filter.updatedSince != null) query.where('updated_at', '>=', filter.updatedSince);
      const forward = page.direction === 'forward';
      // Microseconds since 1970 as text: a JavaScript Date would round the key and skip or repeat orders.
      if (page.cursor) {
        query.whereRaw(
          `(placed_at, id) ${forward ? '<' : '>'} (to_timestamp(0) + (?::bigint * interval '1 microsecond'), ?)`,
          [timeKey(page.cursor[0]), String(page.cursor[1])],
        );
      }
      query.select(knex.raw(`(extract(epoch from placed_at) * 1000000)::bigint as placed_key`));
      query.orderBy([
        { column: 'placed_at', order: forward ? 'desc' : 'asc' },
        { column: 'id', order: forward ? 'desc' : 'asc' },
      ]);
      const rows = (await query) as (OrderRow & { placed_key: string })[];
      return toConnection(rows, page, { key: (row) => [row.placed_key, row.id], node: toOrder });
    },
  };
}

export type OrderReader = ReturnType<typeof createOrderReader>;
