import type { Knex } from 'knex';
import { type NextState, type Units, workChangedEvent } from './events.ts';
import { type FoldedUnits, foldUnits, problemWithUnits, unitsLeft } from './fold.ts';
import { remainingUnits, takenOn } from './model.ts';
import type { NodeEvent } from './port.ts';
import { newShipment, shipmentEvents } from './shipments.ts';
import {
  FULFILLMENT_TRANSITIONS,
  type FulfillmentOrderStatus,
  type FulfillmentRequestStatus,
  REQUEST_TRANSITIONS,
} from './states.ts';
import { putWorks, takeWorks, type WorkAtHand, type WorksAtHand } from './works-at-hand.ts';

/** An event that could not be applied; kept by whoever follows the feed, so that the rest goes on. */
export interface UnusableEvent {
  readonly event: NodeEvent;
  readonly reason: string;
  /** Set when the event was applied, but took components of bundles that will not leave whole. */
  readonly loose?: readonly Units[];
}

/** An event about one piece of work, and what stands there when it comes. */
interface Occurrence {
  readonly all: WorksAtHand;
  readonly mine: WorkAtHand;
  readonly event: NodeEvent;
}

/** What is wrong with an event that changed nothing; or units that left without the rest of their bundle; or nothing. */
type Outcome = string | readonly Units[] | null;

/**
 * Applies what happened at the nodes, in order. An event about work that is not ours, or that its state does not allow,
 * changes nothing and is returned. How many statements it takes does not depend on how many events they are.
 */
export async function applyNodeEvents(trx: Knex.Transaction, events: readonly NodeEvent[]): Promise<UnusableEvent[]> {
  const all = await takeWorks(trx, events);
  const unusable = events.flatMap((event): UnusableEvent[] => {
    const outcome = applyNodeEvent(all, event);
    if (typeof outcome === 'string') return [{ event, reason: outcome }];
    return outcome && outcome.length > 0 ? [{ event, reason: 'a part of a set left', loose: outcome }] : [];
  });
  await putWorks(trx, all);
  return unusable;
}

function applyNodeEvent(all: WorksAtHand, event: NodeEvent): Outcome {
  if (event.kind === 'PICKING' || event.kind === 'PACKED') return null;
  const mine = all.works.get(event.fulfillmentOrderId);
  if (!mine) return 'no such fulfillment order';
  const now: Occurrence = { all, mine, event };
  if (event.kind === 'RECEIVED') return learnReference(now);
  if (isRecorded(now)) return null; // heard before
  const problem = problemWithUnits(mine, event);
  if (problem) return problem;
  const { status, requestStatus } = mine.work;
  switch (event.kind) {
    case 'ACCEPTED':
      return ACCEPTED_BEFORE.has(status) ? null : move(now, 'IN_PROGRESS', takenOn(requestStatus));
    case 'REFUSED':
      // Asked to give the work back, it does.
      return giveUp(now, requestStatus === 'CANCELLATION_REQUESTED' ? 'CANCELLATION_ACCEPTED' : 'REJECTED');
    case 'CANCELLATION_DENIED':
      return keepWork(now);
    case 'CANCELLED':
      return giveUp(now, 'CANCELLATION_ACCEPTED');
    case 'READY_FOR_PICKUP':
      acceptImplied(now);
      return stage(now);
    case 'ISSUED':
    case 'PICKED_UP':
      acceptImplied(now);
      return issue(now);
  }
}

/** Whether the goods that left with this event are recorded: in a shipment, or as parts of bundles. */
function isRecorded({ all, mine, event }: Occurrence): boolean {
  const position = String(event.position);
  return event.issued.length + event.short.length > 0 && (all.shipped.has(position) || mine.told.has(position));
}

/** Work in these states was taken on: that it was may be heard late, after what followed from it. */
const ACCEPTED_BEFORE: ReadonlySet<FulfillmentOrderStatus> = new Set([
  'IN_PROGRESS',
  'READY_FOR_PICKUP',
  'INCOMPLETE',
  'CLOSED',
]);

/** From now on staff can be asked about the work: they know it under this number. */
function learnReference({ mine, event }: Occurrence): null {
  if (mine.work.nodeReference === null) {
    mine.work = { ...mine.work, nodeReference: event.nodeReference };
    mine.isTouched = true;
  }
  return null;
}

/** The goods wait at the counter; units that were not there go back to be sourced again. */
function stage(now: Occurrence): Outcome {
  const { mine, event } = now;
  if (mine.work.status === 'READY_FOR_PICKUP') return null; // heard before
  const requestStatus = takenOn(mine.work.requestStatus);
  const refusal = refusalOf(mine.work, 'READY_FOR_PICKUP', requestStatus);
  if (refusal) return refusal;
  // What is put on the counter leaves when it is picked up.
  const folded = foldUnits(mine, { issued: [], short: event.short });
  record(now, folded);
  mine.readyAt = event.occurredAt;
  change(now, { status: 'READY_FOR_PICKUP', requestStatus, ...toldBy(event) }, folded.short);
  return folded.loose;
}

