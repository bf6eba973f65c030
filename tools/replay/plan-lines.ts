import type { OrderLine } from '../../systems/sample-data/order-lines.ts';
import type { Plan } from './plan.ts';

/** Every line of a plan, from all its lists. */
export const linesOf = (plan: Plan): OrderLine[] => [
  ...plan.orders.flatMap((order) => order.sales.map((sale) => sale.line)),
  ...plan.stockBookings.map((booking) => booking.line),
  ...plan.giveBacks.map((giveBack) => giveBack.line),
  ...plan.refusals.map((refusal) => refusal.line),
];

/** The lines as the file has them. */
export const inFileOrder = (lines: readonly OrderLine[]) => lines.toSorted((a, b) => a.lineNo - b.lineNo);
