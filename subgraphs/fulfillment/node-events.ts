import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { changeWork, type Units } from './events.ts';
import { type FulfillmentOrder, type FulfillmentOrderLine, remainingUnits } from './model.ts';
import type { NodeEvent } from './port.ts';
import { WORK_COLUMNS, WORK_LINE_COLUMNS } from './rows.ts';
import { createShipment } from './shipments.ts';
import {
  FULFILLMENT_TRANSITIONS,
  type FulfillmentOrderStatus,
  type FulfillmentRequestStatus,
  REQUEST_TRANSITIONS,
} from './states.ts';

/** An event that could not be applied; kept by whoever follows the feed, so that the rest goes on. */
export interface UnusableEvent {
  readonly event: NodeEvent;
  readonly reason: string;
}

/**
 * Applies what happened at the nodes, in order. An event about work that is not ours, or that its state does not allow,
 * changes nothing and is returned.
 */
export async function applyNodeEvents(trx: Knex.Transaction, events: readonly NodeEvent[]): Promise<UnusableEvent[]> {
  const unusable: UnusableEvent[] = [];
  for (const event of events) {
    const reason = await applyNodeEvent(trx, event);
    if (reason) unusable.push({ event, reason });
  }
  return unusable;
}

async function applyNodeEvent(trx: Knex.Transaction, event: NodeEvent): Promise<string | null> {
  if (event.kind === 'PICKING' || event.kind === 'PACKED') return null;
  if (event.kind === 'RECEIVED') return learnReference(trx, event);
  const work = await lockWork(trx, event.fulfillmentOrderId);
  if (!work) return 'no such fulfillment order';
  const lines = await readLines(trx, work.id);
  if (await isRecorded(trx, event)) return null; // heard before
  const problem = problemWithUnits(lines, event);
  if (problem) return problem;
  switch (event.kind) {
    case 'ACCEPTED':
      return ACCEPTED_BEFORE.has(work.status) ? null : move(trx, work, lines, 'IN_PROGRESS', 'ACCEPTED', event);
    case 'REFUSED':
      return giveUp(trx, work, lines, 'REJECTED', event);
    case 'CANCELLED':
      return giveUp(trx, work, lines, 'CANCELLATION_ACCEPTED', event);
    case 'READY_FOR_PICKUP':
      return stage(trx, await acceptImplied(trx, work, lines, event), lines, event);
    case 'ISSUED':
    case 'PICKED_UP':
      return issue(trx, await acceptImplied(trx, work, lines, event), lines, event);
  }
}

/** Whether the goods that left with this event are recorded as a shipment. */
async function isRecorded(trx: Knex.Transaction, event: NodeEvent): Promise<boolean> {
  if (event.issued.length === 0) return false;
  const shipments = await query(trx, 'select 1 from fulfillment.shipment where node_event = ?', [
    String(event.position),
  ]);
  return shipments.length > 0;
}

/** Units can only leave, or be missing, that are still to be picked. */
function problemWithUnits(lines: readonly FulfillmentOrderLine[], event: NodeEvent): string | null {
  const left = new Map(lines.map((line) => [line.orderLineId, remainingUnits(line)]));
  for (const units of [...event.issued, ...event.short]) {
    const remaining = left.get(units.orderLineId);
    if (remaining === undefined) return 'the work has no such line';
    if (remaining < units.quantity) return 'more units left than were to be picked';
    left.set(units.orderLineId, remaining - units.quantity);
  }
  return null;
}

/** Work in these states was taken on: that it was may be heard late, after what followed from it. */
const ACCEPTED_BEFORE: ReadonlySet<FulfillmentOrderStatus> = new Set([
  'IN_PROGRESS',
  'READY_FOR_PICKUP',
  'INCOMPLETE',
  'CLOSED',
]);

/** From now on staff can be asked about the work: they know it under this number. */
async function learnReference(trx: Knex.Transaction, event: NodeEvent): Promise<string | null> {
  const known = await query(
    trx,
    'update fulfillment.fulfillment_order set node_reference = coalesce(node_reference, ?) where id = ? returning id',
    [event.nodeReference, event.fulfillmentOrderId],
  );
  return known.length === 0 ? 'no such fulfillment order' : null;
}

/** The goods wait at the counter; units that were not there go back to be sourced again. */
async function stage(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  lines: readonly FulfillmentOrderLine[],
  event: NodeEvent,
): Promise<string | null> {
  if (work.status === 'READY_FOR_PICKUP') return null; // heard before
  const refusal = refusalOf(work, 'READY_FOR_PICKUP', 'ACCEPTED');
  if (refusal) return refusal;
  const short = toUnits(event.short);
  const after = short.length > 0 ? await markShort(trx, work.id, short) : lines;
  const next = { status: 'READY_FOR_PICKUP', requestStatus: 'ACCEPTED', nodeReference: event.nodeReference } as const;
  await changeWork(trx, work, next, after, short);
  return null;
}

/** Locks one piece of work until the transaction ends. */
export async function lockWork(trx: Knex.Transaction, id: string): Promise<FulfillmentOrder | null> {
  const [work] = await query<FulfillmentOrder>(
    trx,
    `select ${WORK_COLUMNS} from fulfillment.fulfillment_order f where f.id = ? for update`,
    [id],
  );
  return work ?? null;
}

