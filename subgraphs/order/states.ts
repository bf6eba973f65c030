/** Order header states and their legal moves (domain: order state machine). Data, so that tests are generated from it. */
export const ORDER_TRANSITIONS = {
  CAPTURED: ['VALIDATED', 'REJECTED', 'CANCELLED'],
  VALIDATED: ['ACCEPTED', 'REJECTED', 'CANCELLED'],
  REJECTED: [],
  ACCEPTED: ['ALLOCATED', 'BACKORDERED', 'CANCELLED'],
  BACKORDERED: ['ALLOCATED', 'CANCELLED'],
  ALLOCATED: ['IN_FULFILLMENT', 'BACKORDERED', 'CANCELLED'],
  IN_FULFILLMENT: ['SHIPPED', 'PARTIALLY_SHIPPED', 'ALLOCATED', 'CANCELLED'],
  PARTIALLY_SHIPPED: ['SHIPPED', 'PARTIALLY_DELIVERED'],
  // CLOSED when nothing of it arrived, and all of it is paid back.
  SHIPPED: ['DELIVERED', 'PARTIALLY_DELIVERED', 'CLOSED'],
  PARTIALLY_DELIVERED: ['DELIVERED'],
  DELIVERED: ['CLOSED'],
  CLOSED: [],
  CANCELLED: [],
} as const satisfies Record<string, readonly string[]>;

export type OrderStatus = keyof typeof ORDER_TRANSITIONS;

/** Header states that a command sets; every later status is derived from the lines' quantities. */
export type OrderStage = 'CAPTURED' | 'VALIDATED' | 'REJECTED' | 'ACCEPTED' | 'CLOSED';

/** Return states and their legal moves (domain: return state machine). */
export const RETURN_TRANSITIONS = {
  REQUESTED: ['AUTHORIZED', 'DECLINED', 'CANCELLED'],
  AUTHORIZED: ['LABEL_ISSUED', 'IN_TRANSIT', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CANCELLED', 'EXPIRED'],
  DECLINED: [],
  LABEL_ISSUED: ['IN_TRANSIT', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CANCELLED', 'EXPIRED'],
  IN_TRANSIT: ['RECEIVED', 'PARTIALLY_RECEIVED', 'LOST'],
  PARTIALLY_RECEIVED: ['PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED'],
  RECEIVED: ['INSPECTED'],
  INSPECTED: ['RESOLVED', 'REJECTED'],
  RESOLVED: ['CLOSED'],
  REJECTED: [],
  CLOSED: [],
  CANCELLED: ['AUTHORIZED'],
  EXPIRED: ['AUTHORIZED'],
  LOST: ['PARTIALLY_RECEIVED', 'RECEIVED'],
} as const satisfies Record<string, readonly string[]>;

export type ReturnState = keyof typeof RETURN_TRANSITIONS;

export function mayMove<State extends string>(
  table: Readonly<Record<State, readonly string[]>>,
  from: State,
  to: State,
): boolean {
  return table[from].includes(to);
}

/**
 * The shortest chain of legal moves from one order status to another, without the start.
 * Events of one order may be merged before they reach us (accepted and shipped in one go);
 * the order then still passes through every state between, so that nobody sees an illegal move.
 * @returns an empty list when nothing changes, null when there is no legal way
 */
export function statusPath(from: OrderStatus, to: OrderStatus): OrderStatus[] | null {
  if (from === to) return [];
  const arrivedFrom = new Map<OrderStatus, OrderStatus>();
  const queue: OrderStatus[] = [from];
  for (const status of queue) {
    for (const next of ORDER_TRANSITIONS[status] as readonly OrderStatus[]) {
      // A detour through BACKORDERED or CANCELLED would be told to the customer as a fact: never invent one.
      if (next !== to && (next === 'BACKORDERED' || next === 'CANCELLED' || next === 'REJECTED')) continue;
      if (next === from || arrivedFrom.has(next)) continue;
      arrivedFrom.set(next, status);
      queue.push(next);
    }
  }
  if (!arrivedFrom.has(to)) return null;
  const path: OrderStatus[] = [];
  for (let status: OrderStatus | undefined = to; status && status !== from; status = arrivedFrom.get(status))
    path.unshift(status);
  return path;
}
