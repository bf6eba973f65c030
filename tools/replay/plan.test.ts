import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OrderLine } from '../../systems/sample-data/order-lines.ts';
import { type Plan, planReplay } from './plan.ts';
import { inFileOrder, linesOf } from './plan-lines.ts';
import type { RefusalCode } from './refusals.ts';

/** A line of the lantern, six for customer 1 on invoice 500001, unless told otherwise. */
function line(lineNo: number, change: Partial<OrderLine> = {}): OrderLine {
  return {
    lineNo,
    invoiceNo: '500001',
    stockCode: '71053',
    description: 'WHITE METAL LANTERN',
    quantity: 6,
    invoiceDate: '2010-12-01T08:26:00Z',
    unitPricePence: 339,
    customerId: '1',
    country: 'United Kingdom',
    ...change,
  };
}

const refused = (plan: Plan) => plan.refusals.map(({ line: { lineNo }, code }) => [lineNo, code]);
describe('an invoice', () => {
  it('is one order of all its goods, the same article twice included, whatever lies between', () => {
    const plan = planReplay([line(2), line(3, { invoiceNo: '500002' }), line(4, { stockCode: '85123a' }), line(5)]);
    expect(plan.orders.map((o) => [o.invoiceNo, o.sales.map((s) => [s.line.lineNo, s.sku])])).toEqual([
      ['500001', [[2, '71053'], [4, '85123A'], [5, '71053']]],
      ['500002', [[3, '71053']]],
    ]); // biome-ignore format: a table
    expect(plan.orders[0]).toMatchObject({ customerId: '1', countryCode: 'GB' });
  });

  it.each(['POST', 'D', 'M', 'BANK CHARGES', 'C2', 'DOT'])('goes on without its line of %s', (stockCode) => {
    const plan = planReplay([line(2, { stockCode }), line(3)]);
    expect(refused(plan)).toEqual([[2, 'NOT_GOODS']]);
    expect(plan.orders[0]?.sales.map((sale) => sale.line.lineNo)).toEqual([3]);
  });

  it('is no order when nothing of it is goods', () => {
    const plan = planReplay([line(2, { stockCode: 'POST' })]);
    expect(plan.orders).toEqual([]);
    expect(refused(plan)).toEqual([[2, 'NOT_GOODS']]);
  });

  it('goes on without a line of no units, of another buyer or of another country', () => {
    const plan = planReplay([
      line(2),
      line(3, { quantity: 0 }),
      line(4, { customerId: '2' }),
      line(5, { country: 'EIRE' }),
    ]);
    expect(refused(plan)).toEqual([[3, 'NO_QUANTITY'], [4, 'OTHER_BUYER'], [5, 'OTHER_BUYER']]); // biome-ignore format: a table
    expect(plan.orders[0]?.sales).toHaveLength(1);
  });

  it('is refused line by line when its country has no code', () => {
    const plan = planReplay([line(2, { country: 'Atlantis' }), line(3, { country: 'constructor' }), line(4)]);
    expect(refused(plan)).toEqual([[2, 'UNKNOWN_COUNTRY'], [3, 'UNKNOWN_COUNTRY'], [4, 'UNKNOWN_COUNTRY']]); // biome-ignore format: a table
    expect(plan.orders).toEqual([]);
  });

  it('of nobody and without a price is a stock booking, up or down', () => {
    const voucher = { customerId: '', unitPricePence: 0, description: '' };
    const plan = planReplay([
      line(2, { ...voucher, quantity: 56 }),
      line(3, { ...voucher, invoiceNo: '500002', quantity: -20 }),
    ]);
    expect(plan.stockBookings.map(({ line: { lineNo }, sku, delta }) => [lineNo, sku, delta])).toEqual([
      [2, '71053', 56],
      [3, '71053', -20],
    ]);
    expect(plan.orders).toEqual([]);
  });

  it('of a guest sells a free unit when the rest was paid, and writes off what has a negative quantity', () => {
    const guest = { customerId: '' };
    const plan = planReplay([
      line(2, guest),
      line(3, { ...guest, unitPricePence: 0 }),
      line(4, { ...guest, quantity: -2 }),
    ]);
    expect(plan.orders[0]?.sales.map((sale) => sale.line.lineNo)).toEqual([2, 3]);
    expect(plan.stockBookings.map((booking) => booking.delta)).toEqual([-2]);
  });
});

