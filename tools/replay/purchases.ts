import { groupBy } from '../../platform/batch.ts';
import type { OrderLine } from '../../systems/sample-data/order-lines.ts';
import type { PlannedOrder } from './planned-order.ts';
import type { RefusalCode } from './refusals.ts';

/** Units of one line of an order. */
export interface Purchase {
  readonly invoiceNo: string;
  /** Line of the file with which they were bought. */
  readonly lineNo: number;
  readonly quantity: number;
}

/**
 * Finds where returned goods were bought: by the same customer, under the same code, earlier in the file. The latest
 * purchase first, one at the credited price before others. A unit comes back once, so the search remembers.
 */
export function findPurchases(
  orders: readonly PlannedOrder[],
): (credit: OrderLine, sku: string) => readonly Purchase[] | RefusalCode {
  const key = (customerId: string, sku: string) => `${customerId} ${sku}`;
  const bought = groupBy(
    orders.flatMap(({ sales }) => sales.map(({ line, sku }) => ({ line, sku, left: line.quantity }))),
    ({ line, sku }) => key(line.customerId, sku),
  );
  return (credit, sku) => {
    if (credit.customerId === '') return 'NO_CUSTOMER';
    const earlier = (bought.get(key(credit.customerId, sku)) ?? []).filter(({ line }) => line.lineNo < credit.lineNo);
    if (earlier.length === 0) return 'NO_EARLIER_PURCHASE';
    if (earlier.reduce((sum, { left }) => sum + left, 0) < -credit.quantity) return 'MORE_THAN_BOUGHT';
    const samePrice = ({ line }: { line: OrderLine }) => Number(line.unitPricePence === credit.unitPricePence);
    const best = earlier.toSorted((a, b) => samePrice(b) - samePrice(a) || b.line.lineNo - a.line.lineNo);
    const purchases: Purchase[] = [];
    let missing = -credit.quantity;
    for (const purchase of best) {
      const quantity = Math.min(purchase.left, missing);
      if (quantity === 0) continue;
      purchase.left -= quantity;
      missing -= quantity;
      purchases.push({ invoiceNo: purchase.line.invoiceNo, lineNo: purchase.line.lineNo, quantity });
    }
    return purchases;
  };
}
