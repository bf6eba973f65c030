import { groupBy } from '../../platform/batch.ts';
import { type OrderLine, skuOf } from '../../systems/sample-data/order-lines.ts';
import { countryCodeOf } from './countries.ts';
import type { PlannedOrder, Sale } from './planned-order.ts';
import { findPurchases, type Purchase } from './purchases.ts';
import type { RefusalCode } from './refusals.ts';

/** Units that a clerk found, or wrote off. */
export interface StockBooking {
  readonly line: OrderLine;
  readonly sku: string;
  /** Never 0; negative for a write-off. */
  readonly delta: number;
}

/** Units that come back: cancelled while that is possible, returned after delivery otherwise. */
export interface GiveBack {
  readonly line: OrderLine;
  readonly sku: string;
  /** Where the units were bought; their quantities add up to the line's. */
  readonly purchases: readonly Purchase[];
}

/** A line that the file alone rules out. */
export interface PlannedRefusal {
  readonly line: OrderLine;
  readonly code: RefusalCode;
}

/** What becomes of every line of the file: each is in exactly one of these lists. */
export interface Plan {
  readonly orders: readonly PlannedOrder[];
  readonly stockBookings: readonly StockBooking[];
  readonly giveBacks: readonly GiveBack[];
  readonly refusals: readonly PlannedRefusal[];
}

/** Decides what each line is, from the file alone. What the platform knows (catalogue, stock) is asked later. */
export function planReplay(lines: readonly OrderLine[]): Plan {
  const orders: PlannedOrder[] = [];
  const stockBookings: StockBooking[] = [];
  const refusals: PlannedRefusal[] = [];
  const credits: Sale[] = [];
  for (const [invoiceNo, own] of groupBy(lines, (line) => line.invoiceNo)) {
    const goods = own.flatMap((line): Sale[] => {
      const sku = skuOf(line.stockCode);
      const code = sku === null ? 'NOT_GOODS' : line.quantity === 0 ? 'NO_QUANTITY' : null;
      if (code !== null) refusals.push({ line, code });
      return sku === null || code !== null ? [] : [{ line, sku }];
    });
    if (isCredit(invoiceNo)) {
      credits.push(...goods);
      continue;
    }
    const sales = isStockVoucher(own) ? [] : goods.filter(({ line }) => line.quantity > 0);
    for (const { line, sku } of goods.filter((one) => !sales.includes(one))) {
      stockBookings.push({ line, sku, delta: line.quantity });
    }
    const order = orderOf(invoiceNo, sales, refusals);
    if (order) orders.push(order);
  }
  const giveBacks = planGiveBacks(credits, orders, refusals);
  return { orders, stockBookings, giveBacks, refusals: refusals.sort((a, b) => a.line.lineNo - b.line.lineNo) };
}

const isCredit = (invoiceNo: string) => invoiceNo.startsWith('C');

/** Nobody bought and nothing was paid: a clerk put the stock right, upwards or downwards. */
const isStockVoucher = (lines: readonly OrderLine[]) =>
  lines.every((line) => line.customerId === '' && line.unitPricePence === 0);

function orderOf(invoiceNo: string, sales: readonly Sale[], refusals: PlannedRefusal[]): PlannedOrder | null {
  const [first] = sales;
  if (!first) return null;
  const { customerId, country } = first.line;
  const countryCode = countryCodeOf(country);
  const kept = sales.filter(({ line }) => {
    const code = line.customerId !== customerId || line.country !== country ? 'OTHER_BUYER' : null;
    const refusal = countryCode === null ? 'UNKNOWN_COUNTRY' : code;
    if (refusal !== null) refusals.push({ line, code: refusal });
    return refusal === null;
  });
  return countryCode === null ? null : { invoiceNo, customerId, countryCode, sales: kept };
}

function planGiveBacks(
  credits: readonly Sale[],
  orders: readonly PlannedOrder[],
  refusals: PlannedRefusal[],
): GiveBack[] {
  const search = findPurchases(orders);
  return credits.flatMap(({ line, sku }): GiveBack[] => {
    const found = line.quantity > 0 ? 'CREDIT_WITHOUT_RETURN' : search(line, sku);
    if (typeof found !== 'string') return [{ line, sku, purchases: found }];
    refusals.push({ line, code: found });
    return [];
  });
}
