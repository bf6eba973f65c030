import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { projectFile } from '../../platform/paths.ts';
import { type OrderLine, parseOrderLines } from '../../systems/sample-data/order-lines.ts';
import { type Plan, planReplay } from './plan.ts';
import { inFileOrder, linesOf } from './plan-lines.ts';
import type { RefusalCode } from './refusals.ts';

const sum = (lines: readonly OrderLine[], of: (each: OrderLine) => number) =>
  lines.reduce((total, each) => total + of(each), 0);
const pence = (each: OrderLine) => each.quantity * each.unitPricePence;

/** Counted from the file with a script that shares no code with the plan. */
const COUNTED = {
  orders: 423,
  sales: 9_819,
  units: 90_010,
  found: 15,
  writtenOff: 30,
  giveBacks: 10,
  refusals: { NOT_GOODS: 38, NO_EARLIER_PURCHASE: 88 },
};

describe('the plan of the real file', () => {
  let lines: OrderLine[];
  let plan: Plan;
  beforeAll(() => {
    lines = parseOrderLines(readFileSync(projectFile('data', 'online-retail', 'order-lines.csv'), 'utf8'));
    plan = planReplay(lines);
  });

  it('has each of the 10,000 lines exactly once, unchanged', () => {
    expect(lines).toHaveLength(10_000);
    expect(inFileOrder(linesOf(plan))).toEqual(lines);
  });

  it('keeps units and money', () => {
    const planned = linesOf(plan);
    expect(sum(planned, (each) => each.quantity)).toBe(sum(lines, (each) => each.quantity));
    expect(sum(planned, pence)).toBe(sum(lines, pence));
  });

  it('decides as counted by hand', () => {
    const sales = plan.orders.flatMap((order) => order.sales.map((sale) => sale.line));
    const codes = new Map<RefusalCode, number>();
    for (const { code } of plan.refusals) codes.set(code, (codes.get(code) ?? 0) + 1);
    expect({
      orders: plan.orders.length,
      sales: sales.length,
      units: sum(sales, (each) => each.quantity),
      found: plan.stockBookings.filter((booking) => booking.delta > 0).length,
      writtenOff: plan.stockBookings.filter((booking) => booking.delta < 0).length,
      giveBacks: plan.giveBacks.length,
      refusals: Object.fromEntries(codes),
    }).toEqual(COUNTED);
  });

  it('sends the gift of invoice 537197 with the order, at no charge', () => {
    const gift = plan.orders
      .find((order) => order.invoiceNo === '537197')
      ?.sales.find((sale) => sale.sku === '22841')?.line;
    expect(gift).toMatchObject({ quantity: 1, unitPricePence: 0 });
  });

  it('places the largest invoice as one order', () => {
    expect(Math.max(...plan.orders.map((order) => order.sales.length))).toBe(592);
  });

  it('takes back no more than was bought', () => {
    const bought = new Map(plan.orders.flatMap((o) => o.sales.map((s) => [s.line.lineNo, s.line.quantity] as const)));
    for (const { line: credit, purchases } of plan.giveBacks) {
      expect(purchases.reduce((total, each) => total + each.quantity, 0)).toBe(-credit.quantity);
      for (const { lineNo, quantity } of purchases) {
        expect(lineNo).toBeLessThan(credit.lineNo);
        bought.set(lineNo, (bought.get(lineNo) ?? 0) - quantity);
      }
    }
    expect(Math.min(...bought.values())).toBeGreaterThanOrEqual(0);
  });
});
