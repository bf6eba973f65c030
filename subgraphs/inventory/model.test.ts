import { describe, expect, it } from '@jest/globals';
import { availabilityStatus, confidenceOf, nodePolicy, type StockTotal, sellableQuantity } from './model.ts';

const total = (rest: Partial<StockTotal> = {}): StockTotal => ({
  available: 10,
  incoming: 0,
  incomingAt: null,
  everStocked: true,
  asOf: new Date(0),
  ...rest,
});

describe('sellableQuantity', () => {
  it('withholds the channel safety stock once, and never goes below zero', () => {
    expect(sellableQuantity(total({ available: 10 }), 3)).toBe(7);
    expect(sellableQuantity(total({ available: 2 }), 3)).toBe(0);
  });
});

describe('availabilityStatus', () => {
  it.each([
    [6, total(), 'IN_STOCK'],
    [5, total(), 'LOW_STOCK'],
    [1, total(), 'LOW_STOCK'],
    [0, total(), 'OUT_OF_STOCK'],
    [0, total({ incoming: 8 }), 'BACKORDER'],
    [0, total({ incoming: 8, everStocked: false }), 'PREORDER'],
    [0, total({ everStocked: false }), 'OUT_OF_STOCK'],
  ] as const)('of %i is %j: %s', (sellable, stock, status) => {
    expect(availabilityStatus(sellable, stock)).toBe(status);
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
    expect(confidenceOf(silence)).toBe(confidence);
  });
});

describe('nodePolicy', () => {
  it('ships from warehouses before partners, and not from stores', () => {
    expect(nodePolicy('STORE').shippable).toBe(false);
    expect(nodePolicy('WAREHOUSE').priority).toBeLessThan(nodePolicy('THIRD_PARTY_LOGISTICS').priority);
    expect(nodePolicy('THIRD_PARTY_LOGISTICS').shippable).toBe(true);
  });
});