/** Goods that left were accepted before, even when that was never said. */
function acceptImplied(now: Occurrence): void {
  const { status, requestStatus } = now.mine.work;
  if (status === 'OPEN' && requestStatus !== 'UNSUBMITTED') move(now, 'IN_PROGRESS', takenOn(requestStatus));
}

/** The node will not give the work back: it goes on. */
function keepWork(now: Occurrence): null {
  const { mine } = now;
  mine.withdrawal ??= 'REJECTED';
  mine.isTouched = true;
  if (mine.work.requestStatus === 'CANCELLATION_REQUESTED')
    change(now, { status: mine.work.status, requestStatus: 'CANCELLATION_REJECTED' });
  return null;
}

/** What a change of work has from the event that tells of it. */
const toldBy = (event: NodeEvent) => ({ nodeReference: event.nodeReference, happenedAt: event.occurredAt });

function move(now: Occurrence, status: FulfillmentOrderStatus, requestStatus: FulfillmentRequestStatus): string | null {
  const { work } = now.mine;
  if (work.status === status && work.requestStatus === requestStatus) return null; // heard before
  const refusal = refusalOf(work, status, requestStatus);
  if (refusal) return refusal;
  change(now, { status, requestStatus, ...toldBy(now.event) });
  return null;
}

/** The node will not do the rest: its units need another node. */
function giveUp(now: Occurrence, requestStatus: 'REJECTED' | 'CANCELLATION_ACCEPTED'): Outcome {
  const { mine, event } = now;
  if (mine.work.status === 'CANCELLED') return null; // heard before
  const refusal = refusalOf(mine.work, 'CANCELLED', requestStatus);
  if (refusal) return refusal;
  mine.withdrawal ??= 'ACCEPTED';
  const folded = foldUnits(mine, { issued: [], short: unitsLeft(mine) });
  record(now, folded);
  change(now, { status: 'CANCELLED', requestStatus, ...toldBy(event), rejectReason: event.reason }, folded.short);
  return folded.loose;
}

/** Goods left or were handed over; what the node does not have goes back. */
function issue(now: Occurrence): Outcome {
  const { all, mine, event } = now;
  const { work, lines } = mine;
  if (!ACCEPTED_BEFORE.has(work.status)) return `nothing can leave of work that is ${work.status}`;
  const folded = foldUnits(mine, event);
  const { issued, short } = folded;
  const unitsOf = (rows: readonly { readonly quantity: number }[]) => rows.reduce((sum, row) => sum + row.quantity, 0);
  const remaining = lines.reduce((sum, line) => sum + remainingUnits(line), 0);
  const done = remaining === unitsOf(issued) + unitsOf(short);
  const requestStatus = done ? 'CLOSED' : work.requestStatus;
  const status = done ? 'CLOSED' : short.length > 0 || work.status === 'INCOMPLETE' ? 'INCOMPLETE' : work.status;
  const refusal = refusalOf(work, status, requestStatus);
  if (refusal) return refusal;

  record(now, folded);
  if (issued.length > 0) {
    const shipment = newShipment(work, event, issued, [...takeWaitingPackages(mine), ...event.packages]);
    all.shipments.push(shipment);
    all.shipped.add(String(event.position));
    all.events.push(...shipmentEvents(shipment));
  }
  change(now, { status, requestStatus, ...toldBy(event) }, short);
  return folded.loose;
}

/** Packages that left before a bundle was complete: they are in a shipment from now on. */
function takeWaitingPackages({ told }: WorkAtHand): NodeEvent['packages'] {
  const waiting = [...told.values()].flat();
  for (const position of told.keys()) told.set(position, []);
  return waiting;
}

/** Notes what left and what is missing on the work's lines and components. */
function record({ mine, event }: Occurrence, { issued, short, components }: FoldedUnits): void {
  const unitsOf = (units: readonly Units[], line: string) =>
    units.reduce((sum, { lineId, quantity }) => (lineId === line ? sum + quantity : sum), 0);
  mine.lines = mine.lines.map((line) => ({
    ...line,
    shipped: line.shipped + unitsOf(issued, line.orderLineId),
    short: line.short + unitsOf(short, line.orderLineId),
  }));
  mine.components = components;
  if (short.length > 0) mine.gaveBackAt = event.occurredAt;
  // Goods that left are known by their shipment; what else the event told is known by this.
  if (components.length > 0 || issued.length === 0)
    mine.told.set(String(event.position), issued.length === 0 ? event.packages : []);
  mine.isTouched = true;
}

/** Moves the work to another state and tells it. */
function change({ all, mine }: Occurrence, next: NextState, handedBack: FoldedUnits['short'] = []): void {
  const { work, lines } = mine;
  all.events.push(workChangedEvent(work, next, lines, handedBack));
  const { status, requestStatus, nodeReference = work.nodeReference, rejectReason } = next;
  mine.work = { ...work, status, requestStatus, nodeReference, revision: work.revision + 1 };
  mine.rejectReason = rejectReason ?? mine.rejectReason;
  mine.isTouched = true;
}

function refusalOf(
  work: WorkAtHand['work'],
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