describe('a credit invoice', () => {
  const credit = (lineNo: number, change: Partial<OrderLine> = {}) =>
    line(lineNo, { invoiceNo: `C50000${lineNo}`, quantity: -2, ...change });
  const purchases = (plan: Plan) =>
    plan.giveBacks.map((giveBack) => [
      giveBack.line.lineNo,
      giveBack.purchases.map((each) => [each.lineNo, each.quantity]),
    ]);

  it('takes units back from the purchase, each once', () => {
    const plan = planReplay([line(2), credit(3), credit(4, { quantity: -4 }), credit(5, { quantity: -1 })]);
    expect(purchases(plan)).toEqual([
      [3, [[2, 2]]],
      [4, [[2, 4]]],
    ]);
    expect(refused(plan)).toEqual([[5, 'MORE_THAN_BOUGHT']]);
  });

  it('takes the latest purchase first, one at the credited price before others', () => {
    const at = (lineNo: number, unitPricePence: number) =>
      line(lineNo, { invoiceNo: `50000${lineNo}`, quantity: 3, unitPricePence });
    const plan = planReplay([at(2, 339), at(3, 339), at(4, 300), credit(5, { quantity: -7 })]);
    expect(purchases(plan)).toEqual([[5, [[3, 3], [2, 3], [4, 1]]]]); // biome-ignore format: a table
  });

  it.each<[string, RefusalCode, OrderLine[]]>([
    ['without a customer', 'NO_CUSTOMER', [line(2, { customerId: '' }), credit(3, { customerId: '' })]],
    ['before the purchase', 'NO_EARLIER_PURCHASE', [credit(2), line(3)]],
    ['of another customer', 'NO_EARLIER_PURCHASE', [line(2, { customerId: '2' }), credit(3)]],
    ['of another article', 'NO_EARLIER_PURCHASE', [line(2, { stockCode: '85123A' }), credit(3)]],
    ['of more than was bought', 'MORE_THAN_BOUGHT', [line(2), credit(3, { quantity: -7 })]],
    ['that adds units', 'CREDIT_WITHOUT_RETURN', [line(2), credit(3, { quantity: 2 })]],
    ['that is a discount', 'NOT_GOODS', [line(2), credit(3, { stockCode: 'D', quantity: -1 })]],
  ])('%s is refused: %s', (_, code, lines) => {
    const plan = planReplay(lines);
    expect(plan.giveBacks).toEqual([]);
    expect(plan.refusals.map((refusal) => refusal.code)).toEqual([code]);
  });
});

it('puts every line of any file into exactly one list', () => {
  const anyLine = fc.record({
    invoiceNo: fc.constantFrom('500001', '500002', 'C500003', 'C500004'),
    stockCode: fc.constantFrom('71053', '85123A', '85123a', 'POST', ''),
    quantity: fc.integer({ min: -3, max: 3 }),
    unitPricePence: fc.constantFrom(0, 339, 340),
    customerId: fc.constantFrom('', '1', '2'),
    country: fc.constantFrom('United Kingdom', 'EIRE', 'Atlantis'),
  });
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 30 }), (made) => {
      const lines = made.map((each, index) => line(index + 2, each));
      const plan = planReplay(lines);
      expect(inFileOrder(linesOf(plan))).toEqual(lines);
      expect(plan.orders.every((order) => order.sales.length > 0)).toBe(true);
    }),
  );
});
