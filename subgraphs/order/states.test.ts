import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addsUp, deriveStatus, MOVES, type Move, moveUnits, type Quantities, returnProgress } from './quantities.ts';
import { ORDER_TRANSITIONS, type OrderStatus, statusPath } from './states.ts';

const statuses = Object.keys(ORDER_TRANSITIONS) as OrderStatus[];

const freshLine = (ordered: number): Quantities => ({
  ordered,
  unsourced: ordered,
  backordered: 0,
  allocated: 0,
  inFulfillment: 0,
  inTransit: 0,
  delivered: 0,
  lost: 0,
  cancelled: 0,
  returned: 0,
});

const line = (changes: Partial<Quantities>): Quantities => ({ ...freshLine(10), unsourced: 0, ...changes });

describe('the order transition table', () => {
  for (const from of statuses) {
    for (const to of statuses) {
      const legal = (ORDER_TRANSITIONS[from] as readonly OrderStatus[]).includes(to);
      if (legal) it(`allows ${from} → ${to} in one step`, () => expect(statusPath(from, to)).toEqual([to]));
    }
  }

  it('never leaves a final state', () => {
    for (const from of ['REJECTED', 'CLOSED', 'CANCELLED'] as const) {
      for (const to of statuses.filter((status) => status !== from)) expect(statusPath(from, to)).toBeNull();
    }
  });

  it('never goes back to an earlier state except where the table says so', () => {
    expect(statusPath('SHIPPED', 'ALLOCATED')).toBeNull();
    expect(statusPath('DELIVERED', 'SHIPPED')).toBeNull();
    expect(statusPath('ALLOCATED', 'ACCEPTED')).toBeNull();
    expect(statusPath('IN_FULFILLMENT', 'ALLOCATED')).toEqual(['ALLOCATED']);
  });

  it('passes through every state between when events were merged', () => {
    expect(statusPath('ALLOCATED', 'SHIPPED')).toEqual(['IN_FULFILLMENT', 'SHIPPED']);
    expect(statusPath('VALIDATED', 'ALLOCATED')).toEqual(['ACCEPTED', 'ALLOCATED']);
  });

  it('invents no detour through a state that would be told to the customer as a fact', () => {
    for (const from of statuses) {
      for (const to of statuses) {
        for (const between of statusPath(from, to)?.slice(0, -1) ?? [])
          expect(['BACKORDERED', 'CANCELLED', 'REJECTED']).not.toContain(between);
      }
    }
  });
});

describe('quantities', () => {
  const moves = Object.keys(MOVES) as Move[];

  it('add up after any sequence of moves', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.tuple(fc.constantFrom(...moves), fc.integer({ min: 1, max: 20 })), { maxLength: 30 }),
        (ordered, steps) => {
          let current = freshLine(ordered);
          for (const [move, units] of steps) current = moveUnits(current, move, units) ?? current;
          expect(addsUp(current)).toBe(true);
        },
      ),
    );
  });

  it('refuse to move more than is there', () => {
    expect(moveUnits(line({ inTransit: 10 }), 'deliver', 11)).toBeNull();
    expect(moveUnits(line({ delivered: 10 }), 'ship', 1)).toBeNull();
  });

  it('only reach statuses that the table allows from the one before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(3), fc.constantFrom(...moves), fc.integer({ min: 1, max: 9 })), { maxLength: 40 }),
        (orders, steps) => {
          let lines = orders.map(freshLine);
          let status: OrderStatus = 'ACCEPTED';
          for (const [index, move, units] of steps) {
            const target = lines[index % lines.length] as Quantities;
            const moved = moveUnits(target, move, units);
            // Units that shipped cannot be cancelled any more, and a cancellation never follows a first shipment of all lines.
            if (!moved) continue;
            const next = lines.map((each, at) => (at === index % lines.length ? moved : each));
            const derived = deriveStatus('ACCEPTED', next, status);
            if (statusPath(status, derived) === null) throw new Error(`${status} → ${derived}`);
            lines = next;
            status = derived;
          }
        },
      ),
    );
  });
});

describe('the derived status', () => {
  const of = (...lines: Partial<Quantities>[]) => deriveStatus('ACCEPTED', lines.map(line), 'ACCEPTED');

  it('follows the furthest and the nearest units', () => {
    expect(of({ unsourced: 10 })).toBe('ACCEPTED');
    expect(of({ allocated: 10 })).toBe('ALLOCATED');
    expect(of({ backordered: 10 })).toBe('BACKORDERED');
    expect(of({ allocated: 4, backordered: 6 })).toBe('ALLOCATED');
    expect(of({ inFulfillment: 1, allocated: 9 })).toBe('IN_FULFILLMENT');
    expect(of({ inTransit: 1, inFulfillment: 9 })).toBe('PARTIALLY_SHIPPED');
    expect(of({ inTransit: 10 })).toBe('SHIPPED');
    expect(of({ inTransit: 4, cancelled: 6 })).toBe('SHIPPED');
    expect(of({ inTransit: 4, delivered: 6 })).toBe('PARTIALLY_DELIVERED');
    expect(of({ delivered: 10 }, { cancelled: 10 })).toBe('DELIVERED');
    expect(of({ cancelled: 10 }, { cancelled: 10 })).toBe('CANCELLED');
  });

  it('shows units that a node gave back as ALLOCATED, not as never sourced', () => {
    expect(deriveStatus('ACCEPTED', [line({ unsourced: 10 })], 'IN_FULFILLMENT')).toBe('ALLOCATED');
  });

  it('counts returns against what was delivered', () => {
    expect(returnProgress([line({ delivered: 10 })])).toBe('NONE');
    expect(returnProgress([line({ delivered: 10, returned: 3 })])).toBe('PARTIAL');
    expect(returnProgress([line({ delivered: 10, returned: 10 })])).toBe('FULL');
    // One unit came back from its way, the other reached the buyer, or is still expected to.
    expect(returnProgress([line({ inTransit: 1, delivered: 1, returned: 1 })])).toBe('PARTIAL');
    expect(returnProgress([line({ inTransit: 2, returned: 1 })])).toBe('PARTIAL');
    expect(returnProgress([line({ inTransit: 2, returned: 2 })])).toBe('FULL');
  });
});
