import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { changeWork, type Units } from './events.ts';
import { type FoldedUnits, foldUnits, problemWithUnits, unitsLeft, type WorkUnits } from './fold.ts';
import { type FulfillmentOrder, type FulfillmentOrderLine, remainingUnits, takenOn } from './model.ts';
import type { NodeEvent } from './port.ts';
import { createShipment } from './shipments.ts';
import {
  FULFILLMENT_TRANSITIONS,
  type FulfillmentOrderStatus,
  type FulfillmentRequestStatus,
  REQUEST_TRANSITIONS,
} from './states.ts';
import { refuseWithdrawal } from './withdrawals.ts';
import { lockWork, readComponents, readLines } from './work.ts';

/** An event that could not be applied; kept by whoever follows the feed, so that the rest goes on. */
export interface UnusableEvent {
  readonly event: NodeEvent;
  readonly reason: string;
  /** Set when the event was applied, but took components of bundles that will not leave whole. */
  readonly loose?: readonly Units[];
}

/** An event about one piece of work, and what stands there when it comes. */
interface Occurrence extends WorkUnits {
  readonly trx: Knex.Transaction;
  readonly work: FulfillmentOrder;
  readonly event: NodeEvent;
}

/** What is wrong with an event that changed nothing; or units that left without the rest of their bundle; or nothing. */
type Outcome = string | readonly Units[] | null;

/**
 * Applies what happened at the nodes, in order. An event about work that is not ours, or that its state does not allow,
 * changes nothing and is returned.
 */
export async function applyNodeEvents(trx: Knex.Transaction, events: readonly NodeEvent[]): Promise<UnusableEvent[]> {
  const unusable: UnusableEvent[] = [];
  for (const event of events) {
    const outcome = await applyNodeEvent(trx, event);
    if (typeof outcome === 'string') unusable.push({ event, reason: outcome });
    else if (outcome && outcome.length > 0) unusable.push({ event, reason: 'a part of a set left', loose: outcome });
  }
  return unusable;
}

async function applyNodeEvent(trx: Knex.Transaction, event: NodeEvent): Promise<Outcome> {
  if (event.kind === 'PICKING' || event.kind === 'PACKED') return null;
  if (event.kind === 'RECEIVED') return learnReference(trx, event);
  const work = await lockWork(trx, event.fulfillmentOrderId);
  if (!work) return 'no such fulfillment order';
  const lines = await readLines(trx, work.id);
  const components = await readComponents(trx, work.id);
  const now: Occurrence = { trx, work, lines, components, event };
  if (await isRecorded(now)) return null; // heard before
  const problem = problemWithUnits(now, event);
  if (problem) return problem;
  switch (event.kind) {
    case 'ACCEPTED':
      return ACCEPTED_BEFORE.has(work.status) ? null : move(now, 'IN_PROGRESS', takenOn(work.requestStatus));
    case 'REFUSED':
      // Asked to give the work back, it does.
      return giveUp(now, work.requestStatus === 'CANCELLATION_REQUESTED' ? 'CANCELLATION_ACCEPTED' : 'REJECTED');
    case 'CANCELLATION_DENIED':
      await refuseWithdrawal(trx, work.id);
      return null;
    case 'CANCELLED':
      return giveUp(now, 'CANCELLATION_ACCEPTED');
    case 'READY_FOR_PICKUP':
      return stage(await acceptImplied(now));
    case 'ISSUED':
    case 'PICKED_UP':
      return issue(await acceptImplied(now));
  }
}

