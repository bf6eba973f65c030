import type { Knex } from 'knex';
import { type Caller, maySee } from '../../../platform/caller.ts';
import { counted } from '../../../platform/counted.ts';
import { query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { unitsByLine } from '../../../platform/units-by-line.ts';
import { type ChangedOrder, changeOrder, lockOrder, type OrderChange, type TimelineNote } from '../change.ts';
import type { OrderCancelErrorCode, OrderRefusal } from '../errors.ts';
import { type OrderLine, ownershipOf } from '../model.ts';
import { type Move, openUnits } from '../quantities.ts';
import { addOutcome, isChannelsWish, isRequest, openRequest, openUnitsOf } from './cancellation-request.ts';
import { ASKED_BEFORE, readUnitsWithNodes, sumOf } from './units-with-nodes.ts';

export interface OrderCancelInput {
  readonly idempotencyKey: string;
  readonly reason: string;
  readonly note?: string | null;
  readonly lines?: readonly { readonly orderLineId: string; readonly quantity: number }[] | null;
  /** Whether nodes that have units are asked to give them back. */
  readonly askNodes?: boolean | null;
}

export interface CancelResult {
  readonly orderId: string | null;
  /** Units that nodes are asked to give back. */
  readonly requested?: number;
  readonly refusals: readonly OrderRefusal<OrderCancelErrorCode>[];
}

interface Wish {
  readonly line: OrderLine;
  readonly quantity: number;
}

/** Units that are cancelled, by where they are taken from. */
interface Withdrawal {
  readonly lineId: string;
  readonly move: Move;
  readonly quantity: number;
  /** The node whose work they were; null when no node was to do them yet. */
  readonly locationId: string | null;
}

/**
 * Cancels what no node has been given yet: units waiting for stock, units without a node,
 * and units whose fulfillment order was not submitted. Their stock is free again at commit.
 * With `askNodes`, the nodes are asked for the rest: what they give back is cancelled later, and the timeline says so.
 * A marketplace that asks for it hears an answer when the last unit is cancelled or refused.
 */
export async function cancelOrder(
  trx: Knex.Transaction,
  caller: Caller,
  orderId: string,
  input: OrderCancelInput,
): Promise<CancelResult> {
  // What was withdrawn from work to see whether it is enough stays work when it is not.
  const step = await trx.transaction();
  const result = await cancelIn(step, caller, orderId, input);
  await (result.refusals.length > 0 ? step.rollback() : step.commit());
  return result;
}

async function cancelIn(
  trx: Knex.Transaction,
  caller: Caller,
  orderId: string,
  input: OrderCancelInput,
): Promise<CancelResult> {
  const found = await lockOrder(trx, orderId);
  if (!found || !maySee(caller, ownershipOf(found.order))) {
    return refuse(null, 'NOT_FOUND', 'There is no such order.');
  }
  const wishes = readWishes(found.lines, input);
  if ('code' in wishes) return { orderId, refusals: [wishes] };
  const moves = await withdraw(trx, orderId, wishes);
  const granted = sumOf(moves);
  const asked = sumOf(wishes);
  const isWish = isChannelsWish(caller, found.order);
  const { wanted, askable, answerable, why: kept } = await readUnitsWithNodes(trx, orderId, input.askNodes ? withNodes(wishes, moves) : []); // biome-ignore format: one thought
  const requested = sumOf(askable);
  if (granted + sumOf(wanted) === 0 || (input.lines && granted + sumOf(wanted) < asked)) {
    const shipped = found.lines.every((line) => openUnits(line.quantities) === 0);
    if (shipped && found.order.status !== 'CANCELLED')
      return refuse(orderId, 'ALREADY_SHIPPED', 'Everything left the nodes. Request a return instead.');
    const message = 'A node is working on these units, or they are cancelled already. With askNodes the node is asked.';
    return refuse(orderId, 'ILLEGAL_TRANSITION', message);
  }
  // A marketplace hears an answer to its wish, also when it is no; but not to one that only repeats an open one.
  const requests = isWish ? answerable : askable;
  if (isWish && granted === 0 && (await openUnitsOf(trx, orderId)) >= unitsAtNodes(found.lines))
    return refuse(orderId, 'ILLEGAL_TRANSITION', ASKED_BEFORE);
  if (granted + sumOf(requests) === 0) return refuse(orderId, 'ILLEGAL_TRANSITION', kept);
  const requestId = isWish
    ? await openRequest(trx, found.order, {
        channelRequestId: input.idempotencyKey,
        reason: input.reason,
        wanted: granted + sumOf(requests),
      })
    : undefined;
  const why = { reason: input.reason, ...(requestId === undefined ? {} : { requestId }) };
  await releaseStock(trx, orderId, moves);
  const lines = unitsByLine(moves);
  await changeOrder(trx, orderId, {
    key: null,
    moves,
    timeline: [
      ...(granted > 0 ? [cancelledNote(granted, input.reason, caller.clientId)] : []),
      ...(requests.length > 0 ? [requestedNote(sumOf(requests), requested, input.reason, caller.clientId)] : []),
    ],
    events: [
      ...(granted > 0 ? [{ type: 'order-cancelled.v1', data: { orderId, ...why, lines } }] : []),
      ...(requests.length > 0
        ? [{ type: 'order-cancellation-requested.v1', data: { orderId, ...why, lines: requests } }]
        : []),
    ],
    traceId: caller.traceId,
  });
  if (requestId !== undefined && granted > 0)
    await addOutcome(trx, orderId, requestId, { cancelled: lines, refused: 0 }, caller.traceId);
  return { orderId, requested, refusals: [] };
}

/** What the timeline says of units that are cancelled. */
export const cancelledNote = (units: number, reason: string, by?: string): TimelineNote => ({
  type: 'UNITS_CANCELLED',
  system: 'commerce',
  message: `${counted(units, 'unit')} cancelled${by === undefined ? '' : ` by ${by}`}: ${reason}`,
});
const requestedNote = (units: number, asked: number, reason: string, by: string): TimelineNote => ({
  type: 'CANCELLATION_REQUESTED',
  system: 'commerce',
  message: `${by} asked to cancel ${counted(units, 'unit')} with nodes (${reason}): ${
    asked === units
      ? 'the nodes are asked to give them back'
      : `${asked === 0 ? 'none' : asked} of them is asked back, the rest was asked for before`
  }`,
});

/** Units that a node gave back because they are to be cancelled: they leave the order, their stock is free at commit. */
export async function cancelHandedBack(
  trx: Knex.Transaction,
  orderId: string,
  wanted: readonly { readonly lineId: string; readonly quantity: number }[],
  {
    reason,
    locationId,
    request,
  }: {
    readonly reason: string;
    readonly locationId: string;
    /** What asked for it, and how many units the node was asked for; they are cancelled now or stay. */
    readonly request?: { readonly id: string; readonly units: number } | undefined;
  },
  effect: Pick<OrderChange, 'traceId'> & { readonly key: string },
): Promise<ChangedOrder> {
  const found = await lockOrder(trx, orderId);
  if (!found) throw new CommerceError('NOT_FOUND', 'no such order', { orderId });
  const unsourced = new Map(found.lines.map((line) => [line.id, line.quantities.unsourced]));
  const lines = wanted.flatMap(({ lineId, quantity }) => {
    const units = Math.min(quantity, unsourced.get(lineId) ?? 0);
    return units > 0 ? [{ lineId, quantity: units }] : [];
  });
  const moves = lines.map((line) => ({ ...line, move: 'cancelUnsourced' as const, locationId }));
  const units = lines.reduce((sum, line) => sum + line.quantity, 0);
  const isWish = request !== undefined && (await isRequest(trx, orderId, request.id));
  const why = { reason, ...(isWish ? { requestId: request.id } : {}) };
  const changed = await changeOrder(trx, orderId, {
    ...effect,
    moves,
    timeline: units > 0 ? [cancelledNote(units, reason)] : [],
    events: units > 0 ? [{ type: 'order-cancelled.v1', data: { orderId, ...why, lines } }] : [],
  });
  if (!changed.applied) return changed;
  await releaseStock(trx, orderId, moves);
  if (isWish) {
    const refused = Math.max(0, request.units - units);
    await addOutcome(trx, orderId, request.id, { cancelled: lines, refused }, effect.traceId);
  }
  return changed;
}

const unitsAtNodes = (lines: readonly OrderLine[]) =>
  lines.reduce((sum, { quantities }) => sum + quantities.allocated + quantities.inFulfillment, 0);

/** Of each line, what was wished for and not withdrawn, and what is with nodes. */
function withNodes(wishes: readonly Wish[], moves: readonly Withdrawal[]) {
  return wishes.map(({ line: { id, quantities }, quantity }) => {
    const own = moves.filter((move) => move.lineId === id);
    return {
      lineId: id,
      wished: quantity - sumOf(own),
      there:
        quantities.allocated + quantities.inFulfillment - sumOf(own.filter(({ move }) => move === 'cancelAllocated')),
    };
  });
}

function refuse(orderId: string | null, code: OrderCancelErrorCode, message: string): CancelResult {
  return { orderId, refusals: [{ code, message, field: orderId === null ? ['orderId'] : ['input', 'lines'] }] };
}

function readWishes(lines: readonly OrderLine[], input: OrderCancelInput): Wish[] | OrderRefusal<OrderCancelErrorCode> {
  if (!input.lines) return lines.map((line) => ({ line, quantity: openUnits(line.quantities) }));
  const wishes: Wish[] = [];
  for (const [index, wish] of input.lines.entries()) {
    const line = lines.find((candidate) => candidate.id === wish.orderLineId);
    if (!line)
      return {
        code: 'NOT_FOUND',
        field: ['input', 'lines', String(index), 'orderLineId'],
        message: 'The order has no such line.',
      };
    if (wish.quantity < 1 || wishes.some((other) => other.line === line)) {
      return {
        code: 'ILLEGAL_TRANSITION',
        field: ['input', 'lines', String(index)],
        message: 'Name each line once, with at least one unit.',
      };
    }
    wishes.push({ line, quantity: wish.quantity });
  }
  return wishes;
}

/** Decides per line where the units are taken from: the cheapest place first. */
async function withdraw(trx: Knex.Transaction, orderId: string, wishes: readonly Wish[]): Promise<Withdrawal[]> {
  const moves: Withdrawal[] = [];
  const fromNodes: { lineId: string; quantity: number }[] = [];
  for (const { line, quantity } of wishes) {
    const units = line.quantities;
    const backordered = Math.min(quantity, units.backordered);
    const unsourced = Math.min(quantity - backordered, units.unsourced);
    const allocated = Math.min(quantity - backordered - unsourced, units.allocated);
    if (backordered > 0)
      moves.push({ lineId: line.id, move: 'cancelUncommitted', quantity: backordered, locationId: null });
    if (unsourced > 0) moves.push({ lineId: line.id, move: 'cancelUnsourced', quantity: unsourced, locationId: null });
    if (allocated > 0) fromNodes.push({ lineId: line.id, quantity: allocated });
  }
  if (fromNodes.length > 0) {
    const rows = await query<Omit<Withdrawal, 'move'>>(
      trx,
      `select line_id as "lineId", location_id as "locationId", quantity
       from fulfillment.withdraw_unsubmitted(?, ?::text[], ?::int[])`,
      [orderId, fromNodes.map((line) => line.lineId), fromNodes.map((line) => line.quantity)],
    );
    moves.push(...rows.map((row) => ({ ...row, move: 'cancelAllocated' as const })));
  }
  return moves;
}

/** Units that waited for stock no longer do; all others give theirs back, at the node that was to do them. */
async function releaseStock(trx: Knex.Transaction, orderId: string, moves: readonly Withdrawal[]): Promise<void> {
  const waiting = moves.filter((move) => move.move === 'cancelUncommitted');
  if (waiting.length > 0) {
    await query(trx, 'select inventory.cancel_backorder(?, ?::text[], ?::int[])', [
      orderId,
      waiting.map((move) => move.lineId),
      waiting.map((move) => move.quantity),
    ]);
  }
  const committed = moves.filter((move) => move.move !== 'cancelUncommitted');
  if (committed.length === 0) return;
  await query(trx, 'select from inventory.release_order_at(?, ?::text[], ?::int[], ?::text[])', [
    orderId,
    committed.map((move) => move.lineId),
    committed.map((move) => move.quantity),
    committed.map((move) => move.locationId),
  ]);
}
