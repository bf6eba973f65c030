import type { Knex } from 'knex';
import { writeEvents } from '../../../events/outbox.ts';
import { groupBy } from '../../../platform/batch.ts';
import { query } from '../../../platform/db/query.ts';
import { eventsOf, liftHolds, type TimelineNote, timelineOf } from '../change.ts';
import { cancelledNote } from '../commands/cancel.ts';
import type { Order, OrderLine } from '../model.ts';
import { type LineRow, toLine } from '../rows.ts';
import { statusPath } from '../states.ts';

/** An order that is to be cancelled as a whole, locked by the caller. */
export interface Doomed {
  readonly order: Order;
  readonly traceId: string;
  /** Told in its timeline before what is cancelled. */
  readonly note: TimelineNote;
}

interface Cancelled {
  readonly order: Order;
  readonly notes: readonly TimelineNote[];
  readonly traceId: string;
  readonly events: ReturnType<typeof eventsOf>;
}

/**
 * Cancels orders of which no node has anything, all with the same statements: the same effects as cancelling one after the
 * other, with the locks of popular goods held only for the last of them. Orders that nodes work on are left alone.
 *
 * @param key of the effect; an order that has had it is left alone
 * @returns how many were cancelled
 */
export async function cancelTogether(
  trx: Knex.Transaction,
  doomed: readonly Doomed[],
  { key, reason }: { readonly key: string; readonly reason: string },
): Promise<number> {
  const lines = await linesOf(trx, doomed);
  const claimed = await claim(trx, doomed.filter(({ order }) => lines.get(order.id)?.every(isUntouched)), key); // biome-ignore format: one thought
  const cancelled = doomed.flatMap((one) => (claimed.has(one.order.id) ? [cancel(one, lines.get(one.order.id) ?? [], reason)] : [])); // biome-ignore format: one thought
  if (cancelled.length === 0) return 0;
  const ids = cancelled.map(({ order }) => order.id);
  await query(
    trx,
    'update orders.order_line set cancelled = cancelled + unsourced + backordered, unsourced = 0, backordered = 0 where order_id = any (?::text[])',
    [ids],
  );
  await writeNotes(trx, cancelled, await liftHolds(trx, ids));
  await writeEvents(trx, cancelled.flatMap(({ events }) => events)); // biome-ignore format: one thought
  await query(
    trx,
    `update orders.customer_order o set status = 'CANCELLED', revision = o.revision + n.events, updated_at = clock_timestamp()
     from unnest(?::text[], ?::int[]) as n (id, events) where o.id = n.id`,
    [ids, cancelled.map(({ events }) => events.length)],
  );
  await query(trx, 'select inventory.release_orders(?::text[])', [ids]);
  return cancelled.length;
}

/** Whether no node has, or had, any unit of it. */
const isUntouched = ({ quantities: { ordered, unsourced, backordered, cancelled } }: OrderLine) =>
  ordered === unsourced + backordered + cancelled;

async function linesOf(trx: Knex.Transaction, doomed: readonly Doomed[]): Promise<Map<string, OrderLine[]>> {
  // Read after the orders are locked: nobody changes them any more.
  const rows = await query<LineRow>(
    trx,
    `select l.*, o.currency_code from orders.order_line l join orders.customer_order o on o.id = l.order_id
     where l.order_id = any (?::text[]) order by l.order_id, l.position`,
    [doomed.map(({ order }) => order.id)],
  );
  return groupBy(rows.map(toLine), (line) => line.orderId);
}

/** @returns the orders that have not had the effect before */
async function claim(trx: Knex.Transaction, doomed: readonly Doomed[], key: string): Promise<ReadonlySet<string>> {
  if (doomed.length === 0) return new Set();
  const rows = await query<{ order_id: string }>(
    trx,
    'insert into orders.applied_effect (order_id, key) select id, ? from unnest(?::text[]) as id on conflict do nothing returning order_id',
    [key, doomed.map(({ order }) => order.id)],
  );
  return new Set(rows.map((row) => row.order_id));
}

/** What is told of one order. */
function cancel({ order, traceId, note }: Doomed, lines: readonly OrderLine[], reason: string): Cancelled {
  const units = lines.flatMap(({ id, quantities: { unsourced, backordered } }) =>
    unsourced + backordered > 0 ? [{ lineId: id, quantity: unsourced + backordered }] : [],
  );
  const path = statusPath(order.status, 'CANCELLED') ?? [];
  const all = units.reduce((sum, { quantity }) => sum + quantity, 0);
  return {
    order,
    traceId,
    notes: [note, cancelledNote(all, reason, 'commerce'), ...timelineOf(order.status, path)],
    events: eventsOf(order, path, {
      traceId,
      events: [{ type: 'order-cancelled.v1', data: { orderId: order.id, reason, lines: units } }],
    }),
  };
}

/** Appends to the timelines; the orders are locked, so no sequence has a gap. */
async function writeNotes(
  trx: Knex.Transaction,
  cancelled: readonly Cancelled[],
  lifted: ReadonlyMap<string, readonly TimelineNote[]>,
): Promise<void> {
  const notes = cancelled.flatMap(({ order, traceId, notes: own }) =>
    [...own, ...(lifted.get(order.id) ?? [])].map((note, index) => ({
      order_id: order.id,
      trace_id: traceId,
      place: index + 1,
      ...note,
    })),
  );
  await query(
    trx,
    `insert into orders.timeline (order_id, sequence, occurred_at, type, system, message, trace_id)
     select n.order_id, known.last + n.place, clock_timestamp(), n.type, n.system, n.message, n.trace_id
     from jsonb_to_recordset(?::jsonb) as n (order_id text, place int, type text, system text, message text, trace_id text)
     join (select order_id, max(sequence) as last from orders.timeline where order_id = any (?::text[]) group by order_id) known using (order_id)`,
    [JSON.stringify(notes), cancelled.map(({ order }) => order.id)],
  );
}
