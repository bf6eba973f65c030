import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foldUnits, problemWithUnits, unitsLeft, type WorkUnits } from './fold.ts';

/** Three kits of two bolts and four nuts each, and five washers. */
const work: WorkUnits = {
  lines: [
    { id: 'f1', fulfillmentOrderId: 'ful', orderLineId: 'l1', sku: 'KIT', quantity: 3, shipped: 0, short: 0 },
    { id: 'f2', fulfillmentOrderId: 'ful', orderLineId: 'l2', sku: 'WASHER', quantity: 5, shipped: 0, short: 0 },
  ],
  components: [
    { lineRef: 'l1/BOLT', orderLineId: 'l1', sku: 'BOLT', perUnit: 2, shipped: 0, short: 0 },
    { lineRef: 'l1/NUT', orderLineId: 'l1', sku: 'NUT', perUnit: 4, shipped: 0, short: 0 },
  ],
};
const bolts = (quantity: number) => ({ lineRef: 'l1/BOLT', sku: 'BOLT', quantity });
const nuts = (quantity: number) => ({ lineRef: 'l1/NUT', sku: 'NUT', quantity });
const washers = (quantity: number) => ({ lineRef: 'l2', sku: 'WASHER', quantity });
const kits = (quantity: number) => ({ lineId: 'l1', sku: 'KIT', quantity });

type Report = Parameters<typeof foldUnits>[1];
const report = (issued: Report['issued'], short: Report['short'] = []): Report => ({ issued, short });

/** The work after what was folded is written on it. */
function written(before: WorkUnits, reported: Report): WorkUnits {
  const folded = foldUnits(before, reported);
  const of = (rows: readonly { lineId: string; quantity: number }[], lineId: string) =>
    rows.filter((row) => row.lineId === lineId).reduce((sum, row) => sum + row.quantity, 0);
  return {
    lines: before.lines.map((line) => ({
      ...line,
      shipped: line.shipped + of(folded.issued, line.orderLineId),
      short: line.short + of(folded.short, line.orderLineId),
    })),
    components: folded.components,
  };
}

describe('what a node reports of bundles', () => {
  it.each([
    ['whole bundles', report([bolts(4), nuts(8), washers(1)]), { issued: [kits(2), { lineId: 'l2', sku: 'WASHER', quantity: 1 }], short: [], loose: [] }],
    ['a part of one', report([bolts(2), nuts(3)]), { issued: [], short: [], loose: [] }],
    ['a component that is missing', report([bolts(4), nuts(8)], [bolts(2), nuts(4)]), { issued: [kits(2)], short: [kits(1)], loose: [] }],
    ['one missing piece', report([], [nuts(1)]), { issued: [], short: [kits(1)], loose: [] }],
    [
      'a part that left of a bundle that will not',
      report([bolts(5), nuts(8)], [bolts(1), nuts(4)]),
      { issued: [kits(2)], short: [{ ...kits(1), loose: [{ sku: 'BOLT', quantity: 1 }] }], loose: [{ lineId: 'l1', sku: 'BOLT', quantity: 1 }] },
    ],
  ] as const)('%s', (_, reported, folded) => {
    const { components: _counted, ...rest } = foldUnits(work, reported);
    expect(rest).toEqual(folded);
  }); // biome-ignore format: a table

  it('counts a bundle when its last component leaves', () => {
    const second = written(written(work, report([bolts(6)])), report([nuts(7)]));
    expect(second.lines[0]).toMatchObject({ shipped: 1, short: 0 });
    expect(foldUnits(second, report([nuts(1)]))).toMatchObject({ issued: [kits(1)] });
    expect(unitsLeft(second)).toEqual([bolts(0), nuts(5), washers(5)]);
  });

  it('tells of loose parts once', () => {
    const broken = written(work, report([bolts(6)], [nuts(4)]));
    expect(foldUnits(broken, report([], [nuts(3)]))).toMatchObject({ loose: [{ sku: 'BOLT', quantity: 2 }] });
    expect(foldUnits(broken, report([nuts(4)])).loose).toEqual([]);
  });

  it('knows what is not to be picked', () => {
    expect(problemWithUnits(work, report([bolts(7)]))).toBe('more units left than were to be picked');
    expect(problemWithUnits(work, report([bolts(6)], [bolts(1)]))).toBe('more units left than were to be picked');
    expect(problemWithUnits(work, report([{ lineRef: 'l1', sku: 'KIT', quantity: 1 }]))).toBe('the work has no such line'); // biome-ignore format: one thought
    expect(problemWithUnits(work, report([bolts(6), nuts(12), washers(5)]))).toBeNull();
  });

  it('adds up, however it is told: every bundle has left or is short in the end, and so has every component', () => {
    const part = fc.record({ ref: fc.constantFrom(bolts, nuts), units: fc.integer({ min: 1, max: 12 }), short: fc.boolean() });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        let state = work;
        let loose = { BOLT: 0, NUT: 0 };
        const step = (reported: Report) => {
          const folded = foldUnits(state, reported);
          for (const units of [...folded.issued, ...folded.short]) expect(units.quantity).toBeGreaterThan(0);
          for (const { sku, quantity } of folded.loose) loose = { ...loose, [sku]: loose[sku as 'BOLT'] + quantity };
          state = written(state, reported);
        };
        for (const { ref, units, short } of parts) {
          const reported = short ? report([], [ref(units)]) : report([ref(units)]);
          if (problemWithUnits(state, reported) === null) step(reported);
        }
        step(report([], unitsLeft(state)));
        const line = state.lines[0];
        expect((line?.shipped ?? 0) + (line?.short ?? 0)).toBe(3);
        for (const { sku, perUnit, shipped, short } of state.components) {
          expect(shipped + short).toBe(3 * perUnit);
          // Everything that left is in a whole bundle or was told to be loose.
          expect(shipped).toBe((line?.shipped ?? 0) * perUnit + loose[sku as 'BOLT']);
        }
      }),
    );
  }); // biome-ignore format: one thought
});
