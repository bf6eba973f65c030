import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  afterScan,
  FULFILLMENT_TRANSITIONS,
  furtherOf,
  REQUEST_TRANSITIONS,
  SHIPMENT_RANKS,
  type ShipmentStatus,
  shipmentStatus,
} from './states.ts';

const statuses = Object.keys(SHIPMENT_RANKS) as ShipmentStatus[];
const rank = (status: ShipmentStatus) => SHIPMENT_RANKS[status] ?? 0;

describe('the states of work', () => {
  it('name only states that exist', () => {
    for (const table of [FULFILLMENT_TRANSITIONS, REQUEST_TRANSITIONS]) {
      for (const targets of Object.values(table))
        for (const target of targets) expect(Object.keys(table)).toContain(target);
    }
  });
});

describe('scans', () => {
  it('never move a package backwards, whatever comes, twice or in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...statuses), fc.boolean()), { maxLength: 30 }), (scans) => {
        let status: ShipmentStatus = 'LABEL_CREATED';
        let furthest: ShipmentStatus = 'LABEL_CREATED';
        for (const [scan, isAfterTrouble] of scans) {
          const next = afterScan(status, furthest, scan, isAfterTrouble);
          if (next !== 'EXCEPTION') expect(rank(next)).toBeGreaterThanOrEqual(rank(furthest));
          if (['DELIVERED', 'LOST', 'CANCELLED'].includes(status)) expect(next).toBe(status);
          furthest = furtherOf(furthest, next);
          status = next;
        }
      }),
    );
  });

  it('leave trouble behind by getting further, or by what happened after it', () => {
    expect(afterScan('EXCEPTION', 'IN_TRANSIT', 'IN_TRANSIT')).toBe('EXCEPTION');
    expect(afterScan('EXCEPTION', 'IN_TRANSIT', 'OUT_FOR_DELIVERY')).toBe('OUT_FOR_DELIVERY');
    expect(afterScan('EXCEPTION', 'IN_TRANSIT', 'IN_TRANSIT', true)).toBe('IN_TRANSIT');
    expect(afterScan('EXCEPTION', 'DELIVERY_ATTEMPTED', 'OUT_FOR_DELIVERY', true)).toBe('DELIVERY_ATTEMPTED');
    expect(afterScan('EXCEPTION', 'IN_TRANSIT', 'UNKNOWN', true)).toBe('EXCEPTION');
  });

  it('cancel a label only before the carrier has the package', () => {
    expect(afterScan('LABEL_CREATED', 'LABEL_CREATED', 'CANCELLED')).toBe('CANCELLED');
    expect(afterScan('IN_TRANSIT', 'IN_TRANSIT', 'CANCELLED')).toBe('IN_TRANSIT');
  });
});

describe('a shipment', () => {
  it('is as far as its last package, and shows trouble', () => {
    expect(shipmentStatus(['DELIVERED', 'IN_TRANSIT'])).toBe('IN_TRANSIT');
    expect(shipmentStatus(['DELIVERED', 'DELIVERED'])).toBe('DELIVERED');
    expect(shipmentStatus(['DELIVERED', 'EXCEPTION'])).toBe('EXCEPTION');
    expect(shipmentStatus([])).toBe('DELIVERED'); // handed over at a counter
  });
});
