import { describe, expect, it } from '@jest/globals';
import { availabilityStatus, confidenceOf, nextAvailableAt, nodePolicy, type StockTotal } from './model.ts';

const DAY = new Date('2026-12-24T06:00:00Z');
const total = (sellable: number, rest: Partial<StockTotal> = {}): StockTotal => ({
  sellable,
  backorderable: null,
  orderLimit: null,
  releaseAt: null,
  incoming: 0,
  incomingAt: null,
  everStocked: true,
  asOf: new Date(0),
  fallsBack: false,
  promises: [],
  ...rest,
});

describe('availabilityStatus', () => {
  it.each([
    [total(6), 'IN_STOCK'],
    [total(5), 'LOW_STOCK'],
    [total(1), 'LOW_STOCK'],
    [total(0), 'BACKORDER'],
    [total(0, { incoming: 8 }), 'BACKORDER'],
    [total(0, { incoming: 8, everStocked: false }), 'PREORDER'],
    [total(0, { everStocked: false }), 'BACKORDER'],
    [total(0, { incoming: 8, backorderable: 0 }), 'OUT_OF_STOCK'],
    [total(0, { backorderable: 0 }), 'OUT_OF_STOCK'],
    [total(0, { backorderable: 3 }), 'BACKORDER'],
    [total(0, { releaseAt: DAY }), 'PREORDER'],
    [total(0, { releaseAt: DAY, backorderable: 0 }), 'OUT_OF_STOCK'],
  ] as const)('of %j is %s', (stock, status) => {
    expect(availabilityStatus(stock)).toBe(status);
  });
});

describe('nextAvailableAt', () => {
  const promises = [
    { at: new Date(1), units: 0 },
    { at: DAY, units: 4 },
  ];
  it.each([
    ['the first date on which something can be promised', total(0, { promises }), DAY],
    ['the release', total(0, { promises, releaseAt: new Date(5) }), new Date(5)],
    ['null when there is enough', total(2, { promises }), null],
    ['null when nothing is dated', total(0, { incoming: 9 }), null],
  ])('is %s', (_, stock, date) => {
    expect(nextAvailableAt(stock)).toEqual(date);
  });
});

describe('confidenceOf', () => {
  it.each([
    [null, 'FALLBACK'],
    [0, 'LIVE'],
    [60_000, 'LIVE'],
    [60_001, 'CACHED'],
    [900_000, 'CACHED'],
    [900_001, 'FALLBACK'],
  ] as const)('after %p ms of silence is %s', (silence, confidence) => {
    expect(confidenceOf({ silenceMillis: silence, isMissed: false })).toBe(confidence);
  });
});

describe('nodePolicy', () => {
  it('ships from warehouses before partners, and not from stores', () => {
    expect(nodePolicy('STORE').shippable).toBe(false);
    expect(nodePolicy('WAREHOUSE').priority).toBeLessThan(nodePolicy('THIRD_PARTY_LOGISTICS').priority);
    expect(nodePolicy('THIRD_PARTY_LOGISTICS').shippable).toBe(true);
  });
});
