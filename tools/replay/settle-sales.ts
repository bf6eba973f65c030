import { statesOf } from './deliveries.ts';
import type { Placement } from './orders.ts';
import { done, type Outcome, type Outcomes, open } from './outcomes.ts';
import type { OrderState, Shop } from './shop.ts';

/** The orders that were placed. */
export const idsOf = (placements: readonly Placement[]) => new Set(placements.flatMap(({ orderId }) => orderId ?? []));

/** Settles what was sold, after a look at what the platform made of it. @returns the orders as they are now */
export async function settleSales(
  placements: readonly Placement[],
  outcomes: Outcomes,
  shop: Shop,
): Promise<ReadonlyMap<string, OrderState>> {
  const ids = idsOf(placements);
  const states = await statesOf(shop, ({ id }) => ids.has(id), ids.size);
  for (const { orderId, sales, refusals } of placements) {
    for (const { sale, outcome } of refusals) outcomes.settle(sale.line, outcome);
    const outcome = outcomeOf(orderId === null ? undefined : states.get(orderId), sales);
    for (const { line } of sales) outcomes.settle(line, outcome);
  }
  return states;
}

function outcomeOf(state: OrderState | undefined, sales: Placement['sales']): Outcome {
  if (!state) return open('the order is not in the list of orders');
  const pence = sales.reduce((sum, { line }) => sum + line.quantity * line.unitPricePence, 0);
  if (state.subtotalPence !== pence) return open(`the order comes to ${state.subtotalPence} pence instead of ${pence}`);
  switch (state.status) {
    case 'DELIVERED':
    case 'CLOSED':
    case 'CANCELLED':
      return done('ORDERED');
    case 'REJECTED':
      return { kind: 'refused', code: 'PLATFORM_REFUSED', detail: 'the order was rejected' };
    default:
      return open(`the order is ${state.status}, not delivered yet`);
  }
}
