import { sleep } from '../../platform/clock.ts';
import { OPEN_STATUSES, type OrderState, type Shop } from './shop.ts';

/** How long and how often to look at orders on their way. */
export interface FollowOptions {
  /** Between two looks, in milliseconds. */
  readonly pauseMillis: number;
  /** How long nothing may change before we stop waiting, in milliseconds. */
  readonly stallMillis: number;
  /** Told at every look how many more of the orders are not open any more: the reader sees that somebody looks. */
  readonly onArrived: (orders: number) => void;
}

/**
 * Watches orders until nothing more is to happen to them.
 * @returns the orders that did not get there, with the status in which they stand still
 */
export async function followOrders(
  shop: Shop,
  orderIds: ReadonlySet<string>,
  { pauseMillis, stallMillis, onArrived }: FollowOptions,
): Promise<ReadonlyMap<string, string>> {
  let seen = '';
  let arrived = 0;
  let stalledAt = performance.now() + stallMillis;
  for (;;) {
    const moving = new Map<string, string>();
    for await (const { id, status } of shop.orders(OPEN_STATUSES)) if (orderIds.has(id)) moving.set(id, status);
    onArrived(orderIds.size - moving.size - arrived);
    arrived = orderIds.size - moving.size;
    const now = JSON.stringify([...moving]);
    if (now !== seen) stalledAt = performance.now() + stallMillis;
    seen = now;
    if (moving.size === 0 || performance.now() > stalledAt) return moving;
    await sleep(pauseMillis);
  }
}

/** The present state of the given orders. Reads the channel's orders, newest first, until it has them all. */
export async function statesOf(
  shop: Shop,
  isWanted: (order: OrderState) => boolean,
  count: number,
): Promise<ReadonlyMap<string, OrderState>> {
  const states = new Map<string, OrderState>();
  if (count === 0) return states;
  for await (const order of shop.orders()) {
    if (isWanted(order)) states.set(order.id, order);
    if (states.size === count) break;
  }
  return states;
}