/** Whether the goods that left with this event are recorded: as a shipment, or as parts of bundles. */
async function isRecorded({ trx, work, event }: Occurrence): Promise<boolean> {
  if (event.issued.length + event.short.length === 0) return false;
  const known = await query(
    trx,
    `select 1 from fulfillment.shipment where node_event = ?
     union all select 1 from fulfillment.component_event where fulfillment_order_id = ? and node_event = ?`,
    [String(event.position), work.id, String(event.position)],
  );
  return known.length > 0;
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
async function stage(now: Occurrence): Promise<Outcome> {
  const { trx, work, event } = now;
  if (work.status === 'READY_FOR_PICKUP') return null; // heard before
  const requestStatus = takenOn(work.requestStatus);
  const refusal = refusalOf(work, 'READY_FOR_PICKUP', requestStatus);
  if (refusal) return refusal;
  // What is put on the counter leaves when it is picked up.
  const folded = foldUnits(now, { issued: [], short: event.short });
  const after = await record(now, folded);
  const next = { status: 'READY_FOR_PICKUP', requestStatus, ...toldBy(event) } as const;
  await query(trx, 'update fulfillment.fulfillment_order set ready_at = ? where id = ?', [event.occurredAt, work.id]);
  await changeWork(trx, work, next, after, folded.short);
  return folded.loose;
}

/** Goods that left were accepted before, even when that was never said. @returns what stands there then */
async function acceptImplied(now: Occurrence): Promise<Occurrence> {
  const { trx, work } = now;
  if (work.status !== 'OPEN' || work.requestStatus === 'UNSUBMITTED') return now;
  await move(now, 'IN_PROGRESS', takenOn(work.requestStatus));
  return { ...now, work: (await lockWork(trx, work.id)) ?? work };
}

/** What a change of work has from the event that tells of it. */
const toldBy = (event: NodeEvent) => ({ nodeReference: event.nodeReference, happenedAt: event.occurredAt });

async function move(
  { trx, work, lines, event }: Occurrence,
  status: FulfillmentOrderStatus,
  requestStatus: FulfillmentRequestStatus,
): Promise<string | null> {
  if (work.status === status && work.requestStatus === requestStatus) return null; // heard before
  const refusal = refusalOf(work, status, requestStatus);
  if (refusal) return refusal;
  await changeWork(trx, work, { status, requestStatus, ...toldBy(event) }, lines);
  return null;
}

/** The node will not do the rest: its units need another node. */
async function giveUp(now: Occurrence, requestStatus: 'REJECTED' | 'CANCELLATION_ACCEPTED'): Promise<Outcome> {
  const { trx, work, event } = now;
  if (work.status === 'CANCELLED') return null; // heard before
  const refusal = refusalOf(work, 'CANCELLED', requestStatus);
  if (refusal) return refusal;
  await query(trx, `update fulfillment.withdrawal set state = 'ACCEPTED' where fulfillment_order_id = ? and state = 'REQUESTED'`, [work.id]); // biome-ignore format: one thought
  const folded = foldUnits(now, { issued: [], short: unitsLeft(now) });
  const after = await record(now, folded);
  const next = { status: 'CANCELLED', requestStatus, ...toldBy(event), rejectReason: event.reason } as const;
  await changeWork(trx, work, next, after, folded.short);
  return folded.loose;
}

/** Goods left or were handed over; what the node does not have goes back. */
async function issue(now: Occurrence): Promise<Outcome> {
  const { trx, work, lines, event } = now;
  if (!ACCEPTED_BEFORE.has(work.status)) return `nothing can leave of work that is ${work.status}`;
  const folded = foldUnits(now, event);
  const { issued, short } = folded;
  const unitsOf = (rows: readonly { readonly quantity: number }[]) => rows.reduce((sum, row) => sum + row.quantity, 0);
  const remaining = lines.reduce((sum, line) => sum + remainingUnits(line), 0);
  const done = remaining === unitsOf(issued) + unitsOf(short);
  const requestStatus = done ? 'CLOSED' : work.requestStatus;
  const status = done ? 'CLOSED' : short.length > 0 || work.status === 'INCOMPLETE' ? 'INCOMPLETE' : work.status;
  const refusal = refusalOf(work, status, requestStatus);
  if (refusal) return refusal;

  const after = await record(now, folded);
  if (issued.length > 0) await createShipment(trx, work, event, issued);
  await changeWork(trx, work, { status, requestStatus, ...toldBy(event) }, after, short);
  return folded.loose;
}

/** Writes what left and what is missing on the work's lines and components. @returns the lines as they are then */
async function record(
  { trx, work, event, components }: Occurrence,
  { issued, short, components: counted }: FoldedUnits,
): Promise<FulfillmentOrderLine[]> {
  await query(
    trx,
    `update fulfillment.fulfillment_order_line l set shipped = l.shipped + n.issued, short = l.short + n.short
     from (select line_id, sum(issued)::int as issued, sum(short)::int as short from unnest(?::text[], ?::int[], ?::int[]) as n(line_id, issued, short) group by line_id) n
     where l.fulfillment_order_id = ? and l.order_line_id = n.line_id`,
    [
      [...issued, ...short].map((units) => units.lineId),
      [...issued.map((units) => units.quantity), ...short.map(() => 0)],
      [...issued.map(() => 0), ...short.map((units) => units.quantity)],
      work.id,
    ],
  );
  if (short.length > 0) await query(trx, 'update fulfillment.fulfillment_order set gave_back_at = ? where id = ?', [event.occurredAt, work.id]); // biome-ignore format: one thought
  // Goods that left are known by their shipment; what else the event told is known by this.
  if (components.length > 0 || issued.length === 0) {
    await query(
      trx,
      `with event as (
         insert into fulfillment.component_event (fulfillment_order_id, node_event, packages) values (?, ?, ?::jsonb)
       )
       update fulfillment.work_component c set shipped = n.shipped, short = n.short
       from unnest(?::text[], ?::int[], ?::int[]) as n(line_ref, shipped, short)
       where c.fulfillment_order_id = ? and c.line_ref = n.line_ref`,
      [
        work.id,
        String(event.position),
        JSON.stringify(issued.length === 0 ? event.packages : []),
        counted.map((component) => component.lineRef),
        counted.map((component) => component.shipped),
        counted.map((component) => component.short),
        work.id,
      ],
    );
  }
  return readLines(trx, work.id);
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
