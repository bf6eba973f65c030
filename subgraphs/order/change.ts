import type { Knex } from 'knex';
import { type NewEvent, writeEvents } from '../../events/outbox.ts';
import { groupBy } from '../../platform/batch.ts';
import { counted } from '../../platform/counted.ts';
import { change, query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { Order, OrderLine, PaymentStatus } from './model.ts';
import { deriveStatus, type Move, movableUnits, moveUnits, openUnits, type Quantities } from './quantities.ts';
import { settledUnits } from './returns/free-units.ts';
import { type LineRow, type OrderRow, toLine, toOrder } from './rows.ts';
import { type OrderStage, type OrderStatus, statusPath } from './states.ts';

/** One change of one order: quantities that move, facts that become known, and what to tell about it. */
export interface OrderChange {
  /** Names the effect, e.g. `ship:shp_...`; the same key never has an effect twice. Null when the caller dedupes itself. */
  readonly key: string | null;
  readonly stage?: OrderStage;
  /** Quantities that move, or what they are by the lines as they are once the effect is known to be new. */
  readonly moves?: readonly LineMove[] | ((lines: readonly OrderLine[]) => Promise<readonly LineMove[]>);
  readonly returned?: readonly { readonly lineId: string; readonly quantity: number }[];
  /** Facts that become known, or what they are for the order as it was. */
  readonly set?: OrderFacts | ((before: Order) => OrderFacts);
  readonly timeline?: readonly TimelineNote[];
  /** Further events about the order; they get the versions after the status events. */
  readonly events?: readonly { readonly type: string; readonly data: object }[];
  readonly traceId: string;
}

interface OrderFacts {
  readonly acknowledgedAt?: Date;
  readonly deskNumber?: string;
  readonly paymentStatus?: PaymentStatus;
}

export interface LineMove {
  readonly lineId: string;
  readonly move: Move;
  readonly quantity: number;
  /** Moves what is there when it is less than `quantity`: the rest has gone further already. */
  readonly atMost?: boolean;
}

export interface TimelineNote {
  readonly type: string;
  /** Which system it happened in: commerce, oms, wms, erp, carrier, channel. */
  readonly system: string;
  readonly message: string;
  /** When it happened there; now unless told. */
  readonly occurredAt?: Date;
}

export interface ChangedOrder {
  /** False when the order already had the effect of this key. */
  readonly applied: boolean;
  readonly order: Order;
  readonly lines: readonly OrderLine[];
}

const STATUS_MESSAGES: Readonly<Record<OrderStatus, string>> = {
  CAPTURED: 'Order captured',
  VALIDATED: 'Order validated and stock committed',
  REJECTED: 'Order rejected',
  ACCEPTED: 'Order accepted',
  BACKORDERED: 'Waiting for stock',
  ALLOCATED: 'Every open unit has a node, or waits for stock',
  IN_FULFILLMENT: 'A node is working on the order',
  PARTIALLY_SHIPPED: 'Part of the order left a node',
  SHIPPED: 'The order left its nodes',
  PARTIALLY_DELIVERED: 'Part of the order arrived',
  DELIVERED: 'The order arrived',
  CLOSED: 'Order closed',
  CANCELLED: 'Order cancelled',
};

function messageOf(before: OrderStatus, status: OrderStatus, settled: number): string {
  // Back from a node that worked on it, nobody has got the units yet: they may be on their way out of the order.
  if (before === 'IN_FULFILLMENT' && status === 'ALLOCATED') return 'No node is working on the order any more';
  const rest = `${counted(settled, 'unit')} that did not ${settled === 1 ? 'is' : 'are'} paid back`;
  if (settled > 0 && status === 'DELIVERED') return `All that reached the buyer has arrived; ${rest}`;
  if (settled > 0 && status === 'CLOSED') return `Nothing of the order reached the buyer; ${rest}`;
  return STATUS_MESSAGES[status];
}

/**
 * Applies a change under the order's row lock: moves units, derives the status, walks the legal way to it,
 * writes timeline and events. All in the given transaction.
 *
 * @throws CommerceError NOT_FOUND, or ILLEGAL_TRANSITION when units are not where the move takes them from
 */
export async function changeOrder(trx: Knex.Transaction, orderId: string, change: OrderChange): Promise<ChangedOrder> {
  const before = await lockOrder(trx, orderId);
  if (!before) throw new CommerceError('NOT_FOUND', 'no such order', { orderId });
  if (change.key !== null && !(await claimEffect(trx, orderId, change.key))) return { applied: false, ...before };

  const moves = typeof change.moves === 'function' ? await change.moves(before.lines) : (change.moves ?? []);
  const lines = applyMoves(before.lines, moves, change.returned ?? []);
  const stage = change.stage ?? before.order.stage;
  const settled = lines.some(mayBeSettled) ? await settledUnits(trx, orderId, lines) : 0;
  const target = deriveStatus(stage, lines.map((line) => line.quantities), before.order.status, settled); // biome-ignore format: one thought
  const path = statusPath(before.order.status, target);
  if (!path) {
    throw new CommerceError('ILLEGAL_TRANSITION', `an order cannot go from ${before.order.status} to ${target}`, {
      orderId,
    });
  }
  await saveLines(trx, before.lines, lines);
  const lifted = isOver(lines) && !isOver(before.lines) ? ((await liftHolds(trx, [orderId])).get(orderId) ?? []) : [];
  const states = timelineOf(before.order.status, path, settled);
  await writeTimeline(trx, orderId, change.traceId, [...inOrder(change.timeline ?? [], states), ...lifted]);
  const events = eventsOf(before.order, path, change);
  await writeEvents(trx, events);
  const order = await saveOrder(trx, before.order, { stage, status: target, events: events.length, change });
  return { applied: true, order, lines };
}

/** What an order's timeline says of the states that it goes through. @param settled units that are paid back without having arrived */
export function timelineOf(before: OrderStatus, path: readonly OrderStatus[], settled = 0): TimelineNote[] {
  return path.map((status) => ({
    type: `ORDER_${status}`,
    system: 'commerce',
    message: messageOf(before, status, settled),
  }));
}

/**
 * News and the states that the order goes through with them. When the news happened a while ago, so did these; what the order
 * passed through came before them.
 */
function inOrder(news: readonly TimelineNote[], states: readonly TimelineNote[]): TimelineNote[] {
  const happened = news.flatMap(({ occurredAt }) => occurredAt?.getTime() ?? []);
  if (happened.length === 0) return [...news, ...states];
  const occurredAt = new Date(Math.max(...happened));
  const dated = states.map((state) => ({ ...state, occurredAt }));
  return [...dated.slice(0, -1), ...news, ...dated.slice(-1)];
}

/** Whether units of the line got lost, or came back from their way: only such are paid back without having arrived. */
const mayBeSettled = ({ quantities: { lost, inTransit, returned } }: OrderLine) =>
  lost > 0 || (inTransit > 0 && returned > 0);

/** Whether all units have left their nodes or are cancelled. */
const isOver = (lines: readonly OrderLine[]) => lines.every(({ quantities }) => openUnits(quantities) === 0);

/** Nothing is left of these orders that a hold could stop. @returns what the timeline says of it, by order */
export async function liftHolds(
  trx: Knex.Transaction,
  orderIds: readonly string[],
): Promise<Map<string, TimelineNote[]>> {
  const lifted = await query<{ orderId: string; reason: string }>(
    trx,
    `with gone as (delete from orders.hold where order_id = any (?::text[]) returning order_id, reason)
     select order_id as "orderId", reason from gone order by order_id, reason`,
    [orderIds],
  );
  const noteOf = (reason: string): TimelineNote => ({ type: 'HOLD_RELEASED', system: 'commerce', message: `Hold released: nothing of the order is left to stop: ${reason}` }); // biome-ignore format: one thought
  return new Map([...groupBy(lifted, (hold) => hold.orderId)].map(([id, holds]) => [id, holds.map(({ reason }) => noteOf(reason))])); // biome-ignore format: one thought
}

/** The order and its lines, locked until the transaction ends. Null when there is no such order. */
export async function lockOrder(
  trx: Knex.Transaction,
  orderId: string,
): Promise<{ order: Order; lines: OrderLine[] } | null> {
  const orders = await query<OrderRow>(trx, 'select * from orders.customer_order where id = ? for update', [orderId]);
  const row = orders[0];
  if (!row) return null;
  const lines = await query<LineRow>(
    trx,
    'select l.*, ? as currency_code from orders.order_line l where order_id = ? order by position',
    [row.currency_code, orderId],
  );
  return { order: toOrder(row), lines: lines.map(toLine) };
}

async function claimEffect(trx: Knex.Transaction, orderId: string, key: string): Promise<boolean> {
  const rowCount = await change(
    trx,
    'insert into orders.applied_effect (order_id, key) values (?, ?) on conflict do nothing',
    [orderId, key],
  );
  return rowCount === 1;
}

function applyMoves(
  lines: readonly OrderLine[],
  moves: readonly LineMove[],
  returned: NonNullable<OrderChange['returned']>,
): OrderLine[] {
  const quantities = new Map<string, Quantities>(lines.map((line) => [line.id, line.quantities]));
  const of = (lineId: string) => {
    const line = quantities.get(lineId);
    if (!line) throw new CommerceError('NOT_FOUND', 'the order has no such line', { lineId });
    return line;
  };
  for (const { lineId, move, quantity, atMost } of moves) {
    const line = of(lineId);
    const next = moveUnits(line, move, atMost ? Math.min(quantity, movableUnits(line, move)) : quantity);
    if (!next)
      throw new CommerceError(
        'ILLEGAL_TRANSITION',
        `cannot ${move} ${counted(quantity, 'unit')} of line ${lineId}: they are not where that takes them from`,
        {
          lineId,
          quantity,
        },
      );
    quantities.set(lineId, next);
  }
  for (const { lineId, quantity } of returned) {
    const line = of(lineId);
    quantities.set(lineId, { ...line, returned: line.returned + quantity });
  }
  return lines.map((line) => ({ ...line, quantities: of(line.id) }));
}

async function saveLines(
  trx: Knex.Transaction,
  before: readonly OrderLine[],
  after: readonly OrderLine[],
): Promise<void> {
  const changed = after.filter((line, index) => line.quantities !== before[index]?.quantities);
  if (changed.length === 0) return;
  const column = (units: (quantities: Quantities) => number) => changed.map((line) => units(line.quantities));
  await query(
    trx,
    `update orders.order_line l set unsourced = n.unsourced, backordered = n.backordered, allocated = n.allocated,
       in_fulfillment = n.in_fulfillment, in_transit = n.in_transit, delivered = n.delivered, lost = n.lost,
       cancelled = n.cancelled, returned = n.returned
     from unnest(?::text[], ?::int[], ?::int[], ?::int[], ?::int[], ?::int[], ?::int[], ?::int[], ?::int[], ?::int[])
       as n(id, unsourced, backordered, allocated, in_fulfillment, in_transit, delivered, lost, cancelled, returned)
     where l.id = n.id`,
    [
      changed.map((line) => line.id),
      column((q) => q.unsourced),
      column((q) => q.backordered),
      column((q) => q.allocated),
      column((q) => q.inFulfillment),
      column((q) => q.inTransit),
      column((q) => q.delivered),
      column((q) => q.lost),
      column((q) => q.cancelled),
      column((q) => q.returned),
    ],
  );
}

/**
 * Appends to an order's timeline. The caller holds the order's row lock, so the sequence has no gap. Clocks of others put no state
 * of the order before the one that it was in, nor into the future.
 */
export async function writeTimeline(
  trx: Knex.Transaction,
  orderId: string,
  traceId: string,
  notes: readonly TimelineNote[],
): Promise<void> {
  if (notes.length === 0) return;
  await query(
    trx,
    `insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
     select ?, (select coalesce(max(sequence), 0) from orders.timeline where order_id = ?) + n.position,
       case when n.occurred_at is null then clock_timestamp()
         when not starts_with(n.type, 'ORDER_') then n.occurred_at
         else least(clock_timestamp(), greatest(n.occurred_at, (select max(t.occurred_at) from orders.timeline t
           where t.order_id = ? and starts_with(t.type, 'ORDER_')))) end, n.type, n.system, n.message, ?
     from unnest(?::text[], ?::text[], ?::text[], ?::timestamptz[]) with ordinality as n(type, system, message, occurred_at, position)`,
    [
      orderId,
      orderId,
      orderId,
      traceId,
      notes.map((note) => note.type),
      notes.map((note) => note.system),
      notes.map((note) => note.message),
      notes.map((note) => note.occurredAt ?? null),
    ],
  );
}

/** What others are told of a change: the states that the order goes through, then what else there is to tell. */
export function eventsOf(
  order: Order,
  path: readonly OrderStatus[],
  change: Pick<OrderChange, 'events' | 'traceId'>,
): NewEvent[] {
  const statusEvents = path.map((status, index) => ({
    type: 'order-status-changed.v1',
    data: {
      orderId: order.id,
      customerId: order.customerId,
      previousStatus: index === 0 ? order.status : path[index - 1],
      status,
    },
  }));
  return [...statusEvents, ...(change.events ?? [])].map((event, index) => ({
    type: event.type as NewEvent['type'],
    subject: order.id,
    version: order.revision + 1 + index,
    channelCode: order.channel.code,
    traceId: change.traceId,
    data: event.data,
  }));
}

async function saveOrder(
  trx: Knex.Transaction,
  order: Order,
  next: { stage: OrderStage; status: OrderStatus; events: number; change: OrderChange },
): Promise<Order> {
  const set = typeof next.change.set === 'function' ? next.change.set(order) : next.change.set;
  const rows = await query<OrderRow>(
    trx,
    `update orders.customer_order set stage = ?, status = ?, revision = revision + ?, updated_at = clock_timestamp(),
       acknowledged_at = coalesce(acknowledged_at, ?), desk_number = coalesce(desk_number, ?), payment_status = coalesce(?, payment_status),
       delivered_at = case when ? in ('DELIVERED', 'PARTIALLY_DELIVERED') then coalesce(delivered_at, clock_timestamp()) else delivered_at end
     where id = ? returning *`,
    [
      next.stage,
      next.status,
      next.events,
      set?.acknowledgedAt ?? null,
      set?.deskNumber ?? null,
      set?.paymentStatus ?? null,
      next.status,
      order.id,
    ],
  );
  const row = rows[0];
  if (!row) throw new CommerceError('NOT_FOUND', 'no such order', { orderId: order.id });
  return toOrder(row);
}
