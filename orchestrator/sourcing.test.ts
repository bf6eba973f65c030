import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bookedOrder } from '../test/helpers/orchestrator-ports.ts';
import type { BookedOrder } from './port.ts';
import { planSourcing } from './workflows/fulfil-order.ts';

it('gives each unit to the node that holds it, and a unit without stock to none', () => {
  expect(planSourcing(bookedOrder('ord_1'))).toEqual({
    groups: [
      { locationId: 'EAST', lines: [{ lineId: 'l1', sku: 'LANTERN', quantity: 5 }] },
      { locationId: 'WEST', lines: [{ lineId: 'l2', sku: 'CANDLE', quantity: 1 }] },
    ],
  });
});

it('puts lines of one node into one piece of work', () => {
  const order = bookedOrder('ord_1');
  const allocations = order.allocations.map((allocation) => ({ ...allocation, locationId: 'EAST' }));
  expect(planSourcing({ ...order, allocations }).groups).toMatchObject([
    { locationId: 'EAST', lines: [{ lineId: 'l1' }, { lineId: 'l2' }] },
  ]);
});

const LINES = ['l1', 'l2', 'l3'];
const units = fc.integer({ min: 0, max: 9 });
const anOrder: fc.Arbitrary<BookedOrder> = fc
  .record({
    unsourced: fc.tuple(units, units, units),
    allocations: fc.array(
      fc.record({
        lineId: fc.constantFrom(...LINES),
        locationId: fc.constantFrom('EAST', 'WEST', 'SHOP'),
        quantity: fc.integer({ min: 1, max: 9 }),
      }),
      { maxLength: 8 },
    ),
  })
  .map(({ unsourced, allocations }) => {
    const [template] = bookedOrder('ord_1').lines;
    if (!template) throw new Error('the order has no line');
    return {
      ...bookedOrder('ord_1'),
      lines: LINES.map((id, index) => ({
        ...template,
        id,
        quantities: { ...template.quantities, ordered: 9, unsourced: unsourced[index] ?? 0 },
      })),
      allocations: allocations.map((allocation) => ({ ...allocation, sku: `SKU-${allocation.lineId}` })),
    };
  });

it('asks for no unit twice, for none that has no stock, and for all that has', () => {
  fc.assert(
    fc.property(anOrder, (order) => {
      const planned = planSourcing(order).groups.flatMap((group) =>
        group.lines.map((line) => ({ ...line, locationId: group.locationId })),
      );
      const sumOf = (rows: readonly { lineId: string; quantity: number }[], lineId: string) =>
        rows.filter((row) => row.lineId === lineId).reduce((sum, row) => sum + row.quantity, 0);
      for (const { id, quantities } of order.lines) {
        expect(sumOf(planned, id)).toBe(Math.min(quantities.unsourced, sumOf(order.allocations, id)));
      }
      for (const { lineId, locationId, quantity } of planned) {
        expect(quantity).toBeGreaterThan(0);
        const held = order.allocations.filter((held) => held.lineId === lineId && held.locationId === locationId);
        const there = planned.filter((row) => row.lineId === lineId && row.locationId === locationId);
        expect(sumOf(there, lineId)).toBeLessThanOrEqual(sumOf(held, lineId));
      }
      const locations = planSourcing(order).groups.map((group) => group.locationId);
      expect(new Set(locations).size).toBe(locations.length);
    }),
  );
});
