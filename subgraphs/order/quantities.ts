import type { OrderStage, OrderStatus } from './states.ts';

/** Where the units of one order line are. Whole units, never negative; they add up to `ordered`. */
export interface Quantities {
  readonly ordered: number;
  readonly unsourced: number;
  readonly backordered: number;
  readonly allocated: number;
  readonly inFulfillment: number;
  readonly inTransit: number;
  readonly delivered: number;
  readonly lost: number;
  readonly cancelled: number;
  /** Units that came back; part of delivered, not a place of its own. */
  readonly returned: number;
}

export type Bucket = Exclude<keyof Quantities, 'ordered' | 'returned'>;

/** From which buckets a move may take, in the order in which it takes, and where it puts. */
export const MOVES = {
  allocate: { from: ['unsourced', 'backordered'], to: 'allocated' },
  backorder: { from: ['unsourced', 'allocated', 'inFulfillment'], to: 'backordered' },
  startFulfillment: { from: ['allocated', 'unsourced'], to: 'inFulfillment' },
  handBack: { from: ['inFulfillment', 'allocated'], to: 'unsourced' },
  // A shipment may be reported before the acceptance that preceded it: then the units come straight from allocated.
  ship: { from: ['inFulfillment', 'allocated', 'unsourced'], to: 'inTransit' },
  deliver: { from: ['inTransit'], to: 'delivered' },
  lose: { from: ['inTransit'], to: 'lost' },
  // What was given up reached the buyer after all.
  find: { from: ['lost'], to: 'delivered' },
  cancelUncommitted: { from: ['backordered'], to: 'cancelled' },
  cancelUnsourced: { from: ['unsourced'], to: 'cancelled' },
  cancelAllocated: { from: ['allocated'], to: 'cancelled' },
} as const satisfies Record<string, { from: readonly Bucket[]; to: Bucket }>;

export type Move = keyof typeof MOVES;

/** Units that a move could take at most. */
export function movableUnits(line: Quantities, move: Move): number {
  // What came back to a node from its way to the buyer cannot get lost there.
  if (move === 'lose') return line.inTransit - Math.max(0, line.returned - line.delivered);
  return MOVES[move].from.reduce((sum, bucket) => sum + line[bucket], 0);
}

/**
 * Moves units between buckets.
 * @returns the new quantities, or null when fewer than `units` are where the move may take from
 */
export function moveUnits(line: Quantities, move: Move, units: number): Quantities | null {
  if (units > movableUnits(line, move)) return null;
  const { from, to } = MOVES[move];
  const next: Record<string, number> = { ...line };
  let left = units;
  for (const bucket of from) {
    const taken = Math.min(left, line[bucket]);
    next[bucket] = line[bucket] - taken;
    left -= taken;
  }
  next[to] = line[to] + units;
  return next as unknown as Quantities;
}

/** True when the buckets add up to what was ordered and none is negative. */
export function addsUp(line: Quantities): boolean {
  const places =
    line.unsourced +
    line.backordered +
    line.allocated +
    line.inFulfillment +
    line.inTransit +
    line.delivered +
    line.lost +
    line.cancelled;
  return (
    places === line.ordered &&
    Object.values(line).every((units) => Number.isSafeInteger(units) && units >= 0) &&
    line.returned <= line.delivered + line.inTransit
  );
}

export function openUnits(line: Quantities): number {
  return line.unsourced + line.backordered + line.allocated + line.inFulfillment;
}

export function shippedUnits(line: Quantities): number {
  return line.inTransit + line.delivered + line.lost;
}

/**
 * The header status that follows from the lines.
 * @param current status before, because a hand-back after sourcing shows as ALLOCATED, never again as ACCEPTED
 * @param settled units that did not reach the buyer and need not any more, because they are paid back
 */
export function deriveStatus(
  stage: OrderStage,
  lines: readonly Quantities[],
  current: OrderStatus,
  settled = 0,
): OrderStatus {
  if (stage === 'REJECTED' || stage === 'CLOSED') return stage;
  if (current === 'CLOSED') return 'CLOSED';
  const sum = (units: (line: Quantities) => number) => lines.reduce((total, line) => total + units(line), 0);
  const shipped = sum(shippedUnits);
  const open = sum(openUnits);
  if (open === 0 && shipped === 0) return 'CANCELLED';
  if (stage !== 'ACCEPTED') return stage;
  const delivered = sum((line) => line.delivered);
  if (shipped > 0) {
    // Of what is settled nothing is expected any more; where that is everything, nothing arrived.
    if (open === 0 && delivered + settled >= shipped) return delivered > 0 ? 'DELIVERED' : 'CLOSED';
    if (delivered > 0) return 'PARTIALLY_DELIVERED';
    return open === 0 ? 'SHIPPED' : 'PARTIALLY_SHIPPED';
  }
  if (sum((line) => line.inFulfillment) > 0) return 'IN_FULFILLMENT';
  const neverSourced =
    current === 'CAPTURED' || current === 'VALIDATED' || current === 'ACCEPTED' || current === 'BACKORDERED';
  if (sum((line) => line.unsourced) > 0)
    return neverSourced ? (current === 'BACKORDERED' ? 'BACKORDERED' : 'ACCEPTED') : 'ALLOCATED';
  return sum((line) => line.allocated) > 0 ? 'ALLOCATED' : 'BACKORDERED';
}

/** FULL when everything came back that was delivered or is on its way, PARTIAL when something did. */
export function returnProgress(lines: readonly Quantities[]): 'NONE' | 'PARTIAL' | 'FULL' {
  const returned = lines.reduce((total, line) => total + line.returned, 0);
  // What came back from its way to the buyer, undelivered, is still among what is in transit.
  const reached = lines.reduce((total, line) => total + line.delivered + line.inTransit, 0);
  if (returned === 0) return 'NONE';
  return returned >= reached ? 'FULL' : 'PARTIAL';
}