export async function readLines(trx: Knex.Transaction, workId: string): Promise<FulfillmentOrderLine[]> {
  return query<FulfillmentOrderLine>(
    trx,
    `select ${WORK_LINE_COLUMNS} from fulfillment.fulfillment_order_line l where l.fulfillment_order_id = ? order by l.position`,
    [workId],
  );
}

/** Goods that left were accepted before, even when that was never said. @returns the work as it is then */
async function acceptImplied(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  lines: readonly FulfillmentOrderLine[],
  event: NodeEvent,
): Promise<FulfillmentOrder> {
  if (work.status !== 'OPEN' || work.requestStatus !== 'SUBMITTED') return work;
  await move(trx, work, lines, 'IN_PROGRESS', 'ACCEPTED', event);
  return (await lockWork(trx, work.id)) ?? work;
}

async function move(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  lines: readonly FulfillmentOrderLine[],
  status: FulfillmentOrderStatus,
  requestStatus: FulfillmentRequestStatus,
  event: NodeEvent,
): Promise<string | null> {
  if (work.status === status && work.requestStatus === requestStatus) return null; // heard before
  const refusal = refusalOf(work, status, requestStatus);
  if (refusal) return refusal;
  await changeWork(trx, work, { status, requestStatus, nodeReference: event.nodeReference }, lines);
  return null;
}

/** The node will not do the rest: its units need another node. */
async function giveUp(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  lines: readonly FulfillmentOrderLine[],
  requestStatus: 'REJECTED' | 'CANCELLATION_ACCEPTED',
  event: NodeEvent,
): Promise<string | null> {
  if (work.status === 'CANCELLED') return null; // heard before
  const refusal = refusalOf(work, 'CANCELLED', requestStatus);
  if (refusal) return refusal;
  const left = lines.flatMap((line) =>
    remainingUnits(line) > 0 ? [{ lineId: line.orderLineId, sku: line.sku, quantity: remainingUnits(line) }] : [],
  );
  const after = await markShort(trx, work.id, left);
  await changeWork(
    trx,
    work,
    { status: 'CANCELLED', requestStatus, nodeReference: event.nodeReference, rejectReason: event.reason },
    after,
    left,
  );
  return null;
}

/** Goods left or were handed over; what the node does not have goes back. */
async function issue(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  lines: readonly FulfillmentOrderLine[],
  event: NodeEvent,
): Promise<string | null> {
  if (!ACCEPTED_BEFORE.has(work.status)) return `nothing can leave of work that is ${work.status}`;
  const issued = toUnits(event.issued);
  const short = toUnits(event.short);
  const unitsOf = (rows: readonly { readonly quantity: number }[]) => rows.reduce((sum, row) => sum + row.quantity, 0);
  const remaining = lines.reduce((sum, line) => sum + remainingUnits(line), 0);
  const done = remaining === unitsOf(issued) + unitsOf(short);
  const requestStatus = done ? 'CLOSED' : work.requestStatus;
  const status = done ? 'CLOSED' : short.length > 0 || work.status === 'INCOMPLETE' ? 'INCOMPLETE' : work.status;
  const refusal = refusalOf(work, status, requestStatus);
  if (refusal) return refusal;

  if (issued.length > 0) {
    await query(
      trx,
      `update fulfillment.fulfillment_order_line l set shipped = l.shipped + n.quantity
       from unnest(?::text[], ?::int[]) as n(line_id, quantity) where l.fulfillment_order_id = ? and l.order_line_id = n.line_id`,
      [issued.map((units) => units.lineId), issued.map((units) => units.quantity), work.id],
    );
    await createShipment(trx, work, event, issued);
  }
  const after = await markShort(trx, work.id, short);
  await changeWork(trx, work, { status, requestStatus, nodeReference: event.nodeReference }, after, short);
  return null;
}

function toUnits(
  rows: readonly { readonly orderLineId: string; readonly sku: string; readonly quantity: number }[],
): Units[] {
  const units = new Map<string, Units>();
  for (const row of rows) {
    units.set(row.orderLineId, {
      lineId: row.orderLineId,
      sku: row.sku,
      quantity: (units.get(row.orderLineId)?.quantity ?? 0) + row.quantity,
    });
  }
  return [...units.values()];
}

async function markShort(
  trx: Knex.Transaction,
  workId: string,
  short: readonly Units[],
): Promise<FulfillmentOrderLine[]> {
  if (short.length > 0) {
    await query(
      trx,
      `update fulfillment.fulfillment_order_line l set short = least(l.quantity - l.shipped, l.short + n.quantity)
       from unnest(?::text[], ?::int[]) as n(line_id, quantity) where l.fulfillment_order_id = ? and l.order_line_id = n.line_id`,
      [short.map((units) => units.lineId), short.map((units) => units.quantity), workId],
    );
  }
  return readLines(trx, workId);
}

function refusalOf(
  work: FulfillmentOrder,
  status: FulfillmentOrderStatus,
  requestStatus: FulfillmentRequestStatus,
): string | null {
  const statuses: readonly string[] = FULFILLMENT_TRANSITIONS[work.status];
  const requests: readonly string[] = REQUEST_TRANSITIONS[work.requestStatus];
  if (work.status !== status && !statuses.includes(status)) return `work cannot go from ${work.status} to ${status}`;
  if (work.requestStatus !== requestStatus && !requests.includes(requestStatus))
    return `a request cannot go from ${work.requestStatus} to ${requestStatus}`;
  return null;
}
